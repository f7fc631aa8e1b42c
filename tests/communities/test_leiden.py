from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest

from linkage.communities.leiden import Edges, LeidenSettings, leiden, multiplex
from linkage.config import Objective

MODULARITY = LeidenSettings(Objective.MODULARITY, 1.0, 2, 1)


def edges(pairs: list[tuple[int, int]], accounts: int, entities: int, weights: list[float] | None = None) -> Edges:
    account, entity = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    weight = np.ones(len(pairs)) if weights is None else np.array(weights)
    return Edges(accounts, accounts + entities, account, entity + accounts, weight)


def planted(seed: int, groups: int = 12, size: int = 8, noise: int = 60) -> Edges:
    """Groups of accounts on four entities each, and links across; heavy inside, light outside."""
    dice = random.Random(seed)
    pairs = {(a, a // size * 4 + dice.randrange(4)) for a in range(groups * size) for _ in range(3)}
    across = {(dice.randrange(groups * size), dice.randrange(groups * 4)) for _ in range(noise)} - pairs
    weights = [6.0] * len(pairs) + [2.0] * len(across)
    return edges([*sorted(pairs), *sorted(across)], groups * size, groups * 4, weights)


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == x).tolist()) for x in np.unique(labels)}


def test_it_finds_what_is_planted() -> None:
    assert partition(leiden(planted(3), MODULARITY)) == {frozenset(range(i, i + 8)) for i in range(0, 96, 8)}


def test_communities_are_not_components() -> None:
    """One popular entity joins everybody into one component; Leiden still tells the groups apart."""
    bridge = planted(3, noise=0)
    joined = Edges(
        bridge.accounts,
        bridge.nodes + 1,
        np.append(bridge.account, np.arange(96)),
        np.append(bridge.entity, np.full(96, bridge.nodes)),
        np.append(bridge.weight, np.full(96, 0.1)),
    )
    assert joined.graph.is_connected()
    assert len(partition(leiden(joined, MODULARITY))) == 12


def test_components_are_never_joined() -> None:
    graph = planted(3, noise=0)
    net = nx.Graph(zip(graph.account.tolist(), graph.entity.tolist(), strict=True))
    component = {a: min(nodes) for nodes in nx.connected_components(net) for a in nodes}
    for community in partition(leiden(graph, MODULARITY)):
        assert len({component[a] for a in community}) == 1


def test_the_same_seed_gives_the_same_communities_whatever_was_drawn_before() -> None:
    noisy = planted(5, noise=500)
    first = leiden(noisy, MODULARITY).tolist()
    leiden(planted(6), LeidenSettings(Objective.CPM, 0.1, 3, 99))
    assert leiden(noisy, MODULARITY).tolist() == first
    layers = [noisy, noisy]
    twice = [multiplex(layers, MODULARITY).tolist() for _ in range(2)]
    assert twice[0] == twice[1]


@pytest.mark.parametrize(
    "changed",
    [
        LeidenSettings(Objective.CPM, 1.0, 2, 1),
        LeidenSettings(Objective.MODULARITY, 4.0, 2, 1),
        LeidenSettings(Objective.MODULARITY, 1.0, 1, 1),
        LeidenSettings(Objective.MODULARITY, 1.0, 2, 2),
    ],
    ids=["objective", "resolution", "iterations", "seed"],
)
@pytest.mark.parametrize("algorithm", ["igraph", "multiplex"])
def test_each_setting_is_obeyed(algorithm: str, changed: LeidenSettings) -> None:
    """Changing it changes the communities of some noisy graph."""

    def found(graph: Edges, settings: LeidenSettings) -> set[frozenset[int]]:
        made = leiden(graph, settings) if algorithm == "igraph" else multiplex([graph, graph], settings)
        return partition(made)

    graphs = [planted(seed, groups=20, noise=700) for seed in range(4)] + [planted(0, groups=30, noise=1_200)]
    assert any(found(graph, MODULARITY) != found(graph, changed) for graph in graphs)


def test_modularity_is_not_silently_cpm() -> None:
    """At resolution 1 CPM with weights above 1 keeps every group of one entity; modularity depends on all weights."""
    assert [objective.value for objective in Objective] == ["modularity", "cpm"], "igraph wants lower case"
    scaled = planted(3)
    scaled = Edges(scaled.accounts, scaled.nodes, scaled.account, scaled.entity, scaled.weight / 1_000)
    assert partition(leiden(scaled, MODULARITY)) == partition(leiden(planted(3), MODULARITY)), "scale does not matter"
    cpm = LeidenSettings(Objective.CPM, 1.0, 2, 1)
    assert len(partition(leiden(scaled, cpm))) == 96, "to CPM it does: every node alone"


def test_weights_count() -> None:
    """Two accounts pulled both ways go where the weight is."""
    pairs = [(0, 0), (1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (4, 1), (5, 1)]
    left = [9.0, 9.0, 9.0, 9.0, 1.0, 1.0, 9.0, 9.0]
    right = [9.0, 9.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0]
    assert partition(leiden(edges(pairs, 6, 2, left), MODULARITY)) == {frozenset({0, 1, 2, 3}), frozenset({4, 5})}
    assert partition(leiden(edges(pairs, 6, 2, right), MODULARITY)) == {frozenset({0, 1}), frozenset({2, 3, 4, 5})}


def test_layers_of_a_multiplex_add_up() -> None:
    """Neither layer alone joins all four; together they do."""
    one, other = edges([(0, 0), (1, 0)], 4, 4), edges([(1, 1), (2, 1), (2, 2), (3, 2)], 4, 4)
    cpm = LeidenSettings(Objective.CPM, 0.01, 10, 1)
    assert partition(multiplex([one, other], cpm)) == {frozenset({0, 1, 2, 3})}
    assert len(partition(multiplex([one], cpm))) == 3


@pytest.mark.parametrize("settings", [MODULARITY, LeidenSettings(Objective.CPM, 1.0, 2, 1)])
def test_nothing_to_join(settings: LeidenSettings) -> None:
    assert len(leiden(edges([], 0, 0), settings)) == 0
    assert len(partition(leiden(edges([], 3, 0), settings))) == 3
    assert len(partition(multiplex([edges([], 3, 1), edges([], 3, 1)], settings))) == 3
