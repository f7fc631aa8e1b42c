from __future__ import annotations

import numpy as np
import pytest

from linkage.communities import proposer
from linkage.config import Proposers
from linkage.model import AccountGraph
from linkage.rings import decide as module
from linkage.rings.counts import world_of
from linkage.rings.decide import Limits, add_free, candidate_matrix, decide, still_saving
from linkage.rings.refine import refine
from tests.rings.graphs import LIMITS, NETWORK, PAYMENT, Town, chance_world, graph_of, renumbered

LEIDEN = proposer(Proposers(), Proposers().resolutions, 1)


def test_candidates_are_the_communities_of_every_proposal() -> None:
    made = candidate_matrix(np.array([[7, 7, 7, 3, 3, 9], [0, 0, 1, 1, 1, 1]]), 2)
    assert made.toarray().tolist() == [
        [0, 0, 0, 1, 1, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1],
    ]
    assert candidate_matrix(np.array([[7, 7, 7, 3, 3, 9]]), 3).shape == (1, 6)
    assert candidate_matrix(np.zeros((2, 0), dtype=np.int64), 3).shape == (0, 0)


def planted(accounts: int = 900) -> Town:
    """Rings of 30 and 20; 40 customers of one VPN; all others strangers."""
    town = Town(7, accounts)
    town.plant(range(30))
    town.plant(range(30, 50))
    town.use(NETWORK, range(50, 90), town.fresh(NETWORK, 8), 5)
    return town


def no_proposals(graph: AccountGraph) -> np.ndarray:
    return np.zeros((1, graph.accounts), dtype=np.int64)


def found(labels: np.ndarray) -> list[set[int]]:
    return sorted((set(np.flatnonzero(labels == g).tolist()) for g in range(int(labels.max()) + 1)), key=min)


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    return planted().graph()


def proposals(accounts: int) -> np.ndarray:
    """Half of each ring with some strangers; then the VPN; then nonsense."""
    parts = np.zeros((3, accounts), dtype=np.int64)
    parts[0, :20], parts[0, 30:45], parts[0, 200:205] = 1, 2, 1
    parts[1, 50:90] = 1
    parts[2] = 1 + np.arange(accounts) // 9
    return parts


def test_rings_by_two_families_and_then_what_one_family_links(graph: AccountGraph) -> None:
    made = decide(graph, world_of(graph), proposals(900), no_proposals, LIMITS)
    assert found(made)[:2] == [set(range(30)), set(range(30, 50))]
    assert set(range(50, 90)) in found(made)


def test_renumbered_accounts_give_the_renumbered_groups(graph: AccountGraph) -> None:
    order = np.random.default_rng(1).permutation(900)
    other = renumbered(graph, order)
    made = decide(other, world_of(other), proposals(900)[:, order], no_proposals, LIMITS)
    plain = decide(graph, world_of(graph), proposals(900), no_proposals, LIMITS)
    assert made.tolist() == plain[order].tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_chance_alone_makes_no_groups(seed: int) -> None:
    graph = chance_world(seed, 600)
    assert decide(graph, world_of(graph), LEIDEN(graph), LEIDEN, LIMITS).max() == -1


def test_what_saves_nothing_dissolves(graph: AccountGraph) -> None:
    labels = np.full(900, -1)
    labels[100:110], labels[:30] = 0, 1
    assert found(still_saving(world_of(graph), labels, 3)) == [set(range(30))]
    assert still_saving(world_of(graph), np.full(900, -1), 3).max() == -1


def test_groups_that_save_nothing_at_the_end_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight accounts on one card have positive log-odds, but name themselves at a loss."""
    graph = graph_of(1_024, [(PAYMENT, [(a, 0 if a < 8 else a) for a in range(1_024)])])
    eight = np.where(np.arange(1_024) < 8, 0, -1)
    assert refine(world_of(graph), eight, 1, 3).tolist() == eight.tolist()
    monkeypatch.setattr(module, "add_free", lambda *_: eight)
    assert decide(graph, world_of(graph), no_proposals(graph), no_proposals, LIMITS).max() == -1


def test_only_free_accounts_make_further_groups() -> None:
    candidates = candidate_matrix(np.array([[0, 0, 0, 0, 1, 1, 1, 2, 2, 2]]), 3)
    labels = np.array([5, -1, -1, -1, 0, 0, -1, -1, -1, -1])
    made = add_free(labels, candidates, np.array([3.0, 9.0, 0.0]), 3)
    assert made.tolist() == [5, 6, 6, 6, 0, 0, -1, -1, -1, -1], "3 of 4 are free; 1 of 3 is; the third is worth nothing"


def test_how_much_must_be_free_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = candidate_matrix(np.array([[0, 0, 0, 0, 1, 1, 1]]), 3)
    labels = np.array([0, -1, -1, -1, -1, -1, -1])
    monkeypatch.setattr(module, "STILL_FREE", 0.8)
    assert add_free(labels, candidates, np.array([3.0, 0.0]), 3).tolist() == labels.tolist()


def test_limits_are_obeyed(graph: AccountGraph) -> None:
    world = world_of(graph)
    big = decide(graph, world, proposals(900), no_proposals, Limits(3, 2, 25, False))
    assert found(big)[0] == set(range(30))
    assert all(len(group) >= 25 for group in found(big))


def test_what_was_proposed_as_one_comes_apart() -> None:
    """Two rings and a crowd behind one VPN in one proposal: only the proposals inside can tell them apart."""
    town = Town(3, 900)
    exits = town.fresh(NETWORK, 6)
    for members in (range(30), range(30, 60)):
        town.plant(members, evaders=30)
        town.use(NETWORK, members, exits, 4, only=True)
    town.use(NETWORK, range(60, 160), exits, 4)
    graph = town.graph()
    whole = np.where(np.arange(900) < 160, 1, 0)[None, :]
    groups = {
        name: found(decide(graph, world_of(graph), whole, propose, LIMITS))
        for name, propose in (("apart", LEIDEN), ("together", no_proposals))
    }
    assert groups["apart"][:2] == [set(range(30)), set(range(30, 60))]
    assert groups["together"] != groups["apart"]
    unsplit = decide(graph, world_of(graph), whole, LEIDEN, Limits(rounds=3, splits=0, smallest=3, shield=False))
    assert found(unsplit) != groups["apart"], "without rounds of splitting nothing is proposed inside"


def test_nothing_to_decide() -> None:
    empty = graph_of(6, [(NETWORK, []), (PAYMENT, [])])
    assert decide(empty, world_of(empty), LEIDEN(empty), LEIDEN, LIMITS).tolist() == [-1] * 6
