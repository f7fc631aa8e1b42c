from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

from linkage.rings import merge as module
from linkage.rings.counts import World, count, dense_labels, groups_of, world_of
from linkage.rings.looks import looks_by, looks_of
from linkage.rings.merge import _all_or_two, _followed, _Groups, _unite, _united, merge, neighbours
from linkage.rings.score import bits_of, score
from linkage.rings.unions import OnTheirOwn
from tests.rings.graphs import NETWORK, PAYMENT, Town, graph_of, renumbered


@pytest.fixture(scope="module")
def world() -> World:
    """Rings of 32 and 20 accounts among 700."""
    town = Town(8, 700)
    town.plant(range(32))
    town.plant(range(32, 52))
    return world_of(town.graph())


def total(world: World, labels: np.ndarray) -> float:
    dense, groups = dense_labels(labels)
    return float(np.maximum(score(world, count(world, groups_of(dense, groups))).saved, 0).sum())


def parts() -> np.ndarray:
    """The first ring in four parts, the second one whole, and a group of strangers."""
    labels = np.full(700, -1)
    labels[:32] = np.arange(32) % 4
    labels[32:52], labels[300:310] = 4, 5
    return labels


def test_parts_of_one_ring_unite_and_two_rings_stay_two(world: World) -> None:
    merged = merge(world, parts())
    assert len(set(merged[:32])) == 1
    assert len(set(merged[32:52])) == 1
    assert len({merged[0], merged[32], merged[300]}) == 3
    assert (merged >= 0).tolist() == (parts() >= 0).tolist(), "merging moves nobody in or out"


def test_uniting_never_saves_less(world: World) -> None:
    assert total(world, merge(world, parts())) > total(world, parts())


def test_at_the_end_no_union_saves_more(world: World) -> None:
    merged, groups = dense_labels(merge(world, parts()))
    before = total(world, merged)
    for a in range(groups):
        for b in range(a):
            assert total(world, np.where(merged == a, b, merged)) <= before


def test_union_by_hand() -> None:
    """Two halves of a ring of 8 on one card and one address: each must name its members and its profile."""
    pairs = [(a, 0 if a < 8 else a) for a in range(200)]
    world = world_of(graph_of(200, [(NETWORK, pairs), (PAYMENT, pairs)]))
    halves = np.where(np.arange(200) < 8, np.arange(200) % 2, -1)
    assert merge(world, halves).tolist() == np.where(np.arange(200) < 8, 0, -1).tolist()


def test_one_group_and_none(world: World) -> None:
    assert merge(world, np.full(700, -1)).tolist() == [-1] * 700
    one = np.where(np.arange(700) < 32, 7, -1)
    assert merge(world, one).tolist() == np.where(one >= 0, 0, -1).tolist()


def test_looks_that_are_known_are_not_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    merged, known = merge(world, parts()), looks_by(world, parts())
    monkeypatch.setattr(module, "looks_by", None)
    assert merge(world, parts(), looks=known).tolist() == merged.tolist()


def test_renumbered_accounts_give_the_renumbered_groups(world: World) -> None:
    town = Town(8, 700)
    town.plant(range(32))
    town.plant(range(32, 52))
    order = np.random.default_rng(2).permutation(700)
    other = merge(world_of(renumbered(town.graph(), order)), parts()[order])
    assert other.tolist() == merge(world, parts())[order].tolist()


def test_without_neighbours_nothing_is_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = looks_of(world, groups_of(parts(), 6))
    first, second = neighbours(world, looks)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) >= {(a, b) for b in range(4) for a in range(b)}
    assert (first < second).all(), "each pair once"
    monkeypatch.setattr(module, "NEIGHBOURS", 1)
    fewer = neighbours(world, looks)
    assert len(fewer[0]) < len(first)
    monkeypatch.setattr(module, "NEIGHBOURS", 0)
    assert len(set(merge(world, parts())[:32])) == 4


def test_neighbours_share_a_profile(world: World) -> None:
    looks = looks_of(world, groups_of(parts(), 6))
    pairs = set(zip(*(x.tolist() for x in neighbours(world, looks)), strict=True))
    assert (4, 5) not in pairs, "strangers have no profile to share"


def test_of_neighbours_those_are_tried_that_share_something_of_the_families_needed(world: World) -> None:
    """Brute force: bits both ways, family by family, against a quarter of a bit."""
    looks = looks_of(world, groups_of(parts(), 6))
    every = list(zip(*(x.tolist() for x in neighbours(world, looks)), strict=True))
    for row, name in enumerate(world.families):
        needed = np.array([family == name for family in world.families])
        shared = np.zeros((6, 6))
        for background, family, weight, used in zip(world.kinds, looks.family, looks.weight, looks.used, strict=True):
            if family == row and not background.incidence.kind.window:
                shared += weight.toarray() @ used.toarray().T
        tried = list(zip(*(x.tolist() for x in neighbours(world, looks, needed=needed)), strict=True))
        assert tried == [(a, b) for a, b in every if shared[a, b] + shared[b, a] >= module.NEEDED]
    assert neighbours(world, looks, needed=np.zeros(len(needed), dtype=bool))[0].tolist() == []


