"""Days and hours: who works when, by time zone, weekday and habit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from linkage.simulator.population import Group, Population
from linkage.simulator.presets import RELEASE_DAY
from linkage.simulator.rings import Rhythm
from linkage.simulator.streams import Floats, Ints, Streams, scatter

DAY = 86_400
FIRST_WEEKDAY = 2  # 1 April 2026 is a Wednesday
ZONES = np.array([-8, -5, 0, 1, 2, 5, 8, 9])  # hours from UTC
ZONE_SHARES = [0.16, 0.22, 0.10, 0.16, 0.08, 0.12, 0.10, 0.06]
SHIFT_HOURS = 9.0
FLEET_SLOTS = 6  # times of the day at which a fleet's jobs start, at most
RUSH_DAYS, RUSH, RUSH_HONEST = 3, 1.5, 1.1  # after the model release


class Habit(IntEnum):
    """When within day and week an account works."""

    PEOPLE = 0
    OFFICE = 1
    STUDENT = 2
    FLEET = 3
    CLOCK = 4
    SHIFT = 5


HABITS = {
    Group.COMPANY: Habit.OFFICE, Group.AGENCY: Habit.OFFICE, Group.CAMPUS: Habit.STUDENT,
    Group.AUTOMATION_FLEET: Habit.FLEET,
}  # fmt: skip
OF_RHYTHM = {Rhythm.CLOCK: Habit.CLOCK, Rhythm.SHIFT: Habit.SHIFT, Rhythm.PEOPLE: Habit.PEOPLE}
WEEK = {  # Monday to Sunday; each has a mean of one. A student's week ends with the deadline.
    Habit.PEOPLE: (1.05, 1.10, 1.10, 1.05, 1.00, 0.80, 0.90),
    Habit.OFFICE: (1.30, 1.40, 1.40, 1.35, 1.15, 0.20, 0.20),
    Habit.STUDENT: (0.45, 0.45, 0.50, 0.50, 0.60, 1.90, 2.60),
    Habit.FLEET: (1.0,) * 7, Habit.CLOCK: (1.0,) * 7, Habit.SHIFT: (1.15, 1.15, 1.15, 1.15, 1.15, 0.75, 0.50),
}  # fmt: skip
HOURLY = {
    Habit.PEOPLE: (2, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 11, 10, 10, 11, 11, 10, 9, 8, 8, 8, 7, 5, 3),
    Habit.OFFICE: (0, 0, 0, 0, 0, 0, 1, 4, 10, 14, 15, 14, 9, 12, 14, 14, 12, 8, 3, 1, 1, 1, 0, 0),
    Habit.STUDENT: (6, 3, 1, 1, 0, 0, 1, 2, 4, 6, 7, 7, 6, 7, 8, 8, 8, 8, 9, 10, 12, 13, 13, 10),
}


@dataclass(frozen=True)
class Habits:
    """One entry an account: its habit, its time zone, its group, and a number that its group shares."""

    habit: Ints
    zone: Ints
    group: Ints
    key: Ints


def habits_of(people: Population, streams: Streams) -> Habits:
    """What each account's group, or its ring, is used to."""
    rng = streams.part("habits")
    groups = len(people.group_size)
    of_kind = np.array([HABITS.get(kind, Habit.PEOPLE) for kind in Group])[people.group_kind]
    rings = len(people.rings.size)
    of_kind[groups - rings :] = np.array([OF_RHYTHM[r] for r in Rhythm])[people.rings.rhythm]
    zone = rng.choice(ZONES, groups, p=ZONE_SHARES)
    key = rng.integers(0, 1 << 30, groups)
    return Habits(of_kind[people.group], zone[people.group], people.group, key[people.group])


def clock(habits: Habits, accounts: Ints, rng: np.random.Generator) -> Ints:
    """A second of the UTC day for each of ``accounts``, as its habit has it."""
    habit, key = habits.habit[accounts], habits.key[accounts]
    chance, within = rng.random(len(accounts)), rng.random(len(accounts))
    local = chance * DAY
    for one, weights in HOURLY.items():
        rows = np.flatnonzero(habit == one)
        upto = np.cumsum(weights) / np.sum(weights)
        local[rows] = (np.searchsorted(upto, chance[rows], side="right") + within[rows]) * 3_600
    rows = np.flatnonzero(habit == Habit.SHIFT)
    local[rows] = (key[rows] % 24 + chance[rows] * SHIFT_HOURS) * 3_600
    rows = np.flatnonzero(habit == Habit.FLEET)
    slot = (chance[rows] * (1 + key[rows] % FLEET_SLOTS)).astype(np.int64)
    local[rows] = scatter(key[rows], slot) % DAY + within[rows] * 60  # cron starts all at once, within a minute
    return np.asarray((local.astype(np.int64) - habits.zone[accounts] * 3_600) % DAY, dtype=np.int64)


def activity(habits: Habits, accounts: Ints, day: int) -> Floats:
    """How much more or less than on average each of ``accounts`` does on this day."""
    week = np.array([WEEK[habit] for habit in Habit])
    habit = habits.habit[accounts]
    deadline = np.where(habit == Habit.STUDENT, habits.key[accounts] % 7, 0)
    factor = week[habit, (day + FIRST_WEEKDAY + deadline) % 7]
    if RELEASE_DAY <= day < RELEASE_DAY + RUSH_DAYS:
        factor = factor * np.where(np.isin(habit, (Habit.CLOCK, Habit.SHIFT)), RUSH, RUSH_HONEST)
    return np.asarray(factor, dtype=np.float64)
