"""How many sessions and exchanges a world will have, and volumes that bring a preset's known totals about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from linkage.simulator.calendar import DAY, RUSH, RUSH_DAYS, RUSH_HONEST
from linkage.simulator.exchanges import LIMIT
from linkage.simulator.lives import SESSIONS, Lives
from linkage.simulator.population import Group, Population
from linkage.simulator.presets import RELEASE_DAY
from linkage.simulator.streams import Floats

ROUNDS = 3  # more exchanges are longer sessions, which meet limits more often: the second round corrects by about 1 %


@dataclass(frozen=True)
class Expected:
    """Sessions and exchanges to be expected of each account."""

    sessions: Floats
    exchanges: Floats


def expected(people: Population, life: Lives) -> Expected:
    """What each account's life comes to: its sessions with the first one, what follows limits, the model's rush."""
    days = (life.end - life.start) / DAY
    operated = people.ring >= 0
    before, after = (np.clip(time / DAY, RELEASE_DAY, RELEASE_DAY + RUSH_DAYS) for time in (life.start, life.end))
    rush = np.where(operated, RUSH, RUSH_HONEST) - 1
    sessions = 1 + life.sessions * (days + (after - before) * rush)
    limited = 1 - np.exp(-life.volume * (life.volume + 1) / LIMIT**2)  # the mean of the square is v (v + 1)
    following = np.where(operated, 1 + life.volume / 2, 1.0)
    return Expected(sessions, sessions * (life.volume + limited * following))


def levelled(people: Population, life: Lives) -> Lives:
    """The same lives with volumes that give each operation, and honest accounts, the mean that the preset sets for it.

    Where the preset sets none they stay as they are.
    """
    mix = people.spec.mix
    level = np.array([*(operation.each for operation in mix.operations), mix.honest_each])
    part = np.full(people.accounts, len(mix.operations))
    mine = people.of(Group.OPERATOR)
    part[mine] = people.rings.operation[people.ring[mine]]
    count = np.bincount(part, minlength=len(level))
    for _ in range(ROUNDS if level.any() else 0):
        mean = np.bincount(part, expected(people, life).exchanges, len(level)) / np.maximum(count, 1)
        factor = np.divide(level, mean, out=np.ones(len(level)), where=(level > 0) & (mean > 0))
        life = _scaled(life, factor[part])
    return life


def _scaled(life: Lives, factor: Floats) -> Lives:
    """Lives with so many times the exchanges; who does more has more sessions and longer ones."""
    days = np.maximum((life.end - life.start) / DAY, 0.05)
    total = life.sessions * days * life.volume * factor
    sessions = SESSIONS * np.sqrt(total) + 0.2
    return replace(life, sessions=sessions / days, volume=total / sessions)
