from __future__ import annotations

import numpy as np
import pytest

from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.profile import profiles, touching_pairs
from linkage.rings.refine import best_group, refine
from linkage.rings.score import score
from tests.rings.graphs import CONTENT, NETWORK, PAYMENT, Town, graph_of, renumbered

RING = range(30)


@pytest.fixture(scope="module")
def town() -> Town:
    made = Town(4, 800)
    made.plant(RING, evaders=8)
    made.plant(range(30, 50))
    return made


def test_members_left_out_come_in_and_strangers_go_out(town: Town) -> None:
    labels = np.full(800, -1)
    labels[5:30], labels[30:50] = 0, 1
    labels[600:605] = 0  # strangers
    expected = np.full(800, -1)
    expected[:30], expected[30:50] = 0, 1
    assert refine(world_of(town.graph()), labels, 3, 3).tolist() == expected.tolist()


def test_nobody_moves_who_is_where_the_log_odds_say(town: Town) -> None:
    world = world_of(town.graph())
    labels = np.where(np.arange(800) < 30, 0, -1)
    once = refine(world, labels, 3, 3)
    assert refine(world, once, 1, 3).tolist() == once.tolist()


def test_each_account_goes_to_its_highest_positive_log_odds(town: Town) -> None:
    world = world_of(town.graph())
    labels = np.full(800, -1)
    labels[3:24], labels[24:44], labels[44:60] = 0, 1, 2
    counts = count(world, groups_of(labels, 3))
    pairs = touching_pairs(world, profiles(world, counts, score(world, counts)), labels)
    best: dict[int, tuple[float, int]] = {}
    for account, group, total in zip(pairs.account.tolist(), pairs.group.tolist(), pairs.total.tolist(), strict=True):
        if total > max(best.get(account, (0.0, 0))[0], 0.0):
            best[account] = (total, group)
    expected = [best[a][1] if a in best else -1 for a in range(800)]
    assert min(expected.count(g) for g in (0, 1)) >= 3
    dense = {group: number for number, group in enumerate(sorted(set(expected) - {-1}))}
    assert refine(world, labels, 1, 1).tolist() == [dense.get(group, -1) for group in expected]


def test_small_groups_dissolve() -> None:
    pairs = [(a, 0 if a < 4 else a) for a in range(300)]
    world = world_of(graph_of(300, [(NETWORK, pairs), (PAYMENT, pairs), (CONTENT, pairs)]))
    labels = np.where(np.arange(300) < 4, 0, -1)
    assert refine(world, labels, 1, 4).tolist() == labels.tolist()
    assert refine(world, labels, 1, 5).tolist() == [-1] * 300


def test_groups_by_chance_dissolve(town: Town) -> None:
    labels = np.full(800, -1)
    labels[500:520] = 0
    assert refine(world_of(town.graph()), labels, 3, 3).max() == -1


def test_more_rounds_reach_further() -> None:
    """From 5 of 60 members the first round does not find everybody, the second does."""
    town = Town(1, 800)
    town.plant(range(60))
    labels = np.where(np.arange(800) < 5, 0, -1)
    world = world_of(town.graph())
    sizes = [int((refine(world, labels, rounds, 3) == 0).sum()) for rounds in (1, 2, 3)]
    assert 5 < sizes[0] < 60
    assert sizes[1:] == [60, 60]


def test_no_groups_and_no_accounts() -> None:
    world = world_of(graph_of(5, [(NETWORK, [(a, 0) for a in range(5)])]))
    assert refine(world, np.full(5, -1), 3, 3).tolist() == [-1] * 5
    nobody = world_of(graph_of(0, [(NETWORK, [])]))
    assert len(refine(nobody, np.zeros(0, dtype=np.int64), 3, 3)) == 0


def test_renumbered_accounts_give_the_renumbered_result(town: Town) -> None:
    order = np.random.default_rng(9).permutation(800)
    labels = np.full(800, -1)
    labels[5:28], labels[33:52] = 0, 1
    plain = refine(world_of(town.graph()), labels, 2, 3)
    assert refine(world_of(renumbered(town.graph(), order)), labels[order], 2, 3).tolist() == plain[order].tolist()


def test_best_group_by_hand() -> None:
    account, group = np.array([0, 0, 2, 2, 3]), np.array([0, 1, 0, 1, 0])
    made = best_group(account, group, np.array([1.0, 2.0, 3.0, 3.0, -1.0]), 5)
    assert made.tolist() == [1, -1, 0, -1, -1], "a tie goes to the lower number, nobody goes below 0"
