"""The densest days."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.reports.bursts import densest

START = pd.Timestamp("2026-01-01", tz="UTC")


def creations(hours: list[int]) -> pd.Series:
    """Creations so many hours after the start."""
    return pd.Series([START + pd.Timedelta(hours=h) for h in hours], dtype="datetime64[us, UTC]")


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=40), st.integers(1, 9))
def test_against_every_window(hours: list[int], days: int) -> None:
    best = max(sum(begin <= h < begin + 24 * days for h in hours) for begin in hours)
    found = densest(creations(hours), days)
    assert found is not None
    assert (found.accounts, found.dated) == (best, len(hours))
    assert found.span_days == (max(hours) - min(hours)) // 24
    inside = creations(hours).between(found.first, found.last)
    assert inside.sum() == best
    assert found.last - found.first < pd.Timedelta(days=days)


def test_unknown_creations_are_left_out() -> None:
    assert densest(pd.Series([pd.NaT, pd.NaT], dtype="datetime64[us, UTC]")) is None
    found = densest(pd.concat([creations([1]), pd.Series([pd.NaT], dtype="datetime64[us, UTC]")]))
    assert found is not None
    assert (found.accounts, found.dated) == (1, 1)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "1 minute"), (119, "119 minutes"), (120, "2 hours"), (22 * 60 + 1, "23 hours"), (72 * 60, "3 days"),
     (96 * 60 + 1, "5 days")],
)
def test_how_long_it_lasted(minutes: int, said: str) -> None:
    found = densest(pd.Series([START, START + pd.Timedelta(minutes=minutes)]))
    assert found is not None
    assert found.within == said


def test_the_earliest_of_equal_weeks() -> None:
    found = densest(creations([0, 1, 1000, 1001]))
    assert found is not None
    assert found.first == START
