from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from linkage.communities import candidates as module
from linkage.communities import proposer
from linkage.communities.candidates import edges_of
from linkage.communities.leiden import LeidenSettings, leiden
from linkage.config import Objective, Proposers
from linkage.engines import Workers
from linkage.model import AccountGraph, Kind
from tests.rings.graphs import CONTENT, NETWORK, PAYMENT, Town, graph_of

SUBNET = Kind("subnet", "network", False)


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    """Two rings that share their templates; and a crowd that does, too."""
    town = Town(2, 250)
    town.plant(range(30))
    town.plant(range(30, 60))
    town.use(CONTENT, range(120), town.fresh(CONTENT, 3), 3)
    return town.graph()


def small() -> AccountGraph:
    cards = [(0, 0), (1, 0), (2, 2), (5, 3), (6, 3), (7, 3)]
    return graph_of(8, [(NETWORK, [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1)]), (PAYMENT, cards)])


def test_edges_by_hand() -> None:
    edges = edges_of(small(), ("network", "payment"))
    assert (edges.accounts, edges.nodes) == (8, 8 + 2 + 2), "the card of account 2 is no node"
    listed = list(zip(edges.account.tolist(), edges.entity.tolist(), edges.weight.tolist(), strict=True))
    assert listed == [
        *[(a, 8, math.log2(5 / 2)) for a in (0, 1)],
        *[(a, 9, math.log2(5 / 3)) for a in (2, 3, 4)],
        *[(a, 10, math.log2(6 / 2)) for a in (0, 1)],
        *[(a, 11, math.log2(6 / 3)) for a in (5, 6, 7)],
    ], "the card of account 2 has one user and is left out"


def test_edges_of_chosen_families() -> None:
    edges = edges_of(small(), ("payment",))
    assert edges.nodes == 8 + 2
    assert edges.account.tolist() == [0, 1, 5, 6, 7]
    assert len(edges_of(small(), ()).account) == 0


def test_what_everybody_uses_is_no_edge() -> None:
    edges = edges_of(graph_of(3, [(NETWORK, [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)])]), ("network",))
    assert edges.entity.tolist() == [3, 3]


def partitions(graph: AccountGraph, settings: Proposers, seed: int = 1) -> np.ndarray:
    return proposer(settings, settings.resolutions, seed)(graph)


def test_each_resolution_twice_with_and_without_content(graph: AccountGraph) -> None:
    made = partitions(graph, Proposers())
    assert made.shape == (4, 250)
    everything = ("content", "device", "network", "payment")
    for row, (families, resolution) in enumerate(product((everything, everything[1:]), (1.0, 8.0))):
        alone = leiden(edges_of(graph, families), LeidenSettings(Objective.MODULARITY, resolution, 2, 1))
        assert made[row].tolist() == alone.tolist()
    assert made[0].tolist() != made[2].tolist()


def test_workers_propose_the_same(graph: AccountGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = partitions(graph, Proposers())
    monkeypatch.setattr(module, "LARGE", 0)
    settings, workers = Proposers(), Workers(2)
    made = proposer(settings, settings.resolutions, 1, workers=workers)(graph)
    assert workers.peak > 0, "they did work"
    assert made.tolist() == alone.tolist()


def test_the_family_that_half_of_the_proposals_do_without_decides(
    graph: AccountGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = partitions(graph, Proposers())
    monkeypatch.setattr(module, "CONTENT_FAMILY", "payment")
    after = partitions(graph, Proposers())
    assert after[:2].tolist() == before[:2].tolist()
    assert after[2:].tolist() != before[2:].tolist()


def test_content_alone_is_proposed_once() -> None:
    only = graph_of(6, [(CONTENT, [(a, a // 3) for a in range(6)])])
    assert partitions(only, Proposers()).shape == (2, 6)
    assert partitions(graph_of(6, [(NETWORK, [(0, 0)])]), Proposers()).shape == (2, 6), "no content: once, too"


def test_who_asks_for_no_second_proposal_gets_none(graph: AccountGraph) -> None:
    made = proposer(Proposers(), (1.0, 8.0), 1, without_content=False)(graph)
    assert made.tolist() == partitions(graph, Proposers())[:2].tolist()


def test_multiplex_adds_a_proposal_a_resolution(graph: AccountGraph) -> None:
    made = partitions(graph, Proposers(multiplex=True))
    assert made.shape == (6, 250)
    assert made[:4].tolist() == partitions(graph, Proposers()).tolist()
    ring = made[4][:30]
    assert len(set(ring)) == 1, "one layer a family finds the first ring"


@pytest.mark.parametrize(
    "changed",
    [
        Proposers(objective=Objective.CPM),
        Proposers(resolutions=(1.0, 2.0)),
        Proposers(iterations=10),
        Proposers(multiplex=True),
    ],
    ids=["objective", "resolutions", "iterations", "multiplex"],
)
def test_each_setting_is_obeyed(graph: AccountGraph, changed: Proposers) -> None:
    assert partitions(graph, changed).tolist() != partitions(graph, Proposers()).tolist()


def test_the_seed_is_obeyed_and_decides_alone(graph: AccountGraph) -> None:
    first = partitions(graph, Proposers(), seed=1).tolist()
    assert any(partitions(graph, Proposers(), seed=s).tolist() != first for s in range(2, 6))
    assert partitions(graph, Proposers(), seed=1).tolist() == first


def test_kinds_of_one_family_make_one_layer() -> None:
    pairs = [(a, a // 5) for a in range(30)]
    two = graph_of(30, [(NETWORK, pairs), (PAYMENT, pairs), (SUBNET, pairs)])
    made = partitions(two, Proposers(multiplex=True, resolutions=(1.0,)))
    assert made.shape == (2, 30)
    assert [len(set(row[:5])) for row in made.tolist()] == [1, 1]


@pytest.mark.parametrize("accounts", [0, 1, 5])
def test_nothing_shared(accounts: int) -> None:
    for kinds in ([], [(NETWORK, [])], [(NETWORK, [(a, a) for a in range(accounts)]), (PAYMENT, [])]):
        made = partitions(graph_of(accounts, kinds), Proposers(multiplex=True))
        assert made.shape[1] == accounts
        assert all(len(set(row)) == accounts for row in made.tolist()), "everybody alone"
