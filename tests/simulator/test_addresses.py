from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.addresses import COLUMN, VPN_EXITS, VPN_PROVIDERS, AddressPlan, Net, address_plan, resolve
from linkage.simulator.population import AddressStyle, Group, Population
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


def test_no_two_lines_hold_one_address_in_the_same_week(plan: AddressPlan) -> None:
    for week in range(WEEKS):
        assert len(np.unique(plan.lines[:, week])) == len(plan.lines)


def test_leases_move_between_strangers_over_time(plan: AddressPlan) -> None:
    holders = {w: plan.lines[:, w] for w in (0, WEEKS - 1)}
    kept = (holders[0] == holders[WEEKS - 1]).mean()
    assert 0.2 < kept < 0.6


def test_pools_have_members_of_their_own_kind_of_network(plan: AddressPlan) -> None:
    ends = plan.pools.first + plan.pools.size
    assert ends[-1] == len(plan.pools.members)
    assert np.array_equal(ends[:-1], plan.pools.first[1:])
    assert plan.pools.members.max() < len(plan.net)
    assert plan.options.choice.min() >= -1 - len(plan.pools.size)
    assert plan.options.choice.max() < len(plan.lines)
    exits = plan.pools.members[: VPN_PROVIDERS * VPN_EXITS]
    assert (plan.net[exits] == Net.VPN).all()


def test_every_account_has_an_address(plan: AddressPlan, people: Population) -> None:
    assert np.array_equal(np.unique(plan.options.account), np.arange(people.accounts))
    assert used(plan, np.arange(people.accounts), 3).min() >= 0


def test_an_account_uses_few_addresses_of_a_pool(plan: AddressPlan, people: Population) -> None:
    pooled = people.pooled(COLUMN)
    distinct = [len(np.unique(row)) for row in used(plan, pooled)]
    assert max(distinct) <= plan.pools.spread.max()


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
    assert set(plan.net[used(plan, mine)].ravel()) == nets


def test_evading_accounts_never_use_their_rings_exits(plan: AddressPlan, people: Population) -> None:
    evading = np.setdiff1d(np.flatnonzero(people.ring >= 0), people.pooled(COLUMN))
    assert set(plan.net[used(plan, evading)].ravel()) <= {Net.HOME, Net.CARRIER, Net.OFFICE}


def test_residential_rings_share_homes_with_the_innocent(plan: AddressPlan, people: Population) -> None:
    pooled = people.pooled(COLUMN)
    proxied = used(plan, pooled[people.rings.address[people.ring[pooled]] == AddressStyle.RESIDENTIAL])
    homes = used(plan, people.of(Group.INDIVIDUAL, Group.HOUSEHOLD))
    assert 0.2 < np.isin(proxied, homes).mean() < 0.95


def test_households_and_persons_share_one_line(plan: AddressPlan, people: Population) -> None:
    at_home = plan.options.choice >= 0
    account, line = plan.options.account[at_home], plan.options.choice[at_home]
    group = people.group[account]
    together = np.isin(people.kind[account], (Group.HOUSEHOLD, Group.OWN_ACCOUNTS))
    lines_of = {g: set(line[group == g]) for g in np.unique(group[together])}
    assert all(len(lines) == 1 for lines in lines_of.values())
    assert len(np.unique(line[~together])) == (~together).sum()


def test_a_carrier_address_stands_for_many_strangers(plan: AddressPlan, people: Population) -> None:
    chosen = used(plan, np.arange(people.accounts), 20)
    carrier = plan.net[chosen] == Net.CARRIER
    pairs = np.unique(np.column_stack([np.nonzero(carrier)[0], chosen[carrier]]), axis=0)
    assert np.bincount(pairs[:, 1]).max() > 0.05 * people.accounts
