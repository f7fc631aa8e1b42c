"""When accounts begin, when they work and how much: bursts, day and week rhythm, heavy-tailed and equal loads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.population import Group, Population
from linkage.simulator.spec import DAYS, SECONDS
from linkage.simulator.streams import Floats, Ints, Streams, repeat_counts

DAY = 86_400
OFFICE_KINDS = (Group.COMPANY, Group.CAMPUS)
ZONES = np.array([-8, -5, 0, 1, 2, 5, 8, 9])  # hours from UTC
ZONE_SHARES = [0.16, 0.22, 0.10, 0.16, 0.08, 0.12, 0.10, 0.06]
ONBOARDING = {  # days within which a group's accounts are created: fewest, most
    Group.INDIVIDUAL: (0, 1), Group.VPN_USER: (0, 1), Group.HOUSEHOLD: (20, 60), Group.OWN_ACCOUNTS: (10, 50),
    Group.COMPANY: (5, 25), Group.AGENCY: (5, 40), Group.AUTOMATION_FLEET: (1, 10),
    Group.CAMPUS: (10, 20), Group.OPERATOR: (3, 15),
}
TERM_STARTS = [3.0, 12.0, 61.0]  # days after 1 April
HOURLY = np.array([2, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 11, 10, 10, 11, 11, 10, 9, 8, 8, 8, 7, 5, 3], dtype=np.float64)


@dataclass(frozen=True)
class Lives:
    """Seconds since the world's start at which each account begins and ends, and its events by type."""

    created: Ints
    end: Ints
    sessions: Ints
    exchanges: Ints


def lives(people: Population, streams: Streams) -> Lives:
    """Draw each account's creation, end, and number of sessions and exchanges."""
    created = _created(people, streams.part("created"))
    sessions, exchanges = _volumes(people, streams.part("volumes"))
    return Lives(created, _ends(people, created, streams.part("ends")), sessions, exchanges)


def _created(people: Population, rng: np.random.Generator) -> Ints:
    """Individuals drip in; companies within a few weeks, campuses at term start, rings in bursts of days."""
    narrow, wide = np.array([ONBOARDING[kind] for kind in Group], dtype=np.float64)[people.group_kind].T
    width = rng.uniform(narrow, wide)
    gap = np.where(people.group_kind == Group.OPERATOR, rng.uniform(2, 12, len(width)), 0.0)  # up to three bursts
    start = rng.random(len(width)) * (DAYS - 2 - width - 2 * gap)
    campus = people.group_kind == Group.CAMPUS
    start[campus] = rng.choice(TERM_STARTS, int(campus.sum()))
    burst = rng.integers(0, 3, people.accounts)
    day = start[people.group] + burst * gap[people.group] + rng.random(people.accounts) * width[people.group]
    return np.asarray(day * DAY, dtype=np.int64)


def _ends(people: Population, created: Ints, rng: np.random.Generator) -> Ints:
    """Six in ten honest accounts stay, the others leave after about forty days; operators' half and half."""
    span = rng.exponential(40 * DAY, people.accounts) + 3_600
    stays = rng.random(people.accounts) < np.where(people.ring >= 0, 0.5, 0.6)
    return np.where(stays, SECONDS - 1, np.minimum(SECONDS - 1, created + span)).astype(np.int64)


def _volumes(people: Population, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Sessions and exchanges: heavy-tailed for the honest, many for fleets, near-equal within a ring."""
    volume = np.minimum(rng.lognormal(np.log(13), 1.2, people.accounts), 3_000)
    fleet = people.kind == Group.AUTOMATION_FLEET
    volume[fleet] = rng.lognormal(np.log(150), 0.5, int(fleet.sum()))
    load = rng.uniform(25, 45, max(1, len(people.rings.size)))
    equal = rng.poisson(load[np.maximum(people.ring, 0)])
    exchanges = np.where(people.ring >= 0, equal, np.ceil(volume)).astype(np.int64)
    return 1 + rng.poisson(2.2 * np.sqrt(exchanges)), np.maximum(1, exchanges)


def session_times(people: Population, life: Lives, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Account and time of every session, in seconds; the first one follows the creation at once."""
    account, place = repeat_counts(life.sessions)
    span = life.end[account] - life.created[account]
    moment = life.created[account] + (rng.random(len(account)) * span).astype(np.int64)
    day = moment // DAY
    weekend = (day + 2) % 7 >= 5  # 1 April 2026 is a Wednesday
    shift = weekend & np.isin(people.kind[account], OFFICE_KINDS) & (rng.random(len(account)) < 0.85)
    day = day - np.where(shift, 2, 0)
    local = np.where(np.isin(people.kind[account], (Group.AUTOMATION_FLEET, Group.OPERATOR)),
                     rng.random(len(account)) * DAY, _hours(len(account), rng))
    zone = rng.choice(ZONES, len(people.group_size), p=ZONE_SHARES)[people.group[account]]
    time = day * DAY + (local.astype(np.int64) - zone * 3_600) % DAY
    soon = life.created[account] + rng.exponential(900, len(account)).astype(np.int64)
    lived = (time >= soon) & (time <= life.end[account])
    return account, np.where(place == 0, soon, np.where(lived, time, np.maximum(moment, soon)))


def _hours(count: int, rng: np.random.Generator) -> Floats:
    hour = rng.choice(24, count, p=HOURLY / HOURLY.sum())
    return (hour + rng.random(count)) * 3_600


def exchange_times(life: Lives, session_time: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Account and time of every exchange: in a random session of its account, some minutes in."""
    account, _ = repeat_counts(life.exchanges)
    first = np.cumsum(life.sessions) - life.sessions
    session = first[account] + (rng.random(len(account)) * life.sessions[account]).astype(np.int64)
    time = session_time[session] + rng.exponential(1_200, len(account)).astype(np.int64)
    return account, np.where(time < SECONDS, time, session_time[session])
