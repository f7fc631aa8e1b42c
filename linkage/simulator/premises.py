"""Addresses of places: offices and shared office buildings, corporate VPNs, campuses, and the clouds of fleets."""

from __future__ import annotations

import numpy as np

from linkage.simulator.networks import Net, Planner
from linkage.simulator.options import Options, joined, options
from linkage.simulator.population import Group
from linkage.simulator.streams import Ints, zipf_weights

ALONE, BUILDING, GATEWAY = range(3)  # a company's own office, a building's address, a provider's security gateways
WAYS_OUT = (0.70, 0.15, 0.15)  # shares of companies; only small ones rent rooms
SMALL = 15  # accounts of a company that fits into a shared building
GATEWAYS, GATEWAY_EXITS = 3, 16  # providers of corporate VPNs, and the exits that their customers share
BUILDING_COMPANIES = 4  # companies behind the address of one building
PLATFORMS, PLATFORM_EXITS = 2, 24  # clouds that run automation for anybody, from a few addresses
REMOTE = 0.25  # share of staff that seldom come by


def premises(plan: Planner, rng: np.random.Generator) -> Options:
    """What each account in a company, agency, fleet or campus uses of its group's networks."""
    people = plan.people
    place = np.zeros(len(people.group_size), dtype=np.int64)  # choice that stands for each group's addresses
    companies = np.concatenate([people.groups_of(Group.COMPANY), people.groups_of(Group.AGENCY)])
    place[companies] = _offices(plan, companies, rng)
    for kind, fewest, past, net in (
        (Group.AUTOMATION_FLEET, 1, 7, Net.DATACENTRE), (Group.CAMPUS, 8, 31, Net.OFFICE),
    ):
        groups = people.groups_of(kind)
        place[groups] = plan.fresh_pools(rng.integers(fewest, past, len(groups)), net, 4)
    everyone = people.of(Group.AUTOMATION_FLEET, Group.CAMPUS)
    return joined([
        options(everyone, place[people.group[everyone]], 2.0),
        _staff(plan, place, rng),
        options(people.jobs.account, place[people.jobs.company], 0.8),
        _platforms(plan, rng),
    ])


def _offices(plan: Planner, companies: Ints, rng: np.random.Generator) -> Ints:
    """The way out of each company: an office of one to three addresses, its building's, or rented gateways."""
    size = plan.people.group_size[companies]
    way = rng.choice(3, len(companies), p=WAYS_OUT)
    way[(way == BUILDING) & (size > SMALL)] = ALONE
    office = plan.fresh_pools(rng.integers(1, 4, len(companies)), Net.OFFICE, 4)
    buildings = plan.fresh_pools(np.ones(1 + len(companies) // BUILDING_COMPANIES, dtype=np.int64), Net.OFFICE, 1)
    gateways = plan.fresh_pools(np.full(GATEWAYS, GATEWAY_EXITS), Net.OFFICE, 4)
    shared = buildings[rng.integers(0, 1 + int((way == BUILDING).sum()) // BUILDING_COMPANIES, len(companies))]
    rented = gateways[rng.choice(GATEWAYS, len(companies), p=zipf_weights(GATEWAYS, 1.0))]
    return np.select([way == ALONE, way == BUILDING], [office, shared], rented)


def _staff(plan: Planner, place: Ints, rng: np.random.Generator) -> Options:
    """Most work at the office; remote staff come by the corporate VPN now and then, a few never."""
    people = plan.people
    accounts = people.of(Group.COMPANY, Group.AGENCY)
    inside = accounts[rng.random(len(accounts)) < 0.92]
    remote = rng.random(len(inside)) < REMOTE
    return options(inside, place[people.group[inside]], np.where(remote, 0.5, 2.0))


def _platforms(plan: Planner, rng: np.random.Generator) -> Options:
    """Platforms that run automation: a fifth of the fleets beside their cloud, a few people and companies' staff."""
    people = plan.people
    pools = plan.fresh_pools(np.full(PLATFORMS, PLATFORM_EXITS), Net.DATACENTRE, 6)
    fleets = np.flatnonzero((people.group_kind == Group.AUTOMATION_FLEET) & (rng.random(len(people.group_kind)) < 0.2))
    members = np.flatnonzero(np.isin(people.group, fleets))
    honest = np.flatnonzero((people.ring < 0) & (people.kind != Group.AUTOMATION_FLEET))
    others = honest[rng.random(len(honest)) < 0.02]
    accounts = np.concatenate([members, others])
    return options(accounts, pools[rng.integers(0, PLATFORMS, len(accounts))], np.where(
        people.kind[accounts] == Group.AUTOMATION_FLEET, 1.0, 0.4
    ))
