from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.sparse as sp

from linkage.model import Kind
from linkage.rings import unions
from linkage.rings.counts import World, count, groups_of, world_of
from linkage.rings.looks import looks_of
from linkage.rings.merge import merge
from linkage.rings.picks import in_common, picks
from linkage.rings.score import Score, bits_of, score
from linkage.rings.unions import WORTH, Behind, OnTheirOwn, Picking, Rule, Unions, Within
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town

HALF = 40


def halves(seed: int, common: Sequence[Kind], apart: Sequence[Kind]) -> Town:
    """Two groups of 40 accounts with pools in common of some kinds, and pools of their own of others."""
    town = Town(seed, 1_000)
    pools = {kind: [town.fresh(kind, 12) for _ in range(2)] for kind in (*common, *apart)}
    for half in range(2):
        members = range(half * HALF, (half + 1) * HALF)
        for kind in (*common, *apart):
            town.use(kind, members, pools[kind][half if kind in apart else 0], 3, only=True)
    return town


def cells(seed: int, strays: int) -> Town:
    """Two groups of 40 accounts with addresses of their own, templates in common, and two cards each from a box of 6.

    In each, ``strays`` accounts have one of their cards from the other group's box.
    """
    town = Town(seed, 1_000)
    boxes, shared = [town.fresh(PAYMENT, 6) for _ in range(2)], town.fresh(CONTENT, 12)
    for half in range(2):
        first, past = half * HALF, (half + 1) * HALF
        town.use(NETWORK, range(first, past), town.fresh(NETWORK, 12), 3, only=True)
        town.use(CONTENT, range(first, past), shared, 3, only=True)
        town.use(PAYMENT, range(first, first + strays), boxes[half], 1, only=True)
        town.use(PAYMENT, range(first, first + strays), boxes[1 - half], 1)
        town.use(PAYMENT, range(first + strays, past), boxes[half], 2, only=True)
    return town


def reworded(seed: int, alike: int) -> Town:
    """The cells of a ring (:func:`cells`); of the 16 templates of each account ``alike`` are in both cells' words."""
    town = cells(seed, 6)
    common = town.fresh(CONTENT, 24)
    for half in range(2):
        members = range(half * HALF, (half + 1) * HALF)
        town.use(CONTENT, members, common, alike, only=True)
        town.use(CONTENT, members, town.fresh(CONTENT, 24), 16 - alike)
    return town


