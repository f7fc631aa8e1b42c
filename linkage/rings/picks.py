"""What the parts of a cluster pick from what all of it has in common.

An operator has a set of prompts, a box of cards, a provider of addresses; each of its rings uses a part of them. Told
ring by ring, every entity is named anew among all there are; told once for the cluster, a ring names its part among
those few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import CHOICE_OF_CODE, RATIOS, Floats, Ints, log2_binomial, pool_gain
from linkage.rings.compiled import Int32s, compiled
from linkage.rings.counts import World, count
from linkage.rings.score import score


@dataclass(frozen=True)
class InCommon:
    """The profiles of clusters: per kind a matrix, clusters x entities, of the members that use what is in the profile;
    and the family (as a row) of each kind."""

    used: tuple[sp.csr_matrix, ...]
    family: Ints
    families: int


def in_common(world: World, clusters: sp.csr_matrix) -> InCommon:
    """The profiles of clusters given as a 0/1 matrix, clusters x accounts."""
    counts = count(world, clusters)
    used = []
    for numbers, kind, background in zip(counts.kinds, score(world, counts).kinds, world.kinds, strict=True):
        cells = (numbers.k[kind.chosen], (numbers.group[kind.chosen], numbers.entity[kind.chosen]))
        matrix = sp.csr_matrix(cells, shape=(clusters.shape[0], background.width))
        matrix.sort_indices()
        used.append(matrix)
    rows = [world.families.index(b.incidence.kind.family) for b in world.kinds]
    return InCommon(tuple(used), np.array(rows, dtype=np.int64), len(world.families))


def picks(common: InCommon, used: Sequence[sp.csr_matrix], home: Ints) -> Floats:
    """Bits that naming what each group picks saves beyond its cluster's profile, families x groups.

    ``used`` has a matrix a kind, groups x entities, of the members that use an entity; ``home`` is the cluster of each
    group. Of the n links of a group into the m entities in common, whose members' links are D, a share x leads into the
    p that it picks, where D_p / D would lead by the cluster's own rates:

        n KL(x || D_p / D) - log2(n + 1) - log2 binomial(m, p) - log2(m + 1) - 1

    with p those of whose users in the cluster a share above the best of ten ratios is the group's. A family counts with
    its best kind.
    """
    bits = np.zeros((common.families, len(home)))
    for family, theirs, its in zip(common.family, common.used, used, strict=True):
        before = np.concatenate([[0], np.cumsum(theirs.data.astype(np.int64))])
        k = np.rint(its.data).astype(np.int64)
        made = _picked(home, its.indptr, its.indices, k, theirs.indptr, theirs.indices, before)
        bits[family] = np.maximum(bits[family], made)
    return bits


@compiled
def _picked(
    home: Ints, start: Int32s, entity: Int32s, k: Ints, first: Int32s, common: Int32s, before: Ints
) -> Floats:  # fmt: skip
    """Bits of each group; its cells from ``start`` on, its cluster's from ``first`` on, both in order of entity.

    ``before`` counts the members that use an entity, up to each cell of the clusters.
    """
    bits, levels = np.zeros(len(home)), len(RATIOS) + 1
    inside, theirs, chosen = np.zeros(levels, np.int64), np.zeros(levels, np.int64), np.zeros(levels, np.int64)
    for group in range(len(home)):
        inside[:], theirs[:], chosen[:] = 0, 0, 0
        low, end = first[home[group]], first[home[group] + 1]
        for i in range(start[group], start[group + 1]):
            cell = low + np.searchsorted(common[low:end], entity[i])
            if cell < end and common[cell] == entity[i]:
                users = before[cell + 1] - before[cell]
                level = np.searchsorted(RATIOS, k[i] / users)
                inside[level] += k[i]
                theirs[level] += users
                chosen[level] += 1
        n, named, links = float(inside.sum()), float(end - low), float(before[end] - before[low])
        into = by_rates = picked = 0.0
        for level in range(levels - 1, 0, -1):
            into, by_rates, picked = into + inside[level], by_rates + theirs[level], picked + chosen[level]
            if picked > 0:
                naming = log2_binomial(named, picked) + np.log2(named + 1.0) + CHOICE_OF_CODE
                bits[group] = max(bits[group], pool_gain(into, n, by_rates / links, naming))
    return bits
