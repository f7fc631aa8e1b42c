"""Decide which candidates are groups, and cut them into rings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from linkage.config import Method
from linkage.engines import Workers
from linkage.model import AccountGraph
from linkage.rings.choose import STILL_FREE, choose, worth_by_two_families
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, dense_labels, groups_of, kept_labels
from linkage.rings.crowds import out_of_crowds
from linkage.rings.merge import merge
from linkage.rings.purify import purify
from linkage.rings.refine import refine
from linkage.rings.score import bits_of
from linkage.rings.split import Parts, Proposer, split


@dataclass(frozen=True)
class Limits:
    """Settings of the decision: rounds of refinement and of splitting, the smallest group, and the shield.

    ``shield``: members of suspect rings whose every tie could have been planted on them are bystanders. The result
    does not depend on the ``workers``, who share what is done cluster by cluster.
    """

    rounds: int
    splits: int
    smallest: int
    shield: bool
    workers: Workers = field(default_factory=Workers, compare=False)

    @classmethod
    def of(cls, method: Method, workers: Workers | None = None) -> Limits:
        """Those that the settings name."""
        shield = method.plantable == "bystander"
        return cls(method.rounds, method.splits, method.min_accounts, shield, workers or Workers())


def candidate_matrix(partitions: Ints, smallest: int) -> sp.csr_matrix:
    """Proposals x accounts (labels) as candidates x accounts (0/1); small communities are left out."""
    rows = [sp.csr_matrix((0, partitions.shape[1]), dtype=np.int64)]
    for labels in partitions:
        dense, groups = dense_labels(np.unique(labels, return_inverse=True)[1].astype(np.int64), smallest)
        rows.append(groups_of(dense, groups))
    return sp.vstack(rows).tocsr()


def decide(graph: AccountGraph, world: World, partitions: Ints, propose: Proposer, limits: Limits) -> Ints:
    """Cluster of each account (-1: none).

    First the groups that save bits by evidence of two families: chosen, refined, united; then split, purified and
    united again. Then, among accounts still free, those that save bits by one family alone: linked beyond chance, to be
    told apart by their verdict. ``propose`` gives partitions of a part of the graph.
    """
    candidates = candidate_matrix(partitions, limits.smallest)
    scored = bits_of(world, candidates)
    labels = choose(candidates, worth_by_two_families(scored), limits.smallest)
    labels = merge(world, refine(world, labels, limits.rounds, limits.smallest))
    labels = refine(world, labels, 1, limits.smallest)
    parts = Parts(graph, propose, Workers() if world.observe else limits.workers)
    for _ in range(limits.splits):
        labels = purify(world, split(world, labels, parts, limits.smallest), limits.smallest)
        labels = merge(world, refine(world, labels, 1, limits.smallest))
    labels = refine(world, out_of_crowds(world, labels, limits.smallest), 1, limits.smallest)
    labels = refine(world, add_free(labels, candidates, scored.saved, limits.smallest), 1, limits.smallest)
    return still_saving(world, labels, limits.smallest)


def add_free(labels: Ints, candidates: sp.csr_matrix, worth: np.ndarray, smallest: int) -> Ints:
    """Labels with further groups made of accounts that are in none yet."""
    open_candidates = candidates.multiply((labels < 0).astype(np.int64)[None, :]).tocsr()
    open_candidates.eliminate_zeros()
    open_candidates.sort_indices()
    untouched = np.diff(open_candidates.indptr) >= STILL_FREE * np.diff(candidates.indptr)
    more = choose(open_candidates, np.where(untouched, worth, 0.0), smallest)
    return np.where(more >= 0, more + labels.max(initial=-1) + 1, labels)


def still_saving(world: World, labels: Ints, smallest: int) -> Ints:
    """Labels without the groups that, refined, save nothing: chance explains them."""
    labels, groups = dense_labels(labels, smallest)
    saved = bits_of(world, groups_of(labels, groups)).saved
    return dense_labels(kept_labels(labels, saved > 0), smallest)[0]
