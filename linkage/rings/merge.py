"""Unite two groups when one profile for both saves more bits than two."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import Counts, World, count, dense_labels, groups_of
from linkage.rings.profile import profiles
from linkage.rings.score import Score, score

NEIGHBOURS = 20  # partners tried a group; from the method sketch
MAX_ROUNDS = 40  # every round unites at least one pair; groups halve in most


def merge(world: World, labels: Ints) -> Ints:
    """Labels after uniting, best pair first, as long as a union saves more than its two parts apart."""
    labels, groups = dense_labels(labels)
    for _ in range(MAX_ROUNDS):
        if groups < 2:
            break
        counts = count(world, groups_of(labels, groups))
        scored = score(world, counts)
        target = _unite(world, counts, scored, neighbours(world, counts, scored))
        if np.array_equal(target, np.arange(groups)):
            break
        labels, groups = dense_labels(np.where(labels >= 0, target[np.maximum(labels, 0)], -1))
    return labels


def _unite(world: World, counts: Counts, scored: Score, pairs: tuple[Ints, Ints]) -> Ints:
    """Which group each group becomes: the best pairs of which neither part was used in this round already."""
    first, second = pairs
    target = np.arange(len(counts.size))
    gain = _gain(world, counts, scored, first, second)
    used = np.zeros(len(target), dtype=bool)
    for i in np.lexsort((second, first, -gain)):
        if gain[i] <= 0:
            break
        if not (used[first[i]] or used[second[i]]):
            used[[first[i], second[i]]] = True
            target[second[i]] = first[i]
    return target


def _gain(world: World, counts: Counts, scored: Score, first: Ints, second: Ints) -> Floats:
    united = score(world, counts.take(first).united(counts.take(second)))
    apart = np.maximum(scored.saved[first], 0) + np.maximum(scored.saved[second], 0)
    return np.asarray(united.saved - apart)


def neighbours(world: World, counts: Counts, scored: Score) -> tuple[Ints, Ints]:
    """Pairs of groups worth trying: for each group the 20 that share most of its profile, by weight."""
    made = profiles(world, counts, scored)
    likeness = sp.csr_matrix((len(counts.size), len(counts.size)))
    for kind, numbers in zip(made.kinds, counts.kinds, strict=True):
        used = numbers.k.copy()
        used.data = (used.data / np.maximum(numbers.having, 1)[np.repeat(np.arange(used.shape[0]), np.diff(used.indptr))])
        weight = kind.weight.copy()
        weight.data = np.maximum(weight.data, 0.0)
        weight.eliminate_zeros()
        likeness = likeness + weight @ used.T
    likeness = (likeness + likeness.T).tocsr()
    likeness.setdiag(0)
    likeness.eliminate_zeros()
    return _strongest(likeness)


def _strongest(likeness: sp.csr_matrix) -> tuple[Ints, Ints]:
    rows = np.repeat(np.arange(likeness.shape[0]), np.diff(likeness.indptr))
    order = np.lexsort((likeness.indices, -np.round(likeness.data, 6), rows))
    rank = np.arange(len(rows)) - np.repeat(likeness.indptr[:-1], np.diff(likeness.indptr))
    kept = order[rank < NEIGHBOURS]
    low = np.minimum(rows[kept], likeness.indices[kept]).astype(np.int64)
    high = np.maximum(rows[kept], likeness.indices[kept]).astype(np.int64)
    keys = np.unique(low * likeness.shape[0] + high)
    return keys // likeness.shape[0], keys % likeness.shape[0]
