from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.metrics import cohen_kappa_score

from linkage.review.intervals import EXACT, STRATIFIED, cohen_kappa, exact, stratified

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_exact_intervals_are_quantiles_of_beta(counts: tuple[int, int]) -> None:
    x, n = counts
    made = exact(x, n)
    assert made.estimate == x / n
    assert made.low == pytest.approx(beta.ppf(0.025, x, n - x + 1) if x else 0.0, abs=1e-9)
    assert made.high == pytest.approx(beta.ppf(0.975, x + 1, n - x) if x < n else 1.0, abs=1e-9)


def test_without_answers_nothing_is_known() -> None:
    for made in (exact(0, 0), stratified([5], [0], [0]), stratified([5, 6], [0, 0], [0, 0])):
        assert (made.estimate, made.low, made.high) == (None, 0.0, 1.0)


def wilson(x: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    middle, half = (x + z * z / 2) / (n + z * z), z * math.sqrt(x * (n - x) / n + z * z / 4) / (n + z * z)
    return middle - half, middle + half


def test_two_strata_by_hand() -> None:
    made = stratified([300, 100], [9, 2], [10, 4])
    (low_a, high_a), (low_b, high_b) = wilson(9, 10), wilson(2, 4)
    estimate = 0.75 * 0.9 + 0.25 * 0.5
    assert made.estimate == pytest.approx(estimate)
    assert made.low == pytest.approx(estimate - math.hypot(0.75 * (0.9 - low_a), 0.25 * (0.5 - low_b)))
    assert made.high == pytest.approx(estimate + math.hypot(0.75 * (high_a - 0.9), 0.25 * (high_b - 0.5)))
    assert (made.hits, made.answers, made.method) == (11, 14, STRATIFIED)
    assert stratified([300], [9], [10]) == exact(9, 10)
    assert exact(9, 10).method == EXACT


def test_a_stratum_that_nobody_answered_widens_by_its_weight() -> None:
    known, unknown = stratified([90, 10], [40, 4], [40, 4]), stratified([90, 10], [40, 0], [40, 0])
    assert known.estimate == 1
    assert unknown.estimate == pytest.approx(0.95)
    assert unknown.high - unknown.low > known.high - known.low


def test_all_right_is_not_certain() -> None:
    made = stratified([500, 500], [4, 4], [4, 4])
    assert made.estimate == made.high == 1
    assert made.low < 0.8


@pytest.mark.parametrize("shares", [(0.95, 0.9, 0.6), (0.99, 0.97, 0.9), (0.5, 0.3, 0.2)])
def test_about_95_of_100_intervals_hold_the_truth(shares: tuple[float, ...]) -> None:
    dice = np.random.default_rng(11)
    population, answers = [2_000, 300, 50], [40, 15, 6]
    truth = float(np.average(shares, weights=population))
    drawn = dice.binomial(answers, shares, size=(400, 3))
    held = [made.low <= truth <= made.high for made in (stratified(population, x, answers) for x in drawn.tolist())]
    assert np.mean(held) >= 0.92


def test_kappa_is_that_of_scikit_learn() -> None:
    dice = random.Random(2)
    for _ in range(50):
        first = [dice.choice(["yes", "no", "unsure"]) for _ in range(30)]
        second = [x if dice.random() < 0.6 else dice.choice(["yes", "no"]) for x in first]
        assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def test_kappa_is_not_defined_where_both_always_say_the_same() -> None:
    assert cohen_kappa(["yes"] * 5, ["yes"] * 5) is None
    assert cohen_kappa(["yes", "no"], ["yes", "no"]) == 1
    assert cohen_kappa(["yes", "yes", "no", "no"], ["yes", "no", "yes", "no"]) == 0
