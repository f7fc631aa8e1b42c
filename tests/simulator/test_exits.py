from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.addresses import COLUMN, AddressPlan, address_plan, resolve
from linkage.simulator.exits import SLIPS
from linkage.simulator.networks import Net
from linkage.simulator.population import Population, populate
from linkage.simulator.presets import Preset
from linkage.simulator.rings import AddressStyle
from linkage.simulator.spec import WEEKS, WorldSpec
from linkage.simulator.streams import Ints, Streams


def pairs(plan: AddressPlan, accounts: Ints, week: int = 3) -> Ints:
    account = np.repeat(accounts, 80)
    address = resolve(plan, account, np.full(len(account), week), np.random.default_rng(8))
    return np.unique(np.column_stack([account, address]), axis=0)


@pytest.fixture(scope="module")
def proxied() -> tuple[Population, AddressPlan]:
    people = populate(WorldSpec(6_000, 13, preset=Preset.MIXED_PROXY), Streams(13))
    return people, address_plan(people, Streams(13))


def of_style(people: Population, style: AddressStyle) -> Ints:
    pooled = people.pooled(COLUMN)
    mine: Ints = pooled[people.rings.address[people.ring[pooled]] == style]
    return mine


def test_a_rings_racks_are_of_no_other_ring(people: Population, streams: Streams) -> None:
    plan = address_plan(people, streams)
    found = pairs(plan, of_style(people, AddressStyle.DATACENTRE))
    found = found[plan.net[found[:, 1]] == Net.DATACENTRE]
    rings = np.unique(np.column_stack([found[:, 1], people.ring[found[:, 0]]]), axis=0)
    assert len(np.unique(rings[:, 0])) == len(rings)


def test_an_account_uses_few_exits_in_a_week(people: Population, streams: Streams) -> None:
    plan = address_plan(people, streams)
    for style, most in ((AddressStyle.DATACENTRE, 8), (AddressStyle.VPN, 8), (AddressStyle.RESIDENTIAL, 12)):
        found = pairs(plan, of_style(people, style))
        found = found[plan.net[found[:, 1]] != Net.OFFICE]
        assert np.bincount(found[:, 0]).max() <= most


def test_residential_exits_move_with_the_leases_of_the_homes(people: Population, streams: Streams) -> None:
    plan = address_plan(people, streams)
    accounts = of_style(people, AddressStyle.RESIDENTIAL)
    first, last = pairs(plan, accounts, 0), pairs(plan, accounts, WEEKS - 1)
    kept = len(np.intersect1d(first[:, 1], last[:, 1])) / len(np.unique(first[:, 1]))
    assert 0.2 < kept < 0.8


def test_rings_that_serve_several_have_racks_beside_their_exits(proxied: tuple[Population, AddressPlan]) -> None:
    people, plan = proxied
    pooled = people.pooled(COLUMN)
    mine = pooled[np.isin(people.ring[pooled], people.rings.proxies)]
    found = pairs(plan, mine)
    racked = np.unique(found[plan.net[found[:, 1]] == Net.DATACENTRE, 0])
    assert len(mine) > 0
    assert np.array_equal(racked, mine)


def test_operators_that_a_proxy_serves_send_their_own_rings_through_it(proxied: tuple[Population, AddressPlan]) -> None:
    people, plan = proxied
    pooled = people.pooled(COLUMN)
    rings = people.rings
    proxy = np.isin(people.ring[pooled], rings.proxies)
    served = rings.service.operator[np.isin(rings.service.ring, rings.proxies)]
    theirs = np.isin(rings.operator[people.ring[pooled]], served) & ~proxy
    racks = pairs(plan, pooled[proxy])[:, 1]
    racks = racks[plan.net[racks] == Net.DATACENTRE]
    found = pairs(plan, pooled[theirs])
    through = np.unique(people.ring[found[np.isin(found[:, 1], racks), 0]])
    assert 0.4 < len(through) / len(np.unique(people.ring[pooled[theirs]])) <= 1.0  # seven in ten, of a few rings
    others = pairs(plan, pooled[~theirs & ~proxy])
    assert not np.isin(others[:, 1], racks).any()


def test_a_factorys_accounts_are_made_behind_one_set_of_addresses() -> None:
    people = populate(WorldSpec(4_000, 12, preset=Preset.FACTORY), Streams(12))
    plan = address_plan(people, Streams(12))
    pooled = people.pooled(COLUMN)
    ring = people.ring[pooled]
    made = people.from_factory[ring]
    found = pairs(plan, pooled[made])
    found = found[plan.net[found[:, 1]] == Net.DATACENTRE]
    rings = np.unique(np.column_stack([found[:, 1], people.ring[found[:, 0]]]), axis=0)
    shared = np.unique(rings[:, 0], return_counts=True)[1]
    assert np.array_equal(np.unique(found[:, 0]), pooled[made])
    assert shared.max() == len(np.unique(ring[made])) > 1


def test_an_operators_people_log_in_to_some_accounts_of_all_its_rings_from_their_office(
    people: Population, streams: Streams
) -> None:
    plan = address_plan(people, streams)
    pooled = people.pooled(COLUMN)
    found = np.concatenate([pairs(plan, pooled, week) for week in range(4)])
    found = found[plan.net[found[:, 1]] == Net.OFFICE]
    operator = people.rings.operator[people.ring[found[:, 0]]]
    owners = np.unique(np.column_stack([found[:, 1], operator]), axis=0)
    assert len(np.unique(owners[:, 0])) == len(owners)
    rings = np.unique(np.column_stack([found[:, 1], people.ring[found[:, 0]]]), axis=0)
    assert np.unique(rings[:, 0], return_counts=True)[1].max() > 1
    assert abs(np.isin(pooled, found[:, 0]).mean() - SLIPS) < 0.06


def test_a_world_without_operators_has_addresses_too() -> None:
    people = populate(WorldSpec(400, 12, preset=Preset.HONEST), Streams(12))
    plan = address_plan(people, Streams(12))
    assert np.array_equal(np.unique(plan.options.account), np.arange(400))
