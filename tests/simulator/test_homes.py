from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.addresses import WEEK, AddressPlan, address_plan, resolve
from linkage.simulator.homes import MOVING, OTHERS, Homes, home_lines
from linkage.simulator.networks import Net
from linkage.simulator.options import NEVER
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import SECONDS, WEEKS
from linkage.simulator.streams import Streams


@pytest.fixture(scope="module")
def homes(people: Population, streams: Streams) -> Homes:
    return home_lines(people, streams)


@pytest.fixture(scope="module")
def plan(people: Population, streams: Streams) -> AddressPlan:
    return address_plan(people, streams)


def test_no_two_lines_hold_one_address_in_the_same_week(homes: Homes) -> None:
    for week in range(WEEKS):
        assert len(np.unique(homes.leases[:, week])) == len(homes.leases)


def test_leases_move_between_strangers_over_time(homes: Homes) -> None:
    kept = (homes.leases[:, 0] == homes.leases[:, WEEKS - 1]).mean()
    assert 0.2 < kept < 0.6


def test_households_and_persons_share_one_line_and_nobody_else_does(homes: Homes, people: Population) -> None:
    together = np.isin(people.kind, (Group.HOUSEHOLD, Group.OWN_ACCOUNTS))
    for group in np.unique(people.group[together]):
        members = people.group == group
        assert len(np.unique(homes.line[members])) == len(np.unique(homes.later[members])) == 1
    assert len(np.unique(homes.line[~together])) == (~together).sum()


def test_movers_get_a_line_that_nobody_had(homes: Homes) -> None:
    line, first = np.unique(homes.line, return_index=True)
    moved, later = homes.moved[first], homes.later[first]
    moving = moved < NEVER
    assert abs(moving.mean() - MOVING) < 0.012
    assert ((moved[moving] > 0) & (moved[moving] < SECONDS)).all()
    assert np.array_equal(later[~moving], line[~moving])
    assert not np.isin(later[moving], line).any()
    assert len(np.unique(later)) == len(later)


def test_lines_of_strangers_remain_for_proxies(homes: Homes) -> None:
    customers = len(np.unique(homes.line))
    spare = len(homes.leases) - 1 - int(homes.later.max())
    assert spare == max(30, round(customers * OTHERS))


def test_who_moves_house_uses_the_new_line_from_then_on(plan: AddressPlan, people: Population) -> None:
    homes = plan.homes
    account = int(np.flatnonzero((homes.moved < NEVER) & (people.kind == Group.INDIVIDUAL))[0])
    for week in range(WEEKS):
        drawn = resolve(plan, np.full(400, account), np.full(400, week), np.random.default_rng(week))
        fourth = drawn[drawn < len(plan.net)]
        line = homes.line[account] if week * WEEK < homes.moved[account] else homes.later[account]
        assert set(fourth[plan.net[fourth] == Net.HOME]) <= {homes.leases[line, week]}


def test_ipv6_is_used_by_a_part_of_the_sessions(plan: AddressPlan, people: Population) -> None:
    accounts = np.repeat(people.of(Group.INDIVIDUAL), 13)
    drawn = resolve(plan, accounts, np.tile(np.arange(WEEKS), len(accounts) // 13), np.random.default_rng(2))
    phone = drawn >= len(plan.net) + plan.lines
    assert 0.08 < phone.mean() < 0.3
    assert 0.08 < (drawn >= len(plan.net)).mean() - phone.mean() < 0.3


def test_some_who_are_no_vpn_customers_use_a_vpn_now_and_then(plan: AddressPlan, people: Population) -> None:
    alone = people.of(Group.INDIVIDUAL)
    drawn = resolve(plan, np.repeat(alone, 60), np.zeros(60 * len(alone), dtype=np.int64), np.random.default_rng(3))
    hidden = np.zeros(len(drawn), dtype=bool)
    hidden[drawn < len(plan.net)] = plan.net[drawn[drawn < len(plan.net)]] == Net.VPN
    assert 0.02 < hidden.reshape(len(alone), 60).any(axis=1).mean() < 0.08
