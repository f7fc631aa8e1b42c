from __future__ import annotations

import numpy as np
import pytest

from linkage.model import Known, Verdict
from linkage.rings.counts import World, count, groups_of, world_of
from linkage.rings.score import score
from linkage.rings.told import GROUPS, Told, nothing_told, told_of
from tests.rings.graphs import NETWORK, PAYMENT, graph_of

ACCOUNTS, SIZE = 600, 20
LABELS = np.where(np.arange(ACCOUNTS) < 2 * SIZE, np.arange(ACCOUNTS) // SIZE, -1)


@pytest.fixture(scope="module")
def world() -> World:
    """Two rings of 20 on one card each; the first on addresses 0 to 3, five members each, the second on one."""
    addresses = [(a, a % 4 if a < SIZE else 4 if a < 2 * SIZE else a) for a in range(ACCOUNTS)]
    cards = [(a, a // SIZE if a < 2 * SIZE else a) for a in range(ACCOUNTS)]
    return world_of(graph_of(ACCOUNTS, [(NETWORK, addresses), (PAYMENT, cards)]))


def told(world: World, labels: list[tuple[int, str]], lists: dict[int, str] | None = None) -> Told:
    """What labels of accounts and lists (address: name of the list) say of the two rings."""
    lists = lists or {}
    counts = count(world, groups_of(LABELS, 2))
    numbers = world.kinds[0].incidence.entities
    known = Known(
        np.array([a for a, _ in labels], dtype=np.int64), [label for _, label in labels],
        numbers[list(lists)] if lists else np.zeros(0, dtype=np.int64), list(lists.values()),
    )  # fmt: skip
    return told_of(known, world, counts, score(world, counts), LABELS)


def test_labels_are_shares_of_the_members(world: World) -> None:
    made = told(world, [
        (0, "staff"), (0, "Confirmed-Honest"), (1, "red team"), (2, "banned"), (SIZE, "blocked"), (3, "vip"),
        (500, "honest"),
    ])  # fmt: skip
    assert made.cleared.tolist() == [2 / SIZE, 0], "an account counts once, strangers do not"
    assert made.accused.tolist() == [1 / SIZE, 1 / SIZE]
    assert made.grouped(Verdict.ORGANISATION).tolist() == [2 / SIZE, 0], "the service's own"
    assert made.said == [
        "; labels clear 2 of 20 members; labels accuse 1 of 20 members", "; labels accuse 1 of 20 members"
    ]  # fmt: skip


def test_the_known_group_with_most_members_counts(world: World) -> None:
    groups = [(a, "group:Acme") for a in range(12)] + [(a, "company: Bolt") for a in range(12, 17)]
    groups += [(SIZE + a, " Campus:North ; x") for a in range(5)] + [(4, "group:Acme")]
    made = told(world, groups)
    assert made.grouped(Verdict.ORGANISATION).tolist() == [12 / SIZE, 0]
    assert made.grouped(Verdict.CAMPUS).tolist() == [0, 5 / SIZE]
    assert made.said == [
        "; 12 of 20 members are known as 'group:Acme'", "; 5 of 20 members are known as 'Campus:North , x'"
    ]  # fmt: skip
    assert not made.cleared.any()


def test_other_labels_are_no_groups(world: World) -> None:
    made = told(world, [(0, "tier:gold"), (1, "group:"), (2, ":x"), (3, "group")])
    assert not any(share.any() for share in made.groups.values())
    assert made.said == ["", ""]


def test_every_group_is_of_an_innocent_explanation() -> None:
    assert not {Verdict.SUSPECT, Verdict.UNDETERMINED} & set(GROUPS.values())


def test_rented_is_the_share_of_uses_of_the_profile_s_addresses(world: World) -> None:
    made = told(world, [], {0: "vpn", 1: "Data-Centre", 2: "offices", 300: "vpn"})
    assert made.rented.tolist() == [0.5, 0], "two of four addresses, five uses each; offices are not for rent"
    assert made.said == ["; 50% of the uses of its addresses are in lists of networks for rent", ""]


def test_nothing_told_is_nothing(world: World) -> None:
    counts = count(world, groups_of(LABELS, 2))
    for made in (told_of(None, world, counts, score(world, counts), LABELS), nothing_told(2), told(world, [])):
        assert not any(x.any() for x in (made.cleared, made.accused, made.rented, *made.groups.values()))
        assert made.said == ["", ""]
