"""The second level: rings inside a cluster, which share what the whole cluster has in common.

Told ring by ring, what all rings of an operator share would be paid for with every ring, and small ones never come
apart. So a cluster cut into rings describes each family once for all of it, or ring by ring, whichever saves more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from linkage.model import AccountGraph
from linkage.rings.codelength import Floats, Ints, log2_binomial, log2_factorial
from linkage.rings.counts import World, count, dense_labels, groups_of, home_of, kept_labels
from linkage.rings.decide import Limits
from linkage.rings.looks import looks_by
from linkage.rings.merge import merge
from linkage.rings.score import Score, score
from linkage.rings.split import Proposer, parts_of
from linkage.rings.unions import WORTH, Within

RENTED, COMMON = "network", "content"  # families that parts of one ring may differ in, that rings may share
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
    large = np.bincount(clusters[clusters >= 0], minlength=1) >= 2 * smallest
    cut = kept_labels(clusters, large)
    members = np.flatnonzero(cut >= 0)
    following = len(large)
    cuts = []
    for found in different(_cut_up(graph, cut, propose, smallest), cut[members]):
        cuts.append(clusters.copy())
        cuts[-1][members] = np.where(found >= 0, found + following, clusters[members])
    return cuts


def _cut_up(graph: AccountGraph, cut: Ints, propose: Proposer, smallest: int) -> Ints:
    """Proposals for clusters: by all that their accounts use, and by what is their own alone.

    Of the latter, whoever is in no group of ``smallest`` accounts is in one with all others of this sort.
    """
    whole, part = parts_of(graph, cut)
    own = parts_of(graph, cut, RENTED, COMMON)[0]
    if not own.kinds:
        return propose(whole, part)
    found = propose(own, part)
    for row in found:
        row[:] = dense_labels(row, smallest)[0] + 1
    return np.concatenate([propose(whole, part), found])


def different(partitions: Ints, part: Ints) -> Ints:
    """The partitions of each part that cut it at all, each once, in order; -1 where a part has no further one.

    A community has the number of its first account.
    """
    numbered = np.zeros(partitions.shape, dtype=np.int64)
    for row, labels in zip(numbered, partitions, strict=True):
        first, inverse = np.unique(np.stack([part, labels]), axis=1, return_index=True, return_inverse=True)[1:]
        row[:] = first[inverse.ravel()]
    parts, account = int(part.max(initial=-1)) + 1, np.arange(len(part))
    further = np.zeros((len(numbered), parts), dtype=bool)
    for number, row in enumerate(numbered):
        cuts = np.bincount(part[row == account], minlength=parts) > 1
        news = [np.bincount(part[row != before], minlength=parts) > 0 for before in numbered[:number]]
        further[number] = np.logical_and.reduce([cuts, *news])
    place = np.cumsum(further, axis=0) - 1
    kept = np.full(numbered.shape, -1)
    for row, counts, where in zip(numbered, further, place, strict=True):
        chosen = np.flatnonzero(counts[part])
        kept[where[part[chosen]], chosen] = row[chosen]
    return kept[: int(place.max(initial=-1)) + 1]
