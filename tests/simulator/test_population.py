from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from linkage.simulator import Preset, WorldSpec
from linkage.simulator.population import Duty, Group, Population, populate
from linkage.simulator.streams import Streams

SIZES = {
    Group.INDIVIDUAL: (1, 1), Group.VPN_USER: (1, 1), Group.HOUSEHOLD: (2, 5), Group.OWN_ACCOUNTS: (2, 5),
    Group.COMPANY: (5, 200), Group.AGENCY: (5, 60), Group.AUTOMATION_FLEET: (4, 60), Group.OPERATOR: (15, 1_500),
}


def test_every_account_is_in_one_group_of_a_fitting_size(people: Population, spec: WorldSpec) -> None:
    assert people.accounts == spec.accounts == people.group_size.sum()
    assert np.array_equal(np.bincount(people.group), people.group_size)
    assert np.array_equal(people.group_kind[people.group], people.kind)
    for kind, (smallest, largest) in SIZES.items():
        size = people.group_size[people.groups_of(kind)]
        assert size.min() >= smallest, kind
        assert size.max() <= largest, kind


def test_rings_are_the_operators_groups(people: Population) -> None:
    assert np.array_equal(people.ring >= 0, people.kind == Group.OPERATOR)
    assert np.array_equal(np.bincount(people.ring[people.ring >= 0]), people.rings.size)
    assert 0.08 < (people.ring >= 0).mean() < 0.13
    assert set(people.rings.operator) == set(range(people.rings.operators))
    assert np.bincount(people.rings.operator).max() <= 6


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("accounts", [200, 313, 1_000])
def test_small_worlds_still_have_rings_and_individuals(accounts: int, preset: Preset) -> None:
    people = populate(WorldSpec(accounts, 5, preset=preset), Streams(5))
    assert people.accounts == accounts
    assert (len(people.rings.size) >= 1) == (preset != Preset.HONEST)
    assert len(people.of(Group.INDIVIDUAL)) > accounts * 0.3


def test_who_evades_little_evades_much_too() -> None:
    worlds = [populate(WorldSpec(1_000, 3, evade), Streams(3)) for evade in (0.0, 0.3, 0.6, 1.0)]
    shares = [w.evades.mean() for w in worlds]
    assert shares[0] == 0.0
    assert shares[3] == 1.0
    assert np.allclose(shares[1:3], [0.3, 0.6], atol=0.03)
    for less, more in pairwise(worlds):
        assert np.array_equal(less.ring, more.ring)
        assert (more.evades | ~less.evades).all()


def test_a_rate_for_one_kind_leaves_the_others_alone() -> None:
    plain = populate(WorldSpec(4_000, 3, 0.3), Streams(3))
    ip = populate(WorldSpec(4_000, 3, 0.3, evade_kinds={"ip": 0.9}), Streams(3))
    assert ip.evades[:, 1].mean() == pytest.approx(0.9, abs=4 * (0.09 / 4_000) ** 0.5)
    assert np.array_equal(ip.evades[:, [0, 2, 3]], plain.evades[:, [0, 2, 3]])
    assert (ip.evades[:, 1] | ~plain.evades[:, 1]).all()


def test_evading_is_independent_between_kinds(people: Population) -> None:
    together = (people.evades[:, 0] & people.evades[:, 3]).mean()
    assert abs(together - 0.09) < 0.02


def test_pooled_and_own_accounts_partition_the_operators(people: Population) -> None:
    for column in range(4):
        pooled, own = people.pooled(column), people.on_their_own(column)
        assert len(np.intersect1d(pooled, own)) == 0
        assert np.array_equal(np.union1d(pooled, own[people.ring[own] >= 0]), np.flatnonzero(people.ring >= 0))


def test_replacements_stand_in_for_one_account_of_their_ring_each(people: Population) -> None:
    new = np.flatnonzero(people.replaces >= 0)
    old = people.replaces[new]
    assert 0.1 < len(new) / people.rings.size.sum() < 0.3
    assert np.array_equal(people.ring[new], people.ring[old])
    assert len(np.unique(old)) == len(old)
    assert (people.place[old] < people.place[new]).all()
    assert (people.duty[np.union1d(new, old)] == Duty.WORKER).all()


def test_agency_staff_work_for_companies_of_their_agency(people: Population) -> None:
    jobs = people.jobs
    assert np.array_equal(np.unique(jobs.account), people.of(Group.AGENCY))
    assert (people.group_kind[jobs.company] == Group.COMPANY).all()
    assert 1.5 < len(jobs.account) / len(people.of(Group.AGENCY)) < 2.1
    for agency in people.groups_of(Group.AGENCY):
        assert len(np.unique(jobs.company[people.group[jobs.account] == agency])) <= 8


def test_victims_are_honest_people_and_as_many_as_asked_for() -> None:
    people = populate(WorldSpec(2_000, 3, plant=2, plant_victims=40), Streams(3))
    victims = np.flatnonzero(people.framer >= 0)
    assert len(victims) == 40
    assert np.isin(people.kind[victims], (Group.INDIVIDUAL, Group.VPN_USER)).all()
    assert (populate(WorldSpec(2_000, 3, plant_victims=40), Streams(3)).framer == -1).all()


def test_a_world_without_operators_has_none() -> None:
    people = populate(WorldSpec(2_000, 3, preset=Preset.HONEST), Streams(3))
    assert people.rings.operators == len(people.rings.size) == len(people.of(Group.OPERATOR)) == 0
