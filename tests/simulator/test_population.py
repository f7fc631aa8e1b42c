from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from linkage.simulator import WorldSpec
from linkage.simulator.population import Group, Population, plan_rings, populate
from linkage.simulator.spec import Mix
from linkage.simulator.streams import Streams

SIZES = {
    Group.INDIVIDUAL: (1, 1), Group.VPN_USER: (1, 1), Group.HOUSEHOLD: (2, 5), Group.OWN_ACCOUNTS: (2, 5),
    Group.COMPANY: (5, 200), Group.AUTOMATION_FLEET: (4, 60), Group.OPERATOR: (15, 1_500),
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


@pytest.mark.parametrize("accounts", [200, 313, 1_000])
def test_small_worlds_still_have_rings_and_individuals(accounts: int) -> None:
    people = populate(WorldSpec(accounts, 5), Streams(5))
    assert len(people.rings.size) >= 1
    assert len(people.of(Group.INDIVIDUAL)) > accounts * 0.3


def test_ring_sizes_are_heavy_tailed_and_alike_from_seed_to_seed() -> None:
    worlds = [plan_rings(7_200, Mix(), np.random.default_rng(seed)) for seed in range(20)]
    for rings in worlds:
        size = np.sort(rings.size)
        assert 7_200 - 15 < size.sum() <= 7_200
        assert size[0] >= 15
        assert 1_000 <= size[-1] <= 1_500
        assert np.median(size) < 50
    assert max(len(r.size) for r in worlds) < 1.5 * min(len(r.size) for r in worlds)


def test_who_evades_little_evades_much_too() -> None:
    worlds = [populate(WorldSpec(1_000, 3, evade), Streams(3)) for evade in (0.0, 0.3, 0.6, 1.0)]
    shares = [w.evades.mean() for w in worlds]
    assert shares[0] == 0.0
    assert shares[3] == 1.0
    assert np.allclose(shares[1:3], [0.3, 0.6], atol=0.03)
    for less, more in pairwise(worlds):
        assert np.array_equal(less.ring, more.ring)
        assert (more.evades | ~less.evades).all()


def test_evading_is_independent_between_kinds(people: Population) -> None:
    together = (people.evades[:, 0] & people.evades[:, 3]).mean()
    assert abs(together - 0.09) < 0.02


def test_pooled_and_own_accounts_partition_the_operators(people: Population) -> None:
    for column in range(4):
        pooled, own = people.pooled(column), people.on_their_own(column)
        assert len(np.intersect1d(pooled, own)) == 0
        assert np.array_equal(np.union1d(pooled, own[people.ring[own] >= 0]), np.flatnonzero(people.ring >= 0))
