from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from linkage.model import AccountGraph, Kind
from linkage.rings.codes import ENTITY_CODE
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.few import Few, few_of
from linkage.rings.profile import member_pairs, profiles, touching_pairs
from linkage.rings.refine import refine
from linkage.rings.score import KindScore, score
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of

SIZE, PAYERS = 60, 16


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    """A ring of 60 of whom 16 pay by cards of two each, six outside on the card of a member, and 200 honest couples."""
    town = Town(3, 900)
    cards = town.links[PAYMENT].copy()
    town.plant(range(SIZE))
    town.links[PAYMENT] = cards
    for couple in range(200):
        town.use(PAYMENT, [300 + 2 * couple, 301 + 2 * couple], town.fresh(PAYMENT, 1), 1, only=True)
    for pair in range(PAYERS // 2):
        town.use(PAYMENT, [2 * pair, 2 * pair + 1], town.fresh(PAYMENT, 1), 1, only=True)
    for stranger in range(6):
        town.use(PAYMENT, [30 + stranger, 100 + stranger], town.fresh(PAYMENT, 1), 1, only=True)
    town.use(PAYMENT, [40, *range(200, 220)], town.fresh(PAYMENT, 1), 1)  # a gift card
    return town.graph()


def labels_of(graph: AccountGraph) -> np.ndarray:
    """The ring, and a group of strangers."""
    labels = np.full(graph.accounts, -1)
    labels[:SIZE], labels[800:830] = 0, 1
    return labels


def of_payment(graph: AccountGraph, labels: np.ndarray) -> tuple[Few, KindScore, list[tuple[int, int]]]:
    """What few share of the cards, the score of the kind, and its cells as pairs of group and entity."""
    world = replace(world_of(graph), few=True)
    counts = count(world, groups_of(labels, int(labels.max()) + 1))
    row = [i.kind for i in graph.kinds].index(PAYMENT)
    scored, cells = score(world, counts).kinds[row], counts.kinds[row]
    few = few_of(world.kinds[row], cells, scored)
    assert few is not None
    return few, scored, list(zip(cells.group.tolist(), cells.entity.tolist(), strict=True))


def slow_class(members: int, others: int) -> int:
    return 0 if members / max(others, 1) < 0.2 else 2 if members >= 2 else members


def test_it_is_the_slow_count_link_by_link(graph: AccountGraph) -> None:
    labels = labels_of(graph)
    few, _, cells = of_payment(graph, labels)
    matrix = next(i.matrix for i in graph.kinds if i.kind == PAYMENT)
    uses = [matrix.indices[matrix.indptr[a] : matrix.indptr[a + 1]].tolist() for a in range(graph.accounts)]
    users = {e: {a for a in range(graph.accounts) if e in uses[a]} for e in range(matrix.shape[1])}
    for group in (0, 1):
        ring = set(np.flatnonzero(labels == group).tolist())
        of = {(a, e): slow_class(len(users[e] & ring - {a}), len(users[e]) - 1) for a in range(900) for e in uses[a]}
        sharing = {a for (a, _), number in of.items() if a in ring and number}
        inside = Counter(number for (a, _), number in of.items() if a in sharing)
        outside = Counter(number for (a, _), number in of.items() if a not in ring)
        every = sum(outside.values()) + 1.5
        rho = {c: (outside[c] + 0.5) / every for c in (1, 2)}
        x = {c: (inside[c] + rho[c]) / (sum(inside.values()) + 1) for c in (1, 2)}
        assert few.joining[group] == len(sharing)
        left = (1 - x[1] - x[2]) / (1 - rho[1] - rho[2])
        assert few.outside[group] == pytest.approx(math.log2(left), abs=1e-5)
        for row in (i for i, (g, _) in enumerate(cells) if g == group):
            entity = cells[row][1]
            theirs, ours = users[entity] - ring, users[entity] & ring
            seen = {c for a in theirs if (c := of[a, entity])}
            own = {c for a in ours if (c := of[a, entity])}
            if few.cells[row] and seen:
                without = (max(outside[min(seen)] - 1, 0) + 0.5) / every
                assert few.bits[row] == pytest.approx(math.log2(x[min(seen)] / without), abs=1e-5)
            if few.own_cells[row]:
                assert own
                assert few.own_bits[row] == pytest.approx(math.log2(x[min(own)] / rho[min(own)]), abs=1e-5)


def test_nobodys_own_link_speaks_for_itself(graph: AccountGraph) -> None:
    few, _, cells = of_payment(graph, labels_of(graph))
    matrix = next(i.matrix for i in graph.kinds if i.kind == PAYMENT)
    card = {a: [i for i, cell in enumerate(cells) if cell in {(0, e) for e in matrix[a].indices}] for a in (0, 30, 40)}
    assert few.told.tolist() == [True, False], "the strangers of the second group share nothing"
    assert few.cells[card[0]].all()
    assert few.own_cells[card[0]].all(), "two members on a card speak for each other"
    assert few.cells[card[30]].all(), "a stranger on a member's card"
    assert not few.own_cells[card[30]].any(), "with a stranger on the card the member shares it with no other member"
    gift = [i for i in card[40] if matrix[:, [cells[i][1]]].sum() > 2]
    assert len(gift) == 1
    assert not few.cells[gift].any()


@pytest.mark.parametrize(("kind", "counted"), [(PAYMENT, True), (DEVICE, False), (NETWORK, False), (CONTENT, False)])
def test_only_what_is_neither_forged_nor_passed_on(kind: Kind, counted: bool) -> None:
    graph = graph_of(50, [(kind, [(a, a // 2) for a in range(50)])])
    world = world_of(graph)
    counts = count(world, groups_of(np.where(np.arange(50) < 12, 0, -1), 1))
    few = few_of(world.kinds[0], counts.kinds[0], score(world, counts).kinds[0])
    assert (few is not None) == counted


def test_one_alone_shares_with_nobody() -> None:
    graph = graph_of(50, [(PAYMENT, [(a, a // 2) for a in range(50)])])
    labels = np.full(50, -1)
    labels[[0, 2, 4]] = 0
    few, scored, _ = of_payment(graph, labels)
    assert scored.bits[0] == 0
    assert not few.told.any()
    assert not few.cells.any()


def test_beside_a_pool_that_pays() -> None:
    """40 members pay by 20 cards, each of two; one of them shares a further card with a stranger, one with 30."""
    links = [(a, a // 2) for a in range(40)] + [(a, 100 + a) for a in range(40, 2000)]
    links += [(0, 50), (1000, 50), (1, 51), *((a, 51) for a in range(1100, 1130))]
    graph = graph_of(2000, [(PAYMENT, links)])
    few, scored, cells = of_payment(graph, np.where(np.arange(2000) < 40, 0, -1))
    assert scored.bits[0] > 0
    assert scored.ratio[0] != ENTITY_CODE
    assert not few.told.any()
    entities = np.array([e for _, e in cells])
    assert entities[few.cells].tolist() == [20], "the card of one member and one stranger, in dense numbers"
    assert not few.own_cells.any()


def test_log_odds_count_it_where_the_world_says_so(graph: AccountGraph) -> None:
    """To pay by a member's card speaks for the six; nobody of the ring leaves for it."""
    labels = np.where(np.arange(900) < SIZE, 0, -1)
    plain = world_of(graph)
    few = replace(plain, few=True)
    six = np.arange(100, 106)
    gained = {}
    for name, world in (("plain", plain), ("few", few)):
        counts = count(world, groups_of(labels, 1))
        made = profiles(world, counts, score(world, counts))
        pairs = touching_pairs(world, made, labels)
        bits = pairs.bits[[i.kind for i in graph.kinds].index(PAYMENT)]
        gained[name] = {a: bits[pairs.account == a].sum() for a in six.tolist()}
    assert all(gained["few"][a] > gained["plain"][a] + 5 for a in six.tolist())
    assert (refine(plain, labels, 1, 3)[:SIZE] == 0).all()
    assert (refine(few, labels, 1, 3)[:SIZE] == 0).all()


def test_members_and_strangers_get_what_the_cells_say(graph: AccountGraph) -> None:
    labels = np.where(np.arange(900) < SIZE, 0, -1)
    few, _, cells = of_payment(graph, labels)
    world = replace(world_of(graph), few=True)
    row = [i.kind for i in graph.kinds].index(PAYMENT)
    counts = count(world, groups_of(labels, 1))
    made = profiles(world, counts, score(world, counts))
    member = member_pairs(world, made, np.array([0, 50]), np.zeros(2, np.int64))
    card = cells.index((0, int(graph.kinds[row].matrix[[0]].indices[0])))
    joins = math.log2((few.joining[0] + 0.5) / (counts.kinds[row].having[0] + 1))
    assert member.bits[row, 0] == pytest.approx(joins + few.own_bits[card], abs=1e-5)
    assert member.bits[row, 1] == made.kinds[row].abstains[0] < 0, "a card of its own"
    assert not made.kinds[row].named[0]
