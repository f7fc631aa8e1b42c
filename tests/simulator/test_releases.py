from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.calendar import DAY
from linkage.simulator.population import Group, Population
from linkage.simulator.releases import AT_ONCE, HONEST_MOST, NEW, RELEASE, SMALL, model_of
from linkage.simulator.streams import Ints


def share_of_new(people: Population, accounts: Ints, day: float) -> float:
    account = np.repeat(accounts, 30)
    time = np.full(len(account), RELEASE + int(day * DAY))
    return float((model_of(people, account, time, np.random.default_rng(3)) == NEW).mean())


def test_nobody_has_the_new_model_before_its_release(people: Population) -> None:
    assert share_of_new(people, np.arange(people.accounts), -1 / DAY) == 0


def test_half_of_operators_traffic_moves_within_a_day_and_people_take_weeks(people: Population) -> None:
    operated, alone = people.of(Group.OPERATOR), people.of(Group.INDIVIDUAL)
    assert share_of_new(people, operated, 0.5) == pytest.approx(AT_ONCE, abs=0.03)
    assert share_of_new(people, operated, 30) > 0.75
    assert share_of_new(people, alone, 0.5) < 0.05
    assert 0.25 < share_of_new(people, alone, 40) < HONEST_MOST
    assert share_of_new(people, people.of(Group.AUTOMATION_FLEET), 60) == 0


def test_a_persons_choice_lasts(people: Population) -> None:
    account = np.repeat(people.of(Group.INDIVIDUAL), 5)
    time = np.full(len(account), RELEASE + 20 * DAY)
    model = model_of(people, account, time, np.random.default_rng(3)).reshape(-1, 5)
    assert (model == model[:, :1]).all()
    assert (model[:, 0] == SMALL).mean() == pytest.approx(0.3, abs=0.05)
