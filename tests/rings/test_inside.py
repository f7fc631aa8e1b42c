from __future__ import annotations

import numpy as np
import pytest

from linkage.communities import proposer
from linkage.config import Proposers
from linkage.model import AccountGraph
from linkage.rings import inside as module
from linkage.rings.counts import world_of
from linkage.rings.inside import rings_inside
from tests.rings.graphs import CONTENT, LIMITS, NETWORK, PAYMENT, Town, graph_of

LEIDEN = proposer(Proposers(), Proposers().inner_resolutions, 1)
SIZE, REST = 60, 120


def operator(rest: int, apart: bool = True) -> AccountGraph:
    """Three rings of one operator, and ``rest`` accounts of it that are in none of them.

    They share templates; each ring has its cards and addresses. The rest, ``apart``, has too, in larger pools.
    """
    town = Town(11, 1_500)
    shared = town.fresh(CONTENT, 10)
    members = 3 * SIZE + rest
    for start in range(0, 3 * SIZE, SIZE):
        ring = range(start, start + SIZE)
        town.use(PAYMENT, ring, town.fresh(PAYMENT, 4), 1, only=True)
        town.use(NETWORK, ring, town.fresh(NETWORK, 10), 3, only=True)
    if apart and rest:
        town.use(PAYMENT, range(3 * SIZE, members), town.fresh(PAYMENT, rest // 3), 1, only=True)
        town.use(NETWORK, range(3 * SIZE, members), town.fresh(NETWORK, rest), 3, only=True)
    town.use(CONTENT, range(members), shared, 4, only=True)
    return town.graph()


def inside(graph: AccountGraph, members: int) -> np.ndarray:
    clusters = np.where(np.arange(graph.accounts) < members, 0, -1)
    return rings_inside(graph, world_of(graph), clusters, LEIDEN, LIMITS)


def test_a_cluster_comes_apart_into_its_rings() -> None:
    made = inside(operator(0), 3 * SIZE)
    assert [len(set(made[i : i + SIZE])) for i in (0, SIZE, 2 * SIZE)] == [1, 1, 1]
    assert len(set(made[: 3 * SIZE])) == 3
    assert (made[3 * SIZE :] == -1).all()


def test_one_ring_stays_one() -> None:
    town = Town(5, 600)
    town.plant(range(50))
    assert inside(town.graph(), 50).tolist() == [0] * 50 + [-1] * 550


def test_clusters_are_taken_one_by_one_and_numbered_through() -> None:
    graph = operator(0)
    clusters = np.where(np.arange(1_500) < 3 * SIZE, 1, np.where(np.arange(1_500) < 1_000, -1, 0))
    made = rings_inside(graph, world_of(graph), clusters, LEIDEN, LIMITS)
    alone = inside(graph, 3 * SIZE)
    first = int(made[1_000:].max()) + 1
    assert set(made[1_000:]) == set(range(first))
    assert (made[: 3 * SIZE] - first).tolist() == alone[: 3 * SIZE].tolist()
    assert (made[3 * SIZE : 1_000] == -1).all()


def test_a_few_left_over_join_the_rings() -> None:
    members = 3 * SIZE + 20
    made = inside(operator(20, apart=False), members)
    assert set(made[:members]) == {0, 1, 2}
    assert len(set(made[: 3 * SIZE])) == 3


def test_many_left_over_with_evidence_of_their_own_are_a_ring() -> None:
    members = 3 * SIZE + REST
    apart = inside(operator(REST), members)
    assert apart[3 * SIZE : members].tolist() == [3] * REST
    assert set(apart[: 3 * SIZE]) == {0, 1, 2}


def test_many_left_over_without_evidence_of_their_own_join_the_rings() -> None:
    """They share the templates of all three rings and evade cards and addresses: that makes no fourth ring."""
    members = 3 * SIZE + REST
    assert set(inside(operator(REST, apart=False), members)[:members]) == {0, 1, 2}


def test_small_clusters_are_not_cut() -> None:
    pairs = [(a, a // 5) for a in range(100)]
    graph = graph_of(100, [(NETWORK, pairs), (PAYMENT, pairs)])
    assert inside(graph, 5).tolist() == [0] * 5 + [-1] * 95


def test_no_clusters() -> None:
    graph = graph_of(10, [(NETWORK, [(a, 0) for a in range(10)])])
    assert rings_inside(graph, world_of(graph), np.full(10, -1), LEIDEN, LIMITS).tolist() == [-1] * 10
    nobody = graph_of(0, [(NETWORK, [])])
    assert len(rings_inside(nobody, world_of(nobody), np.zeros(0, dtype=np.int64), LEIDEN, LIMITS)) == 0


def test_how_many_left_over_make_a_ring_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    members = 3 * SIZE + REST
    monkeypatch.setattr(module, "REST_IS_A_RING", REST / members)
    assert set(inside(operator(REST), members)[:members]) == {0, 1, 2}
    monkeypatch.setattr(module, "REST_IS_A_RING", REST / members - 0.01)
    assert set(inside(operator(REST), members)[:members]) == {0, 1, 2, 3}


def test_how_many_bits_are_evidence_of_their_own_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to be set apart by, the rest of an operator that evades is a ring of its own, too."""
    monkeypatch.setattr(module, "BITS_BEYOND", 1e9)
    members = 3 * SIZE + REST
    assert set(inside(operator(REST, apart=False), members)[:members]) == {0, 1, 2, 3}
