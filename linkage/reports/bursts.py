"""How tightly in time a set of accounts was created."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linkage.reports.words import count

WEEK = 7  # days


@dataclass(frozen=True)
class Burst:
    """The densest days of creations: ``accounts`` of ``dated`` (those with a known creation), from first to last."""

    accounts: int
    dated: int
    first: pd.Timestamp
    last: pd.Timestamp
    span_days: int

    @property
    def within(self) -> str:
        """How long the burst lasted, rounded up: minutes under two hours, hours under three days, else days."""
        minutes = max(1, math.ceil((self.last - self.first) / pd.Timedelta(minutes=1)))
        if minutes < 2 * 60:
            return count(minutes, "minute")
        hours = math.ceil(minutes / 60)
        return count(hours, "hour") if hours < 3 * 24 else count(math.ceil(hours / 24), "day")


def densest(created: pd.Series, days: int = WEEK) -> Burst | None:
    """The so many days with the most creations, the earliest of equal ones; None when no creation is known.

    ``span_days`` counts whole days between the first and the last creation of all.
    """
    known = created.dropna().sort_values(ignore_index=True)
    if known.empty:
        return None
    begins = np.searchsorted(known, known - pd.Timedelta(days=days), side="right")
    sizes = np.arange(1, len(known) + 1) - begins
    last = int(sizes.argmax())
    return Burst(int(sizes[last]), len(known), known[int(begins[last])], known[last], (known.iloc[-1] - known[0]).days)
