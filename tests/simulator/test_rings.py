from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from linkage.simulator import Preset
from linkage.simulator.presets import KNOWN, MARKET, MIXES
from linkage.simulator.rings import NOBODY, Rings, plan_rings, ring_sizes


def planned(preset: Preset, total: int, seed: int = 1) -> Rings:
    return plan_rings(total, MIXES[preset], np.random.default_rng(seed))


def test_ring_sizes_are_heavy_tailed_and_alike_from_seed_to_seed() -> None:
    worlds = [np.sort(ring_sizes(MARKET, 7_200, np.random.default_rng(seed))) for seed in range(20)]
    for size in worlds:
        assert 7_200 - 15 < size.sum() <= 7_200
        assert size[0] >= 15
        assert 1_000 <= size[-1] <= 1_500
        assert np.median(size) < 50
    assert max(map(len, worlds)) < 1.5 * min(map(len, worlds))


def test_the_known_operators_keep_their_proportions() -> None:
    rings = planned(Preset.CAMPAIGN, 49_000)
    accounts = np.bincount(rings.operator, rings.size)
    assert accounts == pytest.approx([25_000, 18_852, 4_931, 217], rel=0.06)
    assert planned(Preset.CAMPAIGN, 1_200).size.min() >= 10
    assert np.bincount(rings.operator)[:3].min() >= 4


def test_relays_have_five_to_twelve_accounts() -> None:
    size = planned(Preset.FAT, 900).size
    assert size.min() >= 5
    assert size.max() <= 12


def test_a_proxy_serves_two_operators_and_innocent_customers() -> None:
    rings = planned(Preset.MIXED_PROXY, 2_000)
    (proxy,) = rings.proxies
    rows = rings.service.ring == proxy
    assert rings.service.operator[rows].tolist() == [0, 1, NOBODY]
    assert rings.service.share[rows] == pytest.approx([0.39, 0.26, 0.35])
    assert rings.operator[proxy] == 0
    own = np.delete(rings.operator, proxy)
    assert (own == 0).sum() >= 1
    assert (own == 1).sum() >= 1


def test_a_proxy_carries_in_the_shares_that_are_given() -> None:
    rings = planned(Preset.SEED_SCALE, 49_000)
    (proxy,) = rings.proxies
    rows = rings.service.ring == proxy
    assert rings.size[proxy] == 20_000
    assert rings.service.operator[rows].tolist() == [1, 2, NOBODY]
    first, second, innocent = rings.service.share[rows]
    assert innocent == pytest.approx(0.2)
    assert first / second == pytest.approx((13_000 - 2.7 * 689.58) / (3_400 - 1.083 * 689.58), rel=1e-4)


@pytest.mark.parametrize("preset", Preset)
def test_every_ring_serves_in_full(preset: Preset) -> None:
    rings = planned(preset, 2_000)
    service = rings.service
    assert np.bincount(service.ring, service.share, len(rings.size)) == pytest.approx(np.ones(len(rings.size)))
    first = np.searchsorted(service.ring, np.arange(len(rings.size)))
    assert np.array_equal(service.operator[first], rings.operator)
    assert set(rings.operator) == set(range(rings.operators))
    assert len(rings.proxies) == (preset in (Preset.MIXED_PROXY, Preset.SEED_SCALE))


def test_the_dominant_operator_has_three_quarters_in_few_huge_rings() -> None:
    rings = planned(Preset.DOMINANT, 7_800)
    accounts = np.bincount(rings.operator, rings.size)
    assert accounts[0] == pytest.approx(6_000, rel=0.1)
    assert (rings.operator == 0).sum() <= 7
    assert accounts[1:].max() < 1_200


def test_only_the_dominant_operator_balances_and_only_the_factory_signs_up_at_once() -> None:
    for preset in Preset:
        rings = planned(preset, 2_000)
        assert np.array_equal(rings.balanced, (rings.operator == 0) & (preset == Preset.DOMINANT))
        assert np.array_equal(rings.factory, (rings.operator == 0) & (preset == Preset.FACTORY))


def test_a_larger_share_gives_larger_rings() -> None:
    halves = [replace(KNOWN[0], largest_share=share) for share in (0.1, 0.3, 0.6)]
    largest = [int(ring_sizes(o, 5_000, np.random.default_rng(2)).max()) for o in halves]
    assert all(less < more for less, more in pairwise(largest))
