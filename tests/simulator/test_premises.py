from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.addresses import AddressPlan, address_plan, resolve
from linkage.simulator.networks import Net
from linkage.simulator.population import Group, Population, populate
from linkage.simulator.premises import GATEWAY_EXITS, SMALL
from linkage.simulator.spec import WorldSpec
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def town() -> Population:
    return populate(WorldSpec(20_000, 12), Streams(12))


@pytest.fixture(scope="module")
def plan(town: Population) -> AddressPlan:
    return address_plan(town, Streams(12))


def pairs(plan: AddressPlan, accounts: Ints, nets: tuple[Net, ...]) -> Ints:
    """Account and IPv4 address, for those of these networks that many draws give."""
    account = np.repeat(accounts, 60)
    address = resolve(plan, account, np.full(len(account), 3), np.random.default_rng(8))
    account, address = account[address < len(plan.net)], address[address < len(plan.net)]
    mine = np.isin(plan.net[address], nets)
    return np.unique(np.column_stack([account[mine], address[mine]]), axis=0)


def test_a_companys_staff_meet_at_few_addresses(plan: AddressPlan, town: Population) -> None:
    found = pairs(plan, town.of(Group.COMPANY), (Net.OFFICE, Net.DATACENTRE))
    group = town.group[found[:, 0]]
    busiest = [np.bincount(found[group == g, 1]).max() / town.group_size[g] for g in np.unique(group)]
    assert np.median(busiest) > 0.5


def test_buildings_and_gateways_join_companies_that_are_strangers(plan: AddressPlan, town: Population) -> None:
    found = pairs(plan, town.of(Group.COMPANY), (Net.DATACENTRE,))
    companies = np.unique(np.column_stack([found[:, 1], town.group[found[:, 0]]]), axis=0)
    assert np.bincount(companies[:, 0]).max() >= 4
    assert len(np.unique(companies[:, 0])) <= 3 * GATEWAY_EXITS + 2 * 24
    small = np.isin(town.group, np.flatnonzero(town.group_size <= SMALL)) & (town.kind == Group.COMPANY)
    found = pairs(plan, np.flatnonzero(small), (Net.OFFICE,))
    companies = np.unique(np.column_stack([found[:, 1], town.group[found[:, 0]]]), axis=0)
    joined = np.bincount(companies[:, 0])
    assert joined.max() >= 3


def test_agency_staff_are_seen_at_their_office_and_at_their_clients(plan: AddressPlan, town: Population) -> None:
    jobs = town.jobs
    clients = pairs(plan, town.of(Group.COMPANY), (Net.OFFICE, Net.DATACENTRE))
    staff = pairs(plan, town.of(Group.AGENCY), (Net.OFFICE, Net.DATACENTRE))
    seen = 0
    for account, company in zip(jobs.account[:200], jobs.company[:200], strict=True):
        theirs = clients[town.group[clients[:, 0]] == company, 1]
        seen += bool(np.isin(staff[staff[:, 0] == account, 1], theirs).any())
    assert seen > 150


def test_some_fleets_share_a_platforms_addresses_with_strangers(plan: AddressPlan, town: Population) -> None:
    found = pairs(plan, town.of(Group.AUTOMATION_FLEET), (Net.DATACENTRE,))
    fleets = np.unique(np.column_stack([found[:, 1], town.group[found[:, 0]]]), axis=0)
    joined = np.bincount(fleets[:, 0])
    assert joined.max() >= 2
    assert (joined[joined > 0] == 1).mean() > 0.5


def test_a_campus_keeps_to_its_range(plan: AddressPlan, town: Population) -> None:
    ranges = [
        set(pairs(plan, np.flatnonzero(town.group == g), (Net.OFFICE,))[:, 1].tolist())
        for g in town.groups_of(Group.CAMPUS)
    ]
    hotspots = set.intersection(*ranges)
    assert all(len(r - hotspots) >= 8 for r in ranges)
    used = np.concatenate([list(r - hotspots) for r in ranges])
    campus = np.unique(used, return_counts=True)[1]
    assert (campus == 1).mean() > 0.5
