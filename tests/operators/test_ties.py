from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.operators.ties import Groups, between, beyond_chance
from tests.operators.made import FAMILIES, LINKS, Uses, joined, kinds_of, templates

Strangers = dict[tuple[str, int], int]


def tail(expected: float, number: int) -> float:
    """-log2 P(Poisson >= number), term by term from the smallest, in exact fractions of e^-m."""
    m = Fraction(expected)
    term = m**number / math.factorial(number)
    total = Fraction(0)
    for i in range(number, number + 60):
        total += term
        term = term * m / (i + 1)
    log2 = math.log2(total.numerator) - math.log2(total.denominator)
    return expected / math.log(2) - log2


def slow_bits(uses: Uses, strangers: Strangers, first: set[int], second: set[int], links: int = LINKS) -> float:
    """The definition once more, entity by entity."""
    best: dict[str, float] = {}
    for kind in {kind for _, kind, _ in uses} - {"ip", "subnet"}:
        entities = {e for _, k, e in uses if k == kind}

        def users(group: set[int], e: int, kind: str = kind) -> int:
            return sum(uses.get((ring, kind, e), 0) for ring in group)

        everyone = {ring for ring, _, _ in uses}
        n = {id(g): sum(users(g, e) for e in entities) for g in (first, second)}
        bits = 0.0
        for a, b in ((first, second), (second, first)):
            out = {
                e: strangers.get((kind, e), 0) + users(everyone - a - b, e) for e in entities
            }
            own = [e for e in entities if users(a, e) >= 2 and out[e] <= users(a, e)]
            rate = n[id(b)] / (links - n[id(a)] - n[id(b)])
            ways = [
                (sum(users(b, e) >= 1 for e in own), (sum(out[e] for e in own) + 0.5) * rate),
                (sum(users(b, e) >= 2 for e in own), sum((out[e] + 1) ** 2 for e in own) * rate**2 / 2),
            ]
            bits += max(0.0, *(tail(expected, x) - 1 if x > expected else 0.0 for x, expected in ways)) / 2
        best[FAMILIES[kind]] = max(best.get(FAMILIES[kind], 0.0), bits)
    sold = best.pop("device", 0.0)
    return sum(best.values()) + min(sold, sum(best.values()))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Uses, Strangers]:
    keys = st.tuples(st.integers(0, 5), st.sampled_from(sorted(FAMILIES)), st.integers(0, 7))
    uses = draw(st.dictionaries(keys, st.integers(1, 9), min_size=6, max_size=60))
    strangers = draw(st.dictionaries(st.tuples(st.sampled_from(sorted(FAMILIES)), st.integers(0, 7)),
                                     st.integers(0, 12), max_size=20))
    return uses, strangers


@settings(max_examples=150, deadline=None)
@given(worlds(), st.randoms())
def test_bits_against_a_slow_count(world: tuple[Uses, Strangers], dice: random.Random) -> None:
    uses, strangers = world
    kinds = kinds_of(uses, strangers, rings=6, links=2_000)
    rings = dice.sample(range(6), 6)
    cut = dice.randint(1, 4)
    first, second = np.array(rings[:cut]), np.array(rings[cut : cut + 2])
    made = between(kinds, first, second)
    assert made.total == pytest.approx(slow_bits(uses, strangers, set(first), set(second), 2_000), abs=1e-4)
    back = between(kinds, second[::-1], first[::-1])
    assert (back.total, back.shared.tolist()) == (made.total, made.shared.tolist())


@settings(max_examples=100, deadline=None)
@given(worlds(), st.randoms())
def test_one_against_all_is_one_against_each(world: tuple[Uses, Strangers], dice: random.Random) -> None:
    kinds = kinds_of(*world, rings=6, links=2_000)
    groups = Groups(kinds, np.array([dice.choice([-1, 0, 1, 2, 3]) for _ in range(5)] + [4]))
    names = [n for n in range(5) if (groups.of == n).any()]
    while len(names) > 1:
        for one in names:
            expected = [
                between(kinds, np.flatnonzero(groups.of == one), np.flatnonzero(groups.of == other)).total
                if other in names and other != one else 0.0
                for other in range(int(groups.of.max()) + 1)
            ]
            assert groups.ties(one).tolist() == pytest.approx(expected, abs=2e-6)
        first, second = dice.sample(names, 2)
        names = [*(n for n in names if n not in (first, second)), groups.unite(first, second)]


