from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from linkage.model import AccountGraph, BystanderReason
from linkage.rings.codes import ENTITY_CODE
from linkage.rings.counts import World, count, groups_of, world_of
from linkage.rings.profile import Pairs, Profiles, member_pairs, profiles, touching_pairs
from linkage.rings.score import Score, score
from linkage.rings.tables import Found, ring_tables
from linkage.rings.verdicts import Verdicts
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of
from tests.rings.slow import SlowKind, entity_gains, members_using, rate, slow_kinds

SIZE, SECOND = 40, 24
CODES = ("part", "entity", "pool", "outside")


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    town = Town(6, 900)
    town.plant(range(SIZE), evaders=10)
    town.plant(range(SIZE, SIZE + SECOND))
    town.use(DEVICE, range(20), town.fresh(DEVICE, 1), 1)
    town.use(PAYMENT, range(SIZE + SECOND, SIZE + SECOND + 20), town.fresh(PAYMENT, 5), 1, only=True)
    used = {kind: sorted({e for a, e in town.links[kind] if a < SIZE}) for kind in (PAYMENT, CONTENT)}
    town.use(PAYMENT, [100, 101], used[PAYMENT][-3:], 1)  # strangers on its cards
    town.use(CONTENT, range(400, 600), used[CONTENT], 1)  # and on its templates
    exit_node = town.fresh(NETWORK, 1)
    town.use(NETWORK, [*range(SIZE, SIZE + SECOND), *range(500, 700)], exit_node, 1)  # a crowd on the other's address
    return town.graph()


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """Two planted rings; account 300 is in the first one by mistake, and 39 is left out of it."""
    made = np.full(900, -1)
    made[:SIZE], made[SIZE : SIZE + SECOND] = 0, 1
    made[300], made[39] = 0, -1
    return made


def measure(graph: AccountGraph, labels: np.ndarray, few: bool = False) -> tuple[World, Score, Profiles]:
    world = replace(world_of(graph), few=few)
    counts = count(world, groups_of(labels, int(labels.max()) + 1))
    scored = score(world, counts)
    return world, scored, profiles(world, counts, scored)


def published_profiles(graph: AccountGraph, labels: np.ndarray, few: bool = False) -> pa.Table:
    """The table `profiles` as the stage writes it."""
    world, scored, made = measure(graph, labels, few)
    groups = int(labels.max()) + 1
    none = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((len(world.kinds) + 1, 0)))
    open_case, unfit = ["undetermined"] * groups, np.full(groups, np.nan)
    words = Verdicts(open_case, open_case, [""] * groups, unfit, unfit)
    rest = (words, np.ones(groups), np.zeros(groups, int))
    nobody = np.zeros(0, bool)
    beside = dict.fromkeys(BystanderReason, nobody)
    found = Found(count(world, groups_of(labels, groups)), scored, made, none, nobody, beside, False, none, *rest)
    return ring_tables(world, found)["profiles"]


