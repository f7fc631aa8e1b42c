from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from linkage.rings.counts import World, count, groups_of, world_of
from linkage.rings.looks import joined, looks_of, spoken, worded_alike
from linkage.rings.profile import profiles
from linkage.rings.score import score
from tests.rings.graphs import NETWORK, PAYMENT, Town

SIZE = 30


@pytest.fixture(scope="module")
def world() -> World:
    """Three rings of 30; four of the first use a card of the second, three of the second one of the first."""
    town = Town(8, 600)
    boxes = [town.fresh(PAYMENT, 5) for _ in range(3)]
    for ring, box in enumerate(boxes):
        town.use(PAYMENT, range(ring * SIZE, (ring + 1) * SIZE), box, 2, only=True)
        town.use(NETWORK, range(ring * SIZE, (ring + 1) * SIZE), town.fresh(NETWORK, 9), 3, only=True)
    town.use(PAYMENT, range(4), boxes[1], 1)
    town.use(PAYMENT, range(SIZE, SIZE + 3), boxes[0], 1)
    return world_of(town.graph())


def labels(world: World) -> np.ndarray:
    number = np.arange(world.accounts)
    return np.where(number < 3 * SIZE, number // SIZE, -1)


def together(*unions: tuple[int, ...]) -> sp.csr_matrix:
    return sp.csr_matrix([[int(ring in union) for ring in range(3)] for union in unions], dtype=np.int64)


def only(world: World, family: str) -> np.ndarray:
    return np.array([name == family for name in world.families])


def slow_spoken(world: World, one: int, other: int) -> float:
    """What the other ring's links say for one, by payment: a sum over the links, one by one."""
    counts = count(world, groups_of(labels(world), 3))
    made = profiles(world, counts, score(world, counts))
    kind = [b.incidence.kind for b in world.kinds].index(PAYMENT)
    cards, weight = world.kinds[kind].incidence.matrix, made.kinds[kind].weight.toarray()[one]
    members = range(other * SIZE, (other + 1) * SIZE)
    return float(sum(max(weight[card], 0.0) for account in members for card in cards[account].indices))


def test_what_links_of_parts_say_for_one_another(world: World) -> None:
    looks = looks_of(world, groups_of(labels(world), 3))
    there, back = slow_spoken(world, 1, 0), slow_spoken(world, 0, 1)
    assert there > back > 3 * 3  # four rare cards lent, and three back
    assert slow_spoken(world, 2, 1) == slow_spoken(world, 1, 2) == 0
    bits = spoken(looks, together((0, 1), (1, 2), (0, 1, 2)), only(world, "payment"))
    assert bits.tolist() == pytest.approx([back, 0.0, back], abs=1e-4)
    assert spoken(looks, together((0, 1)), only(world, "network")).tolist() == [0.0]


def slow_alike(world: World, one: int, other: int) -> float:
    """Of the uses of the cards that speak for one ring the share of those that speak for the other, one by one."""
    counts = count(world, groups_of(labels(world), 3))
    made = profiles(world, counts, score(world, counts))
    kind = [b.incidence.kind for b in world.kinds].index(PAYMENT)
    cards, weight = world.kinds[kind].incidence.matrix, made.kinds[kind].weight.toarray()
    used = [card for account in range(one * SIZE, (one + 1) * SIZE) for card in cards[account].indices]
    own = [card for card in used if weight[one][card] > 0]
    return sum(weight[other][card] > 0 for card in own) / len(own)


def test_how_far_parts_use_the_same() -> None:
    """Whatever it weighs: of the three cards of each account one is from a box of both, of the other ring two."""
    town = Town(9, 600)
    common = town.fresh(PAYMENT, 5)
    for ring, often in enumerate((1, 2, 0)):
        members = range(ring * SIZE, (ring + 1) * SIZE)
        town.use(PAYMENT, members, town.fresh(PAYMENT, 5), 3 - often, only=True)
        town.use(PAYMENT, members, common, often)
    world = world_of(town.graph())
    looks = looks_of(world, groups_of(labels(world), 3))
    there, back = slow_alike(world, 0, 1), slow_alike(world, 1, 0)
    assert there == pytest.approx(1 / 3)
    assert back == pytest.approx(2 / 3)
    alike = worded_alike(looks, together((0, 1), (1, 2), (0, 1, 2)), only(world, "payment"))
    assert alike.tolist() == pytest.approx([min(there, back), 0.0, 0.0], abs=1e-6)
    assert worded_alike(looks, together((0, 1)), only(world, "device")).tolist() == [0.0]


def test_of_two_kinds_of_a_family_the_better_one_speaks(world: World) -> None:
    looks = looks_of(world, groups_of(labels(world), 3))
    twice = replace(looks, family=np.zeros(4, dtype=np.int64))
    pair = together((0, 1))
    apart = [spoken(looks, pair, only(world, family))[0] for family in world.families]
    assert spoken(twice, pair, np.array([True]))[0] == max(apart) > 0


def test_who_takes_part(world: World) -> None:
    looks = looks_of(world, groups_of(labels(world), 3))
    assert looks.joining[:, world.families.index("payment")].tolist() == [SIZE] * 3
    assert looks.joining[:, world.families.index("content")].tolist() == [0] * 3


def test_kept_and_new_looks_are_those_of_all(world: World) -> None:
    groups = groups_of(labels(world), 3)
    whole = looks_of(world, groups)
    made = joined(whole, np.array([2]), looks_of(world, groups[:2]), np.array([1, 2, 0]))
    for a, b in zip((*whole.weight, *whole.used), (*made.weight, *made.used), strict=True):
        assert abs(a - b).max() == 0
    assert np.array_equal(whole.having, made.having)
    assert np.array_equal(whole.joining, made.joining)
