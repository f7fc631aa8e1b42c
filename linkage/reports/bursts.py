"""How tightly in time a set of accounts was created."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEK = 7  # days


@dataclass(frozen=True)
class Burst:
    """The densest days of creations: ``accounts`` of ``dated`` (those with a known creation), from first to last."""

    accounts: int
    dated: int
    first: pd.Timestamp
    last: pd.Timestamp
    span_days: int


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
