from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.addresses import COLUMN, AddressPlan, address_plan, resolve
from linkage.simulator.networks import Net
from linkage.simulator.population import Group, Population
from linkage.simulator.rings import AddressStyle
from linkage.simulator.spec import WEEKS
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def plan(people: Population, streams: Streams) -> AddressPlan:
    return address_plan(people, streams)


def used(plan: AddressPlan, accounts: Ints, times: int = 60) -> Ints:
    """Many draws of an address for each account: accounts x times."""
    account = np.repeat(accounts, times)
    week = np.tile(np.arange(times) % WEEKS, len(accounts))
    return resolve(plan, account, week, np.random.default_rng(4)).reshape(len(accounts), times)


def fourth(plan: AddressPlan, accounts: Ints, times: int = 60) -> Ints:
    """The IPv4 ones among many draws of addresses, in one row."""
    drawn = used(plan, accounts, times).ravel()
    return drawn[drawn < len(plan.net)]


def test_pools_cover_their_members_and_choices_stay_in_range(plan: AddressPlan) -> None:
    ends = plan.pools.first + plan.pools.size
    assert ends[-1] == len(plan.pools.members)
    assert np.array_equal(ends[:-1], plan.pools.first[1:])
    assert plan.pools.members.max() < len(plan.net)
    assert plan.options.choice.min() >= -1 - len(plan.pools.size)
    assert plan.options.choice.max() < plan.lines


def test_every_account_has_an_address(plan: AddressPlan, people: Population) -> None:
    assert np.array_equal(np.unique(plan.options.account), np.arange(people.accounts))
    assert used(plan, np.arange(people.accounts), 3).min() >= 0


@pytest.mark.parametrize(
    ("style", "nets"),
    [
        (AddressStyle.DATACENTRE, {Net.DATACENTRE}),
        (AddressStyle.VPN, {Net.VPN}),
        (AddressStyle.RESIDENTIAL, {Net.HOME}),
    ],
)
def test_rings_exit_by_their_style(plan: AddressPlan, people: Population, style: AddressStyle, nets: set[Net]) -> None:
    pooled = people.pooled(COLUMN)
    mine = pooled[people.rings.address[people.ring[pooled]] == style]
    assert len(mine) > 0
    found = plan.net[used(plan, mine)].ravel()
    assert set(found) == nets | {Net.OFFICE}  # that of the operator's people, now and then
    assert (found == Net.OFFICE).mean() < 0.1


def test_evading_accounts_never_use_their_rings_exits(plan: AddressPlan, people: Population) -> None:
    evading = np.setdiff1d(np.flatnonzero(people.ring >= 0), people.pooled(COLUMN))
    assert set(plan.net[fourth(plan, evading)]) <= {Net.HOME, Net.CARRIER, Net.OFFICE}


def test_residential_rings_share_homes_with_the_innocent(plan: AddressPlan, people: Population) -> None:
    pooled = people.pooled(COLUMN)
    proxied = used(plan, pooled[people.rings.address[people.ring[pooled]] == AddressStyle.RESIDENTIAL])
    homes = fourth(plan, people.of(Group.INDIVIDUAL, Group.HOUSEHOLD))
    assert 0.2 < np.isin(proxied, homes).mean() < 0.95


def test_vpn_exits_are_shared_by_customers_of_all_kinds_and_by_rings(plan: AddressPlan, people: Population) -> None:
    exits = np.flatnonzero(plan.net == Net.VPN)
    pooled = people.pooled(COLUMN)
    ringed = np.unique(fourth(plan, pooled[people.rings.address[people.ring[pooled]] == AddressStyle.VPN]))
    customers = np.unique(fourth(plan, people.of(Group.VPN_USER)))
    assert len(np.intersect1d(ringed, customers)) > 0.5 * len(ringed)
    assert np.isin(exits, fourth(plan, people.of(Group.INDIVIDUAL))).mean() > 0.2


def test_a_carrier_address_stands_for_many_strangers(plan: AddressPlan, people: Population) -> None:
    chosen = used(plan, np.arange(people.accounts), 20)
    carrier = np.zeros(chosen.shape, dtype=bool)
    carrier[chosen < len(plan.net)] = plan.net[chosen[chosen < len(plan.net)]] == Net.CARRIER
    pairs = np.unique(np.column_stack([np.nonzero(carrier)[0], chosen[carrier]]), axis=0)
    assert np.bincount(pairs[:, 1]).max() > 0.05 * people.accounts


def test_a_data_centres_address_has_one_tenant_at_a_time_and_may_get_another(plan: AddressPlan) -> None:
    for week in range(WEEKS):
        assert np.array_equal(np.sort(plan.rented[:, week]), plan.cloud)
    assert np.array_equal(plan.cloud, np.flatnonzero(plan.net == Net.DATACENTRE))
    moved = (plan.rented[:, 0] != plan.rented[:, WEEKS - 1]).mean()
    assert 0.2 < moved < 0.45


def test_an_ipv6_network_is_of_one_phone_or_of_one_home_at_a_time(plan: AddressPlan, people: Population) -> None:
    account = np.repeat(np.arange(people.accounts), 30)
    address = resolve(plan, account, np.full(len(account), 5), np.random.default_rng(6)) - len(plan.net)
    phone, home = address >= plan.lines, (address >= 0) & (address < plan.lines)
    for mine, owner in ((phone, account), (home, plan.homes.line[account])):
        pairs = np.unique(np.column_stack([address[mine], owner[mine]]), axis=0)
        assert len(pairs) > 500
        moved = np.isin(pairs[:, 1], plan.homes.line[plan.homes.moved < 6 * 7 * 86_400]) & home.any()
        assert len(np.unique(pairs[~moved, 0])) == (~moved).sum()


def test_the_same_plan_gives_the_same_addresses_whatever_else_is_drawn(people: Population, streams: Streams) -> None:
    streams.part("something else").random(5)
    first, second = address_plan(people, streams), address_plan(people, streams)
    assert np.array_equal(used(first, np.arange(50)), used(second, np.arange(50)))
