"""IP addresses: home lines whose leases move between strangers, carrier NAT, VPN exits, offices, campuses, hotspots;
and the ranges that rings rent: data centres, residential proxies, the same VPN exits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from linkage.simulator.options import Numbers, Options, draw, joined, options
from linkage.simulator.population import AddressStyle, Group, Population
from linkage.simulator.spec import EVADABLE, WEEKS
from linkage.simulator.streams import Ints, Streams, repeat_counts, scatter, zipf_weights

COLUMN = EVADABLE.index("ip")
MOVE_A_WEEK = ((0.40, 0.02), (0.35, 0.20), (0.25, 0.70))  # share of lines, chance that the lease moves: static to daily
NAT_ACCOUNTS = 3_000  # accounts behind one carrier address
CARRIERS, VPN_PROVIDERS, PROXY_NETWORKS = 4, 5, 3
VPN_EXITS = 40  # of a provider


class Net(IntEnum):
    """What an address is part of; decides the block that its text comes from."""

    HOME = 0
    CARRIER = 1
    VPN = 2
    DATACENTRE = 3
    OFFICE = 4


PREMISES = (  # addresses of a group: at least, below, and where
    (Group.COMPANY, 1, 4, Net.OFFICE),
    (Group.AUTOMATION_FLEET, 1, 7, Net.DATACENTRE),
    (Group.CAMPUS, 8, 31, Net.OFFICE),
)


@dataclass(frozen=True)
class Pools:
    """Sets of addresses; an account uses at most ``spread`` of a pool's addresses, always the same ones."""

    first: Ints
    size: Ints
    spread: Ints
    members: Ints  # addresses, pool after pool


@dataclass(frozen=True)
class AddressPlan:
    """Which networks each account comes from. A choice c >= 0 is the home line c, c <= -2 the pool -2 - c."""

    options: Options
    lines: Ints  # home lines x weeks: the address that the line holds in that week
    pools: Pools
    net: Ints  # Net of each address


class _Planner:
    """Collects pools and addresses while a plan is drawn."""

    def __init__(self, people: Population, homes: int) -> None:
        self.people = people
        self.nets = [np.full(homes, Net.HOME, dtype=np.int64)]
        self.numbers = Numbers()
        self.numbers.take(homes)
        self.sizes: list[Ints] = []
        self.spreads: list[Ints] = []
        self.members: list[Ints] = []
        self.count = 0

    def new_addresses(self, count: int, net: Net) -> Ints:
        self.nets.append(np.full(count, net, dtype=np.int64))
        return self.numbers.take(count) + np.arange(count)

    def new_pools(self, sizes: Ints, members: Ints, spread: int) -> Ints:
        self.sizes.append(sizes)
        self.spreads.append(np.full(len(sizes), spread, dtype=np.int64))
        self.members.append(members)
        self.count += len(sizes)
        return -2 - (self.count - len(sizes) + np.arange(len(sizes)))

    def fresh_pools(self, sizes: Ints, net: Net, spread: int) -> Ints:
        return self.new_pools(sizes, self.new_addresses(int(sizes.sum()), net), spread)

    def pools(self) -> Pools:
        size = np.concatenate(self.sizes)
        return Pools(np.cumsum(size) - size, size, np.concatenate(self.spreads), np.concatenate(self.members))


def address_plan(people: Population, streams: Streams) -> AddressPlan:
    """Draw home lines with their leases, every shared network, and what each account uses of them."""
    line = _line_of(people)
    lines = _leases(int(line.max()) + 1, streams.part("addresses leases"))
    plan = _Planner(people, int(lines.max()) + 1)
    vpn = plan.fresh_pools(np.full(VPN_PROVIDERS, VPN_EXITS), Net.VPN, 4)
    parts = [
        _daily_life(plan, line, streams.part("addresses daily")),
        _vpn_users(people, vpn, streams.part("addresses vpn")),
        _premises(plan, streams.part("addresses premises")),
        _ring_pools(plan, lines, streams.part("addresses rings")),
    ]
    return AddressPlan(joined(parts), lines, plan.pools(), np.concatenate(plan.nets))


def resolve(plan: AddressPlan, accounts: Ints, week: Ints, rng: np.random.Generator) -> Ints:
    """The address of each session of ``accounts`` in the weeks ``week``."""
    choice = draw(plan.options, accounts, rng)
    at_home = choice >= 0
    pool = np.where(at_home, 0, -2 - choice)
    slot = (rng.random(len(choice)) * plan.pools.spread[pool]).astype(np.int64)
    member = plan.pools.first[pool] + scatter(accounts, pool, slot) % plan.pools.size[pool]
    return np.where(at_home, plan.lines[np.where(at_home, choice, 0), week], plan.pools.members[member])


def _line_of(people: Population) -> Ints:
    """The home line of each account: one a household, one a person with several accounts, one for anybody else."""
    together = np.isin(people.kind, (Group.HOUSEHOLD, Group.OWN_ACCOUNTS))
    person = np.where(together, np.arange(people.accounts) - people.place, np.arange(people.accounts))
    _, line = np.unique(person, return_inverse=True)
    return line.astype(np.int64)


def _leases(lines: int, rng: np.random.Generator) -> Ints:
    """Lines x weeks of addresses: each week the lines whose lease moves swap them, so two never hold the same one."""
    shares, chances = np.array(MOVE_A_WEEK).T
    chance = rng.choice(chances, lines, p=shares)
    table = np.empty((lines, WEEKS), dtype=np.int64)
    table[:, 0] = rng.permutation(lines)
    for week in range(1, WEEKS):
        table[:, week] = table[:, week - 1]
        moved = np.flatnonzero(rng.random(lines) < chance)
        table[moved, week] = rng.permutation(table[moved, week])
    return table


