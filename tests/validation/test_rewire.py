from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from linkage.model import Kind
from linkage.rings.counts import rows_of
from linkage.validation.rewire import rewired, swapped
from tests.rings.graphs import NETWORK, PAYMENT, chance_world, graph_of

SUBNET = Kind("subnet", "network", False)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_every_degree_is_kept_exactly_and_no_link_occurs_twice(seed: int) -> None:
    graph = chance_world(seed, 60)
    drawn = rewired(graph, seed)
    for before, after in zip(graph.kinds, drawn.kinds, strict=True):
        assert after.kind == before.kind
        assert after.users.tolist() == before.users.tolist()
        assert after.breadth.tolist() == before.breadth.tolist()
        assert set(after.matrix.data.tolist()) == {1}
        assert after.entities is before.entities


def test_links_are_drawn_anew_and_the_seed_alone_decides() -> None:
    graph = chance_world(3, 400)
    first, again, other = rewired(graph, 1), rewired(graph, 1), rewired(graph, 2)
    for kind, a, b, c in zip(graph.kinds, first.kinds, again.kinds, other.kinds, strict=True):
        assert (a.matrix != b.matrix).nnz == 0
        assert (a.matrix != c.matrix).nnz > 0
        chance = (kind.users.astype(float) ** 2).sum() / kind.matrix.nnz / 400
        assert kind.matrix.multiply(a.matrix).nnz / kind.matrix.nnz < 2 * chance + 0.05


def every_graph(breadth: list[int], users: list[int]) -> set[tuple[int, ...]]:
    """All 0/1 tables with these margins, each as its cells row by row."""
    cells = product((0, 1), repeat=len(breadth) * len(users))
    tables = (np.array(c).reshape(len(breadth), len(users)) for c in cells)
    return {
        tuple(t.ravel().tolist()) for t in tables if t.sum(1).tolist() == breadth and t.sum(0).tolist() == users
    }


def test_every_graph_with_the_same_degrees_is_as_likely() -> None:
    """4 accounts by 4 entities: 3,000 draws against the list of all graphs with these degrees."""
    start = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    possible = every_graph(start.sum(1).tolist(), start.sum(0).tolist())
    account, entity = np.nonzero(start)
    dice = np.random.default_rng(7)
    seen: Counter[tuple[int, ...]] = Counter()
    for _ in range(3_000):
        table = np.zeros((4, 4), dtype=int)
        table[account, swapped(account, entity, 4, dice)] = 1
        seen[tuple(table.ravel().tolist())] += 1
    assert set(seen) == possible
    assert chisquare(list(seen.values())).pvalue > 0.001


def test_no_rounds_change_nothing_and_single_links_stay() -> None:
    account, entity = np.array([0, 1, 2]), np.array([0, 1, 2])
    dice = np.random.default_rng(1)
    assert swapped(account, entity, 3, dice, rounds=0).tolist() == [0, 1, 2]
    assert swapped(account[:1], entity[:1], 3, dice).tolist() == [0]


@pytest.mark.parametrize("order", [(NETWORK, SUBNET), (SUBNET, NETWORK)])
def test_a_subnet_follows_from_its_addresses(order: tuple[Kind, Kind]) -> None:
    dice = np.random.default_rng(2)
    use = [(a, int(e)) for a in range(300) for e in dice.choice(400, 3, replace=False)]
    links = {NETWORK: use, SUBNET: [(a, e // 8) for a, e in use]}
    graph = graph_of(300, [(kind, links[kind]) for kind in order])
    drawn = {k.kind.name: k for k in rewired(graph, 5).kinds}
    before = {k.kind.name: k for k in graph.kinds}
    assert drawn["ip"].users.tolist() == before["ip"].users.tolist()
    columns = {e: i for i, e in enumerate(sorted({e for _, e in use}))}
    subnet = np.array([e // 8 for e in columns])
    expected = {(a, subnet[e]) for a, e in zip(rows_of(drawn["ip"].matrix), drawn["ip"].matrix.indices, strict=True)}
    found = drawn["subnet"].matrix
    names = sorted({e // 8 for _, e in use})
    told = {(a, names[e]) for a, e in zip(rows_of(found), found.indices, strict=True)}
    assert len(told ^ expected) < 0.02 * len(expected), "an address with one user may be taken for another subnet's"


def test_kinds_of_one_family_that_are_not_nested_are_drawn_apart() -> None:
    dice = np.random.default_rng(3)
    one, two = ([(a, int(dice.integers(20))) for a in range(200)] for _ in range(2))
    graph = graph_of(200, [(NETWORK, one), (SUBNET, two), (PAYMENT, one)])
    for before, after in zip(graph.kinds, rewired(graph, 1).kinds, strict=True):
        assert after.users.tolist() == before.users.tolist()
