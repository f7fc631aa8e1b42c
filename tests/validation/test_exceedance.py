from __future__ import annotations

import pytest
from scipy.stats import beta

from linkage.validation.exceedance import BROKEN, HOLDS, OPEN, levels


@pytest.mark.parametrize(("over", "of"), [(0, 240), (0, 10), (3, 50), (50, 50)])
def test_limits_are_quantiles_of_the_beta_distribution(over: int, of: int) -> None:
    """Clopper and Pearson by their definition."""
    for level in levels([9.0] * over + [-9.0] * (of - over)):
        assert (level.tried, level.exceeded, level.bound) == (of, over, 0.5**level.bits)
        assert level.low == pytest.approx(0.0 if over == 0 else beta.ppf(0.025, over, of - over + 1))
        assert level.high == pytest.approx(1.0 if over == of else beta.ppf(0.975, over + 1, of - over))


def test_what_saves_exactly_b_bits_has_saved_b_bits() -> None:
    assert [level.exceeded for level in levels([1.0, 2.5, 6.0, 7.0])] == [4, 3, 2, 2, 2, 2]


def test_a_bound_holds_is_open_or_broken() -> None:
    assert [level.finding for level in levels([-1.0] * 240)] == [HOLDS] * 6
    assert [level.finding for level in levels([-1.0] * 50)] == [HOLDS] * 3 + [OPEN] * 3
    fair = [float(b) for b in range(1, 6) for _ in range(2 ** (9 - b))] + [6.0] * 16 + [0.0] * 512
    assert [level.finding for level in levels(fair)] == [OPEN] * 6, "as often as the bound allows"
    assert levels([3.0] * 20 + [0.0] * 30)[2].finding == BROKEN
