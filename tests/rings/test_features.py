from __future__ import annotations

import math

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.model import Kind
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.features import Features, Members, creation_burst, features_of, support, with_clock
from linkage.rings.loads import Evenness
from linkage.rings.score import score
from linkage.rings.told import nothing_told
from tests.rings.graphs import DEVICE, NETWORK, PAYMENT, graph_of

SUBNET = Kind("subnet", "network", False)
MEMBERS = 40
SECONDS = st.one_of(st.integers(0, 20_000), st.just(math.nan))


def measured() -> Features:
    """40 members: one card for all but four who keep theirs, addresses by tens (with a crowd); ten have a subnet."""
    cards = [(a, 0 if a < MEMBERS - 4 else a) for a in range(2_000)] + [(a, 0) for a in range(100, 109)]
    addresses = [(a, a % 4 if a < MEMBERS else a) for a in range(2_000)]
    addresses += [(a, 5_000 + a) for a in range(20)]  # half of the members have another one at home
    subnets = [(a, 0) for a in range(10)]
    graph = graph_of(2_000, [(NETWORK, addresses), (PAYMENT, cards), (SUBNET, subnets)])
    world = world_of(graph)
    counts = count(world, groups_of(np.where(np.arange(2_000) < MEMBERS, 0, -1), 1))
    alike = Evenness(np.zeros(1), np.ones(1))
    told = Members(np.array([0.25]), np.array([0.125]), np.array([0.75]), alike, np.zeros(1))
    return features_of(world, counts, score(world, counts), told, nothing_told(1))


def test_features_by_hand() -> None:
    made = measured()
    assert made.size.tolist() == [40.0]
    assert made.members.support.tolist() == [0.75]
    pay, net = made.family("payment"), made.family("network")
    assert (pay.present[0], pay.join[0]) == (1.0, 36 / 40)
    assert (pay.top[0], pay.entities[0], pay.exclusive[0]) == (36.0, 1.0, 36 / 45)
    assert pay.purity[0] == 1.0, "who takes part has no other card"
    assert (net.present[0], net.join[0], net.entities[0], net.top[0]) == (1.0, 1.0, 4.0, 10.0)
    assert net.purity[0] == pytest.approx(40 / 60)
    assert net.exclusive[0] == 1.0
    assert made.bits[0] == pytest.approx(pay.bits[0] + net.bits[0] - 1), "addresses or subnets: one bit says which"
    assert pay.known.tolist() == [True]
    assert (pay.several[0], net.several[0]) == (0.0, 0.0)
    assert (pay.firm[0], net.firm[0]) == (1.0, 1.0)
    assert (pay.web[0], net.web[0]) == (1.0, 0.25), "one card, and four addresses of ten each"
    assert made.family("content").firm[0] == 0.0, "a kind that is not there"


