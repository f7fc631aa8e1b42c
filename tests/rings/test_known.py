from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from linkage.rings import counts
from linkage.rings import score as module
from linkage.rings.counts import World, count, groups_of, world_of
from linkage.rings.known import Known, keys_of
from linkage.rings.score import Bits, bits_of, score
from tests.rings.graphs import PAYMENT, Town


def ring_parts() -> tuple[World, sp.csr_matrix]:
    """Two rings of 24 among 300, each in three parts."""
    town = Town(5, 300)
    town.plant(range(24))
    town.plant(range(24, 48))
    labels = np.where(np.arange(300) < 48, np.arange(300) // 8, -1)
    return world_of(town.graph()), groups_of(labels, 6)


PARTS = ((0,), (0, 1), (1, 2), (3, 4), (2, 5), (4,), (0, 1), (0, 1, 2), (3, 4, 5))
UNIONS = sp.csr_matrix([[int(group in parts) for group in range(6)] for parts in PARTS])


def slowly(world: World, groups: sp.csr_matrix) -> Bits:
    united = [groups[list(parts)].sum(axis=0) > 0 for parts in PARTS]
    return score(world, count(world, sp.csr_matrix(np.concatenate(united).astype(np.int64))))


def test_bits_of_unions_are_those_of_counting_them_anew() -> None:
    world, groups = ring_parts()
    for _ in range(2):
        bits, expected = bits_of(world, groups, UNIONS), slowly(world, groups)
        assert bits.saved.tolist() == expected.saved.tolist()
        assert bits.family_bits.tolist() == expected.family_bits.tolist()


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world, groups = ring_parts()
    monkeypatch.setattr(module, "BLOCK", 10)
    for threads in (1, 3):
        made = bits_of(replace(world, threads=threads, known=Known()), groups, UNIONS)
        assert made.saved.tolist() == slowly(world, groups).saved.tolist()


def test_threads_that_share_the_kinds_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world, groups = ring_parts()
    alone = score(world, count(world, groups))
    monkeypatch.setattr(counts, "MANY", 1)
    several = replace(world, threads=3)
    shared = score(several, count(several, groups))
    assert shared.saved.tolist() == alone.saved.tolist()
    assert shared.family_joining.tolist() == alone.family_joining.tolist()


def test_what_is_known_is_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world, groups = ring_parts()
    before = bits_of(world, groups, UNIONS).saved.tolist()
    assert len(world.known.keys) == 8
    monkeypatch.setattr(module, "count", None)
    assert bits_of(world, groups, UNIONS).saved.tolist() == before
    assert bits_of(world, groups[[1, 0]], UNIONS[[1], :2]).saved.tolist() == before[1:2], "in any order"


def test_keys_tell_groups_apart_and_add_up() -> None:
    dice = random.Random(1)
    labels = np.array([dice.randrange(-1, 40) for _ in range(500)])
    groups = groups_of(labels, 40)
    keys = keys_of(groups, 500)
    assert keys.dtype == np.uint64
    assert len(set(keys.tolist())) == 40
    assert keys_of((groups[[3]] + groups[[7]]).tocsr(), 500).tolist() == (keys[[3]] + keys[[7]]).tolist()


def test_keys_of_accounts_on_their_own_are_those_among_all() -> None:
    world, groups = ring_parts()
    some = np.flatnonzero(np.asarray(groups.sum(axis=0)).ravel())[::-1]
    keys = keys_of(groups, world.accounts)
    assert keys_of(groups[:, some], world.accounts, some).tolist() == keys.tolist()
    assert bits_of(world.among(some), groups[:, some]).saved.tolist() == bits_of(world, groups).saved.tolist()


def test_find_and_add() -> None:
    known = Known()
    assert not known.find(np.array([4, 2], dtype=np.uint64))[1].any()
    known.add(np.array([4, 9], dtype=np.uint64), np.array([[4.0, 2.0], [9.0, 1.0]]))
    known.add(np.array([2], dtype=np.uint64), np.array([[2.0, 3.0]]))
    row, found = known.find(np.array([4, 5, 2, 9], dtype=np.uint64))
    assert found.tolist() == [True, False, True, True]
    assert known.bits[row[found], 0].tolist() == [4.0, 2.0, 9.0]


def test_lone_entities_name_groups_but_are_no_cells() -> None:
    """Their links count in the sums; the cheapest name of a group may still be one of them."""
    town = Town(5, 300)
    town.plant(range(24))
    world = world_of(town.graph())
    kind = next(b for b in world.kinds if b.incidence.kind == PAYMENT)
    assert not kind.lone_may_pay
    assert kind.counted.nnz == int((kind.users[kind.incidence.matrix.indices] >= 2).sum()) < kind.links
    assert kind.counted.shape == kind.incidence.matrix.shape
