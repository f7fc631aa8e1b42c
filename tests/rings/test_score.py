from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.communities import proposer
from linkage.config import Proposers
from linkage.model import AccountGraph, Kind
from linkage.rings import codelength
from linkage.rings import score as module
from linkage.rings.codes import ENTITY_CODE
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.decide import candidate_matrix
from linkage.rings.score import Score, score
from tests.rings.graphs import CONTENT, NETWORK, PAYMENT, chance_links, chance_world, graph_of, heavy_tailed
from tests.rings.slow import entity_code, kind_bits, rate, saved_bits, slow_kinds

SUBNET = Kind("subnet", "network", False)


def random_world(seed: int, accounts: int) -> tuple[AccountGraph, np.ndarray]:
    """Three kinds of two families, half of the accounts in groups that share on purpose, and the groups' labels."""
    dice = random.Random(seed)
    labels = np.array([dice.choice([-1, -1, -1, 0, 1, 2]) for _ in range(accounts)])
    links: dict[Kind, set[tuple[int, int]]] = {NETWORK: set(), SUBNET: set(), PAYMENT: set()}
    for kind in links:
        entities, bound, spread = dice.randint(3, 3 * accounts), dice.randint(0, 4), dice.choice([1, 2, 8])
        for account in range(accounts):
            for _ in range(dice.randint(0, bound)):
                links[kind].add((account, min(int(dice.expovariate(3 / entities)), entities - 1)))
            if labels[account] >= 0 and dice.random() < 0.8:
                links[kind].add((account, entities + int(labels[account]) * 8 + dice.randrange(spread)))
    return graph_of(accounts, list(links.items())), labels