def test_who_uses_several_entities_of_the_profile() -> None:
    """Ten members in a row: each pays by a card of its pair, four of them by the next pair's, too."""
    cards = [(a, a // 2) for a in range(10)] + [(a, a // 2 + 1) for a in (1, 3, 5, 7)]
    strangers = [(a, a) for a in range(10, 2_000)]
    world = world_of(graph_of(2_000, [(PAYMENT, cards + strangers)]))
    counts = count(world, groups_of(np.where(np.arange(2_000) < 10, 0, -1), 1))
    told = Members(np.zeros(1), np.zeros(1), np.ones(1), Evenness(np.zeros(1), np.ones(1)), np.zeros(1))
    pay = features_of(world, counts, score(world, counts), told, nothing_told(1)).family("payment")
    assert (pay.entities[0], pay.join[0], pay.several[0]) == (5.0, 1.0, 0.4)
    assert (pay.meeting[0], pay.places[0]) == (1.0, 5.0)


@pytest.mark.parametrize("seed", range(6))
def test_who_hangs_together_against_networkx(seed: int) -> None:
    """Two groups who draw one or two of their entities each, and use some of the other group's, too."""
    dice = np.random.default_rng(seed)
    uses = [(a, 30 * (a // 30) + int(e)) for a in range(60) for e in dice.integers(0, 30, dice.integers(1, 3))]
    uses += [(a, int(dice.integers(0, 60))) for a in range(0, 60, 7)] + [(a, a) for a in range(60, 2_000)]
    world = world_of(graph_of(2_000, [(PAYMENT, sorted(set(uses)))]))
    labels = np.where(np.arange(2_000) < 60, np.arange(2_000) // 30, -1)
    counts = count(world, groups_of(labels, 2))
    scored = score(world, counts)
    links = list(zip(*map(np.ndarray.tolist, world.kinds[0].counted.nonzero()), strict=True))
    told = Members(np.zeros(2), np.zeros(2), np.ones(2), Evenness(np.zeros(2), np.ones(2)), np.zeros(2))
    web = features_of(world, counts, scored, told, nothing_told(2)).family("payment").web
    for group in range(2):
        here = (counts.kinds[0].group == group) & scored.kinds[0].chosen
        profile = set(counts.kinds[0].entity[here].tolist())
        pairs = networkx.Graph((f"account {a}", e) for a, e in links if a // 30 == group and e in profile)
        parts = [sum(isinstance(node, str) for node in part) for part in networkx.connected_components(pairs)]
        assert web[group] == max(parts) / sum(parts)
    assert web.min() < 1


def test_cards_and_addresses_together_make_a_whole_of_what_neither_connects() -> None:
    """Twelve accounts: a card for every three, an address for every two, or for every three of the same; one device."""
    others = [(a, a + 100) for a in range(24, 2_000)]
    cards, homes = [(a, a // 3) for a in range(24)], [(a, a // 2 if a < 12 else a // 3) for a in range(24)]
    device = [(a, 0) for a in range(24)]
    kinds = [(PAYMENT, cards + others), (NETWORK, homes + others), (DEVICE, device + others)]
    world = world_of(graph_of(2_000, kinds))
    counts = count(world, groups_of(np.where(np.arange(2_000) < 24, np.arange(2_000) // 12, -1), 2))
    told = Members(np.zeros(2), np.zeros(2), np.ones(2), Evenness(np.zeros(2), np.ones(2)), np.zeros(2))
    made = features_of(world, counts, score(world, counts), told, nothing_told(2))
    assert made.family("payment").web.tolist() == [0.25, 0.25]
    assert made.whole.tolist() == [0.5, 0.25], "six hang together by a card that both parties of an address use"


def test_who_meets_another_member_at_what_the_profile_does_not_hold() -> None:
    """Four of ten members share two entities that a hundred others use, too: no evidence, but a place to meet."""
    uses = [(a, a) for a in range(2_000)] + [(0, 1), (2, 5_000), (3, 5_000)]
    uses += [(a, 1) for a in range(200, 300)] + [(a, 5_000) for a in range(50, 150)]
    world = world_of(graph_of(2_000, [(PAYMENT, uses)]))
    counts = count(world, groups_of(np.where(np.arange(2_000) < 10, 0, -1), 1))
    told = Members(np.zeros(1), np.zeros(1), np.ones(1), Evenness(np.zeros(1), np.ones(1)), np.zeros(1))
    pay = features_of(world, counts, score(world, counts), told, nothing_told(1)).family("payment")
    assert (pay.entities[0], pay.meeting[0], pay.places[0]) == (0.0, 0.4, 2.0)


def test_a_family_is_seen_through_its_stronger_kind() -> None:
    assert measured().family("network").present.tolist() == [1.0], "addresses, not the subnets that ten have"


def test_a_family_that_the_data_lack_is_all_zeros() -> None:
    none = measured().family("content")
    assert not any(getattr(none, name).any() for name in none.__dataclass_fields__)
    assert none.known.tolist() == [False]


def slow_burst(seconds: list[float]) -> float:
    """The largest share of creations in any hour that starts at one of them."""
    known = [s for s in seconds if not math.isnan(s)]
    return max((sum(s <= x <= s + 3600 for x in known) for s in known), default=0) / max(len(seconds), 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(SECONDS, min_size=1, max_size=8), min_size=1, max_size=5))
def test_busiest_hour_against_a_slow_count(groups: list[list[float]]) -> None:
    created = np.array([s for seconds in groups for s in seconds], dtype=np.float64)
    group = np.repeat(np.arange(len(groups)), [len(seconds) for seconds in groups])
    made = creation_burst(created, np.arange(len(created)), group, len(groups))
    assert made.tolist() == pytest.approx([slow_burst(seconds) for seconds in groups])


def test_busiest_hour_of_nobody() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    assert creation_burst(None, np.arange(3), np.zeros(3, dtype=np.int64), 2).tolist() == [0.0, 0.0]
    assert creation_burst(np.array([1.0, 2.0]), nobody, nobody, 1).tolist() == [0.0]
    assert creation_burst(np.full(3, np.nan), np.arange(3), np.zeros(3, dtype=np.int64), 1).tolist() == [0.0]


def test_the_length_of_the_window_decides() -> None:
    created, group = np.array([0.0, 1_800.0, 90_000.0]), np.zeros(3, dtype=np.int64)
    assert creation_burst(created, np.arange(3), group, 1).tolist() == [2 / 3]
    assert creation_burst(created, np.arange(3), group, 1, 600.0).tolist() == [1 / 3]


DAY, HOUR = 86_400.0, 3_600.0


@pytest.mark.parametrize("midnight", [0.0, -2 * HOUR, 5.5 * HOUR, 5.75 * HOUR], ids=["UTC", "Cairo", "Mumbai", "Nepal"])
def test_dates_tell_no_minutes(midnight: float) -> None:
    dates = np.arange(50) // 5 * DAY + midnight
    assert with_clock(dates) is None
    dates[20:] += HOUR  # summer time begins
    assert with_clock(dates) is None
    assert with_clock(np.append(dates, [np.nan] * 50)) is None, "unknown creations say nothing of the others"
    assert with_clock(np.append(dates, 7.0)) is None, "one that was entered otherwise changes nothing"


def test_times_do_also_when_rounded_to_minutes() -> None:
    seconds = np.random.default_rng(5).uniform(0, 90 * DAY, 1_000)
    for times in (seconds, np.round(seconds), np.round(seconds / 60) * 60):
        assert with_clock(times) is times
    assert with_clock(np.round(seconds / HOUR) * HOUR) is None
    assert with_clock(None) is None
    assert with_clock(np.full(3, np.nan)) is None


def test_support_by_hand() -> None:
    """Kinds: 0 and 1 of one family, 2 of another. Ring 0 rests on the first family, ring 1 on the second."""
    bits = np.array([[5.0, 5.0, -1.0, 0.0], [0.0, -1.0, 9.0, -1.0], [3.0, -2.0, 4.0, 8.0]])
    group = np.array([0, 0, 1, 1])
    made = support(bits, [np.array([0, 1]), np.array([2])], np.array([0, 1]), group, 3)
    assert made.tolist() == [0.5, 0.5, 0.0]
