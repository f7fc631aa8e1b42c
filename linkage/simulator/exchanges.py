"""Exchanges of sessions: their times and answers, limits and bans, and who goes on after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.lives import Lives
from linkage.simulator.population import Duty, Population
from linkage.simulator.sessions import Sessions
from linkage.simulator.streams import Bools, Ints, repeat_counts

OK, LIMITED, BANNED = 200, 429, 403
LIMIT = 40.0  # exchanges; a session of this length ends at its limit in two of three cases, longer ones sooner
PAUSE = 60.0  # mean seconds between the exchanges of a session
RETRY = 600.0  # mean seconds after which an honest account tries again


@dataclass(frozen=True)
class Exchanges:
    """Exchanges in no order. ``source`` is the row whose work a row goes on with, or -1."""

    account: Ints
    time: Ints
    status: Ints
    source: Ints


def exchanges_of(
    people: Population, life: Lives, sessions: Sessions, rng: np.random.Generator
) -> tuple[Exchanges, Sessions]:
    """The exchanges of a day's sessions, and the sessions with those that go on after a limit or a ban."""
    count = np.maximum(rng.poisson(life.volume[sessions.account]), sessions.first)
    count = np.where(sessions.ban, 1 + rng.poisson(1.5, len(count)), count)
    session, place = repeat_counts(count)
    account = sessions.account[session]
    pause = rng.exponential(PAUSE, len(count)) + 3
    time = sessions.time[session] + ((place + rng.random(len(session))) * pause[session]).astype(np.int64)
    last = place == count[session] - 1
    limited = last & (rng.random(len(session)) < 1 - np.exp(-((count[session] / LIMIT) ** 2)))
    status = np.where(sessions.ban[session], BANNED, np.where(limited, LIMITED, OK))
    lived = (time <= life.end[account]) | (status == BANNED)
    rows = Exchanges(account[lived], time[lived], status[lived], np.full(int(lived.sum()), -1))
    return _gone_on(people, life, sessions, rows, np.flatnonzero((last & (status != OK))[lived]), rng)


def _gone_on(
    people: Population, life: Lives, sessions: Sessions, rows: Exchanges, stopped: Ints, rng: np.random.Generator
) -> tuple[Exchanges, Sessions]:
    """After a limit an honest account tries again later; in a ring the next one takes the work up, after a ban too."""
    account = rows.account[stopped]
    ring = people.ring[account]
    follower = _next_in_ring(people, life, account, rows.time[stopped])
    handed = (ring >= 0) & (follower != account)
    mean = np.full(len(stopped), RETRY)
    if len(people.rings.size):
        mean = np.where(handed, people.rings.hand_off[ring], RETRY)
    time = rows.time[stopped] + 1 + rng.exponential(mean).astype(np.int64)
    after = np.where(handed, follower, account)
    goes_on = (time <= life.end[after]) & (time >= life.start[after])
    more = np.where(handed, 1 + rng.poisson(life.volume[after] / 2), 1)[goes_on]
    row, place = repeat_counts(more)
    by, begin = after[goes_on], time[goes_on]
    pause = rng.exponential(PAUSE, len(by)) + 3
    moment = begin[row] + (place * pause[row]).astype(np.int64)
    lived = moment <= life.end[by[row]]
    row, moment = row[lived], moment[lived]
    follow = Exchanges(by[row], moment, np.full(len(row), OK), stopped[goes_on][row])
    new = handed[goes_on]  # a retry needs no new session
    return _together(rows, follow), _with(sessions, by[new], begin[new])


def _next_in_ring(people: Population, life: Lives, account: Ints, time: Ints) -> Ints:
    """The next working account of the ring at that time: one of the three that follow, else the account itself."""
    ring = people.ring[account]
    chosen = account.copy()
    if not len(people.rings.size):
        return chosen
    first = np.flatnonzero(people.place == 0)[len(people.group_size) - len(people.rings.size) :]
    size = people.rings.size
    for step in (3, 2, 1):
        ours = np.maximum(ring, 0)
        other = np.where(ring >= 0, first[ours] + (people.place[account] + step) % size[ours], account)
        works = (life.start[other] <= time) & (time < life.end[other]) & (people.duty[other] != Duty.SPARE)
        chosen = np.where(works, other, chosen)
    return chosen


def _together(one: Exchanges, other: Exchanges) -> Exchanges:
    return Exchanges(
        np.concatenate([one.account, other.account]), np.concatenate([one.time, other.time]),
        np.concatenate([one.status, other.status]), np.concatenate([one.source, other.source]),
    )  # fmt: skip


def _with(sessions: Sessions, account: Ints, time: Ints) -> Sessions:
    no: Bools = np.zeros(len(account), dtype=np.bool_)
    return Sessions(
        np.concatenate([sessions.account, account]), np.concatenate([sessions.time, time]),
        np.concatenate([sessions.first, no]), np.concatenate([sessions.ban, no]),
    )  # fmt: skip
