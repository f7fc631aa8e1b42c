from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from linkage.communities import inner_proposer
from linkage.config import Proposers
from linkage.engines import Workers
from linkage.model import AccountGraph
from linkage.rings import inside as module
from linkage.rings.counts import World, count, dense_labels, groups_of, world_of
from linkage.rings.decide import Limits
from linkage.rings.inside import _settled, cut_again, cut_saves, rings_inside, rings_naming
from linkage.rings.merge import merge
from linkage.rings.picks import in_common, picks
from linkage.rings.score import bits_of, score
from linkage.rings.split import Proposer
from linkage.rings.unions import Behind, Within
from tests.rings.graphs import CONTENT, DEVICE, LIMITS, NETWORK, PAYMENT, Town, graph_of

LEIDEN = inner_proposer(Proposers(), 3)
SIZE, REST = 60, 120


def operator(rest: int, apart: bool = True, devices: bool = False) -> AccountGraph:
    """Three rings of one operator, and ``rest`` accounts of it that are in none of them.

    They share templates; each ring has its cards and addresses, and ``devices``. The rest, ``apart``, has the first
    two, too, in larger pools.
    """
    town = Town(11, 1_500)
    shared = town.fresh(CONTENT, 10)
    members = 3 * SIZE + rest
    for start in range(0, 3 * SIZE, SIZE):
        ring = range(start, start + SIZE)
        town.use(PAYMENT, ring, town.fresh(PAYMENT, 4), 1, only=True)
        town.use(NETWORK, ring, town.fresh(NETWORK, 10), 3, only=True)
        if devices:
            town.use(DEVICE, ring, town.fresh(DEVICE, 4), 1, only=True)
    if apart and rest:
        town.use(PAYMENT, range(3 * SIZE, members), town.fresh(PAYMENT, rest // 3), 1, only=True)
        town.use(NETWORK, range(3 * SIZE, members), town.fresh(NETWORK, rest), 3, only=True)
    town.use(CONTENT, range(members), shared, 4, only=True)
    return town.graph()


def inside(graph: AccountGraph, members: int) -> np.ndarray:
    clusters = np.where(np.arange(graph.accounts) < members, 0, -1)
    return rings_inside(graph, world_of(graph), clusters, LEIDEN, LIMITS)


def test_a_cluster_comes_apart_into_its_rings() -> None:
    made = inside(operator(0), 3 * SIZE)
    assert [len(set(made[i : i + SIZE])) for i in (0, SIZE, 2 * SIZE)] == [1, 1, 1]
    assert len(set(made[: 3 * SIZE])) == 3
    assert (made[3 * SIZE :] == -1).all()


def test_one_ring_stays_one() -> None:
    town = Town(5, 600)
    town.plant(range(50))
    assert inside(town.graph(), 50).tolist() == [0] * 50 + [-1] * 550


def three_clusters() -> tuple[AccountGraph, np.ndarray]:
    """Three operators of two rings each, in one world."""
    town = Town(7, 900)
    clusters = np.full(900, -1, dtype=np.int64)
    for operator in range(3):
        common, start = town.fresh(CONTENT, 10), 120 * operator
        for first in (start, start + 60):
            town.use(PAYMENT, range(first, first + 60), town.fresh(PAYMENT, 4), 1, only=True)
            town.use(NETWORK, range(first, first + 60), town.fresh(NETWORK, 10), 3, only=True)
            town.use(DEVICE, range(first, first + 60), town.fresh(DEVICE, 4), 1, only=True)
        town.use(CONTENT, range(start, start + 120), common, 4, only=True)
        clusters[start : start + 120] = 2 - operator
    return town.graph(), clusters


def test_workers_find_the_same_rings_with_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, clusters = three_clusters()
    world, workers = world_of(graph), Workers(2)
    alone = rings_inside(graph, world, clusters, LEIDEN, LIMITS)
    monkeypatch.setattr(module, "LARGE", 0)
    assert rings_inside(graph, world, clusters, LEIDEN, replace(LIMITS, workers=workers)).tolist() == alone.tolist()
    assert workers.peak > 0, "they did work"
    monkeypatch.setattr(module, "SHARE", 100)
    assert rings_inside(graph, world, clusters, LEIDEN, LIMITS).tolist() == alone.tolist(), "in small shares"
    assert len(module._shares(clusters)) == 4
    assert len(set(alone[alone >= 0])) == 6
    by_cluster = [clusters[alone == ring][0] for ring in range(6)]
    assert by_cluster == sorted(by_cluster), "numbered by cluster"


def test_who_observes_hears_of_every_score_here(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, clusters = three_clusters()
    heard: list[int] = []
    world = world_of(graph, lambda size, bits: heard.append(len(size)))
    monkeypatch.setattr(module, "LARGE", 0)
    workers = Workers(2)
    rings_inside(graph, world, clusters, LEIDEN, replace(LIMITS, workers=workers))
    assert heard
    assert workers.peak == 0


def asked_of(graph: AccountGraph, members: int) -> list[set[str]]:
    """The families of each graph that is given to the proposer."""
    asked = []
    clusters = np.where(np.arange(graph.accounts) < members, 0, -1)

    def propose(part: AccountGraph) -> np.ndarray:
        asked.append({i.kind.family for i in part.kinds if len(i.entities)})
        return LEIDEN(part)

    rings_inside(graph, world_of(graph), clusters, propose, LIMITS)
    return asked


def test_some_families_propose_where_what_all_propose_leaves_something_apart() -> None:
    whole = Town(5, 600)
    whole.plant(range(50))
    assert len(asked_of(whole.graph(), 50)) == 1, "all of it unites again"
    everything, without, own = asked_of(operator(0), 3 * SIZE)
    assert without == everything - {"content"}
    assert own == without - {"network"}


def test_a_cluster_that_one_family_ties_stays_whole() -> None:
    town = Town(5, 600)
    for first in (0, 40):
        town.use(CONTENT, range(first, first + 40), town.fresh(CONTENT, 6), 4, only=True)
    assert asked_of(town.graph(), 80) == []
    for first in (0, 40):
        town.use(NETWORK, range(first, first + 40), town.fresh(NETWORK, 6), 4, only=True)
    assert asked_of(town.graph(), 80) != []


def test_clusters_are_taken_one_by_one_and_numbered_through() -> None:
    graph = operator(0)
    clusters = np.where(np.arange(1_500) < 3 * SIZE, 1, np.where(np.arange(1_500) < 1_000, -1, 0))
    made = rings_inside(graph, world_of(graph), clusters, LEIDEN, LIMITS)
    alone = inside(graph, 3 * SIZE)
    first = int(made[1_000:].max()) + 1
    assert set(made[1_000:]) == set(range(first))
    assert (made[: 3 * SIZE] - first).tolist() == alone[: 3 * SIZE].tolist()
    assert (made[3 * SIZE : 1_000] == -1).all()


def test_a_few_left_over_join_a_ring() -> None:
    members = 3 * SIZE + 10
    made = inside(operator(10, apart=False), members)
    assert set(made[:members]) == {0, 1, 2}
    assert len(set(made[: 3 * SIZE])) == 3


def test_who_evades_what_was_proposed_by_settles_by_the_rest() -> None:
    """A third of each ring is left over in one group: cards and addresses say whose they are, templates do not."""
    graph, number = operator(0), np.arange(1_500)
    world = world_of(graph)
    clusters = np.where(number < 3 * SIZE, 0, -1)
    start = np.where(number % SIZE < 40, number // SIZE, 3)
    start = np.where((number < 3 * SIZE) & (number != 5), start, -1)
    for told, settled in (({"payment", "network"}, True), ({"content"}, False)):
        made = _settled(world, clusters, start, np.array([[family in told] for family in world.families]))
        assert made[5] == -1, "nobody comes in whom the proposal leaves out"
        assert (made >= 0).tolist() == (start >= 0).tolist()
        rest = (number < 3 * SIZE) & (number % SIZE >= 40)
        assert bool((made[rest] == number[rest] // SIZE).all()) == settled


def test_whom_nothing_ties_to_a_group_stays_where_it_was() -> None:
    """Two have cards of their own, so no group of the cluster is anything to them."""
    graph = graph_of(8, [(PAYMENT, [(a, a // 4) for a in range(6)] + [(6, 6), (7, 7)])])
    world = world_of(graph)
    start = np.array([0, 0, 0, 0, 1, 1, 0, 1])
    made = _settled(world, np.zeros(8, dtype=np.int64), start, np.ones((len(world.families), 1), dtype=bool))
    assert (made[6], made[7]) == (made[0], made[4])


def test_many_left_over_with_evidence_of_their_own_are_a_ring() -> None:
    members = 3 * SIZE + REST
    apart = inside(operator(REST), members)
    assert apart[3 * SIZE : members].tolist() == [3] * REST
    assert set(apart[: 3 * SIZE]) == {0, 1, 2}


def test_many_left_over_who_evade_what_tells_rings_apart_keep_together() -> None:
    """They share the templates of all three rings, and nothing says which of them they belong to."""
    members = 3 * SIZE + REST
    made = inside(operator(REST, apart=False), members)
    assert set(made[:members]) == {0, 1, 2, 3}
    assert np.bincount(made[3 * SIZE : members]).max() >= 0.9 * REST


def test_small_clusters_are_not_cut() -> None:
    pairs = [(a, a // 5) for a in range(100)]
    graph = graph_of(100, [(NETWORK, pairs), (PAYMENT, pairs)])
    assert inside(graph, 5).tolist() == [0] * 5 + [-1] * 95


def test_no_clusters() -> None:
    graph = graph_of(10, [(NETWORK, [(a, 0) for a in range(10)])])
    assert rings_inside(graph, world_of(graph), np.full(10, -1), LEIDEN, LIMITS).tolist() == [-1] * 10
    nobody = graph_of(0, [(NETWORK, [])])
    assert len(rings_inside(nobody, world_of(nobody), np.zeros(0, dtype=np.int64), LEIDEN, LIMITS)) == 0


def score_of(graph: AccountGraph, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Family bits and sizes of groups, each scored on its own."""
    world = world_of(graph)
    groups = [np.where(labels == g, 0, -1) for g in range(labels.max() + 1)]
    bits = [score(world, count(world, groups_of(group, 1))).family_bits[:, 0] for group in groups]
    return np.array(bits).T, np.array([(labels == g).sum() for g in range(labels.max() + 1)])


def test_what_a_cut_saves_by_hand() -> None:
    """Two clusters: 60 + 60 + 60 accounts cut into three rings, and 30 that stay whole."""
    graph = operator(0)
    world = world_of(graph)
    number = np.arange(graph.accounts)
    clusters = np.where(number < 3 * SIZE, 0, np.where(number < 3 * SIZE + 30, 1, -1))
    rings = np.where(number < 3 * SIZE, number // SIZE, np.where(clusters == 1, 3, -1))
    whole = score(world, count(world, groups_of(clusters, 2)))
    bits, _ = score_of(graph, rings)
    families = len(world.families)
    better = sum(max(0.0, bits[f, :3].sum() - whole.family_bits[f, 0]) for f in range(families))
    ways = math.factorial(180) // math.factorial(60) ** 3
    naming = math.log2(ways) + math.log2(math.comb(179, 2)) + math.log2(180)
    common = in_common(world, groups_of(clusters, 2))
    nothing = replace(common, used=tuple(used * 0 for used in common.used))
    for used in nothing.used:
        used.eliminate_zeros()
    made = cut_saves(world, whole, clusters, rings, nothing)
    assert made[0] == pytest.approx(better - families - naming, abs=1e-4)
    assert made[1] == 0
    home, groups = np.array([0, 0, 0, 1]), groups_of(rings, 4)
    picked = picks(common, [(groups @ b.counted).tocsr() for b in world.kinds], home)[:, :3].sum(axis=1)
    best = sum(max(0.0, bits[f, :3].sum() - whole.family_bits[f, 0], picked[f]) for f in range(families))
    assert (picked > 0).any()
    made = cut_saves(world, whole, clusters, rings, common)
    assert made[0] == pytest.approx(best - families - naming, abs=1e-4)
    assert made[1] == 0


def test_the_ways_to_cut_a_cluster_are_named_by_a_code() -> None:
    """Sizes and membership of up to five numbered rings of five accounts: the sum of 2 ** -bits is 1."""
    total = 0.0
    for labels in itertools.product(range(5), repeat=5):
        sizes = np.bincount(labels)
        if (sizes > 0).all():
            total += 2.0 ** -rings_naming(np.zeros(len(sizes), dtype=np.int64), sizes, 1)[0]
    assert total == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_only_groups_of_one_cluster_unite(seed: int) -> None:
    town = Town(seed, 400)
    town.plant(range(40))
    graph = town.graph()
    number = np.arange(400)
    clusters = np.where(number < 40, number % 2, -1)
    start = np.where(number < 40, number // 4, -1) * 2 + clusters
    start, groups = dense_labels(np.where(number < 40, start, -1))
    world = world_of(graph)
    made = merge(world, start, Within(clusters, np.ones((len(world.families), 2), dtype=bool)))
    assert {frozenset(clusters[made == g]) for g in range(made.max() + 1)} == {frozenset({0}), frozenset({1})}
    assert made.max() + 1 < groups
    assert (made >= 0).tolist() == (number < 40).tolist()


def test_families_that_all_rings_share_keep_nobody_together() -> None:
    """Told apart by cards and addresses alone, rings with common templates stay three; by templates alone, one."""
    graph = operator(0)
    number = np.arange(graph.accounts)
    clusters = np.where(number < 3 * SIZE, 0, -1)
    start = np.where(number < 3 * SIZE, number // SIZE, -1)
    world = world_of(graph)
    for family, rings in (("content", 3), ("network", 1)):
        told = np.array([[(f != family) if rings == 3 else (f == "content")] for f in world.families])
        assert merge(world, start, Within(clusters, told)).max() + 1 == rings


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_addresses_that_cut_across_the_rings_do_not_hide_them(seed: int) -> None:
    """Each provider has accounts of all three rings: whoever looks at the addresses, too, sees the providers."""
    town = Town(seed, 1_500)
    members = range(3 * SIZE)
    for start in range(0, 3 * SIZE, SIZE):
        town.use(PAYMENT, range(start, start + SIZE), town.fresh(PAYMENT, 8), 2, only=True)
        town.use(DEVICE, range(start, start + SIZE), town.fresh(DEVICE, 4), 1, only=True)
    for provider in range(6):
        town.use(NETWORK, members[provider::6], town.fresh(NETWORK, 6), 5, only=True)
    town.use(CONTENT, members, town.fresh(CONTENT, 10), 4, only=True)
    made = inside(town.graph(), 3 * SIZE)
    assert [len(set(made[i : i + SIZE])) for i in (0, SIZE, 2 * SIZE)] == [1, 1, 1]
    assert len(set(made[: 3 * SIZE])) == 3


def again(
    graph: AccountGraph, rings: np.ndarray, cells: np.ndarray, propose: Proposer = LEIDEN, limits: Limits = LIMITS
) -> np.ndarray:
    world = world_of(graph)
    behind = Behind(world.families, NETWORK.family, CONTENT.family)
    return cut_again(graph, world, rings, cells, propose, limits, behind)


def in_parts(accounts: int, *sizes: int) -> np.ndarray:
    """Labels of groups of these sizes, one after the other; the other accounts are in none."""
    return np.append(np.repeat(np.arange(len(sizes)), sizes), np.full(accounts - sum(sizes), -1))


def test_two_rings_that_were_put_together_come_apart() -> None:
    graph = operator(0, devices=True)
    cells = in_parts(graph.accounts, SIZE, SIZE, SIZE)
    made = again(graph, np.where(cells == 1, 0, cells), cells)
    assert [len(set(made[i : i + SIZE])) for i in (0, SIZE, 2 * SIZE)] == [1, 1, 1]
    assert len(set(made[: 3 * SIZE])) == 3
    assert (made[3 * SIZE :] == -1).all()


def test_parts_of_one_ring_behind_addresses_of_their_own_stay_together() -> None:
    town = Town(11, 1_500)
    town.use(PAYMENT, range(2 * SIZE), town.fresh(PAYMENT, 6), 2, only=True)
    for start in (0, SIZE):
        town.use(NETWORK, range(start, start + SIZE), town.fresh(NETWORK, 10), 3, only=True)
    town.use(CONTENT, range(2 * SIZE), town.fresh(CONTENT, 10), 4, only=True)
    graph = town.graph()
    rings = in_parts(graph.accounts, 2 * SIZE)
    assert again(graph, rings, in_parts(graph.accounts, SIZE, SIZE)).tolist() == rings.tolist()


def test_of_the_cuts_by_what_is_the_accounts_own_that_of_most_bits_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rings of three apart save less than all three; and more than these save halves of a ring that rent apart."""
    town = Town(11, 1_500)
    for start in range(0, 3 * SIZE, SIZE // 2):
        if start % SIZE == 0:
            town.use(PAYMENT, range(start, start + SIZE), town.fresh(PAYMENT, 4), 1, only=True)
            town.use(DEVICE, range(start, start + SIZE), town.fresh(DEVICE, 4), 1, only=True)
        town.use(NETWORK, range(start, start + SIZE // 2), town.fresh(NETWORK, 10), 8, only=True)
    town.use(CONTENT, range(3 * SIZE), town.fresh(CONTENT, 10), 4, only=True)
    graph = town.graph()
    cells, halves = in_parts(graph.accounts, *[SIZE] * 3), in_parts(graph.accounts, *[SIZE // 2] * 6)
    whole, saves = np.minimum(cells, 0), []

    def put_together(world: World, _: Behind, rings: np.ndarray, __: np.ndarray) -> Iterator[np.ndarray]:
        groups = groups_of(rings, 1)
        for cut in (np.minimum(cells, 1), cells, halves, np.minimum(cells, 1)):
            made = cut[: len(rings)]
            saves.append(cut_saves(world, bits_of(world, groups), rings, made, in_common(world, groups))[0])
            yield made

    monkeypatch.setattr(module, "_put_together", put_together)
    made = again(graph, whole, cells)
    assert saves[2] > saves[1] > saves[0] > 0
    assert [len(set(made[i : i + SIZE])) for i in (0, SIZE, 2 * SIZE)] == [1, 1, 1]
    assert len(set(made[: 3 * SIZE])) == 3


def test_workers_look_again_with_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, rings = three_clusters()
    rings[240:250] = rings[120:125] = -1  # shares are dealt by size, so the last ring is in the first one
    cells = np.where(rings >= 0, np.arange(graph.accounts) // 60, -1)
    alone = again(graph, rings, cells)
    assert len(set(alone[alone >= 0])) == 6
    monkeypatch.setattr(module, "LARGE", 0)
    monkeypatch.setattr(module, "SHARE", 100)
    assert len(module._shares(rings)) == 4
    assert again(graph, rings, cells, limits=replace(LIMITS, workers=Workers(2))).tolist() == alone.tolist()


def test_a_ring_of_one_part_is_not_looked_at_again() -> None:
    def nobody_asks(part: AccountGraph) -> np.ndarray:
        raise AssertionError

    graph = operator(0)
    rings = in_parts(graph.accounts, 2 * SIZE, SIZE)
    few = np.where(np.arange(graph.accounts) < LIMITS.smallest - 1, 2, rings)  # of a cell of their own, too few to ask
    assert again(graph, rings, few, nobody_asks).tolist() == rings.tolist()


def test_rings_that_pick_from_one_box_of_prompts_and_one_provider_come_apart() -> None:
    """Told ring by ring, what two rings pick of 24 templates and 24 addresses costs more than it saves."""
    town = Town(13, 1_500)
    prompts, exits, cards = town.fresh(CONTENT, 24), town.fresh(NETWORK, 24), town.fresh(PAYMENT, 10)
    rings = [range(first, first + 30) for first in (0, 30)]
    for ring, half in zip(rings, (slice(0, 15), slice(9, 24)), strict=True):
        town.use(CONTENT, ring, prompts[half], 4, only=True)
        town.use(NETWORK, ring, exits[half], 3, only=True)
    for ring, box in zip(rings, (cards[:5], cards[5:]), strict=True):
        town.use(PAYMENT, ring, box, 1, only=True)
    made = inside(town.graph(), 60)
    assert [len(set(made[ring.start : ring.stop])) for ring in rings] == [1, 1]
    assert made[0] != made[30]
