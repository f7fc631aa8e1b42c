from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linkage.simulator import Preset, WorldSpec
from linkage.simulator.calendar import DAY, Habits, habits_of
from linkage.simulator.lives import ONBOARDING, SPARE_VOLUME, Lives, lives
from linkage.simulator.population import Duty, Group, Population, populate
from linkage.simulator.presets import MIXES
from linkage.simulator.spec import SECONDS
from linkage.simulator.streams import Streams


def drawn(preset: Preset, accounts: int = 6_000, seed: int = 21) -> tuple[Population, Lives]:
    streams = Streams(seed)
    people = populate(WorldSpec(accounts, seed, preset=preset), streams)
    return people, lives(people, habits_of(people, streams), streams)


@pytest.mark.parametrize("preset", Preset)
def test_every_account_is_created_begins_and_ends_in_this_order(preset: Preset) -> None:
    _, life = drawn(preset, 3_000)
    assert (life.created <= life.start).all()
    assert life.start.min() >= 0
    assert (life.start <= life.end).all()
    assert life.end.max() < SECONDS
    assert life.sessions.min() > 0
    assert life.volume.min() > 0


def test_organisations_are_onboarded_within_days_but_for_those_who_join_late() -> None:
    people, life = drawn(Preset.HONEST)
    for kind, days in ((Group.COMPANY, 8), (Group.AGENCY, 15), (Group.AUTOMATION_FLEET, 4), (Group.CAMPUS, 21)):
        inside = []
        for group in people.groups_of(kind):
            created = life.created[people.group == group]
            inside.append(np.mean(created - created.min() <= days * DAY))
        assert np.mean(inside) > 0.8, kind
        assert (np.mean(inside) < 1) == (kind != Group.AUTOMATION_FLEET)
    assert max(ONBOARDING[Group.COMPANY]) <= 7


def test_honest_volumes_have_a_mean_of_three_medians_and_fleets_do_many_times_as_much() -> None:
    people, life = drawn(Preset.HONEST, 20_000)
    daily = life.sessions * life.volume
    alone = daily[people.kind == Group.INDIVIDUAL]
    assert 2.4 < alone.mean() / np.median(alone) < 3.6
    assert 8 < np.median(daily[people.kind == Group.AUTOMATION_FLEET]) / np.median(alone) < 16


def test_a_thin_operators_accounts_hide_among_heavy_users() -> None:
    """26 requests a day and no more; some honest accounts do several times as many."""
    people, life = drawn(Preset.THIN, 12_000)
    daily = life.sessions * life.volume
    workers = daily[(people.ring >= 0) & (people.duty == Duty.WORKER)]
    honest = daily[people.ring < 0]
    assert np.median(workers) == pytest.approx(26, rel=0.03)
    assert workers.std() / workers.mean() < 0.12
    assert (honest > workers.max()).sum() > 0.3 * len(workers)


def test_volumes_follow_the_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    small = drawn(Preset.CAMPAIGN)[1]
    monkeypatch.setitem(MIXES, Preset.CAMPAIGN, replace(MIXES[Preset.CAMPAIGN], scale=0.5))
    large = drawn(Preset.CAMPAIGN)[1]
    assert large.sessions * large.volume == pytest.approx(2 * small.sessions * small.volume, rel=0.05)


def test_banned_accounts_are_followed_by_a_replacement_soon() -> None:
    people, life = drawn(Preset.CAMPAIGN)
    new = np.flatnonzero(people.replaces >= 0)
    old = people.replaces[new]
    wait = life.created[new] - life.end[old]
    assert life.banned[old].all()
    assert wait.min() > 0
    assert 0.1 * DAY < np.median(wait) < 0.6 * DAY
    honest = people.ring < 0
    assert 0 < life.banned[honest].mean() < 0.01


def test_campaigns_work_within_their_dates() -> None:
    people, life = drawn(Preset.CAMPAIGN)
    for number, operation in enumerate(MIXES[Preset.CAMPAIGN].operations):
        mine = people.ring >= 0
        mine[mine] = people.rings.operation[people.ring[mine]] == number
        assert life.start[mine].min() >= operation.days[0] * DAY
        assert life.end[mine & (people.replaces < 0)].max() < (operation.days[1] + 1) * DAY


def test_a_factory_signs_up_within_three_days_and_leaves_most_accounts_idle() -> None:
    people, life = drawn(Preset.FACTORY)
    factory = np.flatnonzero((people.ring >= 0) & (people.rings.operator[people.ring] == 0))
    created = life.created[factory]
    assert len(factory) > 0.12 * people.accounts
    assert created.max() - created.min() <= 4 * DAY
    spare = people.duty[factory] == Duty.SPARE
    assert spare.mean() == pytest.approx(0.6, abs=0.06)
    daily = (life.sessions * life.volume)[factory]
    assert daily[spare].mean() < 3 * SPARE_VOLUME * daily[~spare].mean()


def test_quiet_operators_create_accounts_over_months_and_let_them_sleep() -> None:
    people, life = drawn(Preset.QUIET)
    mine = people.ring >= 0
    asleep = life.start[mine] - life.created[mine] > 60 * DAY
    assert 0.3 < asleep.mean() < 0.7
    for ring in np.flatnonzero(people.rings.size >= 40):
        created = np.sort(life.created[people.ring == ring])
        week = np.searchsorted(created, created + 7 * DAY) - np.arange(len(created))
        assert week.max() < 0.35 * len(created)


def test_habits_are_a_groups_and_a_rings() -> None:
    streams = Streams(3)
    people = populate(WorldSpec(4_000, 3), streams)
    habits: Habits = habits_of(people, streams)
    for column in (habits.habit, habits.zone, habits.key):
        first = column[np.flatnonzero(people.place == 0)]
        assert np.array_equal(first[people.group], column)
    assert len(np.unique(habits.zone)) == 8
