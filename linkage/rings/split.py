"""Split a group when its parts save more bits than the whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence
from linkage.rings.choose import choose, worth_by_two_families
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, count, dense_labels, groups_of, kept_labels
from linkage.rings.purify import dominated_by
from linkage.rings.refine import refine
from linkage.rings.score import Score, score
from linkage.rings.unions import WORTH

Proposer = Callable[[AccountGraph], Ints]


def part_of(graph: AccountGraph, chosen: Ints, leave_out: str = "") -> AccountGraph:
    """The graph of some accounts alone (numbered as in ``chosen``), without the entities that none of them uses.

    ``leave_out`` names a family whose kinds stay out.
    """
    kinds = []
    for incidence in graph.kinds:
        if incidence.kind.family != leave_out:
            rows = incidence.matrix[chosen]
            used = np.unique(rows.indices)
            kinds.append(Incidence(incidence.kind, rows[:, used].tocsr(), incidence.entities[used]))
    return AccountGraph(len(chosen), tuple(kinds))


def split(graph: AccountGraph, world: World, labels: Ints, propose: Proposer, smallest: int) -> Ints:
    """Labels after splitting, family by family, the groups that one family holds together.

    Inside such a group the other families propose parts (an address that several operators and a crowd of strangers
    share says nothing of who belongs together). The best parts, refined, and the rest replace the group when together
    they save more than 5 bits beyond it.
    """
    for family in world.families:
        labels, groups = dense_labels(labels, smallest)
        if groups == 0:
            break
        whole = score(world, count(world, groups_of(labels, groups)))
        tested = np.flatnonzero(dominated_by_family(world, whole, family))
        parts = _propose_parts(graph, labels, tested, family, propose, smallest)
        if parts.shape[0]:
            labels = _replace(world, labels, whole, parts, smallest)
    return dense_labels(labels, smallest)[0]


def dominated_by_family(world: World, scored: Score, family: str) -> np.ndarray:
    """Which groups owe more than 35 % of their bits to one of the family's kinds."""
    kinds = [i for i, b in enumerate(world.kinds) if b.incidence.kind.family == family]
    return np.asarray(np.any([dominated_by(scored, kind) for kind in kinds], axis=0))


def _propose_parts(
    graph: AccountGraph, labels: Ints, tested: Ints, family: str, propose: Proposer, smallest: int
) -> sp.csr_matrix:
    order = np.argsort(labels, kind="stable")
    rows = [sp.csr_matrix((0, len(labels)), dtype=np.int64)]
    for group in tested:
        members = order[slice(*np.searchsorted(labels[order], [group, group + 1]))]
        part = part_of(graph, members, leave_out=family)
        if len(members) < 2 * smallest or not part.kinds:
            continue
        for found in propose(part):
            dense, groups = dense_labels(np.unique(found, return_inverse=True)[1].astype(np.int64), smallest)
            spread = np.full(len(labels), -1, dtype=np.int64)
            spread[members] = dense
            rows.append(groups_of(spread, groups))
    return sp.vstack(rows).tocsr()


def _replace(world: World, labels: Ints, whole: Score, parts: sp.csr_matrix, smallest: int) -> Ints:
    """Put chosen and refined parts, and the rest, in the place of their group wherever together they save more."""
    chosen = choose(parts, worth_by_two_families(score(world, count(world, parts))), smallest)
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
