from __future__ import annotations

import random

import numpy as np
import pytest

from linkage.operators.cluster import Tree, cluster_rings
from linkage.operators.shared import serves, told_apart
from linkage.operators.ties import between
from tests.operators.made import Uses, joined, kinds_of, templates


def operator(first_ring: int, rings: int, first: int) -> Uses:
    """Rings that share twelve templates, each two thirds of them."""
    return joined(*(
        templates(first_ring + r, *(first + e for e in range(12) if (e + r) % 3), members=6) for r in range(rings)
    ))


def apart(uses: Uses, rings: int) -> tuple[list[list[int]], list[tuple[list[int], list[int]]]]:
    kinds = kinds_of(uses)
    found = told_apart(kinds, cluster_rings(kinds, np.arange(rings), 10.0), 10.0)
    return [sorted(t.rings) for t in found.own], [(sorted(part), serving) for part, serving in found.shared]


def proxied(bridges: int = 1, second: int = 3) -> Uses:
    """Two operators of three rings and ``second`` rings, and a proxy in one ring or more that both use."""
    proxy = (templates(3 + second + b, *range(12), *range(100, 112), members=9) for b in range(bridges))
    return joined(operator(0, 3, 0), operator(3, second, 100), *proxy)


@pytest.mark.parametrize("bridges", [1, 3])
def test_a_proxy_serves_both_operators_and_glues_none(bridges: int) -> None:
    assert apart(proxied(bridges), 6 + bridges) == (
        [[0, 1, 2], [3, 4, 5]], [(list(range(6, 6 + bridges)), [0, 1])]
    )


def test_without_the_second_operator_s_templates_it_is_an_ordinary_ring() -> None:
    uses = {key: k for key, k in proxied().items() if not (key[0] == 6 and 100 <= key[2] < 112)}
    assert apart(uses, 7) == ([[0, 1, 2, 6], [3, 4, 5]], [])


def test_of_a_side_of_one_ring_nobody_can_say_whether_it_is_another_operator() -> None:
    uses = joined(operator(0, 3, 0), templates(3, *range(100, 112)), templates(4, *range(12), *range(100, 112)))
    assert apart(uses, 5) == ([[0, 1, 2, 3, 4]], [])


def test_operators_that_share_something_else_are_one() -> None:
    uses = joined(proxied(), {(ring, "card", 7): 3 for ring in (1, 4)}, {(ring, "card", 8): 3 for ring in (1, 4)})
    assert apart(uses, 7) == ([[0, 1, 2, 3, 4, 5, 6]], [])


def test_rings_of_one_operator_that_mutate_their_templates_have_no_bridge() -> None:
    dice = random.Random(5)
    uses = joined(*(templates(r, *dice.sample(range(40), 12), members=dice.randint(3, 12)) for r in range(14)))
    assert apart(uses, 14) == ([list(range(14))], [])


def test_what_ties_a_side_to_all_the_rest_is_the_bridge_s_doing() -> None:
    """By itself the proxy is tied to the second operator by 5.6 bits, together with the first one's rings by 7.2."""
    once = {(0, "template", 112): 1, (3, "template", 112): 2}
    proxy = templates(6, *range(12), 100, members=1)
    kinds = kinds_of(joined(operator(0, 3, 0), operator(3, 3, 100), proxy, once), {("template", 112): 2})
    part, side = Tree(frozenset([6])), Tree(frozenset([3, 4, 5]))
    whole = Tree(frozenset(range(7)))
    assert between(kinds, np.array([6]), np.array([3, 4, 5])).total == pytest.approx(5.6, abs=0.1)
    assert serves(kinds, whole, part, side, 7.1)
    assert not serves(kinds, whole, part, side, 7.2)


def test_a_bridge_serves_no_side_with_which_one_of_its_rings_shares_nothing() -> None:
    kinds = kinds_of(joined(proxied(), templates(7, *range(12), members=9)))
    one, two = Tree(frozenset([0, 1, 2])), Tree(frozenset([3, 4, 5]))
    part = Tree(frozenset([6, 7]), (Tree(frozenset([6])), Tree(frozenset([7]))))
    whole = Tree(frozenset(range(8)))
    assert serves(kinds, whole, part, one, 10.0)
    assert not serves(kinds, whole, part, two, 10.0)
