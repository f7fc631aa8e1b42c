from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.rings.counts import KindCounts, count, dense_labels, distinct, groups_of, kept_labels, rows_of, world_of
from linkage.rings.profile import best_groups, profiles
from linkage.rings.score import score
from tests.rings.graphs import NETWORK, PAYMENT, Town, graph_of

PAIRS = [(0, 0), (0, 1), (1, 0), (2, 1), (2, 2), (3, 2), (4, 2), (5, 3)]


def cells(made: KindCounts) -> list[tuple[int, int, int]]:
    return list(zip(made.group.tolist(), made.entity.tolist(), made.k.tolist(), strict=True))


def test_background_by_hand() -> None:
    background = world_of(graph_of(7, [(NETWORK, PAIRS)])).kinds[0]
    assert background.users.tolist() == [2, 2, 3, 1]
    assert background.links == 8
    assert background.breadth.tolist() == [2, 1, 2, 1, 1, 1, 0]
    assert background.degree_class.tolist() == [1, 1, 1, 0]
    assert background.class_sizes.tolist() == [1, 3]
    assert background.entities == 4


def test_families_in_order() -> None:
    assert world_of(graph_of(7, [(PAYMENT, PAIRS), (NETWORK, PAIRS)])).families == ["network", "payment"]


def test_counts_by_hand() -> None:
    world = world_of(graph_of(7, [(NETWORK, PAIRS)]))
    made = count(world, groups_of(np.array([0, 0, 1, 1, -1, -1, 1]), 2))
    kind = made.kinds[0]
    assert made.size.tolist() == [2, 3]
    assert cells(kind) == [(0, 0, 2), (1, 2, 2)], "what one member uses is no cell"
    assert kind.fewest.tolist() == kind.most.tolist() == [2, 2], "entity 1 in both groups"
    assert kind.having.tolist() == [2, 2], "account 6 is in no kind"
    assert kind.links.tolist() == [3, 3]
    assert kind.link_member.tolist() == [0, 1, 2, 3]
    assert kind.link_cell.tolist() == [0, 0, 1, 1]
    assert kind.member_group.tolist() == [0, 0, 1, 1, 1]
    assert kind.member_breadth.tolist() == [2, 1, 2, 1, 0]
    reach = world.kinds[0].reach
    assert kind.member_reach.tolist() == reach[[0, 1, 2, 3, 6]].tolist()
    assert kind.reach.tolist() == [reach[0] + reach[1], reach[2] + reach[3]]


@pytest.mark.parametrize("few", [False, True])
def test_some_accounts_on_their_own_are_described_as_among_all(few: bool) -> None:
    """In any order of accounts: what they use keeps its degrees, and all bits are the same to the last one."""
    town = Town(5, 300)
    town.plant(range(40))
    world, labels = replace(world_of(town.graph()), few=few), np.where(np.arange(300) < 60, np.arange(300) // 20, -1)
    some = np.array([*range(59, -1, -1), *range(100, 300, 3)])
    part = world.among(some).among(np.arange(90))
    some, groups = some[:90], groups_of(labels, 3)
    made, among = (score(w, count(w, g)) for w, g in ((world, groups), (part, groups[:, some])))
    assert (part.accounts, part.here) == (300, 90)
    assert among.kind_bits.tolist() == made.kind_bits.tolist()
    assert among.saved.tolist() == made.saved.tolist()
    best = best_groups(world, profiles(world, count(world, groups), made), labels, -9.0)
    of_part = profiles(part, count(part, groups[:, some]), among)
    assert best_groups(part, of_part, labels[some], -9.0).tolist() == best[some].tolist()
    assert all(b.width < a.width == b.entities for a, b in zip(world.kinds, part.kinds, strict=True) if a.width > 20)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 30), st.integers(1, 5))
