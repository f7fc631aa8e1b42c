"""When accounts are created, begin to work and end, and how much they do: bursts, bans and replacements, volumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.calendar import DAY, Habits, clock
from linkage.simulator.population import Duty, Group, Population
from linkage.simulator.presets import Signup
from linkage.simulator.spec import DAYS, SECONDS
from linkage.simulator.streams import Bools, Floats, Ints, Streams

OLD, OLD_AGE = 0.55, 250.0  # share of honest groups from before the quarter, and their mean age then in days
LATE, LATE_DAYS = 0.15, 45.0  # share of an organisation's accounts that join after the onboarding, by days
ONBOARDING = {  # days within which a group's accounts are created: fewest, most
    Group.INDIVIDUAL: (0, 1), Group.VPN_USER: (0, 1), Group.HOUSEHOLD: (20, 60), Group.OWN_ACCOUNTS: (1, 50),
    Group.COMPANY: (2, 7), Group.AGENCY: (2, 14), Group.AUTOMATION_FLEET: (0.2, 3), Group.CAMPUS: (8, 20),
    Group.OPERATOR: (3, 15),
}  # fmt: skip
JOIN_LATE = (Group.COMPANY, Group.AGENCY, Group.CAMPUS)
TERM_STARTS = (-205.0, -58.0, 3.0, 12.0, 61.0)  # days after 1 April
FACTORY_DAYS = 3.0
HONEST_SIGMA = 1.48  # of the logarithm of honest volumes: their mean is three times the median
HONEST_MOST = 500.0  # exchanges a day before the scale
FLEET_VOLUME = 12.0  # times a person's
SPARE_VOLUME = 0.02  # times a worker's
HONEST_BANS = 0.003
SESSIONS = 2.2  # times the root of an account's exchanges: who does more does more in a session
LAST_BACK = 80.0  # day by which every account from before the quarter has been used
STAYS, LEAVES_AFTER = 0.6, 60.0  # share of honest accounts that stay; days after which the others leave
BAN_AFTER = (0.15, 0.7)  # of the time that a replaced account would have had


@dataclass(frozen=True)
class Lives:
    """One entry an account: seconds since the world's start, and volumes.

    An account is created (below zero: before the world's start), works from ``start`` to ``end``, and is banned then or
    not. ``sessions`` are a day's on average, ``volume`` the exchanges of a session.
    """

    created: Ints
    start: Ints
    end: Ints
    banned: Bools
    sessions: Floats
    volume: Floats


def lives(people: Population, habits: Habits, streams: Streams) -> Lives:
    """Draw each account's creation, first use, end and volume."""
    daily = _daily(people, streams.part("volumes"))
    created, start, end, banned = _honest(people, habits, daily, streams.part("lives honest"))
    _operated(people, habits, (created, start, end, banned), streams.part("lives operated"))
    days = np.maximum((end - start) / DAY, 0.05)
    total = daily * days
    sessions = SESSIONS * np.sqrt(total) + 0.2
    return Lives(created, start, end, banned, sessions / days, total / sessions)


def _daily(people: Population, rng: np.random.Generator) -> Floats:
    """Exchanges an account and day: heavy-tailed for the honest, many for fleets, near-equal within most rings."""
    mix, rings = people.spec.mix, people.rings
    usual = np.log(mix.honest_daily)
    daily = rng.lognormal(usual, HONEST_SIGMA, people.accounts)
    fleet = people.of(Group.AUTOMATION_FLEET)
    daily[fleet] = rng.lognormal(usual + np.log(FLEET_VOLUME), 0.5, len(fleet))
    daily = np.minimum(daily, HONEST_MOST)
    mine = people.of(Group.OPERATOR)
    unequal = np.array([o.unequal for o in mix.operations])[rings.operation[people.ring[mine]]] if len(mine) else 0.0
    daily[mine] = rings.daily[people.ring[mine]] * np.exp(rng.standard_normal(len(mine)) * unequal)
    daily[people.duty == Duty.SPARE] *= SPARE_VOLUME
    return np.asarray(daily * mix.scale, dtype=np.float64)


def _honest(
    people: Population, habits: Habits, daily: Floats, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Bools]:
    """Lives as honest accounts have them, for everybody."""
    day = _honest_days(people, rng)
    everybody = np.arange(people.accounts)
    created = np.floor(day).astype(np.int64) * DAY + clock(habits, everybody, rng)
    back = rng.exponential(np.sqrt(DAYS / daily) / SESSIONS)  # days until an old account is used, by its own rate
    back = np.where(back < LAST_BACK, back, rng.uniform(0, LAST_BACK, people.accounts))
    old = back.astype(np.int64) * DAY + clock(habits, everybody, rng)
    start = np.where(created < 0, old, created + rng.exponential(900, people.accounts).astype(np.int64))
    left = np.maximum(created, 0) + rng.exponential(LEAVES_AFTER * DAY, people.accounts)
    stays = rng.random(people.accounts) < STAYS
    end = np.where(stays, SECONDS - 1, np.clip(left, start + 3_600, SECONDS - 1)).astype(np.int64)
    banned = rng.random(people.accounts) < HONEST_BANS
    end = np.where(banned, start + (rng.random(people.accounts) * (end - start)).astype(np.int64), end)
    return created, start, end, banned


def _honest_days(people: Population, rng: np.random.Generator) -> Floats:
    """Day of creation: individuals by and by, companies, agencies and fleets within days, campuses at term start."""
    groups, n = len(people.group_kind), people.accounts
    narrow, wide = np.array([ONBOARDING[kind] for kind in Group], dtype=np.float64)[people.group_kind].T
    width = rng.uniform(narrow, wide)
    old = rng.random(groups) < OLD
    begin = np.where(old, -rng.exponential(OLD_AGE, groups) - width, rng.random(groups) * (DAYS - 2 - width))
    campus = people.group_kind == Group.CAMPUS
    begin[campus] = rng.choice(TERM_STARTS, int(campus.sum()))
    day = begin[people.group] + rng.random(n) * width[people.group]
    late = (rng.random(n) < LATE) & np.isin(people.kind, JOIN_LATE)
    day = day + np.where(late, rng.exponential(LATE_DAYS, n), 0.0)
    return np.asarray(np.minimum(day, DAYS - 2), dtype=np.float64)


def _operated(
    people: Population, habits: Habits, life: tuple[Ints, Ints, Ints, Bools], rng: np.random.Generator
) -> None:
    """Write the lives of operators' accounts over those of honest ones."""
    created, start, end, banned = life
    mine = people.of(Group.OPERATOR)
    if not len(mine):
        return
    operations = people.spec.mix.operations
    operation = people.rings.operation[people.ring[mine]]
    first, last = np.array([o.days for o in operations])[operation].T
    day = _operated_days(people, mine, first, last, rng)
    created[mine] = np.floor(day).astype(np.int64) * DAY + clock(habits, mine, rng)
    soon = created[mine] + rng.exponential(7_200, len(mine)).astype(np.int64)
    opening = first * DAY + (rng.exponential(2.0, len(mine)) * DAY).astype(np.int64)
    start[mine] = np.where(soon < first * DAY, opening, soon)
    sleeper = people.duty[mine] == Duty.SLEEPER
    created[mine[sleeper]] = start[mine[sleeper]] - (rng.uniform(60, 300, int(sleeper.sum())) * DAY).astype(np.int64)
    closing = np.minimum(SECONDS - 1, ((last + rng.random(len(mine))) * DAY).astype(np.int64))
    leaves = rng.random(len(mine)) < np.array([o.leaves for o in operations])[operation]
    given_up = start[mine] + (rng.exponential(40 * DAY, len(mine)) + 3_600).astype(np.int64)
    end[mine] = np.where(leaves, np.minimum(given_up, closing), closing)
    start[mine] = np.minimum(start[mine], end[mine] - 3_600)
    created[mine] = np.minimum(created[mine], start[mine])
    banned[mine] = False
    closed = np.zeros(people.accounts, dtype=np.int64)
    closed[mine] = closing
    _replace(people, life, closed, rng)


def _operated_days(people: Population, mine: Ints, first: Ints, last: Ints, rng: np.random.Generator) -> Floats:
    """Day of creation of operators' accounts, by the way that their operation signs up."""
    rings, operations = people.rings, people.spec.mix.operations
    ring = people.ring[mine]
    count = len(rings.size)
    begin = rng.uniform(*np.array([o.begins for o in operations])[rings.operation].T)
    narrow, wide = ONBOARDING[Group.OPERATOR]
    width, gap = rng.uniform(narrow, wide, count), rng.uniform(2, 12, count)
    bursts = first + begin[ring] + rng.integers(0, 3, len(mine)) * gap[ring] + rng.random(len(mine)) * width[ring]
    spread = rng.uniform(-150, np.maximum(last - 10, 1))
    opened = rng.uniform(10, 50, max(1, len(operations)))[rings.operation[ring]]
    factory = opened + rng.random(len(mine)) * FACTORY_DAYS
    signup = np.array([o.signup for o in operations])[rings.operation[ring]]
    day = np.select([signup == Signup.SPREAD, signup == Signup.FACTORY], [spread, factory], bursts)
    return np.asarray(np.minimum(day, last - 2), dtype=np.float64)


def _replace(people: Population, life: tuple[Ints, Ints, Ints, Bools], closed: Ints, rng: np.random.Generator) -> None:
    """Ban who is replaced, and let the replacement begin soon after; generation by generation."""
    created, start, end, banned = life
    waiting = np.flatnonzero(people.replaces >= 0)
    while len(waiting):
        ready = ~np.isin(people.replaces[waiting], waiting)
        new, old = waiting[ready], people.replaces[waiting[ready]]
        span = (closed[old] - start[old]) * rng.uniform(*BAN_AFTER, len(new))
        end[old] = start[old] + span.astype(np.int64)
        banned[old] = True
        created[new] = end[old] + 600 + rng.exponential(DAY / 3, len(new)).astype(np.int64)
        start[new] = created[new] + rng.exponential(1_800, len(new)).astype(np.int64)
        end[new] = np.minimum(np.maximum(closed[new], start[new] + DAY), SECONDS - 1)
        start[new] = np.minimum(start[new], end[new] - 3_600)
        created[new] = np.minimum(created[new], start[new])
        waiting = waiting[~ready]
