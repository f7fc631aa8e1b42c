"""The sessions of one day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.calendar import DAY, Habits, activity, clock
from linkage.simulator.lives import Lives
from linkage.simulator.streams import Bools, Ints


@dataclass(frozen=True)
class Sessions:
    """Sessions in no order: who, when, and whether it is the account's first one or its last, the one of its ban."""

    account: Ints
    time: Ints
    first: Bools
    ban: Bools


def sessions_of_day(habits: Habits, life: Lives, day: int, rng: np.random.Generator) -> Sessions:
    """The sessions that begin on this day; everybody has one at its first use, and one at its ban."""
    alive = np.flatnonzero((life.start < (day + 1) * DAY) & (life.end >= day * DAY))
    account = np.repeat(alive, rng.poisson(life.sessions[alive] * activity(habits, alive, day)))
    time = day * DAY + clock(habits, account, rng)
    lived = (time > life.start[account]) & (time < life.end[account])
    first = alive[life.start[alive] >= day * DAY]
    last = alive[(life.end[alive] < (day + 1) * DAY) & life.banned[alive]]
    parts = (account[lived], first, last)
    which = np.repeat(np.arange(3), [len(p) for p in parts])
    return Sessions(
        np.concatenate(parts), np.concatenate([time[lived], life.start[first], life.end[last]]), which == 1, which == 2
    )
