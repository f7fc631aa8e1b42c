"""The second level: rings inside a cluster, which share what the whole cluster has in common.

Told ring by ring, what all rings of an operator share would be paid for with every ring, and small ones never come
apart. So a cluster cut into rings describes each family once for all of it, or ring by ring, whichever saves more.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from linkage.config import LEASED_FAMILY
from linkage.model import AccountGraph
from linkage.rings.codelength import Floats, Ints, log2_binomial, log2_factorial
from linkage.rings.counts import World, count, dense_labels, groups_of, home_of
from linkage.rings.decide import Limits
from linkage.rings.looks import looks_by
from linkage.rings.merge import merge
from linkage.rings.score import Score, score
from linkage.rings.split import Proposer, part_of
from linkage.rings.unions import WORTH, Within

COMMON = "content"  # the family that rings of one operator may share; their parts may differ in leased addresses
SHARED_BY_ALL = 2  # how many of a cluster's strongest families are tried as what its rings have in common


def rings_inside(graph: AccountGraph, world: World, clusters: Ints, propose: Proposer, limits: Limits) -> Ints:
    """Ring of each account (-1: none), numbered over all clusters; a cluster that does not come apart is one ring.

    Communities proposed inside each cluster unite while that saves bits of the cluster's description; of all ways to
    cut a cluster the one that saves most is taken, when it saves over 5 bits.
    """
    clusters, number = dense_labels(clusters)
    whole = score(world, count(world, groups_of(clusters, number)))
    rings, best = clusters, np.full(number, WORTH)
    for start in _proposals(graph, clusters, propose, limits.smallest):
        looks = looks_by(world, start)
        for told_apart in _told_apart(whole):
            made = merge(world, start, Within(clusters, told_apart), looks)
            saves = cut_saves(world, whole, clusters, made)
            better = saves > best
            best = np.where(better, saves, best)
            rings = np.where(np.append(better, False)[clusters], made + rings.max(initial=-1) + 1, rings)
    return dense_labels(rings)[0]


def cut_saves(world: World, whole: Score, clusters: Ints, rings: Ints) -> Floats:
    """Bits that cutting each cluster into its rings saves, per cluster; 0 where one family alone would cut it.

    sum over families of max(0, bits of the rings - bits of the cluster) - families, less :func:`rings_naming`.
    """
    rings, number = dense_labels(rings)
    counts = count(world, groups_of(rings, number))
    bits = score(world, counts).family_bits
    clustered = len(whole.saved)
    home = home_of(rings, number, clusters)
    apart = np.stack([np.bincount(home, weights=row, minlength=clustered) for row in bits])
    gains = np.maximum(apart - whole.family_bits, 0)
    beyond = gains.sum(axis=0) - gains.max(axis=0, initial=0.0)
    cut = (np.bincount(home, minlength=clustered) > 1) & (beyond > 0)
    return np.where(cut, gains.sum(axis=0) - len(bits) - rings_naming(home, counts.size, clustered), 0.0)


def rings_naming(home: Ints, sizes: Ints, clusters: int) -> Floats:
    """Bits that say who is in which ring, per cluster; ``home`` and ``sizes`` are per ring.

    log2 s + log2 binomial(s - 1, r - 1) for the sizes of r rings of s accounts, and log2 (s! / (s_1! ... s_r!)).
    """
    size = np.bincount(home, weights=sizes, minlength=clusters)
    rings = np.bincount(home, minlength=clusters)
    who = log2_factorial(size) - np.bincount(home, weights=log2_factorial(sizes), minlength=clusters)
    sizes_of = np.log2(np.maximum(size, 1)) + log2_binomial(np.maximum(size - 1, 0), np.maximum(rings - 1, 0))
    return np.asarray(who + sizes_of)


def _told_apart(whole: Score) -> Iterator[np.ndarray]:
    """Which families are described ring by ring (families x clusters): all, or all but one of a cluster's strongest."""
    rank = (-whole.family_bits).argsort(axis=0, kind="stable")
    yield np.ones(rank.shape, dtype=bool)
    for place in range(min(SHARED_BY_ALL, len(rank) - 1)):
        told = np.ones(rank.shape, dtype=bool)
        told[rank[place], np.arange(rank.shape[1])] = False
        yield told


def _proposals(graph: AccountGraph, clusters: Ints, propose: Proposer, smallest: int) -> list[Ints]:
    """Labels that cut every cluster of two rings' size by the first proposal, every one by the second, and so on.

    A proposal that repeats an earlier one of its cluster leaves the cluster whole.
    """
    order = np.argsort(clusters, kind="stable")
    starts = np.searchsorted(clusters[order], np.arange(clusters.max(initial=-1) + 2))
    cuts: list[Ints] = []
    following = len(starts)
    for first, past in pairwise(starts):
        members = order[first:past]
        if len(members) < 2 * smallest:
            continue
        for number, found in enumerate(_different(_cut_up(graph, members, propose, smallest))):
            if number == len(cuts):
                cuts.append(clusters.copy())
            cuts[number][members] = following + found
            following += len(members)
    return cuts


def _cut_up(graph: AccountGraph, members: Ints, propose: Proposer, smallest: int) -> Ints:
    """Proposals for a cluster: by all that its accounts use, and by what is their own alone.

    Of the latter, whoever is in no group of ``smallest`` accounts is in one with all others of this sort.
    """
    part = part_of(graph, members)
    own = part_of(part_of(part, np.arange(len(members)), LEASED_FAMILY), np.arange(len(members)), COMMON)
    if not own.kinds:
        return propose(part)
    apart = [dense_labels(row, smallest)[0] for row in propose(own)]
    return np.concatenate([propose(part), np.array(apart) + 1])


def _different(partitions: Ints) -> Ints:
    """The partitions that cut at all, each once, numbered by first occurrence."""
    numbered = [np.unique(row, return_index=True, return_inverse=True)[1:] for row in partitions]
    canonical = [np.argsort(np.argsort(first))[inverse] for first, inverse in numbered]
    kept = {row.tobytes(): row for row in canonical if row.max(initial=0) > 0}
    return np.array(list(kept.values()), dtype=np.int64)
