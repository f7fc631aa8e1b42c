from __future__ import annotations

import random

import numpy as np
import pytest

from linkage.operators.cluster import cluster_rings
from linkage.operators.shared import told_apart, traffic_shares
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


def test_the_traffic_is_told_by_what_one_side_alone_shares() -> None:
    """Of the proxy's 246 uses 108 fall on either side's templates; in an ordinary ring 48 of 78 are shared."""
    kinds = kinds_of(proxied())
    sides = [np.array([0, 1, 2]), np.array([3, 4, 5])]
    shares = traffic_shares(kinds, 6, np.array([6]), sides)
    assert shares.tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    idle = kinds_of(proxied() | {(6, "template", 5_000 + i): 1 for i in range(500)})
    shares = traffic_shares(idle, 6, np.array([6]), sides)
    told = 108 / 746 / (48 / 78)
    assert shares.tolist() == pytest.approx([told, told], abs=1e-4), "what is nobody else's is not attributed"


def test_shares_follow_the_uses() -> None:
    uses = proxied()
    busy = {key: 5 * k if key[0] == 6 and key[2] < 12 else k for key, k in uses.items()}
    one, other = traffic_shares(kinds_of(busy), 6, np.array([6]), [np.array([0, 1, 2]), np.array([3, 4, 5])])
    assert one / other == pytest.approx(5, rel=0.01)
    assert one + other <= 1


def test_no_shares_where_nothing_tells() -> None:
    """The proxy pays with both operators' cards, and writes its prompts for itself."""
    cards = {(ring, "card", ring // 3): 3 for ring in range(6)} | {(6, "card", 0): 2, (6, "card", 1): 2}
    uses = joined(operator(0, 3, 0), operator(3, 3, 100), templates(6), cards)
    shares = traffic_shares(kinds_of(uses), 6, np.array([6]), [np.array([0, 1, 2]), np.array([3, 4, 5])])
    assert shares.tolist() == [0, 0]
