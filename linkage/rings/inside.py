"""The second level: rings inside a cluster, which share what the whole cluster has in common.

Told ring by ring, what all rings of an operator share would be paid for with every ring, and small ones never come
apart. So a cluster cut into rings describes each family once for all of it, or ring by ring, or once for all with what
each ring picks of it, whichever saves most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from linkage.config import CONTENT_FAMILY, LEASED_FAMILY
from linkage.engines import Workers, dealt
from linkage.model import AccountGraph
from linkage.rings.codelength import Floats, Ints, log2_binomial, log2_factorial
from linkage.rings.counts import World, count, dense_labels, distinct, groups_of, home_of, kept_labels
from linkage.rings.decide import Limits
from linkage.rings.looks import looks_by
from linkage.rings.merge import merge
from linkage.rings.picks import InCommon, in_common, picks
from linkage.rings.profile import best_groups, profiles
from linkage.rings.refine import reach
from linkage.rings.score import Bits, bits_of, score
from linkage.rings.split import Proposer, part_of, without_family
from linkage.rings.unions import WORTH, Behind, Picking, Within

# What rings of a cluster may have in common, as places among its families by their bits: accounts settle by the others,
# then groups unite by these, and by what they pick of what the cluster has in common. The strongest on its own changed
# nothing on the worlds tried.
IN_COMMON: tuple[tuple[int, ...], ...] = ((), (0, 1))
SHARES = 4  # of the clusters, however many workers there are: two each for two, so who is done early takes another
SHARE = 50_000  # accounts in a share at most, but for one cluster: what is held meanwhile grows with them
LARGE = 50_000  # accounts in clusters from which on the search takes longer than processes take to begin
ROUNDS = 3  # of settling; with two, three rings of one operator stayed one on one of the worlds tried
LONG = 10  # rounds after which most have settled; 3 leave large rings of one operator in one group
REJOINED = 2  # rounds of uniting the parts of a ring; a third changed nothing on the worlds tried
NOWHERE = -2  # cluster of accounts that a proposal leaves out

Step = Callable[[AccountGraph, World, Ints, Proposer, Limits], Ints]


def rings_inside(graph: AccountGraph, world: World, clusters: Ints, propose: Proposer, limits: Limits) -> Ints:
    """Ring of each account (-1: none), numbered by cluster; a cluster that does not come apart is one ring."""
    rings = _by_shares(_cut, graph, world, clusters, propose, limits)
    return _by_cluster(rings, clusters)


def cut_again(
    graph: AccountGraph, world: World, rings: Ints, cells: Ints, propose: Proposer, limits: Limits, rule: Behind
) -> Ints:
    """Rings (-1: none) after a second look at those that hold ``smallest`` accounts of two ``cells`` and more.

    Large rings are cut by their addresses and put together again, pair by pair; one wrong pair joins two rings for
    good. So each is cut anew by what is the accounts' own, and its communities, which they settle in by all families,
    unite by the ``rule``, but with each other only, and while that shortens the description of the ring. Of all cuts
    that save over 5 bits by the families that the rule asks the one that saves most by all is taken, and accounts move
    once more (:func:`linkage.rings.refine.reach`).
    """
    rings, number = dense_labels(rings)
    tried = kept_labels(rings, _of_several(rings, number, cells, limits.smallest))
    made = _by_shares(partial(_recut, rule), graph, world, tried, propose, limits)
    found, after = dense_labels(np.where(tried >= 0, _by_cluster(made, tried) + number, rings))
    return reach(world, found, limits.smallest) if after > number else rings


def _of_several(rings: Ints, number: int, cells: Ints, smallest: int) -> np.ndarray:
    """Which rings hold ``smallest`` accounts and more of two cells or more."""
    both = (rings >= 0) & (cells >= 0)
    width = int(cells.max(initial=0)) + 1
    pairs, held = np.unique(rings[both] * width + cells[both], return_counts=True)
    return np.asarray(np.bincount(pairs[held >= smallest] // width, minlength=number) > 1)


def _by_shares(step: Step, graph: AccountGraph, world: World, groups: Ints, propose: Proposer, limits: Limits) -> Ints:
    """What a step makes of groups (labels per account), done in shares of them.

    Nothing that is decided inside a group depends on another, so the workers share them; unless somebody observes the
    scores, and has to hear of them here.
    """
    workers = Workers() if world.observe else limits.workers
    shares = _shares(groups)
    world = replace(world, threads=1) if len(shares) > 1 else world
    tasks = [(part_of(graph, share), world.among(share), groups[share], propose, limits) for share in shares]
    rings = np.full(len(groups), -1, dtype=np.int64)
    for share, made in zip(shares, workers.each(step, tasks), strict=True):
        rings[share] = np.where(made >= 0, made + rings.max(initial=-1) + 1, -1)
    return rings


def _shares(clusters: Ints) -> list[Ints]:
    """The accounts of a part of the clusters each, cluster by cluster; about as many in each, for any workers."""
    sizes = np.bincount(clusters[clusters >= 0])
    parts = SHARES if sizes.sum() >= LARGE else 1
    parts = max(parts, -(-int(sizes.sum()) // SHARE))
    order = np.argsort(clusters, kind="stable")[np.count_nonzero(clusters < 0) :]
    part = dealt(sizes, parts)[clusters[order]]
    return [order[part == number] for number in range(parts)]


def _by_cluster(rings: Ints, clusters: Ints) -> Ints:
    """The rings, numbered densely in order of cluster, then of their first account."""
    rings, groups = dense_labels(rings)
    inside = np.flatnonzero(rings >= 0)
    first = inside[np.unique(rings[inside], return_index=True)[1]]
    number = np.empty(groups, dtype=np.int64)
    number[np.lexsort((first, clusters[first]))] = np.arange(groups)
    return np.where(rings >= 0, np.append(number, -1)[rings], -1)


def _cut(graph: AccountGraph, world: World, clusters: Ints, propose: Proposer, limits: Limits) -> Ints:
    """Ring of each account of the clusters.

    Communities proposed inside each cluster settle (:func:`_settled`), and unite while that saves bits of the cluster's
    description; of all ways to cut a cluster the one that saves most is taken, when it saves over 5 bits. What some
    families propose is tried where something is left apart of what all propose. A cluster that one family alone ties
    stays whole.
    """
    clusters, number = dense_labels(clusters)
    groups = groups_of(clusters, number)
    whole, common = bits_of(world, groups), in_common(world, groups)
    rings, best = clusters, np.full(number, WORTH)
    large = np.bincount(clusters[clusters >= 0], minlength=number) >= 2 * limits.smallest
    tried = large & _by_two_families(world, whole)
    for way, in_all in ((propose, IN_COMMON), (partial(_by_some, propose, limits.smallest), IN_COMMON[-1:])):
        inside, tried = kept_labels(clusters, tried), np.zeros(number, dtype=bool)
        for start in _proposals(graph, inside, way):
            for apart in (_told_apart(whole, shared) for shared in in_all):
                for made in _united(world, whole, common, clusters, _settled(world, clusters, start, apart), apart):
                    tried |= _in_parts(made, clusters, number)
                    saves = cut_saves(world, whole, clusters, made, common)
                    better = saves > best
                    best = np.where(better, saves, best)
                    rings = np.where(np.append(better, False)[clusters], made + rings.max(initial=-1) + 1, rings)
    return dense_labels(rings)[0]


def _recut(rule: Behind, graph: AccountGraph, world: World, rings: Ints, propose: Proposer, limits: Limits) -> Ints:
    """Rings of each account of the rings, whose parts unite by the rule (:func:`cut_again`)."""
    rings, number = dense_labels(rings)
    groups = groups_of(rings, number)
    whole, common = bits_of(world, groups), in_common(world, groups)
    found, best = rings, np.zeros(number)
    inside = kept_labels(rings, _by_two_families(world, whole))
    for start in _proposals(graph, inside, partial(_by_own, propose, limits.smallest)):
        for made in _put_together(world, rule, rings, start):
            own = _own_saves(world, whole, rings, made, rule.needed())
            saves = np.where(own > WORTH, cut_saves(world, whole, rings, made, common), 0.0)
            better = saves > best
            best = np.where(better, saves, best)
            found = np.where(np.append(better, False)[rings], made + found.max(initial=-1) + 1, found)
    return dense_labels(found)[0]


def _put_together(world: World, rule: Behind, rings: Ints, start: Ints) -> Iterator[Ints]:
    """Labels after a start has settled and its groups united, by the rule and by what shortens the ring's description.

    Where they settle for longer, groups of several rings of which one is far larger come apart, too, but along the
    addresses that parts of them rent; so the accounts then settle by the families that the rule asks.
    """
    every = np.ones((len(world.families), int(rings.max(initial=-1)) + 1), dtype=bool)
    within, own = replace(rule, group=rings), every & rule.own()[:, None]
    for rounds in (ROUNDS, LONG):
        made = _settled(world, rings, start, every, rounds)
        for _ in range(REJOINED):
            made = merge(world, made, within)
        made = merge(world, made, Within(rings, every))
        yield made if rounds == ROUNDS else _settled(world, rings, made, own)


def _own_saves(world: World, whole: Bits, rings: Ints, parts: Ints, own: np.ndarray) -> Floats:
    """Bits that telling the parts of each ring apart saves in the families ``own`` (one boolean each).

    sum over these of max(0, bits of the parts - bits of the ring) - families, less :func:`rings_naming` of the members
    that take part in the one which most do: who shares nothing of these families is in no part by them.
    """
    parts, number = dense_labels(parts)
    home, rings_found = home_of(parts, number, rings), len(whole.saved)
    bits = bits_of(world, groups_of(parts, number)).family_bits[own]
    apart = np.stack([np.bincount(home, weights=row, minlength=rings_found) for row in bits])
    joining = looks_by(world, parts).joining[:, own].max(axis=1, initial=0)
    gains = np.maximum(apart - whole.family_bits[own], 0).sum(axis=0) - len(bits)
    return np.asarray(gains - rings_naming(home, joining, rings_found))


def _united(
    world: World, whole: Bits, common: InCommon, clusters: Ints, settled: Ints, told_apart: np.ndarray
) -> Iterator[Ints]:
    """Labels after uniting what has settled: by the families told apart, and by what rings pick of the others.

    Which families are told ring by ring in the second way follows from the rings that the first comes to.
    """
    looks = looks_by(world, settled)
    made = merge(world, settled, Within(clusters, told_apart), looks)
    yield made
    apart, picked = _gains(world, whole, clusters, made, common)
    told_apart = apart > picked
    made = merge(world, settled, Picking(clusters, told_apart, common), looks)
    yield _bare_joined(world, common, clusters, made, told_apart)


def _bare_joined(world: World, common: InCommon, clusters: Ints, labels: Ints, told_apart: np.ndarray) -> Ints:
    """Labels where the members of groups that neither have nor pick anything of their own are where they favour.

    They evade what tells the rings apart, and all of them are a group only for that.
    """
    labels, number = dense_labels(labels)
    groups, home = groups_of(labels, number), home_of(labels, number, clusters)
    picked = _picks_of(world, common, groups, home)
    own = np.where(told_apart[:, home], bits_of(world, groups).family_bits, picked)
    bare = ~(own[world.tying] > 0).any(axis=0)
    if not bare.any():
        return labels
    kept, number = dense_labels(kept_labels(labels, ~bare))
    counts = count(world, groups_of(kept, number))
    homes = np.where((labels >= 0) & (kept < 0), clusters, NOWHERE), home_of(kept, number, clusters)
    best = best_groups(world, profiles(world, counts, score(world, counts)), kept, -np.inf, homes)
    moved = np.where(best >= 0, best, labels + number)
    return dense_labels(np.where((labels >= 0) & (kept < 0), moved, kept))[0]


def _by_two_families(world: World, whole: Bits) -> np.ndarray:
    """Which clusters two families tie; cutting the others changed no score where tried (docs/method/search.md)."""
    return np.asarray((whole.family_bits[world.tying] > 0).sum(axis=0) >= 2)


def _in_parts(rings: Ints, clusters: Ints, number: int) -> np.ndarray:
    """Which clusters are in two rings or more."""
    rings, found = dense_labels(rings)
    return np.asarray(np.bincount(home_of(rings, found, clusters), minlength=number) > 1)


def cut_saves(world: World, whole: Bits, clusters: Ints, rings: Ints, common: InCommon) -> Floats:
    """Bits that cutting each cluster into its rings saves, per cluster; 0 where one family alone would cut it.

    sum over families of max(0, bits of the rings - bits of the cluster, what the rings pick of what the cluster has in
    common) - families, less :func:`rings_naming`.
    """
    gains = np.maximum(np.maximum(*_gains(world, whole, clusters, rings, common)), 0)
    beyond = gains.sum(axis=0) - gains.max(axis=0, initial=0.0)
    rings, number = dense_labels(rings)
    home = home_of(rings, number, clusters)
    cut = (np.bincount(home, minlength=len(whole.saved)) > 1) & (beyond > 0)
    naming = rings_naming(home, np.bincount(rings[rings >= 0], minlength=number), len(whole.saved))
    return np.where(cut, gains.sum(axis=0) - len(gains) - naming, 0.0)


def _gains(world: World, whole: Bits, clusters: Ints, rings: Ints, common: InCommon) -> tuple[Floats, Floats]:
    """What each family saves beyond the cluster, told ring by ring or as picks of the rings; families x clusters."""
    rings, number = dense_labels(rings)
    groups, home = groups_of(rings, number), home_of(rings, number, clusters)
    picked = _picks_of(world, common, groups, home)
    told = [
        [np.bincount(home, weights=row, minlength=len(whole.saved)) for row in bits]
        for bits in (bits_of(world, groups).family_bits, picked)
    ]
    return np.stack(told[0]) - whole.family_bits, np.stack(told[1])


def _picks_of(world: World, common: InCommon, groups: sp.csr_matrix, home: Ints) -> Floats:
    """What groups (0/1, groups x accounts) pick of what their clusters have in common, families x groups."""
    return picks(common, [(groups @ background.counted).tocsr() for background in world.kinds], home)


def rings_naming(home: Ints, sizes: Ints, clusters: int) -> Floats:
    """Bits that say who is in which ring, per cluster; ``home`` and ``sizes`` are per ring.

    log2 s + log2 binomial(s - 1, r - 1) for the sizes of r rings of s accounts, and log2 (s! / (s_1! ... s_r!)).
    """
    size = np.bincount(home, weights=sizes, minlength=clusters)
    rings = np.bincount(home, minlength=clusters)
    who = log2_factorial(size) - np.bincount(home, weights=log2_factorial(sizes), minlength=clusters)
    sizes_of = np.log2(np.maximum(size, 1)) + log2_binomial(np.maximum(size - 1, 0), np.maximum(rings - 1, 0))
    return np.asarray(who + sizes_of)


def _told_apart(whole: Bits, shared: tuple[int, ...]) -> np.ndarray:
    """Which families are described ring by ring (families x clusters): all but those ``shared``, the strongest is 0."""
    order = (-whole.family_bits).argsort(axis=0, kind="stable")
    return np.asarray(~np.isin(order.argsort(axis=0, kind="stable"), shared))


def _settled(world: World, clusters: Ints, labels: Ints, told_apart: np.ndarray, rounds: int = ROUNDS) -> Ints:
    """Labels after moving accounts, so many times, to the group of their cluster that the families told apart favour.

    What was proposed by devices has all who evade them in one group, where their cards may tell whose they are. A
    cluster in which nobody moved has settled.
    """
    counted = told_apart[[world.families.index(b.incidence.kind.family) for b in world.kinds]]
    moving = np.ones(told_apart.shape[1], dtype=bool)
    for _ in range(rounds):
        went_on = kept_labels(clusters, moving) >= 0
        number = distinct(labels[went_on & (labels >= 0)])
        part, groups = dense_labels(np.where(went_on, labels, -1))
        homes = np.where(part >= 0, clusters, NOWHERE), home_of(part, groups, clusters)
        counts = count(world, groups_of(part, groups))
        best = best_groups(world, profiles(world, counts, score(world, counts)), part, -np.inf, homes, counted)
        moved = (best >= 0) & (best != part)
        labels = np.where(moved, np.append(number, -1)[best], labels)
        moving = np.bincount(clusters[moved], minlength=len(moving)) > 0
        if not moving.any():
            break
    return dense_labels(labels)[0]


def _proposals(graph: AccountGraph, clusters: Ints, propose: Proposer) -> list[Ints]:
    """Labels that cut every cluster by its first proposal, every one that has a second by that, and so on.

    A proposal that repeats an earlier one of its cluster is left out: who is in no cluster with one is in none (-1).
    """
    order = np.argsort(clusters, kind="stable")
    starts = np.searchsorted(clusters[order], np.arange(clusters.max(initial=-1) + 2))
    cuts: list[Ints] = []
    following = 0
    for first, past in pairwise(starts):
        members = order[first:past]
        if not len(members):
            continue
        for number, found in enumerate(_different(propose(part_of(graph, members)))):
            if number == len(cuts):
                cuts.append(np.full(len(clusters), -1, dtype=np.int64))
            cuts[number][members] = following + found
            following += len(members)
    return cuts


def _by_some(propose: Proposer, smallest: int, part: AccountGraph) -> Ints:
    """Proposals by all but content, and by what is the accounts' own alone (:func:`_by_own`)."""
    without = without_family(part, CONTENT_FAMILY)
    found = [propose(without)] if 0 < len(without.kinds) < len(part.kinds) else []
    return np.concatenate([*found, _by_own(propose, smallest, part)])


def _by_own(propose: Proposer, smallest: int, part: AccountGraph) -> Ints:
    """Proposals by what is the accounts' own alone: all but content and network.

    Whoever is in no group of ``smallest`` accounts is in one with all others of this sort.
    """
    own = without_family(without_family(part, CONTENT_FAMILY), LEASED_FAMILY)
    if not own.kinds:
        return np.zeros((0, part.accounts), dtype=np.int64)
    return np.array([dense_labels(row, smallest)[0] for row in propose(own)]) + 1


def _different(partitions: Ints) -> Ints:
    """The partitions that cut at all, each once, numbered by first occurrence."""
    numbered = [np.unique(row, return_index=True, return_inverse=True)[1:] for row in partitions]
    canonical = [np.argsort(np.argsort(first))[inverse] for first, inverse in numbered]
    kept = {row.tobytes(): row for row in canonical if row.max(initial=0) > 0}
    return np.array(list(kept.values()), dtype=np.int64)
