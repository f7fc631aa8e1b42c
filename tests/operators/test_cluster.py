from __future__ import annotations

import random

import numpy as np
import pytest

from linkage.operators import cluster as module
from linkage.operators.cluster import Tree, cluster_rings, numbers, price
from linkage.operators.ties import between
from linkage.operators.uses import KindUses
from tests.operators.made import Uses, joined, kinds_of, templates


def groups(kinds: list[KindUses], rings: list[int], least: float = 10.0) -> list[list[int]]:
    return [sorted(tree.rings) for tree in cluster_rings(kinds, np.array(rings), least)]


def mutated(seed: int, operators: int, rings: int, family: int = 40, part: float = 0.5) -> Uses:
    """Rings of operators: each uses ``part`` of its operator's templates, half of them in a copy of its own."""
    dice = random.Random(seed)
    made = []
    for ring in range(operators * rings):
        chosen = dice.sample(range(family), round(part * family))
        kept = [family * (ring // rings) + e for e in chosen if dice.random() < 0.5]
        made.append(templates(ring, *kept, members=dice.randint(3, 12)))
    return joined(*made)


@pytest.mark.parametrize("seed", range(4))
def test_rings_that_mutate_half_of_their_templates_are_found(seed: int) -> None:
    kinds = kinds_of(mutated(seed, 4, 5))
    assert groups(kinds, list(range(20))) == [list(range(5 * i, 5 * i + 5)) for i in range(4)]


def test_sixty_rings_of_one_operator_are_found_though_no_two_own_what_all_share() -> None:
    kinds = kinds_of(mutated(1, 2, 60, family=30, part=0.8))
    assert groups(kinds, list(range(120))) == [list(range(60)), list(range(60, 120))]


def test_many_weak_ties_add_up() -> None:
    """Each of eight rings shares one template with each other: no pair is worth 10 bits, all of them together are."""
    pairs = [(i, j) for i in range(8) for j in range(i)]
    made = joined(*(templates(r, *(n for n, pair in enumerate(pairs) if r in pair), members=2) for r in range(8)))
    kinds = kinds_of(made, links=10_000)
    assert 3 < between(kinds, np.array([0]), np.array([1])).total < 10
    assert groups(kinds, list(range(8))) == [list(range(8))]


def test_a_part_that_is_tied_by_less_than_the_price_is_left_out() -> None:
    made = joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3), templates(2, 3, 50, 51, members=2), templates(3, 60))
    kinds = kinds_of(made, links=2_000)
    assert 1 < between(kinds, np.array([2]), np.array([0, 1])).total < 10
    assert groups(kinds, [0, 1, 2, 3]) == [[0, 1], [2], [3]]
    assert groups(kinds, [0, 1, 2, 3], least=3.0) == [[0, 1, 2], [3]]


@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_every_part_is_tied_and_no_two_clusters_are(seed: int) -> None:
    dice = random.Random(seed)
    made: Uses = joined(*(templates(r, *dice.sample(range(60), 8), members=dice.randint(1, 6)) for r in range(12)))
    kinds = kinds_of(made, links=4_000)
    found = cluster_rings(kinds, np.arange(12), 10.0)
    for n, tree in enumerate(found):
        for other in found[:n]:
            assert between(kinds, numbers(tree.rings), numbers(other.rings)).total <= 10
        if tree.parts:
            assert between(kinds, numbers(tree.parts[0].rings), numbers(tree.parts[1].rings)).total > 10


def test_who_is_not_asked_stays_out() -> None:
    kinds = kinds_of(joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3), templates(2, 1, 2, 3)))
    assert groups(kinds, [0, 1, 2]) == [[0, 1, 2]]
    assert groups(kinds, [0, 2]) == [[0, 2]]
    assert groups(kinds, [1]) == [[1]]


def test_renumbered_rings_give_the_same_clusters() -> None:
    plain, order = mutated(7, 3, 4), random.Random(1).sample(range(12), 12)
    moved = {(order[ring], kind, e): k for (ring, kind, e), k in plain.items()}
    shuffled = dict(random.Random(2).sample(sorted(moved.items()), len(moved)))
    before = groups(kinds_of(plain), list(range(12)))
    assert groups(kinds_of(shuffled), list(range(12))) == sorted(sorted(order[r] for r in ring) for ring in before)


def test_no_rings_no_kinds_no_uses() -> None:
    assert groups([], []) == []
    assert groups([], [0, 1]) == [[0], [1]]
    assert groups(kinds_of({(0, "card", 1): 1, (1, "card", 2): 1}), [0, 1]) == [[0], [1]]


def test_the_price_pays_for_the_pairs() -> None:
    assert [price(n) for n in (0, 1, 8, 9)] == [5.0, 5.0, 5.0, pytest.approx(np.log2(36))]
    assert 2 ** price(1_024) == pytest.approx(1_024 * 1_023 / 2)


def test_what_is_cut_out_of_a_tree_leaves_the_rest_in_shape() -> None:
    one, two, three = (Tree(frozenset([n])) for n in range(3))
    tree = Tree(frozenset([0, 1, 2]), (Tree(frozenset([0, 1]), (one, two)), three))
    assert module._without(tree, frozenset([1])) == Tree(frozenset([0, 2]), (one, three))
    assert module._without(tree, frozenset([0, 1])) == three
    assert module._without(tree, frozenset([0, 1, 2])) is None
    assert [sorted(node.rings) for node in tree.leaves()] == [[2], [1], [0]]
