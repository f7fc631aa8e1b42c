"""Which model an exchange asks for, before and after the release of a new one."""

from __future__ import annotations

import numpy as np

from linkage.simulator.calendar import DAY
from linkage.simulator.population import Group, Population
from linkage.simulator.presets import RELEASE_DAY
from linkage.simulator.streams import Ints, scatter

MODELS = ("small-1", "large-1", "large-2")
SMALL, LARGE, NEW = range(3)
SMALL_SHARE, OPERATED_SMALL = 0.3, 0.05  # of accounts; operators come for the large model
RELEASE = RELEASE_DAY * DAY
AT_ONCE, IN_THE_END, SETTLING = 0.5, 0.9, 10.0  # share of an operator's traffic on the new model; days until the rest
HONEST_MOST, HONEST_DAYS = 0.6, 20.0  # share of people who go over in the end; mean days until they do


def model_of(people: Population, account: Ints, time: Ints, rng: np.random.Generator) -> Ints:
    """The place in :data:`MODELS` for each exchange: half of operators' traffic moves within the day of the release."""
    days = (time - RELEASE) / DAY
    taste = scatter(account, people.spec.seed) % 1_000 / 1_000  # of the account, always the same
    operated = people.ring[account] >= 0
    small = taste < np.where(operated, OPERATED_SMALL, SMALL_SHARE)
    went = AT_ONCE + (IN_THE_END - AT_ONCE) * (1 - np.exp(-np.maximum(days - 1, 0) / SETTLING))
    by_people = HONEST_MOST * (1 - np.exp(-np.maximum(days, 0) / HONEST_DAYS))
    by_people[people.kind[account] == Group.AUTOMATION_FLEET] = 0.0  # their model is pinned
    second = scatter(account, people.spec.seed, 1) % 1_000 / 1_000
    moved = (days >= 0) & np.where(operated, rng.random(len(account)) < went / (1 - OPERATED_SMALL), second < by_people)
    return np.where(small, SMALL, np.where(moved, NEW, LARGE)).astype(np.int64)
