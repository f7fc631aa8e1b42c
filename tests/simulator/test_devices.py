from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.devices import BROWSERS, COLUMN, POPULAR, device_options
from linkage.simulator.options import NEVER, Options, draw
from linkage.simulator.population import Group, Population, populate
from linkage.simulator.presets import Preset
from linkage.simulator.rings import DeviceStyle
from linkage.simulator.spec import SECONDS, WorldSpec
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def devices(people: Population, streams: Streams) -> Options:
    table, count = device_options(people, streams)
    assert table.choice.min() >= 0
    assert max(table.choice.max(), table.after.max()) < count
    return table


def users(devices: Options, accounts: Ints) -> dict[int, int]:
    mine = np.isin(devices.account, accounts)
    pairs = np.unique(np.column_stack([devices.choice[mine], devices.account[mine]]), axis=0)
    device, count = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(device.tolist(), count.tolist(), strict=True))


def in_style(people: Population, style: DeviceStyle) -> Ints:
    pooled = people.pooled(COLUMN)
    mine: Ints = pooled[people.rings.device[people.ring[pooled]] == style]
    return mine


def test_every_account_has_a_device(devices: Options, people: Population) -> None:
    assert np.array_equal(np.unique(devices.account), np.arange(people.accounts))


def test_popular_devices_follow_a_heavy_tail(devices: Options, people: Population) -> None:
    count = users(devices, people.of(Group.INDIVIDUAL))
    popular = sorted((n for d, n in count.items() if d < POPULAR), reverse=True)
    assert popular[0] > 10 * popular[len(popular) // 2]
    assert 0.4 < sum(popular) / sum(count.values()) < 0.7


def test_farms_put_some_fingerprints_on_many_accounts(devices: Options, people: Population) -> None:
    count = users(devices, in_style(people, DeviceStyle.FARM))
    assert min(count) >= 2 * POPULAR
    assert np.mean(list(count.values())) > 6


def test_stock_images_are_four_popular_fingerprints_a_ring(devices: Options, people: Population) -> None:
    for ring in np.flatnonzero(people.rings.device == DeviceStyle.POPULAR):
        count = users(devices, np.intersect1d(people.pooled(COLUMN), np.flatnonzero(people.ring == ring)))
        assert len(count) <= 4
        assert max(count) < POPULAR


def test_unique_devices_are_on_one_account(devices: Options, people: Population) -> None:
    unique = in_style(people, DeviceStyle.UNIQUE)
    assert set(users(devices, unique).values()) == {1}
    others = np.setdiff1d(np.arange(people.accounts), unique)
    assert not users(devices, unique).keys() & users(devices, others).keys()


def test_one_persons_accounts_share_their_devices(devices: Options, people: Population) -> None:
    for group in people.groups_of(Group.OWN_ACCOUNTS):
        accounts = np.flatnonzero(people.group == group)
        own = [frozenset(devices.choice[devices.account == a]) for a in accounts]
        assert len(set(own)) == 1


def test_an_update_changes_a_popular_fingerprint_for_all_its_users_within_weeks(
    devices: Options, people: Population
) -> None:
    honest = people.ring[devices.account] < 0
    popular = honest & (devices.choice < POPULAR)
    assert np.array_equal(devices.after[popular], devices.choice[popular] + POPULAR)
    for browser in range(BROWSERS):
        until = devices.until[popular & (devices.choice % BROWSERS == browser)]
        spread = np.quantile(until, 0.9) - np.quantile(until, 0.1)
        assert 2 * 86_400 < spread < 21 * 86_400


def test_before_and_after_an_update_the_same_device_has_two_fingerprints(devices: Options, people: Population) -> None:
    accounts = people.of(Group.INDIVIDUAL)
    rng = np.random.default_rng
    start = draw(devices, accounts, rng(1), np.zeros_like(accounts))
    end = draw(devices, accounts, rng(1), np.full_like(accounts, SECONDS - 1))
    assert 0.5 < (start != end).mean() < 0.9
    assert set((end - start)[(start < POPULAR) & (start != end)]) == {POPULAR}


def test_a_factorys_machines_sign_up_accounts_of_several_rings() -> None:
    people = populate(WorldSpec(4_000, 12, preset=Preset.FACTORY), Streams(12))
    table, _ = device_options(people, Streams(12))
    ring = people.ring[table.account]
    pairs = np.unique(np.column_stack([table.choice, ring])[(ring >= 0) & (table.choice >= 2 * POPULAR)], axis=0)
    device, rings = np.unique(pairs[:, 0], return_counts=True)
    machines = np.isin(table.choice, device[rings > 1])
    assert machines.sum() > 50
    assert people.from_factory[ring[machines]].all()


def test_one_persons_device_updates_once_for_all_accounts(devices: Options, people: Population) -> None:
    several = people.kind[devices.account] == Group.OWN_ACCOUNTS
    group = people.group[devices.account[several]]
    rows = np.column_stack([group, devices.choice[several], devices.until[several], devices.after[several]])
    new = np.unique(rows[devices.choice[several] >= 2 * POPULAR], axis=0)
    assert len(np.unique(new[:, :2], axis=0)) == len(new)


def test_a_ring_updates_its_stock_images_as_one_or_never(devices: Options, people: Population) -> None:
    mine = np.isin(devices.account, in_style(people, DeviceStyle.POPULAR))
    rows = np.column_stack([people.ring[devices.account], devices.choice, devices.until])[mine]
    rows = np.unique(rows, axis=0)
    assert len(np.unique(rows[:, :2], axis=0)) == len(rows)
    for ring in np.unique(rows[:, 0]):
        assert len(set(rows[rows[:, 0] == ring, 2] < NEVER)) == 1
    assert (devices.until[np.isin(devices.account, in_style(people, DeviceStyle.UNIQUE))] == NEVER).all()