def _daily_life(plan: _Planner, line: Ints, rng: np.random.Generator) -> Options:
    """Home, the phone's carrier, and now and then a hotspot; students mostly without a line of their own."""
    people = plan.people
    own = np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN))
    own = own[people.kind[own] != Group.AUTOMATION_FLEET]
    nat_size = max(1, round(people.accounts * 1.8 / NAT_ACCOUNTS / CARRIERS))
    carriers = plan.fresh_pools(np.full(CARRIERS, nat_size), Net.CARRIER, 3)
    spots = plan.fresh_pools(np.array([max(4, people.accounts // 80)]), Net.OFFICE, 2)
    home = own[rng.random(len(own)) < np.where(people.kind[own] == Group.CAMPUS, 0.4, 0.85)]
    phone = own[(rng.random(len(own)) < 0.65) | ~np.isin(own, home)]
    away = own[rng.random(len(own)) < 0.15]
    carrier = carriers[rng.choice(CARRIERS, people.accounts, p=zipf_weights(CARRIERS, 0.7))]
    return joined([
        options(home, line[home], 1.0),
        options(phone, carrier[phone], 0.45),
        options(away, np.full(len(away), spots[0]), 0.3),
    ])


def _vpn_users(people: Population, vpn: Ints, rng: np.random.Generator) -> Options:
    """Customers of commercial VPN providers: most of their traffic leaves there."""
    accounts = people.of(Group.VPN_USER)
    provider = rng.choice(VPN_PROVIDERS, len(accounts), p=zipf_weights(VPN_PROVIDERS, 0.8))
    return options(accounts, vpn[provider], 2.5)


def _premises(plan: _Planner, rng: np.random.Generator) -> Options:
    """Offices behind one to three addresses, fleets on a few cloud addresses, campuses behind a range."""
    people = plan.people
    parts = []
    for kind, fewest, past, net in PREMISES:
        groups, accounts = people.groups_of(kind), people.of(kind)
        pool = plan.fresh_pools(rng.integers(fewest, past, len(groups)), net, 4)
        inside = accounts[rng.random(len(accounts)) < 0.92] if kind == Group.COMPANY else accounts
        parts.append(options(inside, pool[np.searchsorted(groups, people.group[inside])], 2.0))
    return joined(parts)


def _ring_pools(plan: _Planner, lines: Ints, rng: np.random.Generator) -> Options:
    """The exits that each ring rents, by its style."""
    people, rings = plan.people, plan.people.rings
    count = len(rings.size)
    racks_of = np.maximum(4, rings.size // rng.integers(4, 25, count))
    order = rng.permutation(count)  # neighbours in address space are strangers
    racks = plan.fresh_pools(racks_of[order], Net.DATACENTRE, 8)[np.argsort(order)]
    proxies = _proxies(plan, lines, rng)
    preferred = rng.integers(0, VPN_PROVIDERS, max(1, rings.operators))[rings.operator]
    provider = np.where(rng.random(count) < 0.8, preferred, rng.integers(0, VPN_PROVIDERS, count))
    exits = _vpn_regions(plan, provider, rng)
    styles = [rings.address == AddressStyle.DATACENTRE, rings.address == AddressStyle.RESIDENTIAL]
    pool = np.select(styles, [racks, proxies], exits)
    accounts = people.pooled(COLUMN)
    return options(accounts, pool[people.ring[accounts]], 1.0)


def _vpn_regions(plan: _Planner, provider: Ints, rng: np.random.Generator) -> Ints:
    """Rings on a VPN use a region of their provider: a quarter to all of the exits that its customers share."""
    size = rng.integers(VPN_EXITS // 4, VPN_EXITS + 1, len(provider))
    ring, place = repeat_counts(size)
    start = rng.integers(0, VPN_EXITS, len(provider))
    first_exit = plan.members[0].reshape(VPN_PROVIDERS, VPN_EXITS)
    return plan.new_pools(size, first_exit[provider[ring], (start[ring] + place) % VPN_EXITS], 8)


def _proxies(plan: _Planner, lines: Ints, rng: np.random.Generator) -> Ints:
    """Residential proxy networks exit through the homes of others; a ring rents part of one network."""
    rings = plan.people.rings
    homes = int(lines.max()) + 1
    network = rng.permutation(homes)[: homes // 4]
    network = np.concatenate([network, plan.new_addresses(max(30, homes // 8), Net.HOME)])
    of_network = rng.integers(0, PROXY_NETWORKS, len(network))
    order = np.argsort(of_network, kind="stable")
    counts = np.bincount(of_network, minlength=PROXY_NETWORKS)
    preferred = rng.integers(0, PROXY_NETWORKS, rings.operators)[rings.operator]
    mine = np.where(rng.random(len(rings.size)) < 0.8, preferred, rng.integers(0, PROXY_NETWORKS, len(rings.size)))
    size = np.maximum(10, np.round(rings.size * rng.uniform(0.5, 2.0, len(rings.size)))).astype(np.int64)
    ring, _ = repeat_counts(size)
    row = (np.cumsum(counts) - counts)[mine[ring]] + (rng.random(len(ring)) * counts[mine[ring]]).astype(np.int64)
    return plan.new_pools(size, network[order[row]], 12)
