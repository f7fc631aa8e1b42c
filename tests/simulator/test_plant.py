from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.calendar import habits_of
from linkage.simulator.devices import device_options
from linkage.simulator.lives import Lives, lives
from linkage.simulator.options import Options
from linkage.simulator.plant import FORGEABLE, USES, Planted, plant
from linkage.simulator.population import Population, populate
from linkage.simulator.presets import Preset
from linkage.simulator.spec import EVADABLE, SECONDS, WorldSpec
from linkage.simulator.streams import Ints, Streams
from linkage.simulator.templates import template_plan

PLANT, VICTIMS = 5, 200


def attacked(values: int, victims: int = VICTIMS, preset: Preset = Preset.MARKET) -> tuple[Population, Lives]:
    people = populate(WorldSpec(4_000, 13, preset=preset, plant=values, plant_victims=victims), Streams(13))
    return people, lives(people, habits_of(people, Streams(13)), Streams(13))


@pytest.fixture(scope="module")
def attack() -> tuple[Population, Lives]:
    return attacked(PLANT)


@pytest.fixture(scope="module")
def tables(attack: tuple[Population, Lives]) -> dict[str, Options]:
    return {
        "device": device_options(attack[0], Streams(13))[0],
        "prompt_template": template_plan(attack[0], Streams(13)).options,
    }


@pytest.fixture(scope="module")
def planted(attack: tuple[Population, Lives], tables: dict[str, Options]) -> dict[str, Planted]:
    return plant(*attack, tables, Streams(13))


def distinct(planted: dict[str, Planted]) -> dict[str, Ints]:
    """Account and value of each kind, every pair once."""
    return {k: np.unique(np.column_stack([p.account, p.value]), axis=0) for k, p in planted.items()}


def test_only_what_is_free_to_forge_is_planted(planted: dict[str, Planted]) -> None:
    assert FORGEABLE == ("device", "prompt_template")
    assert set(planted) == set(FORGEABLE)
    assert all(len(p.account) for p in planted.values())


@pytest.mark.parametrize("values", [0, 1, 5, 100])
def test_the_budget_is_never_exceeded(tables: dict[str, Options], values: int) -> None:
    people, life = attacked(values)
    pairs = distinct(plant(people, life, tables, Streams(13)))
    used = np.bincount(np.concatenate([p[:, 0] for p in pairs.values()]), minlength=people.accounts)
    assert used.max() <= values
    if 0 < values <= 5:
        assert used[people.framer >= 0].min() == values


def test_victims_are_the_framed_and_each_gets_values_of_one_real_ring(
    planted: dict[str, Planted], attack: tuple[Population, Lives], tables: dict[str, Options]
) -> None:
    people, _ = attack
    for kind, pairs in distinct(planted).items():
        assert np.isin(pairs[:, 0], np.flatnonzero(people.framer >= 0)).all()
        table = tables[kind]
        pooled = np.isin(table.account, people.pooled(EVADABLE.index(kind)))
        owned = set(zip(people.ring[table.account[pooled]].tolist(), table.choice[pooled].tolist(), strict=True))
        assert set(zip(people.framer[pairs[:, 0]].tolist(), pairs[:, 1].tolist(), strict=True)) <= owned


def test_events_lie_in_the_victims_lives_and_in_order(
    planted: dict[str, Planted], attack: tuple[Population, Lives]
) -> None:
    life = attack[1]
    for events in planted.values():
        assert (np.diff(events.time) >= 0).all()
        assert (events.time >= life.start[events.account]).all()
        assert (events.time <= np.minimum(life.end[events.account], SECONDS)).all()
        rows = np.column_stack([events.account, events.value])
        assert np.unique(rows, axis=0, return_counts=True)[1].max() <= USES


def test_days_cut_the_events_without_losing_one(planted: dict[str, Planted]) -> None:
    events = planted["device"]
    days = [events.between(day * 86_400, (day + 1) * 86_400) for day in range(91)]
    assert np.array_equal(np.concatenate([d.value for d in days]), events.value)
    assert all(((d.time // 86_400) == day).all() for day, d in enumerate(days))


def test_nobody_is_framed_where_there_is_no_ring() -> None:
    people, life = attacked(PLANT, preset=Preset.HONEST)
    tables = {
        "device": device_options(people, Streams(13))[0],
        "prompt_template": template_plan(people, Streams(13)).options,
    }
    assert all(len(p.account) == 0 for p in plant(people, life, tables, Streams(13)).values())
