from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from linkage.model import AccountGraph
from linkage.rings import refine as module
from linkage.rings.codelength import Ints
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.profile import KindProfile, best_groups, profiles, touching_pairs
from linkage.rings.refine import reach, refine
from linkage.rings.score import score
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of, renumbered

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


@pytest.mark.parametrize("over", [0.0, -6.0, 3.0])
def test_best_groups_are_those_of_all_pairs(town: Town, over: float) -> None:
    """Everywhere and at home, by all kinds and by some; of equal log-odds the lower group counts."""
    world = world_of(town.graph())
    labels = np.full(800, -1)
    labels[3:24], labels[24:44], labels[44:60] = 0, 1, 2
    counts = count(world, groups_of(labels, 3))
    made = profiles(world, counts, score(world, counts))
    twice = np.array([0, 0, 1, 1, 2, 2])
    made = replace(made, kinds=tuple(doubled(kind, twice) for kind in made.kinds), prior=made.prior[twice])
    labels[labels >= 0] *= 2
    at_home = np.arange(800) % 2, np.array([0, 1, 1, 0, 0, 1])
    counted = np.random.default_rng(3).random((len(world.kinds), 2)) < 0.7
    for homes, told in ((None, None), (at_home, counted), (at_home, None)):
        pairs = touching_pairs(world, made, labels, homes)
        all_told = np.ones((len(world.kinds), 2), dtype=bool) if told is None else told
        home = np.zeros(800, dtype=np.int64) if homes is None else homes[0]
        total = np.where(all_told[:, home[pairs.account]], pairs.bits[:-1], 0).sum(axis=0) + pairs.bits[-1]
        expected = np.full(800, -1)
        best = np.full(800, over)
        for account, group, bits in zip(pairs.account.tolist(), pairs.group.tolist(), total.tolist(), strict=True):
            if bits > best[account]:
                best[account], expected[account] = bits, group
        assert (expected >= 0).sum() > 20
        assert best_groups(world, made, labels, over, homes, told).tolist() == expected.tolist()


def doubled(kind: KindProfile, twice: Ints) -> KindProfile:
    """The profiles of a kind in the rows ``twice``."""
    rows = {field.name: getattr(kind, field.name)[twice] for field in fields(kind)}
    return KindProfile(**rows)


def evaders_on_one_card(evaders: int) -> AccountGraph:
    """A ring of 30; the evaders after them use its addresses and a card of their own, 30 strangers the addresses."""
    town = Town(4, 800)
    addresses, others = town.fresh(NETWORK, 6), range(30, 30 + evaders)
    town.plant(range(30))
    town.use(NETWORK, range(30), addresses, 3, only=True)
    town.use(NETWORK, others, addresses, 1, only=True)
    town.use(NETWORK, range(100, 130), addresses, 1)
    town.use(PAYMENT, others, town.fresh(PAYMENT, 1), 1, only=True)
    for kind in (CONTENT, DEVICE):
        town.links[kind] = {(account, entity) for account, entity in town.links[kind] if account not in others}
    return town.graph()


@pytest.mark.parametrize("evaders", [3, 8])
def test_reach_takes_in_those_who_are_short_alone_and_not_together(evaders: int) -> None:
    world = world_of(evaders_on_one_card(evaders))
    ring = np.where(np.arange(800) < 30, 0, -1)
    assert refine(world, ring, 3, 3).tolist() == ring.tolist()
    assert reach(world, ring, 3).tolist() == np.where(np.arange(800) < 30 + evaders, 0, -1).tolist()


def test_without_a_loan_reach_takes_in_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LENT", 4.0)
    world = world_of(evaders_on_one_card(8))
    ring = np.where(np.arange(800) < 30, 0, -1)
    assert reach(world, ring, 3).tolist() == ring.tolist()


def test_reach_of_nothing(town: Town) -> None:
    nobody = np.full(800, -1)
    assert reach(world_of(town.graph()), nobody, 3).tolist() == nobody.tolist()
