"""Decide which candidates are groups: score, choose, refine, unite, purify."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.rings.choose import BITS_BEYOND, choose
from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import World, count, dense_labels, groups_of
from linkage.rings.merge import merge
from linkage.rings.purify import purify
from linkage.rings.refine import refine
from linkage.rings.score import Score, score


@dataclass(frozen=True)
class Limits:
    """Settings of the decision: rounds of refinement and the smallest group."""

    rounds: int
    smallest: int


def candidate_matrix(partitions: Ints, smallest: int) -> sp.csr_matrix:
    """Proposals x accounts (labels) as candidates x accounts (0/1), small communities left out, repeats kept once."""
    rows = []
    for labels in partitions:
        dense, groups = dense_labels(np.unique(labels, return_inverse=True)[1].astype(np.int64), smallest)
        rows.append(groups_of(dense, groups))
    return sp.vstack(rows).tocsr() if rows else sp.csr_matrix((0, 0))


def decide(world: World, partitions: Ints, limits: Limits) -> Ints:
    """Labels per account (-1: none): the groups that save bits by evidence of two families, purified.

    Then, among accounts still free, the groups that save bits by one family alone: they are linked beyond chance, and
    will be told apart by their verdict.
    """
    candidates = candidate_matrix(partitions, limits.smallest)
    labels = _settle(world, choose(candidates, worth_by_two_families(score(world, count(world, candidates))), limits.smallest), limits)
    labels = purify(world, labels, limits.smallest)
    labels = merge(world, refine(world, labels, 1, limits.smallest))
    return dense_labels(labels, limits.smallest)[0]


def _settle(world: World, labels: Ints, limits: Limits) -> Ints:
    labels = refine(world, labels, limits.rounds, limits.smallest)
    return refine(world, merge(world, labels), 1, limits.smallest)


def worth_by_two_families(scored: Score) -> Floats:
    """Bits saved, 0 where the bits outside the strongest family are 10 or less."""
    return np.where(scored.beyond_best_family > BITS_BEYOND, scored.saved, 0.0)