def terms_by_ring(graph: AccountGraph, labels: np.ndarray, few: bool = False) -> dict[int, list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = published_profiles(graph, labels, few).to_pylist()
    return {ring: [row for row in rows if row["ring"] == ring] for ring in range(int(labels.max()) + 1)}


def log_odds(terms: list[dict[str, Any]], uses: dict[str, set[int]]) -> float:
    """The log-odds of an account from the terms of one ring, as model.PROFILES says they are summed."""
    total = sum(t["bits_in"] for t in terms if t["code"] == "prior")
    for kind, used in uses.items():
        of = {code: [t for t in terms if (t["kind"], t["code"]) == (kind, code)] for code in CODES}
        if not used or not of["part"]:
            continue
        if not used & {t["entity"] for t in of["entity"] + of["pool"]}:
            total += of["part"][0]["bits_out"]
            continue
        total += of["part"][0]["bits_in"]
        total += sum(t["bits_in"] if t["entity"] in used else t["bits_out"] for t in of["entity"])
        total += sum(t["bits_in"] for t in of["pool"] if t["entity"] in used)
        leading_out = used - {t["entity"] for t in of["pool"]}
        total += sum(t["bits_out"] for t in of["outside"]) * len(leading_out)
    return float(total)


def uses_of(graph: AccountGraph, account: int) -> dict[str, set[int]]:
    return {i.kind.name: set(i.entities[i.matrix[account].indices].tolist()) for i in graph.kinds}


@pytest.mark.parametrize("few", [False, True])
def test_strangers_log_odds_are_the_sum_of_the_published_terms(
    graph: AccountGraph, labels: np.ndarray, few: bool
) -> None:
    world, _, made = measure(graph, labels, few)
    terms = terms_by_ring(graph, labels, few)
    pairs = touching_pairs(world, made, labels)
    strangers = np.flatnonzero(labels[pairs.account] != pairs.group)
    assert len(strangers) > 200
    for i in strangers:
        expected = log_odds(terms[pairs.group[i]], uses_of(graph, int(pairs.account[i])))
        assert pairs.total[i] == pytest.approx(expected, abs=1e-9)


def test_terms_of_a_named_entity_by_hand() -> None:
    """A stranger that uses it is left out of its users; for one that does not, all users outside the group count.

    10 members with three addresses of their own and one in common, which 5 of 490 strangers use as well; strangers have
    four of their own.
    """
    own = [(a, 1 + 4 * a + i) for a in range(500) for i in range(3 if a < 10 else 4)]
    shared = [(a, 0) for a in [*range(10), *range(100, 105)]]
    graph = graph_of(500, [(NETWORK, own + shared)])
    terms = terms_by_ring(graph, np.where(np.arange(500) < 10, 0, -1))[0]
    assert {t["code"] for t in terms} == {"prior", "entity", "part"}
    named = next(t for t in terms if t["code"] == "entity")
    part = next(t for t in terms if t["code"] == "part")
    links_outside, p = 490 * 4 + 5, 10.5 / 11
    stranger = 1 - math.exp(-4.5 * 40 / (links_outside * 10))
    anybody = 1 - math.exp(-5.5 * 40 / (links_outside * 10))
    assert named["bits_in"] == pytest.approx(math.log2(p / stranger), abs=1e-5)
    assert named["bits_out"] == pytest.approx(math.log2((1 - p) / (1 - anybody)), abs=1e-5)
    assert (part["bits_in"], part["bits_out"]) == pytest.approx((math.log2(10.5 / 11), math.log2(0.5 / 11)), abs=1e-5)


def test_every_account_that_touches_a_profile_is_paired_once(graph: AccountGraph, labels: np.ndarray) -> None:
    world, _, made = measure(graph, labels)
    terms = terms_by_ring(graph, labels)
    pairs = touching_pairs(world, made, labels)
    got = list(zip(pairs.account.tolist(), pairs.group.tolist(), strict=True))
    profile = {ring: {t["entity"] for t in rows} - {None} for ring, rows in terms.items()}
    expected = [
        (a, ring)
        for a in range(graph.accounts)
        for ring, entities in sorted(profile.items())
        if entities & set().union(*uses_of(graph, a).values())
    ]
    assert got == expected


def slow_named_bits(kind: SlowKind, members: list[int], account: int) -> float:
    """One kind in entity code, a member's bits: the member itself is left out of p, strangers' rate q outside."""
    group = set(members)
    having = [a for a in members if kind.uses[a]]
    first = entity_gains(kind, group, having)
    joining = members_using(kind, members, set(first))
    named = set(entity_gains(kind, group, joining)) & set(first)
    s, n = len(joining), sum(len(kind.uses[a]) for a in joining)
    outside_links = sum(kind.users.values()) - sum(len(kind.uses[a]) for a in having)
    if not kind.uses[account]:
        return 0.0
    pi = (s + 0.5) / (len(having) + 1)
    if not kind.uses[account] & named:
        return math.log2(1 - pi)
    total = math.log2(pi)
    for entity in named:
        k = sum(entity in kind.uses[a] for a in members)
        q = rate(kind.users[entity] - k + 0.5, outside_links, n, s)
        without_me, everybody = (k - 1 + 0.5) / (s - 1 + 1), (k + 0.5) / (s + 1)
        used = entity in kind.uses[account]
        total += math.log2(max(without_me, 0.5 / s) / q) if used else math.log2((1 - everybody) / (1 - q))
    return total


def test_members_are_left_out_of_the_rates_that_speak_for_them(graph: AccountGraph, labels: np.ndarray) -> None:
    world, scored, made = measure(graph, labels)
    account = np.flatnonzero(labels >= 0)
    pairs = member_pairs(world, made, account, labels[account])
    terms = terms_by_ring(graph, labels)
    named, pooled = 0, 0
    for row, (kind, slow) in enumerate(zip(scored.kinds, slow_kinds(graph), strict=True)):
        for i, (a, ring) in enumerate(zip(account.tolist(), labels[account].tolist(), strict=True)):
            if kind.ratio[ring] == ENTITY_CODE and kind.bits[ring] > 0:
                members = np.flatnonzero(labels == ring).tolist()
                assert pairs.bits[row, i] == pytest.approx(slow_named_bits(slow, members, a), abs=1e-4)
                named += 1
            elif kind.bits[ring] > 0:
                asked = {slow.name: uses_of(graph, a)[slow.name]}
                expected = log_odds([t for t in terms[ring] if t["code"] != "prior"], asked)
                assert pairs.bits[row, i] == pytest.approx(expected, abs=1e-9), "pools leave nobody out"
                pooled += 1
    assert named >= 40
    assert pooled > 100
    priors = [math.log2((labels == g).sum() / 900) for g in labels[account]]
    assert pairs.bits[-1].tolist() == pytest.approx(priors, abs=1e-5)


def test_both_ways_of_asking_agree_on_members(graph: AccountGraph, labels: np.ndarray) -> None:
    world, _, made = measure(graph, labels)
    touching = touching_pairs(world, made, labels)
    own = labels[touching.account] == touching.group
    account = touching.account[own]
    asked = member_pairs(world, made, account, labels[account])
    assert asked.bits.tolist() == touching.bits[:, own].tolist()


def test_members_and_strangers_fall_on_their_sides(graph: AccountGraph, labels: np.ndarray) -> None:
    world, _, made = measure(graph, labels)
    pairs = touching_pairs(world, made, labels)
    total = {(int(a), int(g)): t for a, g, t in zip(pairs.account, pairs.group, pairs.total, strict=True)}
    assert min(total[a, 0] for a in range(39)) > 0, "evaders of cards too"
    assert total[39, 0] > 10, "a member that was left out"
    assert total.get((300, 0), -1.0) < 0, "a stranger that was put in"
    assert max(t for (a, _), t in total.items() if a >= SIZE + SECOND) < 0


def test_who_does_not_have_a_kind_is_not_asked_about_it() -> None:
    """Missing is not non-use: without cards the log-odds have no term for cards; with another card they have one."""
    pairs = [(a, 0 if a < 8 else a) for a in range(500)]
    cards = [(a, 0 if a < 7 else a) for a in range(500) if a != 7]
    labels = np.where(np.arange(500) < 8, 0, -1)
    for links, expected in ((cards, 0.0), ([*cards, (7, 499)], math.log2(1 - 7.5 / 9))):
        world, _, made = measure(graph_of(500, [(NETWORK, pairs), (PAYMENT, links)]), labels)
        assert member_pairs(world, made, np.array([7]), np.array([0])).bits[1, 0] == pytest.approx(expected, abs=1e-5)


def test_an_operator_is_not_hidden_by_its_own_hub() -> None:
    """A card pool that half of all accounts use still ties its users: strangers are compared with, not everybody."""
    pairs = [(a, a % 10) if a < 400 else (a, a) for a in range(800)]
    labels = np.where(np.arange(800) < 400, 0, -1)
    world, _, made = measure(graph_of(800, [(PAYMENT, pairs)]), labels)
    bits = member_pairs(world, made, np.arange(400), np.zeros(400, dtype=np.int64)).bits[0]
    assert bits.min() > 5


def test_a_silent_kind_says_nothing() -> None:
    pairs = [(a, a) for a in range(200)]
    labels = np.where(np.arange(200) < 5, 0, -1)
    world, _, made = measure(graph_of(200, [(PAYMENT, pairs)]), labels)
    assert not member_pairs(world, made, np.arange(5), np.zeros(5, dtype=np.int64)).bits[0].any()
    assert len(touching_pairs(world, made, labels).account) == 0