def scored(graph: AccountGraph, labels: np.ndarray) -> Score:
    return score(world_of(graph), count(world_of(graph), groups_of(labels, int(labels.max()) + 1)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(6, 150))
def test_code_length_against_a_slow_recount(seed: int, accounts: int) -> None:
    graph, labels = random_world(seed, accounts)
    if labels.max() < 0:
        labels[0] = 0
    made, kinds = scored(graph, labels), slow_kinds(graph)
    for group in range(int(labels.max()) + 1):
        members = set(np.flatnonzero(labels == group).tolist())
        if members:
            saved, families = saved_bits(kinds, members, accounts)
            assert made.saved[group] == pytest.approx(saved, abs=1e-4)
            assert made.family_bits[:, group] == pytest.approx([families[f] for f in sorted(families)], abs=1e-4)
            for kind, fast in zip(kinds, made.kinds, strict=True):
                assert fast.bits[group] == pytest.approx(kind_bits(kind, members), abs=1e-4)


def test_the_random_worlds_use_both_codes() -> None:
    """Else the comparison above would compare zeros."""
    made = [scored(*random_world(seed, 150)) for seed in range(30)]
    codes = np.concatenate([np.where(k.bits > 0, k.ratio, -9) for m in made for k in m.kinds])
    assert (codes == ENTITY_CODE).sum() > 20
    assert (codes >= 0).sum() > 20


def shared_card(accounts: int, sharing: int) -> AccountGraph:
    """One card for the first accounts, one each for the others."""
    return graph_of(accounts, [(PAYMENT, [(a, 0 if a < sharing else a) for a in range(accounts)])])


def test_a_shared_card_by_hand() -> None:
    graph = shared_card(1_024, 8)
    labels = np.where(np.arange(1_024) < 8, 0, -1)
    made = scored(graph, labels)
    q = 8 / 1_024  # all accounts are as broad, so each uses the card with this chance
    who = math.log2(9)  # all 8 take part: log2 binomial(8, 8) + log2 9
    as_entity = 8 * math.log2(1 / q) - math.log2(1_017) - math.log2(9) - who - math.log2(math.e)
    pool_naming = 0 + 1 + 1  # the only card of its degree class; its size, 1; and of which of the two classes it is
    as_pool = 8 * 7 - pool_naming - math.log2(9) - who
    assert entity_code(slow_kinds(graph)[0], set(range(8))) == pytest.approx(as_entity)
    assert made.kinds[0].bits[0] == pytest.approx(max(as_entity, as_pool) - 1, abs=1e-5)
    by_list = as_pool - 1 - math.log2(math.comb(1_024, 8)) - 10
    by_card = 0 - math.log2(1_017) - math.log2(9) - 1  # the card names its 8 users, and then is no evidence
    assert by_list < by_card < 0, "one card alone does not pay for naming its users"
    assert made.saved[0] == pytest.approx(by_card - 1, abs=1e-4), "1 bit says how the group is named"


def test_a_pool_of_cards_where_no_single_card_pays() -> None:
    """60 accounts on 20 cards, three each: entity by entity they save less than as one pool."""
    ring = [(a, a % 20) for a in range(60)]
    others = [(a, 20 + a % 2_000) for a in range(60, 3_000)]
    graph = graph_of(3_000, [(PAYMENT, ring + others)])
    labels = np.where(np.arange(3_000) < 60, 0, -1)
    made = scored(graph, labels).kinds[0]
    assert made.ratio[0] == 0, "no stranger uses them, so all ten ratios cut the same pool: the first counts"
    assert scored(graph, labels).saved[0] == pytest.approx(made.bits[0] - codelength.group_naming(3_000, 60) - 1)
    assert made.bits[0] > entity_code(slow_kinds(graph)[0], set(range(60))) + 50
    assert made.chosen.sum() == 20
    assert (made.joining[0], made.links[0]) == (60, 60)
    assert not made.gain.any()


def test_kinds_of_one_family_count_once() -> None:
    """An address and its subnet tell of the same thing: the better one counts, and a copy adds nothing."""
    card = [(a, 0 if a < 8 else a) for a in range(500)]
    labels = np.where(np.arange(500) < 8, 0, -1)
    one = scored(graph_of(500, [(NETWORK, card)]), labels)
    same_family = scored(graph_of(500, [(NETWORK, card), (SUBNET, card)]), labels)
    two_families = scored(graph_of(500, [(NETWORK, card), (PAYMENT, card)]), labels)
    assert (one.family_bits - same_family.family_bits).tolist() == [[1.0]], "which of the two costs a bit"
    assert same_family.saved[0] == pytest.approx(one.saved[0] - math.log2(3) + 1, abs=1e-5)
    assert two_families.family_bits.sum() == 2 * one.family_bits.sum()
    assert two_families.beyond_best_family.tolist() == [one.family_bits[0, 0]]
    assert same_family.beyond_best_family.tolist() == [0.0]


def test_a_household_is_named_by_what_it_shares() -> None:
    """Three accounts with one address and one card: named among all triples they cost more."""
    pairs = [(a, 0 if a < 3 else a) for a in range(5_000)]
    labels = np.where(np.arange(5_000) < 3, 0, -1)
    made = scored(graph_of(5_000, [(NETWORK, pairs), (PAYMENT, pairs)]), labels)
    by_list = made.family_bits.sum() - float(codelength.group_naming(5_000, 3))
    by_card = made.family_bits[0, 0] - (math.log2(4_998) + 2 + 1)  # which card; 3 of its 3 users; nobody else
    assert by_list < by_card
    assert by_card > 9
    assert made.saved[0] == pytest.approx(by_card - math.log2(3), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.integers(12, 60))
def test_moving_an_account_changes_only_the_two_groups_concerned(seed: int, accounts: int) -> None:
    graph, labels = random_world(seed, accounts)
    world = world_of(graph)
    account, goal = seed % accounts, seed % 3
    moved = labels.copy()
    moved[account] = goal
    total = [score(world, count(world, groups_of(x, 3))).saved.sum() for x in (labels, moved)]
    parts = []
    for x in (labels, moved):
        concerned = sorted({int(labels[account]), goal} - {-1})
        rows = groups_of(x, 3)[concerned]
        parts.append(score(world, count(world, rows)).saved.sum())
    assert total[1] - total[0] == parts[1] - parts[0], "on the grid sums are exact"


def test_groups_are_scored_each_on_its_own() -> None:
    graph, labels = random_world(5, 60)
    world, rows = world_of(graph), groups_of(labels, 3)
    together = score(world, count(world, sp.vstack([rows, rows[[1]], rows[[0]] + rows[[1]]]).tocsr())).saved
    apart = [score(world, count(world, rows[[i]])).saved[0] for i in range(3)]
    assert together[:4].tolist() == [*apart, apart[1]]
    assert np.all(together * 2**20 == np.rint(together * 2**20))


def test_no_members_save_nothing() -> None:
    graph, labels = random_world(5, 60)
    made = score(world_of(graph), count(world_of(graph), groups_of(labels, 5)))
    assert (made.saved[3:] < 0).all()
    assert not made.family_bits[:, 3:].any()


def broad_accounts(seed: int) -> tuple[AccountGraph, np.ndarray]:
    """20,000 accounts, 400 of them with 250 addresses each, all drawn by popularity alone."""
    dice = np.random.default_rng(seed)
    breadth = np.where(np.arange(20_000) < 400, 250, 1 + dice.geometric(0.4, 20_000))
    graph = graph_of(20_000, [(NETWORK, chance_links(dice, breadth, heavy_tailed(dice, 30_000)))])
    return graph, np.where(np.arange(20_000) < 400, 0, -1)


@pytest.mark.parametrize("seed", [1, 2])
def test_breadth_alone_never_saves(seed: int) -> None:
    graph, labels = broad_accounts(seed)
    made = scored(graph, labels)
    assert made.saved[0] < -1_000
    assert made.family_bits.sum() == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_community_of_a_chance_world_saves(seed: int) -> None:
    """Leiden looks for the most linked groups there are: naming them costs more than their links save."""
    print(f"seed {seed}")
    graph = chance_world(seed, 1_000)
    candidates = candidate_matrix(proposer(Proposers(), (0.3, 1.0, 3.0, 8.0, 30.0), 1)(graph), 3)
    made = score(world_of(graph), count(world_of(graph), candidates))
    assert len(made.saved) > 300
    assert made.saved.max() < 0
    assert made.beyond_best_family.max() < 20


def test_without_the_correction_for_breadth_it_would_seem_to_save() -> None:
    """The background rate d / N instead: the bound on coincidence would be broken by thousands of bits."""
    graph, labels = broad_accounts(1)
    users = graph.kinds[0].users
    k = np.bincount(graph.kinds[0].matrix[labels == 0].indices, minlength=len(users))
    naive = codelength.entity_gain(k, 400, np.clip(users / 20_000, 1e-12, 1 - 1e-12), len(users))
    assert naive.sum() - codelength.group_naming(20_000, 400) > 10_000
    hit = int(k.argmax())
    links = int(graph.kinds[0].matrix[labels == 0].nnz)
    assert rate(users[hit], graph.kinds[0].matrix.nnz, links, 400) > users[hit] / 20_000


def test_a_dearer_description_of_families_leaves_less(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(3_000, [(PAYMENT, [(a, a % 20 if a < 60 else a) for a in range(3_000)])])
    labels = np.where(np.arange(3_000) < 60, 0, -1)
    paid = scored(graph, labels).paid
    monkeypatch.setattr(module, "DESCRIBED", 5.0)
    assert (paid - scored(graph, labels).paid).tolist() == [4.0]


def test_a_popular_template_is_no_evidence_and_a_rare_one_is() -> None:
    popular = graph_of(1_000, [(CONTENT, [(a, 0) for a in range(900)] + [(a, a) for a in range(1, 1_000)])])
    labels = np.where(np.arange(1_000) < 10, 0, -1)
    assert scored(popular, labels).family_bits.sum() == 0
    rare = graph_of(1_000, [(CONTENT, [(a, 0) for a in range(10)] + [(a, a) for a in range(1, 1_000)])])
    assert scored(rare, labels).family_bits.sum() > 30


def test_an_observer_is_told_every_group_that_is_scored() -> None:
    graph, labels = random_world(5, 60)
    told: list[tuple[list[int], list[float]]] = []
    world = world_of(graph, lambda size, saved: told.append((size.tolist(), saved.tolist())))
    made = score(world, count(world, groups_of(labels, 3)))
    assert told == [([int((labels == g).sum()) for g in range(3)], made.paid.tolist())]
    assert score(world_of(graph), count(world_of(graph), groups_of(labels, 3))).saved.tolist() == made.saved.tolist()
