from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from linkage.simulator import Preset, WorldSpec
from linkage.simulator.calendar import DAY, habits_of
from linkage.simulator.exchanges import BANNED, LIMITED, OK, Exchanges, exchanges_of
from linkage.simulator.lives import Lives, lives
from linkage.simulator.population import Duty, Population, populate
from linkage.simulator.sessions import Sessions, sessions_of_day
from linkage.simulator.streams import Streams


@dataclass(frozen=True)
class Days:
    people: Population
    life: Lives
    sessions: list[Sessions]
    exchanges: list[Exchanges]


@pytest.fixture(scope="module", params=[Preset.CAMPAIGN, Preset.FAT, Preset.HONEST])
def days(request: pytest.FixtureRequest) -> Days:
    streams = Streams(4)
    people = populate(WorldSpec(4_000, 4, preset=request.param), streams)
    habits = habits_of(people, streams)
    life = lives(people, habits, streams)
    sessions, exchanges = [], []
    for day in range(10, 50):
        visits = sessions_of_day(habits, life, day, streams.part(f"day {day}"))
        rows, visits = exchanges_of(people, life, visits, streams.part(f"exchanges {day}"))
        sessions.append(visits)
        exchanges.append(rows)
    return Days(people, life, sessions, exchanges)


def test_sessions_lie_in_the_accounts_life_and_begin_with_its_first_use(days: Days) -> None:
    life = days.life
    for day, visits in enumerate(days.sessions, start=10):
        assert (visits.time >= life.start[visits.account]).all()
        assert (visits.time <= life.end[visits.account]).all()
        began = np.flatnonzero(life.start // DAY == day)
        assert np.array_equal(np.sort(visits.account[visits.first]), began)
        banned = np.flatnonzero((life.end // DAY == day) & life.banned)
        assert np.array_equal(np.sort(visits.account[visits.ban]), banned)


def test_every_account_does_about_what_its_life_says(days: Days) -> None:
    """Forty days of exchanges, compared with the volume of those who live through all of them."""
    life, people = days.life, days.people
    through = (life.start < 10 * DAY) & (life.end >= 50 * DAY) & (people.ring < 0)
    done = sum(np.bincount(rows.account, minlength=people.accounts) for rows in days.exchanges)
    expected = (life.sessions * life.volume)[through].sum() * 40
    assert done[through].sum() == pytest.approx(expected, rel=0.08)


def test_limits_meet_heavy_users_above_all(days: Days) -> None:
    people = days.people
    honest = [np.flatnonzero(people.ring[rows.account] < 0) for rows in days.exchanges]
    limited = np.concatenate([rows.account[h][rows.status[h] == LIMITED]
                              for rows, h in zip(days.exchanges, honest, strict=True)])
    everything = np.concatenate([rows.account[h] for rows, h in zip(days.exchanges, honest, strict=True)])
    volume = days.life.volume
    assert 0.001 < len(limited) / len(everything) < 0.08
    heavy = volume > np.quantile(volume, 0.95)
    rate = [
        np.isin(limited, np.flatnonzero(who)).sum() / np.isin(everything, np.flatnonzero(who)).sum()
        for who in (heavy, ~heavy)
    ]
    assert rate[0] > 1.5 * rate[1]


def test_banned_accounts_end_with_403_and_nothing_after(days: Days) -> None:
    for rows in days.exchanges:
        banned = rows.status == BANNED
        assert days.life.banned[rows.account[banned]].all()
        assert (rows.time[banned] >= days.life.end[rows.account[banned]]).all()
        assert (rows.time[~banned] <= days.life.end[rows.account[~banned]]).all()
    assert sum(int((rows.status == BANNED).sum()) for rows in days.exchanges) > 0


def test_the_next_account_of_the_ring_takes_up_the_work_within_its_delay(days: Days) -> None:
    people, life = days.people, days.life
    waits, rings, after_ban = [], [], 0
    for rows in days.exchanges:
        taken = np.flatnonzero(rows.source >= 0)
        source = rows.source[taken]
        assert np.isin(rows.status[source], (LIMITED, BANNED)).all()
        assert (rows.time[taken] > rows.time[source]).all()
        other = rows.account[taken] != rows.account[source]
        giver, taker = rows.account[source[other]], rows.account[taken[other]]
        assert np.array_equal(people.ring[giver], people.ring[taker])
        assert (people.ring[giver] >= 0).all()
        assert (people.duty[taker] != Duty.SPARE).all()
        assert (life.start[taker] <= rows.time[taken[other]]).all()
        first = np.unique(source[other], return_index=True)[1]
        waits.append((rows.time[taken[other]] - rows.time[source[other]])[first])
        rings.append(people.ring[giver][first])
        after_ban += int((rows.status[source[other]] == BANNED).sum())
    wait, ring = np.concatenate(waits), np.concatenate(rings)
    if not len(people.rings.size):
        assert len(wait) == 0
        return
    assert after_ban > 0
    assert wait.mean() == pytest.approx(people.rings.hand_off[ring].mean(), rel=0.15)
    if people.spec.preset == Preset.FAT:
        assert np.quantile(wait, 0.95) < 100


def test_honest_accounts_try_again_themselves(days: Days) -> None:
    for rows in days.exchanges:
        again = np.flatnonzero((rows.source >= 0) & (days.people.ring[rows.account] < 0))
        assert np.array_equal(rows.account[again], rows.account[rows.source[again]])
        assert (rows.status[rows.source[again]] == LIMITED).all()
        assert (rows.status[again] == OK).all()
