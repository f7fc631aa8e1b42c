from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp

from linkage.rings.codelength import RATIOS
from linkage.rings.counts import World, groups_of, world_of
from linkage.rings.picks import InCommon, in_common, picks
from tests.rings.graphs import CONTENT, NETWORK, PAYMENT, Town


def slowly(cluster: dict[int, int], ring: dict[int, int]) -> float:
    """What a ring's picks save, by the formula: users by entity in the cluster, and in the ring."""
    n, links, best = sum(ring.get(e, 0) for e in cluster), sum(cluster.values()), 0.0
    for ratio in RATIOS:
        picked = [e for e in cluster if ring.get(e, 0) / cluster[e] > ratio]
        if not picked:
            continue
        x, rho = sum(ring[e] for e in picked) / n, sum(cluster[e] for e in picked) / links
        if x <= rho:
            continue
        rho = min(rho, 1 - 1e-12)
        bits = n * (x * math.log2(x / rho) + ((1 - x) * math.log2((1 - x) / (1 - rho)) if x < 1 else 0))
        naming = math.log2(math.comb(len(cluster), len(picked))) + math.log2(len(cluster) + 1) + 1
        best = max(best, bits - math.log2(n + 1) - naming)
    return best


def matrix(rows: list[dict[int, int]], entities: int) -> sp.csr_matrix:
    dense = np.zeros((len(rows), entities), dtype=np.int64)
    for number, row in enumerate(rows):
        dense[number, list(row)] = list(row.values())
    return sp.csr_matrix(dense)


@pytest.mark.parametrize("seed", range(8))
def test_bits_are_those_of_the_formula(seed: int) -> None:
    dice = np.random.default_rng(seed)
    clusters, rings = [], []
    for _ in range(2):
        common = dice.choice(40, 20, replace=False)
        own = [{int(e): int(dice.integers(1, 9)) for e in dice.choice(common, 8, replace=False)} for _ in range(3)]
        clusters.append({int(e): sum(ring.get(int(e), 0) for ring in own) for e in common})
        clusters[-1] = {e: users for e, users in clusters[-1].items() if users}
        rings += [ring | {int(e): 3 for e in range(40) if e not in common and dice.random() < 0.2} for ring in own]
    common_things = InCommon((matrix(clusters, 40),), np.array([0]), 1)
    home = np.array([0, 0, 0, 1, 1, 1])
    made = picks(common_things, [matrix(rings, 40)], home)[0]
    assert made == pytest.approx([slowly(clusters[h], ring) for h, ring in zip(home, rings, strict=True)], abs=1e-5)
    assert (made > 0).any()


def test_a_ring_that_uses_all_as_the_others_do_picks_nothing() -> None:
    cluster = dict.fromkeys(range(20), 8)
    common, home = InCommon((matrix([cluster], 20),), np.array([0]), 1), np.zeros(1, dtype=np.int64)
    made = picks(common, [matrix([dict.fromkeys(range(20), 4)], 20)], home)
    assert made.tolist() == [[0.0]]


def test_what_one_s_picks_say_is_a_code() -> None:
    """Of four entities one names a set and how many of its n links lead there: the sum of 2 ** -bits is under 1."""
    total = sum(
        2.0 ** -(math.log2(math.comb(4, len(named))) + math.log2(5) + math.log2(7) + 1)
        for size in range(5) for named in itertools.combinations(range(4), size) for _ in range(7)
    )
    assert total == pytest.approx(0.5), "the other half says that a ring picks nothing"


def test_a_family_counts_with_its_best_kind_and_profiles_are_those_of_the_score() -> None:
    town = Town(3, 600)
    town.use(CONTENT, range(40), town.fresh(CONTENT, 10), 4, only=True)
    town.use(PAYMENT, range(40), town.fresh(PAYMENT, 8), 1, only=True)
    world: World = world_of(town.graph())
    common = in_common(world, groups_of(np.where(np.arange(600) < 40, 0, -1), 1))
    families = [world.families[row] for row in common.family]
    assert sorted(families) == sorted(b.incidence.kind.family for b in world.kinds)
    used = {family: used.sum() for family, used in zip(families, common.used, strict=True)}
    assert used[CONTENT.family] == 160
    assert used.get(NETWORK.family, 0) == 0
    twice = InCommon(common.used * 2, np.tile(common.family, 2), common.families)
    rings = [(groups_of(np.where(np.arange(600) < 20, 0, -1), 1) @ b.counted).tocsr() for b in world.kinds]
    home = np.zeros(1, dtype=np.int64)
    assert picks(twice, rings * 2, home).tolist() == picks(common, rings, home).tolist()
