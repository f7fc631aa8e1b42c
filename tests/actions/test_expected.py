"""How many honest accounts to expect: against counts by hand, and against what the interval promises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.actions.expected import Expected, by_likelihood, by_review
from linkage.review.intervals import exact, stratified


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.integers(0, 6)), min_size=1, max_size=40))
def test_the_estimate_is_the_sum_of_what_is_missing_to_1(rows: list[tuple[float, int]]) -> None:
    likelihood, ring = (np.array(column) for column in zip(*rows, strict=True))
    found = by_likelihood(likelihood, ring)
    assert found.accounts == len(rows)
    assert found.honest == pytest.approx((1 - likelihood).sum(), abs=0.051)
    assert 0 <= found.low <= found.high <= len(rows)


def test_one_ring_may_be_wrong_as_a_whole() -> None:
    assert by_likelihood(np.full(100, 0.9), np.zeros(100)) == Expected(100, 10.0, 0.0, 100.0)


def test_what_is_rare_for_a_ring_still_befalls_single_accounts() -> None:
    """A chance of 0.01 for a ring is beyond the 2.5 % tail; of 100 accounts each with 0.01, binomial, up to 3 are."""
    assert by_likelihood(np.full(100, 0.99), np.zeros(100)) == Expected(100, 1.0, 0.0, 3.0)


def test_many_rings_leave_less_open_than_few() -> None:
    few = by_likelihood(np.full(600, 0.9), np.arange(600) % 6)
    many = by_likelihood(np.full(600, 0.9), np.arange(600) % 300)
    assert few.honest == many.honest == 60.0
    assert few.high - few.low > 3 * (many.high - many.low)


def test_single_accounts_have_the_interval_of_independent_draws() -> None:
    """300 rings of one account with a chance of 0.1 each: binomial, quantiles 20 and 40."""
    found = by_likelihood(np.full(300, 0.9), np.arange(300))
    assert found.low == pytest.approx(20, abs=1)
    assert found.high == pytest.approx(40, abs=1)


def test_the_interval_holds_the_truth_when_rings_err_as_wholes() -> None:
    generator = np.random.default_rng(9)
    sizes = generator.integers(3, 60, 40)
    ring = np.repeat(np.arange(40), sizes)
    likelihood = generator.uniform(0.7, 0.99, 40)[ring]
    told = by_likelihood(likelihood, ring)
    totals = [(sizes * (generator.random(40) > likelihood[np.searchsorted(ring, np.arange(40))])).sum()
              for _ in range(2_000)]  # fmt: skip
    held = np.mean([told.low <= total <= told.high for total in totals])
    assert 0.93 <= held <= 0.98


def test_the_order_of_accounts_does_not_matter() -> None:
    likelihood, ring = np.linspace(0.5, 0.99, 60), np.array([f"R-{i % 7}" for i in range(60)], dtype=object)
    assert by_likelihood(likelihood, ring) == by_likelihood(likelihood[::-1], ring[::-1])


def test_nothing_is_expected_of_nobody() -> None:
    assert by_likelihood(np.zeros(0), np.zeros(0)) == Expected(0, 0.0, 0.0, 0.0)


CORE, EDGE, BESIDE = ("suspect", "core, x"), ("suspect", "periphery, x"), ("bystander of suspects", "bystander, x")


def line(stratum: tuple[str, str], yes: int, no: int) -> dict[str, object]:
    return {"verdict": stratum[0], "tier": stratum[1], "yes": yes, "no": no, "unsure": 3}


def strata(**counts: int) -> pd.Series:
    named = {"core": CORE, "edge": EDGE, "beside": BESIDE}
    return pd.Series([named[name] for name, n in counts.items() for _ in range(n)])


def test_reviewers_count_by_the_accounts_of_their_stratum() -> None:
    review = {"strata": [line(CORE, 19, 1), line(EDGE, 6, 4), line(BESIDE, 1, 9)]}
    found = by_review(strata(core=300, edge=100), review)
    share = stratified([300, 100], [1, 4], [20, 10])
    assert found is not None
    assert found.honest == pytest.approx(300 * 0.05 + 100 * 0.4, abs=0.05)
    assert (found.low, found.high) == (share.low * 400, share.high * 400)


def test_one_stratum_has_the_exact_interval_and_yes_means_operator_everywhere() -> None:
    found = by_review(strata(beside=50), {"strata": [line(BESIDE, 1, 9)]})
    assert found == Expected(50, 45.0, exact(9, 10).low * 50, exact(9, 10).high * 50)


def test_a_stratum_without_answers_is_open() -> None:
    found = by_review(strata(core=100, edge=100), {"strata": [line(CORE, 400, 0)]})
    assert found is not None
    assert found.honest == pytest.approx(50, abs=0.1)
    assert found.high > 99


def test_no_answers_at_all_say_nothing() -> None:
    assert by_review(strata(core=10), {"strata": [line(EDGE, 5, 5)]}) is None
