from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.devices import COLUMN, POPULAR, device_options
from linkage.simulator.options import Options
from linkage.simulator.population import Group, Population
from linkage.simulator.rings import DeviceStyle
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def devices(people: Population, streams: Streams) -> Options:
    table, count = device_options(people, streams)
    assert table.choice.min() >= 0
    assert table.choice.max() < count
    return table


def users(devices: Options, accounts: Ints) -> dict[int, int]:
    mine = np.isin(devices.account, accounts)
    pairs = np.unique(np.column_stack([devices.choice[mine], devices.account[mine]]), axis=0)
    device, count = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(device.tolist(), count.tolist(), strict=True))


def in_style(people: Population, style: DeviceStyle) -> Ints:
    pooled = people.pooled(COLUMN)
    return pooled[people.rings.device[people.ring[pooled]] == style]


def test_every_account_has_a_device(devices: Options, people: Population) -> None:
    assert np.array_equal(np.unique(devices.account), np.arange(people.accounts))


def test_popular_devices_follow_a_heavy_tail(devices: Options, people: Population) -> None:
    count = users(devices, people.of(Group.INDIVIDUAL))
    popular = sorted((n for d, n in count.items() if d < POPULAR), reverse=True)
    assert popular[0] > 10 * popular[len(popular) // 2]
    assert 0.4 < sum(popular) / sum(count.values()) < 0.7


def test_farms_put_some_fingerprints_on_many_accounts(devices: Options, people: Population) -> None:
    count = users(devices, in_style(people, DeviceStyle.FARM))
    assert min(count) >= POPULAR
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