def test_other_rings_are_no_strangers_to_a_lenient_count() -> None:
    """Twenty rings with the same five templates: these are no two rings' own, unless the others count as ours."""
    kinds = kinds_of(joined(*(templates(ring, *range(5)) for ring in range(20))))
    assert between(kinds, np.array([0]), np.array([1])).total == 0
    assert Groups(kinds, np.arange(20)).ties(0).max() == 0
    assert Groups(kinds, np.arange(20), lenient=True).ties(0)[1:].min() > 40


def test_bits_by_hand() -> None:
    """Two rings of 46 and 38 links share two templates, one of which three strangers use."""
    kinds = kinds_of(joined(templates(0, 1, 2), templates(1, 1, members=8)) | {(1, "template", 2): 1},
                     {("template", 2): 3})
    there = 3.5 * 39 / (LINKS - 46 - 39)
    back = 0.5 * 46 / (LINKS - 46 - 39)
    tie = between(kinds, np.array([0]), np.array([1]))
    assert tie.shared.tolist() == [2]
    by_two = (4**2 + 1) * (39 / (LINKS - 46 - 39)) ** 2 / 2, (46 / (LINKS - 46 - 39)) ** 2 / 2
    assert tail(there, 2) > tail(by_two[0], 1), "here that both are used says more"
    assert tail(by_two[1], 1) > tail(back, 1), "and there that two accounts use one"
    assert tie.total == pytest.approx((tail(there, 2) + tail(by_two[1], 1)) / 2 - 1, abs=1e-5)
    assert tie.expected[0] == pytest.approx((there + back) / 2)


def test_what_many_others_use_ties_nobody() -> None:
    shared = joined(*(templates(ring, *range(10)) for ring in range(2)))
    assert between(kinds_of(shared), np.array([0]), np.array([1])).total > 100
    popular = dict.fromkeys([("template", e) for e in range(10)], 17)  # 16 members
    assert between(kinds_of(shared, popular), np.array([0]), np.array([1])).total == 0


def test_rented_addresses_tie_nobody_however_many() -> None:
    uses = {(ring, kind, e): 9 for ring in (0, 1) for kind in ("ip", "subnet") for e in range(50)}
    assert kinds_of(uses) == []
    with_cards = kinds_of(uses | {(ring, "card", e): 4 for ring in (0, 1) for e in range(2)})
    assert [kind.kind for kind in with_cards] == ["card"]


def test_a_family_counts_once() -> None:
    uses = {(ring, kind, e): 4 for ring in (0, 1) for kind in ("template", "prefix") for e in range(3)}
    tie = between(kinds_of(uses), np.array([0]), np.array([1]))
    assert tie.total == pytest.approx(max(tie.bits), abs=1e-6)
    assert (tie.bits > 10).all()
    cards = between(kinds_of(uses | {(ring, "card", e): 4 for ring in (0, 1) for e in range(3)}), np.array([0]),
                    np.array([1]))
    assert cards.total == pytest.approx(tie.total + cards.bits[0], abs=1e-5)


def test_devices_corroborate_and_carry_nothing_alone() -> None:
    """Farms are rented and tools come with images: devices count for as much as all else together, at most."""
    farm = {(ring, "device", e): 9 for ring in (0, 1) for e in range(30)}
    assert between(kinds_of(farm), np.array([0]), np.array([1])).total == 0
    card = {(ring, "card", 1): 3 for ring in (0, 1)}
    alone = between(kinds_of(card), np.array([0]), np.array([1])).total
    assert between(kinds_of(farm | card), np.array([0]), np.array([1])).total == pytest.approx(2 * alone, abs=1e-5)


def test_one_planted_value_ties_nobody() -> None:
    """A stranger can put one of a ring's templates on one account of another ring."""
    kinds = kinds_of(joined(templates(0, 1, 2, 3, 4, 5), templates(1, 20, 21)) | {(1, "template", 1): 1})
    assert between(kinds, np.array([0]), np.array([1])).total < 10


@given(st.floats(1e-6, 40), st.integers(1, 60))
def test_the_tail_is_exact(expected: float, number: int) -> None:
    (bits,) = beyond_chance(np.array([float(number)]), np.array([expected]))
    assert bits == pytest.approx(tail(expected, number) if number > expected else 0.0, rel=1e-6, abs=1e-6)


def test_the_tail_stays_finite_where_its_probability_does_not() -> None:
    (bits,) = beyond_chance(np.array([900.0]), np.array([1e-4]))
    assert 19_000 < bits < 22_000
