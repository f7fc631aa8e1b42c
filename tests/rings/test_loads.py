from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.rings import loads as module
from linkage.rings.loads import PARTS, Evenness, evenness, heaviness

LOADS = st.lists(st.one_of(st.floats(0.01, 1e4), st.just(math.nan)), min_size=1, max_size=12)
PEOPLE = np.exp(np.random.default_rng(5).normal(0, 1.48, 4_000))  # heavy-tailed: the mean is three times the median


def of_one_ring(ring: list[float], everybody: np.ndarray = PEOPLE) -> Evenness:
    loads = np.concatenate([ring, everybody])
    return evenness(loads, np.arange(len(ring)), np.zeros(len(ring), dtype=np.int64), 1)


def slow_spread(ring: list[float], part: float) -> float:
    """Doublings of the narrowest window with a part of the loads, by trying all."""
    values = sorted(math.log2(x) for x in ring if x > 0)
    held = max(3, math.ceil(part * len(values)))
    return min((values[i + held - 1] - values[i] for i in range(len(values) - held + 1)), default=math.inf)


@settings(max_examples=60, deadline=None)
@given(LOADS)
def test_spread_of_the_closest_half_against_trying_all(ring: list[float]) -> None:
    assert of_one_ring(ring).spread[0] == pytest.approx(slow_spread(ring, 0.5), abs=1e-6)


def slow_bits(ring: list[float], everybody: np.ndarray) -> float:
    """The bound by hand: windows at every load of the world, and binomial sums."""
    values = [math.log2(x) for x in ring if x > 0]
    world = [math.log2(x) for x in [*ring, *everybody] if x > 0]
    best, m = 0.0, len(values)
    for part in PARTS:
        width, held = slow_spread(ring, part), max(3, math.ceil(part * m))
        if math.isinf(width):
            continue
        width = math.ceil(width / module.STEP - 1e-9) * module.STEP
        p = max(sum(a <= b <= a + width + 1e-9 for b in world) for a in world) / len(world)
        tail = sum(math.comb(m - 1, x) * p**x * (1 - p) ** (m - 1 - x) for x in range(held - 1, m))
        best = max(best, -math.log2(m * tail) - math.log2(len(PARTS)))
    return best


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bits_against_a_slow_count(seed: int) -> None:
    dice = np.random.default_rng(seed)
    ring = np.exp(dice.normal(0, 0.4, 9)).tolist()
    everybody = PEOPLE[:300]
    assert of_one_ring(ring, everybody).bits[0] == pytest.approx(slow_bits(ring, everybody), abs=1e-6)


@pytest.mark.parametrize("size", [5, 20, 100])
def test_people_s_loads_are_seldom_alike(size: int) -> None:
    """At most one in 2**b of groups drawn at random shows b bits; these are 400 groups."""
    dice = np.random.default_rng(size)
    account = np.concatenate([dice.choice(len(PEOPLE), size, replace=False) for _ in range(400)])
    made = evenness(PEOPLE, account, np.repeat(np.arange(400), size), 400)
    for bits in (2.0, 3.0, 4.0):
        assert (made.bits >= bits).mean() <= 2**-bits + 2 * math.sqrt(2**-bits / 400)


def test_dealt_out_loads_are_alike_though_a_third_of_the_accounts_are_spare() -> None:
    dice = np.random.default_rng(2)
    working = (40 * np.exp(dice.normal(0, 0.25, 20))).tolist()
    assert of_one_ring(working).bits[0] > 15
    with_spares = of_one_ring(working + PEOPLE[:10].tolist())
    assert with_spares.bits[0] > 10
    assert with_spares.spread[0] < 1


def test_two_accounts_and_unknown_loads_say_nothing() -> None:
    for ring in ([1.0, 1.0], [1.0, 1.0, math.nan], [1.0, 1.0, 0.0], [math.nan] * 5):
        made = of_one_ring(ring)
        assert (made.bits[0], made.spread[0]) == (0.0, math.inf)
    nobody = np.zeros(0, dtype=np.int64)
    assert evenness(None, np.arange(3), np.zeros(3, dtype=np.int64), 2).bits.tolist() == [0.0, 0.0]
    assert evenness(PEOPLE, nobody, nobody, 1).bits.tolist() == [0.0]
    assert evenness(np.full(3, np.nan), np.arange(3), np.zeros(3, dtype=np.int64), 1).bits.tolist() == [0.0]


def test_where_everybody_does_the_same_it_tells_nothing() -> None:
    assert of_one_ring([7.0] * 10, np.full(500, 7.0)).bits[0] == 0


def test_rings_are_measured_one_by_one_in_any_order() -> None:
    dice = np.random.default_rng(8)
    account = dice.permutation(200)
    ring = dice.integers(0, 20, 200)
    made = evenness(PEOPLE, account, ring, 20)
    for number in range(20):
        mine = np.sort(account[ring == number])
        alone = evenness(PEOPLE, mine, np.zeros(len(mine), dtype=np.int64), 1)
        assert (made.bits[number], made.spread[number]) == (alone.bits[0], alone.spread[0])


@given(st.lists(st.lists(st.sampled_from([np.nan, 0.0, 1.0, 2.0, 3.0, 8.0, 40.0]), max_size=7), min_size=1, max_size=5))
def test_heaviness_is_the_lower_median_over_that_of_all(groups: list[list[float]]) -> None:
    loads = np.array([*(x for g in groups for x in g), 1.0, 2.0, 4.0])
    ring = np.repeat(np.arange(len(groups)), [len(g) for g in groups])
    order = np.random.default_rng(1).permutation(len(ring))
    told = heaviness(loads, order, ring[order], len(groups))
    everywhere = statistics.median(x for x in loads if x > 0)
    known = [[x for x in g if x > 0] for g in groups]
    expected = [statistics.median_low(g) / everywhere if g else 0.0 for g in known]
    assert told == pytest.approx(expected, abs=1e-6)


def test_without_loads_nobody_is_heavy() -> None:
    for loads in (None, np.full(4, np.nan), np.zeros(4)):
        assert heaviness(loads, np.arange(4), np.array([0, 0, 1, 1]), 2).tolist() == [0, 0]
