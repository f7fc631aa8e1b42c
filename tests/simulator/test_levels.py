from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator import Preset, WorldSpec
from linkage.simulator.calendar import DAY, Habits, habits_of
from linkage.simulator.exchanges import exchanges_of
from linkage.simulator.levels import expected, levelled
from linkage.simulator.lives import SESSIONS, Lives, lives
from linkage.simulator.population import Population, populate
from linkage.simulator.presets import MIXES
from linkage.simulator.sessions import sessions_of_day
from linkage.simulator.spec import DAYS, SECONDS
from linkage.simulator.streams import Streams


def drawn(preset: Preset, accounts: int = 6_000) -> tuple[Population, Habits, Lives]:
    streams = Streams(21)
    people = populate(WorldSpec(accounts, 21, preset=preset), streams)
    habits = habits_of(people, streams)
    return people, habits, levelled(people, lives(people, habits, streams))


def counted(people: Population, habits: Habits, life: Lives) -> tuple[np.ndarray, np.ndarray]:
    """Sessions and exchanges of each account, drawn day by day."""
    sessions, exchanges = np.zeros(people.accounts), np.zeros(people.accounts)
    for day in range(DAYS):
        rng = np.random.default_rng([5, day])
        visits = sessions_of_day(habits, life, day, rng)
        sessions += np.bincount(visits.account, minlength=people.accounts)
        rows, _ = exchanges_of(people, life, visits, rng)
        exchanges += np.bincount(rows.account[rows.time < SECONDS], minlength=people.accounts)
    return sessions, exchanges


@pytest.mark.parametrize("preset", [Preset.SEED_SCALE, Preset.MARKET, Preset.FAT, Preset.HONEST])
def test_what_is_expected_comes_about(preset: Preset) -> None:
    """Sums over operators' accounts and over the others; single accounts differ by chance."""
    people, habits, life = drawn(preset)
    told = expected(people, life)
    sessions, exchanges = counted(people, habits, life)
    for part in (people.ring >= 0, people.ring < 0):
        assert told.sessions[part].sum() == pytest.approx(sessions[part].sum(), rel=0.06, abs=1)
        assert told.exchanges[part].sum() == pytest.approx(exchanges[part].sum(), rel=0.06, abs=1)


def test_each_operation_and_honest_accounts_have_the_mean_that_the_preset_sets() -> None:
    people, _, life = drawn(Preset.SEED_SCALE, 20_000)
    mix, exchanges = people.spec.mix, expected(people, life).exchanges
    operated = people.ring >= 0
    assert exchanges[~operated].mean() == pytest.approx(mix.honest_each, rel=0.01)
    operation = people.rings.operation[people.ring]
    for number, one in enumerate(mix.operations):
        mine = exchanges[operated & (operation == number)]
        assert mine.mean() == pytest.approx(one.each, rel=0.01)


def test_levels_keep_lives_and_who_does_more_than_whom() -> None:
    streams = Streams(21)
    people = populate(WorldSpec(6_000, 21, preset=Preset.SEED_SCALE), streams)
    before = lives(people, habits_of(people, streams), streams)
    after = levelled(people, before)
    assert after.start is before.start
    assert after.end is before.end
    honest = np.flatnonzero(people.ring < 0)
    total = [np.argsort((x.volume * x.sessions)[honest], kind="stable") for x in (before, after)]
    assert np.array_equal(*total)
    days = np.maximum((after.end - after.start) / DAY, 0.05)
    assert after.sessions * days == pytest.approx(SESSIONS * np.sqrt(after.sessions * days * after.volume) + 0.2)


@pytest.mark.parametrize("preset", [p for p in Preset if p != Preset.SEED_SCALE])
def test_presets_without_levels_stay_as_they_are(preset: Preset) -> None:
    mix = MIXES[preset]
    assert not mix.honest_each
    assert not any(operation.each for operation in mix.operations)
    people = populate(WorldSpec(600, 2, preset=preset), Streams(2))
    life = lives(people, habits_of(people, Streams(2)), Streams(2))
    assert levelled(people, life) is life


def test_the_known_volumes_add_up() -> None:
    """28.8, 13, 3.4 and 0.15 million of the four, and 90 million of the service's own, with the proxy's innocent."""
    mix = MIXES[Preset.SEED_SCALE]
    accounts = {n: round(o.share * 49_000) for n, o in enumerate(mix.operations)}
    assert sum(accounts.values()) == 49_000
    by = [0.0, 0.0, 0.0, 0.0]
    innocent = 0.0
    for number, one in enumerate(mix.operations):
        whole = accounts[number] * one.each
        innocent += whole * one.innocent
        served = one.serves or (number,)
        for place, who in enumerate(served):
            part = one.carries[place] / sum(one.carries) if one.carries else 1.0
            by[who] += whole * (1 - one.innocent) * part
    assert by == pytest.approx([28.8e6, 13e6, 3.4e6, 0.15e6])
    assert innocent + mix.honest_each * 1_000_000 == pytest.approx(90e6)
    assert mix.operator == pytest.approx(49_000 / 1_049_000)
