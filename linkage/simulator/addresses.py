"""IP addresses: which networks each account comes from, and the address of each of its sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.cells import cells_of
from linkage.simulator.exits import ring_exits
from linkage.simulator.homes import (
    COLUMN,
    VPN_EXITS,
    VPN_PROVIDERS,
    Homes,
    daily_life,
    home_lines,
    leases_of,
    vpn_users,
)
from linkage.simulator.networks import Net, Planner, Pools
from linkage.simulator.options import Options, chosen, draw_rows, joined
from linkage.simulator.population import Population
from linkage.simulator.premises import premises
from linkage.simulator.spec import WEEKS
from linkage.simulator.streams import Ints, Streams, scatter

__all__ = ["COLUMN", "AddressPlan", "address_plan", "resolve"]

WEEK = 7 * 86_400
CLOUD_MOVES = ((0.6, 0.0), (0.4, 0.15))  # as MOVE_A_WEEK: addresses kept for good, and rented by the hour
PHONE_PREFIXES = 2  # IPv6 networks that a phone gets in one week
SIXTH_AT_HOME, SIXTH_ON_PHONE = 0.6, 0.5  # share of sessions that use IPv6 where there is any


@dataclass(frozen=True)
class AddressPlan:
    """Which networks each account comes from. A choice c >= 0 is the home line c, c <= -2 the pool -2 - c.

    Addresses below len(net) are IPv4; the IPv6 networks follow: one for each address of a home line, then those of
    phones, ``PHONE_PREFIXES`` an account and week.
    """

    options: Options
    homes: Homes
    pools: Pools
    net: Ints  # Net of each IPv4 address
    cloud: Ints  # the addresses of data centres
    rented: Ints  # cloud addresses x weeks: the one that stands in its place, since tenants come and go

    @property
    def lines(self) -> int:
        """How many home lines there are, and so how many addresses and IPv6 networks of home lines."""
        return len(self.homes.leases)


def address_plan(people: Population, streams: Streams) -> AddressPlan:
    """Draw home lines with their leases, every shared network, and what each account uses of them."""
    homes = home_lines(people, streams)
    plan = Planner(people, len(homes.leases))
    vpn = plan.fresh_pools(np.full(VPN_PROVIDERS, VPN_EXITS), Net.VPN, 4)
    parts = [
        daily_life(plan, homes, vpn, streams.part("addresses daily")),
        vpn_users(people, vpn, streams.part("addresses vpn")),
        premises(plan, streams.part("addresses premises")),
        ring_exits(plan, homes, cells_of(people.rings, streams), streams.part("addresses rings")),
    ]
    net = np.concatenate(plan.nets)
    cloud = np.flatnonzero(net == Net.DATACENTRE)
    rented = cloud[leases_of(len(cloud), CLOUD_MOVES, streams.part("addresses clouds"))]
    return AddressPlan(joined(parts), homes, plan.pools(), net, cloud, rented)


def resolve(plan: AddressPlan, accounts: Ints, week: Ints, rng: np.random.Generator) -> Ints:
    """The address of each session of ``accounts`` in the weeks ``week``."""
    choice = chosen(plan.options, draw_rows(plan.options, accounts, rng), week * WEEK)
    at_home = choice >= 0
    pool = np.where(at_home, 0, -2 - choice)
    slot = (rng.random(len(choice)) * plan.pools.spread[pool]).astype(np.int64)
    member = plan.pools.first[pool] + scatter(accounts, pool, slot) % plan.pools.size[pool]
    place = np.where(at_home, choice, plan.pools.members[member])
    is_line = place < plan.lines
    line = np.where(is_line, place, 0)
    fourth = np.where(is_line, plan.homes.leases[line, week], _in_cloud(plan, place, week))
    return _sixth(plan, accounts, week, np.where(at_home, line, -1), fourth, rng)


def _in_cloud(plan: AddressPlan, place: Ints, week: Ints) -> Ints:
    """The addresses themselves; of those in data centres the one that their tenant has in the week."""
    row = np.minimum(np.searchsorted(plan.cloud, place), len(plan.cloud) - 1)
    return np.where(plan.cloud[row] == place, plan.rented[row, week], place)


def _sixth(
    plan: AddressPlan, accounts: Ints, week: Ints, home: Ints, fourth: Ints, rng: np.random.Generator
) -> Ints:
    """IPv6 for a part of the sessions from home lines with two stacks and from phones; proxies exit by IPv4."""
    chance, prefix = rng.random(len(fourth)), rng.integers(0, PHONE_PREFIXES, len(fourth))
    count = len(plan.net)
    from_home = (home >= 0) & plan.homes.dual[home] & (chance < SIXTH_AT_HOME)
    on_phone = (plan.net[fourth] == Net.CARRIER) & (chance < SIXTH_ON_PHONE)
    phone = count + plan.lines + (accounts * WEEKS + week) * PHONE_PREFIXES + prefix
    return np.select([from_home, on_phone], [count + fourth, phone], fourth)
