"""Cards clear whom cleared accounts pay with, and nobody else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.model import Kind
from linkage.rings.counts import ring_world
from linkage.rings.vouched import vouched_for
from tests.rings.graphs import graph_of

CARD, IP, DEVICE = Kind("card", "payment", False), Kind("ip", "network", False), Kind("device", "device", True)


def told(
    uses: list[tuple[int, int]], cleared: dict[int, int], kind: Kind = CARD, tied: dict[int, int] | None = None
) -> set[int]:
    """Who is vouched for, of twelve; ``cleared`` says of which ring an account is, ``tied`` to which one is tied."""
    accounts = 12
    world = ring_world(graph_of(accounts, [(kind, uses), (DEVICE, [(a, 0) for a in range(accounts)])]))
    ring = np.array([cleared.get(a, -1) for a in range(accounts)])
    other = np.array([(tied or {}).get(a, -1) for a in range(accounts)])
    return set(np.flatnonzero(vouched_for(world, ring, other)).tolist())


def card(*accounts: int, number: int = 0) -> list[tuple[int, int]]:
    return [(account, number) for account in accounts]


TWO = {0: 0, 1: 0}


def test_two_cleared_ones_vouch_for_who_pays_with_them() -> None:
    assert told(card(0, 1, 2), TWO) == {2}
    assert told(card(0, 1, 2), {}) == set()


def test_one_cleared_one_vouches_for_nobody() -> None:
    """It may be in its ring by mistake, and the other one its spouse."""
    assert told(card(0, 2), TWO) == set()
    assert told(card(0, 2) + card(1, 2, number=1), TWO) == set(), "nor two with a card each"


def test_one_cleared_one_vouches_for_who_is_tied_to_its_ring_otherwise() -> None:
    assert told(card(0, 2), TWO, tied={2: 0, 3: 0}) == {2}
    assert told(card(0, 2), TWO, tied={2: 1}) == set(), "another ring's account may have lent it"
    assert told(card(0, 2, 3, 4), TWO, tied={2: 0, 3: 0, 4: 0}) == set(), "one of three others"
    assert told(card(0, 2, 3), TWO, tied={2: 0}) == {2}, "half of the others, who are not tied themselves"
    assert told(card(0, 2), TWO, IP, tied={2: 0}) == set()
    assert told(card(2, 3), TWO, tied={2: 0, 3: 0}) == set(), "two who could both be victims"


def test_the_two_are_of_one_ring() -> None:
    """A reseller's card has buyers in several rings, and honest ones."""
    assert told(card(0, 1, 2), {0: 0, 1: 1}) == set()
    assert told(card(0, 1, 2, 3), {0: 0, 1: 0, 3: 1}) == {2}


def test_they_are_half_of_the_others() -> None:
    assert told(card(0, 1, 2, 3, 4), TWO) == {2, 3, 4}
    assert told(card(0, 1, 2, 3, 4, 5), TWO) == set()
    assert told(card(0, 1, 2, 3, 4, 5), {**TWO, 5: 1}) == set(), "others' members are no reason to trust it"


@pytest.mark.parametrize("kind", [IP, DEVICE, Kind("card", "payment", True)])
def test_addresses_and_what_anyone_can_put_on_a_stranger_vouch_for_nobody(kind: Kind) -> None:
    assert told(card(0, 1, 2), TWO, kind) == set()


def test_who_is_vouched_for_vouches_for_nobody() -> None:
    assert told(card(0, 1, 2) + card(2, 3, 4, number=1) + card(2, 3, 5, number=2), TWO) == {2}


@given(
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 4)), min_size=1),
    st.dictionaries(st.integers(0, 11), st.integers(0, 2)),
    st.dictionaries(st.integers(0, 11), st.integers(0, 3)),
)
def test_against_a_slow_count(uses: set[tuple[int, int]], cleared: dict[int, int], tied: dict[int, int]) -> None:
    expected = set()
    for account in set(range(12)) - set(cleared):
        for thing in {t for a, t in uses if a == account}:
            others = {a for a, t in uses if t == thing and a != account}
            for ring in range(3):
                theirs = [a for a in others if cleared.get(a) == ring]
                enough = 1 if tied.get(account) == ring else 2
                if len(theirs) >= enough and 2 * len(theirs) >= len(others):
                    expected.add(account)
    assert told(sorted(uses), cleared, tied=tied) == expected