@pytest.mark.parametrize("unlike", [1, 2, 30])
def test_of_very_unlike_size_those_are_tried_whose_smaller_one_speaks_for_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch, unlike: int
) -> None:
    """Brute force: what the links of the smaller one weigh in the other's profile, against its own bits."""
    labels = parts()
    labels[(labels == 0) & (np.arange(700) % 3 > 0)] = 1  # one is larger
    matrix = groups_of(labels, 6)
    looks, bits = looks_of(world, matrix), bits_of(world, matrix).family_bits.sum(axis=0)
    size = np.diff(matrix.indptr)
    said = np.zeros((6, 6))
    for background, weight, used, having in zip(world.kinds, looks.weight, looks.used, looks.having.T, strict=True):
        if not background.incidence.kind.window:
            said += weight.toarray() @ (used.toarray() * having[:, None]).T
    every = list(zip(*(x.tolist() for x in neighbours(world, looks)), strict=True))
    shares = [said[b, a] / bits[a] for a, b in (sorted(pair, key=lambda g: (size[g], g)) for pair in every)]
    monkeypatch.setattr(module, "UNLIKE", unlike)
    monkeypatch.setattr(module, "SPEAKS", float(np.median(shares)))
    tried = list(zip(*(x.tolist() for x in neighbours(world, looks, own=(size, bits))), strict=True))
    like = [max(size[a], size[b]) < unlike * min(size[a], size[b]) for a, b in every]
    assert tried == [p for p, alike, s in zip(every, like, shares, strict=True) if alike or s >= module.SPEAKS]
    assert (len(tried) < len(every)) == (unlike == 1)


def test_who_hardly_grew_is_not_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.where(np.arange(700) < 32, np.arange(700) % 8, -1)
    number, settled = 8, np.full(700, -1)
    groups = _Groups(labels, number, looks_of(world, groups_of(labels, 8)), np.ones(8, dtype=bool), np.full(8, 4))
    grown = _united(world, groups, OnTheirOwn(), settled)
    assert grown.fresh.all()
    assert grown.tried.tolist() == np.bincount(grown.labels[:32]).tolist()
    monkeypatch.setattr(module, "GROWN", 100.0)
    still = _united(world, groups, OnTheirOwn(), settled)
    assert still.number == grown.number < 8, "the same unions"
    assert not still.fresh.any()
    assert still.tried.tolist() == [4] * still.number


def test_all_follow_their_best_pair_and_a_pair_stays_where_that_saves_no_more() -> None:
    gain = np.array([9.0, 5.0, 4.0, 3.0, 0.0])
    target, partner, best = _followed(gain, np.array([0, 1, 0, 4, 3]), np.array([1, 2, 3, 5, 4]), 7)
    assert target.tolist() == [0, 0, 0, 0, 4, 4, 6], "2 follows 1 into its union; nobody unites for 0 bits"
    assert (partner[[0, 4]].tolist(), best[[0, 4]].tolist()) == ([1, 5], [9.0, 3.0])
    asked = []

    def saves(bits: float) -> Callable[[sp.csr_matrix], np.ndarray]:
        return lambda parts: asked.append(parts.toarray().tolist()) or np.full(parts.shape[0], bits)

    assert _all_or_two(target, partner, best, saves(9.5)).tolist() == target.tolist()
    assert _all_or_two(target, partner, best, saves(9.0)).tolist() == [0, 0, 2, 3, 4, 4, 6]
    assert asked == [[[1, 1, 1, 1, 0, 0, 0]]] * 2, "only unions of three and more are asked for"


def test_eight_parts_are_two_after_one_round(world: World) -> None:
    """Two by two they would be four."""
    labels = np.where(np.arange(700) < 32, np.arange(700) % 8, -1)
    groups = _Groups(labels, 8, looks_of(world, groups_of(labels, 8)), np.ones(8, dtype=bool), np.full(8, 4))
    assert len(set(_unite(world, groups, OnTheirOwn()).tolist())) == 2
    assert len(set(merge(world, labels)[:32])) == 1


def test_pairs_that_share_little_are_not_tried_outside_a_cluster(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = looks_of(world, groups_of(parts(), 6))
    likeness = sum((w @ u.T).toarray() for w, u in zip(looks.weight, looks.used, strict=True))
    both = likeness + likeness.T
    for bits in (0.5, 1.5 * float(np.median(both[both > 0]))):
        monkeypatch.setattr(module, "ALIKE", bits)
        tried = set(zip(*(x.tolist() for x in neighbours(world, looks)), strict=True))
        assert tried == {(a, b) for b in range(6) for a in range(b) if both[a, b] >= bits}
    inside = set(zip(*(x.tolist() for x in neighbours(world, looks, np.zeros(6, dtype=np.int64))), strict=True))
    assert inside > tried, "in a cluster whoever shares anything is tried"