def two(world: World) -> tuple[np.ndarray, Score, Score, Unions]:
    number = np.arange(world.accounts)
    labels = np.where(number < 2 * HALF, number // HALF, -1)
    apart = score(world, count(world, groups_of(labels, 2)))
    together = score(world, count(world, groups_of(np.where(labels >= 0, 0, -1), 1)))
    looks = looks_of(world, groups_of(labels, 2))
    both = sp.csr_matrix(np.ones((1, 2), dtype=np.int64))
    return labels, apart, together, Unions(both, np.array([HALF, HALF]), np.zeros(2, dtype=np.int64), looks)


def united(town: Town, rule: Rule) -> bool:
    world = world_of(town.graph())
    return bool(merge(world, two(world)[0], rule).max() == 0)


def families(town: Town) -> list[str]:
    return world_of(town.graph()).families


def test_parts_behind_different_addresses_need_what_is_neither_rented_nor_common_nor_a_window() -> None:
    rule = Behind(["content", "device", "load", "network", "payment"], "network", "content", ["load"])
    assert rule.needed().tolist() == [False, True, False, False, True]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_parts_behind_different_addresses_are_one_ring_by_their_cards_and_devices(seed: int) -> None:
    town = halves(seed, [PAYMENT, DEVICE], [NETWORK])
    assert united(town, Behind(families(town), "network", "content"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_addresses_unite_nobody_whose_other_things_differ(seed: int) -> None:
    town = halves(seed, [NETWORK], [PAYMENT, CONTENT])
    assert not united(town, Behind(families(town), "network", "content"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_templates_unite_nobody_who_pays_apart(seed: int) -> None:
    """Two rings of one operator."""
    town = halves(seed, [CONTENT], [NETWORK, PAYMENT])
    assert not united(town, Behind(families(town), "network", "content"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cells_of_one_ring_unite_though_each_uses_its_own_box_most(seed: int) -> None:
    town = cells(seed, 6)
    assert united(town, Behind(families(town), "network", "content"))
    _, apart, together, _ = two(world_of(town.graph()))
    payment = families(town).index("payment")
    assert together.family_bits[payment, 0] < apart.family_bits[payment].sum()  # it is dearer to tell them as one


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rings_that_lend_each_other_a_card_stay_two(seed: int) -> None:
    town = cells(seed, 2)
    assert not united(town, Behind(families(town), "network", "content"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cells_that_reword_half_of_their_templates_unite_and_those_that_share_few_do_not(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Behind(families(reworded(seed, 8)), "network", "content")
    assert united(reworded(seed, 8), rule)
    assert not united(reworded(seed, 2), rule)
    monkeypatch.setattr(unions, "SAME_WORDS", 2.0)  # never: words that differ cost more than the cards make good
    assert not united(reworded(seed, 8), rule)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_addresses_alone_unite_nobody(seed: int) -> None:
    town = halves(seed, [NETWORK], [])
    assert not united(town, Behind(families(town), "network", "content"))
    assert united(town, OnTheirOwn())


def test_what_the_rules_save_by_hand() -> None:
    town = halves(4, [PAYMENT, CONTENT], [NETWORK])
    world = world_of(town.graph())
    labels, apart, together, parts = two(world)
    names = world.families
    change = {f: together.family_bits[i, 0] - apart.family_bits[i].sum() for i, f in enumerate(names)}
    behind = Behind(names, "network", "content").gain(apart, together, parts)[0]
    own = sum(bits for f, bits in change.items() if f not in ("network", "content"))
    told_apart = math.log2(math.comb(2 * HALF, HALF))
    assert parts.looks.joining[:, names.index("payment")].tolist() == [HALF, HALF]
    assert behind == pytest.approx(min(own, own + change["content"]) + told_apart - WORTH, abs=1e-4)
    alone = OnTheirOwn().gain(apart, together, parts)[0]
    assert alone == pytest.approx(together.saved[0] - np.maximum(apart.saved, 0).sum())
    told = np.array([[f == "network"] for f in names])
    cluster = np.where(labels >= 0, 0, -1)
    inside = Within(cluster, told).gain(apart, together, parts)[0]
    assert inside == pytest.approx(change["network"] + math.log2(math.comb(2 * HALF, HALF)), abs=1e-4)
    assert Within(cluster, told).home(labels, 2).tolist() == [0, 0]
    assert behind > 0 > change["network"]


def test_a_union_of_three_saves_what_its_pairs_save_one_after_the_other() -> None:
    """Whatever the order: its description does not depend on how it came about."""
    town = halves(5, [PAYMENT, DEVICE], [NETWORK])
    world = world_of(town.graph())
    labels = np.where(np.arange(1_000) < 2 * HALF, np.arange(1_000) // 20 - np.arange(1_000) // 60, -1)
    groups, told = groups_of(labels, 3), np.ones((len(world.families), 1), dtype=bool)
    rule = Within(np.where(labels >= 0, 0, -1), told)

    def gain(parts: list[list[int]]) -> float:
        """Of uniting the groups listed; each list is a group already."""
        rows = np.array([[float(g in part) for g in range(3)] for part in parts]).astype(np.int64)
        apart, size = bits_of(world, groups, sp.csr_matrix(rows)), rows @ np.diff(groups.indptr)
        together = bits_of(world, groups, sp.csr_matrix(rows.sum(axis=0, keepdims=True)))
        every = sp.csr_matrix(np.ones((1, len(parts)), dtype=np.int64))
        looks, nowhere = looks_of(world, (sp.csr_matrix(rows) @ groups).tocsr()), np.zeros(len(parts), dtype=np.int64)
        return float(rule.gain(apart, together, Unions(every, size, nowhere, looks))[0])

    at_once = gain([[0], [1], [2]])
    assert at_once == pytest.approx(gain([[0], [1]]) + gain([[0, 1], [2]]), abs=1e-4)
    assert at_once == pytest.approx(gain([[1], [2]]) + gain([[1, 2], [0]]), abs=1e-4)


@pytest.mark.parametrize("apart", [0.0, 0.5, 1.0])
def test_what_picking_saves_by_hand(apart: float) -> None:
    """Two halves with a box of cards each and templates in common: families told apart, or as what each half picks."""
    world = world_of(halves(4, [CONTENT], [PAYMENT, NETWORK]).graph())
    number = np.arange(world.accounts)
    labels, cluster = np.where(number < 2 * HALF, number // HALF, -1), np.where(number < 2 * HALF, 0, -1)
    groups, whole = groups_of(labels, 2), groups_of(cluster, 1)
    common = in_common(world, whole)
    told_apart = np.random.default_rng(1).random((len(world.families), 1)) < apart
    each, both = bits_of(world, groups).family_bits, bits_of(world, whole).family_bits
    used = [[(g @ b.counted).tocsr() for b in world.kinds] for g in (groups, whole)]
    picked = [picks(common, its, np.zeros(its[0].shape[0], dtype=np.int64)) for its in used]
    assert (picked[0] > 0).any()
    expected = np.where(told_apart, both, picked[1]).sum() - np.where(told_apart, each, picked[0]).sum()
    expected += math.log2(math.comb(2 * HALF, HALF))
    rule = Picking(cluster, told_apart, common)
    parts = Unions(sp.csr_matrix([[1, 1]]), np.array([HALF] * 2), np.zeros(2, dtype=np.int64), looks_of(world, groups))
    gain = rule.gain(bits_of(world, groups), bits_of(world, whole), parts)
    assert gain.tolist() == pytest.approx([expected], abs=1e-3)
    assert rule.home(labels, 2).tolist() == [0, 0]
    assert rule.needed() is None
