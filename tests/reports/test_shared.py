"""The case graph against one built by hand."""

from __future__ import annotations

import math
from collections import Counter

import networkx as nx
import pytest

from linkage.reports.run import Run
from linkage.reports.shared import accounts_of, entities_of, rarity
from tests.small_run import FORMULA, OPERATOR, RING_IDS, RINGS, USERS, USES, WITH_KIND, A, B, role


def by_hand(members: tuple[str, ...]) -> set[tuple[str, tuple[str, str], float]]:
    """Links of the members to what at least two of them use, with log2(N/d)."""
    counted = Counter(e for a in members for e in USES[a])
    return {
        (a, e, round(math.log2(WITH_KIND[e[0]] / USERS[e]), 3)) for a in members for e in USES[a] if counted[e] > 1
    }


def edges(graph: nx.Graph) -> set[tuple[str, tuple[str, str], float]]:
    """The graph's links, account first."""
    return {(a, b, w) if isinstance(a, str) else (b, a, w) for a, b, w in graph.edges(data="weight")}


@pytest.mark.parametrize("number", range(4))
def test_the_graph_of_a_ring(run: Run, number: int) -> None:
    graph = run.ring(RING_IDS[number]).graph()
    assert edges(graph) == by_hand(RINGS[number])
    assert accounts_of(graph) == sorted(RINGS[number])
    assert entities_of(graph) == sorted({e for _, e, _ in by_hand(RINGS[number])})
    assert nx.is_bipartite(graph)


def test_the_graph_of_an_operator_holds_what_only_two_rings_share(run: Run) -> None:
    graph = run.operator(OPERATOR).graph()
    assert edges(graph) == by_hand((*A, *B))
    assert {graph.nodes[a]["ring_id"] for a in B} == {RING_IDS[1]}


def test_nodes_carry_what_is_known_of_them(run: Run) -> None:
    graph = run.ring(RING_IDS[0]).graph()
    assert graph.nodes[FORMULA] == {"bipartite": 0, "role": role(FORMULA), "ring_id": RING_IDS[0]}
    exit_node = graph.nodes["ip", "198.51.100.7"]
    assert (exit_node["context"], exit_node["users"], exit_node["of"]) == ("vpn", 22, WITH_KIND["ip"])


def test_rarity() -> None:
    assert rarity(1, 1024) == 10.0
    assert rarity(7, 7) == 0.0
