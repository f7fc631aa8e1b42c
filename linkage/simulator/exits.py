"""Where rings exit: rented racks, homes of others by residential proxies, the VPN providers that customers use too."""

from __future__ import annotations

import numpy as np

from linkage.simulator.cells import Cells
from linkage.simulator.homes import COLUMN, OTHERS, VPN_EXITS, VPN_PROVIDERS, Homes
from linkage.simulator.networks import Net, Planner
from linkage.simulator.options import Options, joined, options
from linkage.simulator.rings import NOBODY, AddressStyle
from linkage.simulator.streams import Ints, repeat_counts

PROXY_NETWORKS = 3
FACTORY_EXITS = 24
SLIPS = 0.2  # share of accounts that their operator's people log in to from their own office
THROUGH = 0.7  # share of the rings of operators whom a proxy serves
FAITHFUL = 0.8  # share of an operator's cells with its preferred provider
EXITS_AN_ACCOUNT = (1.0, 6.0)  # of a rented part of a proxy network, which hands out another one every few minutes
CUSTOMERS_IN_PROXIES = 0.25  # share of customers' lines that one of the proxy networks exits through


def ring_exits(plan: Planner, homes: Homes, cells: Cells, rng: np.random.Generator) -> Options:
    """The exits that each cell of a ring rents, by its style; a ring that serves several has racks beside them."""
    people = plan.people
    racks_of = np.maximum(4, cells.size // rng.integers(4, 25, len(cells.size)))
    order = rng.permutation(len(cells.size))  # neighbours in address space are strangers
    racks = plan.fresh_pools(racks_of[order], Net.DATACENTRE, 8)[np.argsort(order)]
    proxies = _proxies(plan, homes, cells, rng)
    exits = _vpn_regions(plan, _preferred(plan, cells, VPN_PROVIDERS, rng), rng)
    styles = [cells.style == AddressStyle.DATACENTRE, cells.style == AddressStyle.RESIDENTIAL]
    pool = np.select(styles, [racks, proxies], exits)
    accounts = people.pooled(COLUMN)
    cell = cells.of(people, accounts)
    several = np.isin(people.ring[accounts], people.rings.proxies)
    beside = options(accounts[several], racks[cell[several]], 0.5)
    through = _through_proxies(plan, accounts, np.column_stack([pool, racks])[cells.first], rng)
    parts = [beside, through, _sign_ups(plan, accounts, rng), _offices(plan, accounts, rng)]
    return joined([options(accounts, pool[cell], 1.0), *parts])


def _through_proxies(plan: Planner, accounts: Ints, pools: Ints, rng: np.random.Generator) -> Options:
    """Operators that a proxy serves send their own rings' accounts through it too, mostly; ``pools`` are ring by ring
    its exits and racks."""
    rings = plan.people.rings
    carried = np.isin(rings.service.ring, rings.proxies) & (rings.service.operator != NOBODY)
    proxy = np.full(rings.operators, -1, dtype=np.int64)
    proxy[rings.service.operator[carried]] = rings.service.ring[carried]
    by = np.where(rng.random(len(rings.size)) < THROUGH, proxy[rings.operator], -1)
    by[rings.proxies] = -1
    mine = accounts[by[plan.people.ring[accounts]] >= 0]
    both = np.repeat(mine, 2)
    return options(both, pools[by[plan.people.ring[mine]]].ravel(), 0.35)


def _sign_ups(plan: Planner, accounts: Ints, rng: np.random.Generator) -> Options:
    """A factory makes its accounts behind its own addresses, whatever ring they go to and whatever that ring uses."""
    people = plan.people
    made = accounts[people.from_factory[people.ring[accounts]]]
    sites = plan.fresh_pools(np.full(people.rings.operators, FACTORY_EXITS), Net.DATACENTRE, 4)
    return options(made, sites[people.rings.operator[people.ring[made]]], 0.4)


def _offices(plan: Planner, accounts: Ints, rng: np.random.Generator) -> Options:
    """Slips: an operator's people look after some accounts by hand, from where they sit, whatever ring it is."""
    people = plan.people
    slips = accounts[rng.random(len(accounts)) < SLIPS]
    offices = plan.fresh_pools(rng.integers(1, 7, people.rings.operators), Net.OFFICE, 2)
    return options(slips, offices[people.rings.operator[people.ring[slips]]], 0.15)


def _preferred(plan: Planner, cells: Cells, providers: int, rng: np.random.Generator) -> Ints:
    """The provider of each cell, mostly that of its operator's other ones."""
    rings = plan.people.rings
    preferred = rng.integers(0, providers, max(1, rings.operators))[rings.operator][cells.ring]
    return np.where(rng.random(len(preferred)) < FAITHFUL, preferred, rng.integers(0, providers, len(preferred)))


def _vpn_regions(plan: Planner, provider: Ints, rng: np.random.Generator) -> Ints:
    """Cells on a VPN use a region of their provider: a quarter to all of the exits that its customers share."""
    size = rng.integers(VPN_EXITS // 4, VPN_EXITS + 1, len(provider))
    cell, place = repeat_counts(size)
    start = rng.integers(0, VPN_EXITS, len(provider))
    first_exit = plan.members[0].reshape(VPN_PROVIDERS, VPN_EXITS)
    return plan.new_pools(size, first_exit[provider[cell], (start[cell] + place) % VPN_EXITS], 8)


def _proxies(plan: Planner, homes: Homes, cells: Cells, rng: np.random.Generator) -> Ints:
    """Residential proxy networks exit through the lines of others, customers or not; a cell rents part of one."""
    lines = len(homes.leases)
    customers = int(homes.line.max()) + 1
    network = rng.permutation(customers)[: round(customers * CUSTOMERS_IN_PROXIES)]
    network = np.concatenate([network, np.arange(lines - max(30, round(customers * OTHERS)), lines)])
    of_network = rng.integers(0, PROXY_NETWORKS, len(network))
    order = np.argsort(of_network, kind="stable")
    counts = np.bincount(of_network, minlength=PROXY_NETWORKS)
    mine = _preferred(plan, cells, PROXY_NETWORKS, rng)
    size = np.maximum(40, np.round(cells.size * rng.uniform(*EXITS_AN_ACCOUNT, len(cells.size)))).astype(np.int64)
    cell, _ = repeat_counts(size)
    row = (np.cumsum(counts) - counts)[mine[cell]] + (rng.random(len(cell)) * counts[mine[cell]]).astype(np.int64)
    return plan.new_pools(size, network[order[row]], 12)