def test_counts_against_loops(seed: int, accounts: int, groups: int) -> None:
    dice = random.Random(seed)
    pairs = sorted({(dice.randrange(accounts), dice.randrange(8)) for _ in range(dice.randrange(3 * accounts))})
    labels = np.array([dice.randrange(-1, groups) for _ in range(accounts)])
    world = world_of(graph_of(accounts, [(NETWORK, pairs)]))
    made = count(world, groups_of(labels, groups)).kinds[0]
    users = Counter(e for _, e in pairs)
    lone = world.kinds[0].lone_may_pay
    assert lone or len(pairs) <= 6 * len(users)
    number = {e: i for i, e in enumerate(sorted(users))}
    expected = Counter((int(labels[a]), number[e]) for a, e in pairs if labels[a] >= 0)
    told = sorted((g, e, k) for (g, e), k in expected.items() if k > 1 or lone)
    assert cells(made) == told
    links = [(a, number[e]) for a, e in pairs if labels[a] >= 0 and (expected[int(labels[a]), number[e]] > 1 or lone)]
    cell = {(g, e): i for i, (g, e, _) in enumerate(told)}
    assert sorted(made.link_cell.tolist()) == sorted(cell[int(labels[a]), e] for a, e in links)
    assert made.link_member.tolist() == sorted(made.link_member.tolist())
    by_one = [[users[e] for e in users if expected[g, number[e]] == 1] for g in range(groups)]
    assert made.fewest.tolist() == [min(d, default=0) for d in by_one]
    assert made.most.tolist() == [max(d, default=0) for d in by_one]
    assert made.having.tolist() == [len({a for a, _ in pairs if labels[a] == g}) for g in range(groups)]
    assert made.links.tolist() == [sum(labels[a] == g for a, _ in pairs) for g in range(groups)]


def test_counts_of_a_union_are_sums() -> None:
    dice = random.Random(3)
    pairs = [(dice.randrange(40), dice.randrange(12)) for _ in range(150)]
    world = world_of(graph_of(40, [(NETWORK, pairs)]))
    rows = groups_of(np.arange(40) % 2, 2)
    parts, union = count(world, rows), count(world, (rows[[0]] + rows[[1]]).tocsr())
    summed: Counter[int] = Counter()
    for _, entity, k in cells(parts.kinds[0]):
        summed[entity] += k
    assert cells(union.kinds[0]) == [(0, e, k) for e, k in sorted(summed.items())]
    assert union.size[0] == parts.size.sum()
    assert union.kinds[0].links[0] == parts.kinds[0].links.sum()
    assert union.kinds[0].having[0] == parts.kinds[0].having.sum()


def test_groups_may_overlap() -> None:
    world = world_of(graph_of(7, [(NETWORK, PAIRS)]))
    rows = groups_of(np.array([0, 0, 0, 0, 1, 1, 1]), 2)
    both = count(world, (rows[[0, 0]]).tocsr()).kinds[0]
    alone = count(world, rows[[0]]).kinds[0]
    assert cells(both) == cells(alone) + [(1, e, k) for _, e, k in cells(alone)]


def test_no_groups_and_no_links() -> None:
    world = world_of(graph_of(3, [(NETWORK, [])]))
    made = count(world, groups_of(np.array([-1, -1, -1]), 0))
    assert len(made.size) == 0
    assert cells(made.kinds[0]) == []
    assert count(world, groups_of(np.array([0, 0, 1]), 2)).kinds[0].having.tolist() == [0, 0]


def test_labels_as_rows_and_back() -> None:
    labels = np.array([2, -1, 0, 2, 2])
    rows = groups_of(labels, 4)
    assert rows.toarray().tolist() == [[0, 0, 1, 0, 0], [0] * 5, [1, 0, 0, 1, 1], [0] * 5]
    assert rows_of(rows).tolist() == [0, 2, 2, 2]


@pytest.mark.parametrize(
    ("labels", "smallest", "expected", "groups"),
    [
        ([5, 5, -1, 2], 1, [1, 1, -1, 0], 2),
        ([5, 5, -1, 2], 2, [0, 0, -1, -1], 1),
        ([5, 5, -1, 2], 3, [-1, -1, -1, -1], 0),
        ([-1, -1], 1, [-1, -1], 0),
        ([], 3, [], 0),
    ],
)
def test_dense_labels(labels: list[int], smallest: int, expected: list[int], groups: int) -> None:
    made, number = dense_labels(np.array(labels, dtype=np.int64), smallest)
    assert made.tolist() == expected
    assert number == groups


def test_kept_labels_keep_their_numbers() -> None:
    labels = np.array([2, -1, 0, 1, 2])
    assert kept_labels(labels, np.array([True, False, True])).tolist() == [2, -1, 0, -1, 2]
    assert kept_labels(np.array([-1, -1]), np.zeros(0, dtype=bool)).tolist() == [-1, -1]


@given(st.lists(st.integers(-5, 5)))
def test_distinct_numbers_are_those_of_numpy(numbers: list[int]) -> None:
    assert distinct(np.array(numbers, dtype=np.int64)).tolist() == np.unique(numbers).tolist()
