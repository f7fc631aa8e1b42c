from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.calendar import DAY, Lives, exchange_times, lives, session_times
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import SECONDS
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def life(people: Population, streams: Streams) -> Lives:
    return lives(people, streams)


@pytest.fixture(scope="module")
def sessions(people: Population, life: Lives) -> tuple[Ints, Ints]:
    return session_times(people, life, np.random.default_rng(3))


def test_every_life_lies_in_the_quarter(life: Lives) -> None:
    assert life.created.min() >= 0
    assert (life.created < life.end).all()
    assert life.end.max() < SECONDS
    assert life.sessions.min() >= 1
    assert life.exchanges.min() >= 1


@pytest.mark.parametrize(
    ("kind", "days"),
    [(Group.COMPANY, 25), (Group.AUTOMATION_FLEET, 10), (Group.CAMPUS, 20), (Group.OPERATOR, 39)],
)
def test_groups_are_created_within_their_days(people: Population, life: Lives, kind: Group, days: int) -> None:
    for group in people.groups_of(kind):
        created = life.created[people.group == group]
        assert created.max() - created.min() <= days * DAY


def test_loads_are_equal_in_rings_and_heavy_tailed_elsewhere(people: Population, life: Lives) -> None:
    ring = int(np.argmax(people.rings.size))
    equal = life.exchanges[people.ring == ring]
    honest = life.exchanges[people.kind == Group.INDIVIDUAL]
    assert equal.std() / equal.mean() < 0.3
    assert honest.std() / honest.mean() > 1.0
    assert np.quantile(life.exchanges[people.kind == Group.AUTOMATION_FLEET], 0.5) > 5 * np.median(honest)


def test_sessions_happen_in_the_accounts_life(life: Lives, sessions: tuple[Ints, Ints]) -> None:
    account, time = sessions
    assert np.array_equal(np.bincount(account), life.sessions)
    assert (time >= life.created[account]).all()
    assert time.max() < SECONDS


def test_no_second_collects_the_events_of_many(people: Population, life: Lives, sessions: tuple[Ints, Ints]) -> None:
    _, time = exchange_times(life, sessions[1], np.random.default_rng(8))
    for moments in (sessions[1], time):
        assert np.unique(moments, return_counts=True)[1].max() < 20


def test_offices_rest_at_weekends_and_rings_do_not(people: Population, sessions: tuple[Ints, Ints]) -> None:
    account, time = sessions
    weekend = (time // DAY + 2) % 7 >= 5
    assert weekend[people.kind[account] == Group.COMPANY].mean() < 0.2
    assert 0.22 < weekend[people.ring[account] >= 0].mean() < 0.35


def test_people_sleep(people: Population, sessions: tuple[Ints, Ints]) -> None:
    account, time = sessions
    one = np.bincount(time[people.kind[account] == Group.INDIVIDUAL] // 3_600 % 24, minlength=24)
    assert one.max() / one.min() > 1.4  # over all time zones together


def test_exchanges_follow_sessions_of_their_account(life: Lives, sessions: tuple[Ints, Ints]) -> None:
    account, time = exchange_times(life, sessions[1], np.random.default_rng(8))
    assert np.array_equal(np.bincount(account), life.exchanges)
    first = np.full(len(life.sessions), SECONDS)
    np.minimum.at(first, sessions[0], sessions[1])
    assert (time >= first[account]).all()
