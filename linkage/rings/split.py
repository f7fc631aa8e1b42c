"""Split a group when its parts save more bits than the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence
from linkage.rings.choose import choose, worth_by_two_families
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, count, dense_labels, groups_of, kept_labels, rows_of
from linkage.rings.purify import dominated_by
from linkage.rings.refine import refine
from linkage.rings.score import Score, bits_of, score
from linkage.rings.unions import WORTH

Proposer = Callable[[AccountGraph, Ints], Ints]  # of a graph of parts, and the part of each account


def part_of(graph: AccountGraph, chosen: Ints, *leave_out: str) -> AccountGraph:
    """The graph of some accounts alone (numbered as in ``chosen``), without the entities that none of them uses.

    ``leave_out`` names families whose kinds stay out.
    """
    return _apart(graph, chosen, np.zeros(len(chosen), dtype=np.int64), leave_out)


def parts_of(graph: AccountGraph, labels: Ints, *leave_out: str) -> tuple[AccountGraph, Ints]:
    """The graphs of several groups in one, and the group of each of its accounts.

    The accounts are those with a label of 0 and more, in order. An entity that two groups use is there twice.
    """
    chosen = np.flatnonzero(labels >= 0)
    return _apart(graph, chosen, labels[chosen], leave_out), labels[chosen]


def _apart(graph: AccountGraph, chosen: Ints, part: Ints, leave_out: tuple[str, ...]) -> AccountGraph:
    kinds = []
    for incidence in graph.kinds:
        if incidence.kind.family not in leave_out:
            rows, width = incidence.matrix[chosen], incidence.matrix.shape[1]
            used, column = np.unique(part[rows_of(rows)] * width + rows.indices, return_inverse=True)
            matrix = sp.csr_matrix((rows.data, column, rows.indptr), shape=(len(chosen), len(used)))
            kinds.append(Incidence(incidence.kind, matrix, incidence.entities[used % max(width, 1)]))
    return AccountGraph(len(chosen), tuple(kinds))


@dataclass(frozen=True)
class Parts:
    """Proposals for parts of groups, all groups in one graph.

    A group is asked for again in every round: not to cut it twice lost rings in both worlds tried.
    """

    graph: AccountGraph
    propose: Proposer

    def of(self, labels: Ints, leave_out: str, smallest: int) -> sp.csr_matrix:
        """Proposed parts of the groups, by all families but one: a 0/1 matrix, parts x accounts of the whole graph.

        Each has ``smallest`` accounts and more; there are none where no family is left.
        """
        labels = dense_labels(labels, 2 * smallest)[0]
        graph, part = parts_of(self.graph, labels, leave_out)
        if not len(part) or not graph.kinds:
            return sp.csr_matrix((0, len(labels)), dtype=np.int64)
        found, account = candidate_matrix(self.propose(graph, part), smallest), np.flatnonzero(labels >= 0)
        return sp.csr_matrix((found.data, account[found.indices], found.indptr), shape=(found.shape[0], len(labels)))


def candidate_matrix(partitions: Ints, smallest: int) -> sp.csr_matrix:
    """Proposals x accounts (labels) as candidates x accounts (0/1); small communities are left out."""
    rows = [sp.csr_matrix((0, partitions.shape[1]), dtype=np.int64)]
    for labels in partitions:
        dense, groups = dense_labels(np.unique(labels, return_inverse=True)[1].astype(np.int64), smallest)
        rows.append(groups_of(dense, groups))
    return sp.vstack(rows).tocsr()


def split(world: World, labels: Ints, parts: Parts, smallest: int) -> Ints:
    """Labels after splitting, family by family, the groups that one family holds together.

    Inside such a group the other families propose parts (an address that several operators and a crowd of strangers
    share says nothing of who belongs together). The best parts, refined, and the rest replace the group when together
    they save more than 5 bits beyond it.
    """
    for family in np.array(world.families)[world.tying].tolist():
        labels, groups = dense_labels(labels, smallest)
        if groups == 0:
            break
        whole = score(world, count(world, groups_of(labels, groups)))
        found = parts.of(kept_labels(labels, dominated_by_family(world, whole, family)), family, smallest)
        if found.shape[0]:
            labels = _replace(world, labels, whole, found, smallest)
    return dense_labels(labels, smallest)[0]


def dominated_by_family(world: World, scored: Score, family: str) -> np.ndarray:
    """Which groups owe more than 35 % of their bits to one of the family's kinds."""
    kinds = [i for i, b in enumerate(world.kinds) if b.incidence.kind.family == family]
    return np.asarray(np.any([dominated_by(scored, kind) for kind in kinds], axis=0))


def _replace(world: World, labels: Ints, whole: Score, parts: sp.csr_matrix, smallest: int) -> Ints:
    """Put chosen and refined parts, and the rest, in the place of their group wherever together they save more."""
    chosen = choose(parts, worth_by_two_families(bits_of(world, parts)), smallest)
    chosen, pieces = dense_labels(refine(world, chosen, 1, smallest), smallest)
    if pieces == 0:
        return labels
    groups = len(whole.saved)
    home = _home(chosen, labels, pieces)
    rest = np.where(chosen < 0, labels, -1)
    saved = np.maximum(score(world, count(world, groups_of(chosen, pieces))).saved, 0)
    rest_saved = np.maximum(score(world, count(world, groups_of(rest, groups))).saved, 0)
    inside = np.bincount(home[home >= 0], weights=saved[home >= 0], minlength=groups)
    better = (inside > 0) & (inside + rest_saved > np.maximum(whole.saved, 0) + WORTH)
    moved = kept_labels(chosen, kept_labels(home, better) >= 0) >= 0
    stays = kept_labels(labels, ~better) >= 0
    return np.where(stays, labels, np.where(moved, chosen + groups, rest))


def _home(parts: Ints, labels: Ints, pieces: int) -> Ints:
    """The group that most accounts of each part came from, -1 when that is none."""
    inside = parts >= 0
    width = int(labels.max(initial=0)) + 2
    table = np.bincount(parts[inside] * width + labels[inside] + 1, minlength=pieces * width).reshape(pieces, width)
    return np.asarray(table.argmax(axis=1) - 1, dtype=np.int64)
