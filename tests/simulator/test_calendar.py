from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.calendar import DAY, HOURLY, RUSH_DAYS, SHIFT_HOURS, WEEK, Habit, Habits, activity, clock
from linkage.simulator.presets import RELEASE_DAY
from linkage.simulator.streams import Ints

MANY = 4_000


def alike(habit: Habit, zone: int = 0, key: int = 12_345) -> Habits:
    """Many accounts of one group with one habit."""
    return Habits(*(np.full(MANY, value) for value in (habit, zone, 0, key)))


def hours(habits: Habits) -> Ints:
    seconds = clock(habits, np.arange(MANY), np.random.default_rng(5))
    assert seconds.min() >= 0
    assert seconds.max() < DAY
    return np.bincount(seconds // 3_600, minlength=24)


@pytest.mark.parametrize("habit", HOURLY)
def test_people_work_at_the_hours_of_their_habit(habit: Habit) -> None:
    expected = np.array(HOURLY[habit]) / np.sum(HOURLY[habit]) * MANY
    assert hours(alike(habit)) == pytest.approx(expected, abs=4 * np.sqrt(expected.max()))


def test_a_time_zone_moves_the_day() -> None:
    assert np.array_equal(np.roll(hours(alike(Habit.OFFICE)), -8), hours(alike(Habit.OFFICE, zone=8)))


def test_machines_work_around_the_clock_and_shifts_in_their_hours() -> None:
    assert hours(alike(Habit.CLOCK)).min() > 0.6 * MANY / 24
    assert (hours(alike(Habit.SHIFT)) > 0).sum() == SHIFT_HOURS


def test_fleets_start_at_the_same_minutes_every_day() -> None:
    seconds = clock(alike(Habit.FLEET), np.arange(MANY), np.random.default_rng(5))
    assert 1 <= len(np.unique(seconds // 60)) <= 2 * 6


@pytest.mark.parametrize("habit", Habit)
def test_a_week_has_a_mean_of_one(habit: Habit) -> None:
    assert np.mean(WEEK[habit]) == pytest.approx(1.0)
    quiet = [activity(alike(habit), np.array([0]), day)[0] for day in range(70, 77)]
    assert np.sum(quiet) == pytest.approx(7.0)


def test_offices_rest_at_weekends() -> None:
    week = [activity(alike(Habit.OFFICE), np.array([0]), day)[0] for day in range(7)]  # from a Wednesday on
    assert sorted(np.argsort(week)[:2].tolist()) == [3, 4]


def test_a_model_release_makes_everybody_work_more_and_operators_most() -> None:
    for habit, most in ((Habit.CLOCK, 1.5), (Habit.SHIFT, 1.5), (Habit.PEOPLE, 1.1)):
        for day in range(RELEASE_DAY - 2, RELEASE_DAY + RUSH_DAYS + 2):
            rush = most if RELEASE_DAY <= day < RELEASE_DAY + RUSH_DAYS else 1.0
            usual = activity(alike(habit), np.array([0]), day + 70)[0]  # whole weeks later
            assert activity(alike(habit), np.array([0]), day)[0] == pytest.approx(rush * usual)
