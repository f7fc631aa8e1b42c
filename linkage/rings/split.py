"""Split a group when its parts save more bits than the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import compress

import numpy as np
import scipy.sparse as sp

from linkage.config import CONTENT_FAMILY
from linkage.engines import Workers, dealt
from linkage.model import AccountGraph, Incidence
from linkage.rings.choose import choose, worth_by_two_families
from linkage.rings.codelength import Ints
from linkage.rings.compiled import Int32s, compiled, zeros
from linkage.rings.counts import World, dense_labels, distinct, groups_of, kept_labels
from linkage.rings.purify import dominated_by
from linkage.rings.refine import refine
from linkage.rings.score import Bits, bits_of
from linkage.rings.unions import WORTH

Proposer = Callable[[AccountGraph], Ints]

SHARES = 4  # of the parts, a worker: who is done early takes another
LARGE = 50_000  # accounts in parts from which on proposing takes longer than processes take to begin


def part_of(graph: AccountGraph, chosen: Ints) -> AccountGraph:
    """The graph of some accounts alone (numbered as in ``chosen``), without the entities that none of them uses."""
    kinds = []
    for incidence in graph.kinds:
        whole = incidence.matrix
        ends, taken = _taken(whole.indptr, whole.indices, chosen)
        used = distinct(taken)
        column = _places(used, taken, zeros(whole.shape[1]))
        matrix = sp.csr_matrix((np.ones(len(column), whole.dtype), column, ends), shape=(len(chosen), len(used)))
        kinds.append(Incidence(incidence.kind, matrix, incidence.entities[used]))
    return AccountGraph(len(chosen), tuple(kinds))


@compiled
def _taken(start: Int32s, entity: Int32s, chosen: Ints) -> tuple[Int32s, Int32s]:
    """The rows of a matrix that are chosen: their ends, and the columns that stand there."""
    ends = np.zeros(len(chosen) + 1, dtype=start.dtype)
    for row, account in enumerate(chosen):
        ends[row + 1] = ends[row] + start[account + 1] - start[account]
    taken = np.empty(ends[-1], dtype=entity.dtype)
    for row, account in enumerate(chosen):
        taken[ends[row] : ends[row + 1]] = entity[start[account] : start[account + 1]]
    return ends, taken


@compiled
def _places(used: Int32s, taken: Int32s, place: Int32s) -> Int32s:
    """Where each column stands among those ``used``; ``place`` has a zero for every column, and has it in the end."""
    for number, column in enumerate(used):
        place[column] = number
    found = np.empty_like(taken)
    for at, column in enumerate(taken):
        found[at] = place[column]
    for column in used:
        place[column] = 0
    return found


def without_family(graph: AccountGraph, family: str) -> AccountGraph:
    """The graph without the kinds of a family."""
    return replace(graph, kinds=tuple(i for i in graph.kinds if i.kind.family != family))


@dataclass(frozen=True)
class Parts:
    """Proposals for parts of a graph; answers are kept for when the same accounts are asked for again.

    The workers share the parts that are not known yet, where these have many accounts.
    """

    graph: AccountGraph
    propose: Proposer
    workers: Workers = field(default_factory=Workers)
    kept: dict[tuple[str, bytes], Ints] = field(default_factory=dict)

    def of(self, asked: Sequence[Ints], leave_out: str) -> list[Ints]:
        """For each part (its accounts) proposals x accounts, by all families but one, and by all of these but content.

        No proposals where no family is left.
        """
        keys = [(leave_out, sha256(chosen.tobytes()).digest()) for chosen in asked]
        unknown = {key: chosen for key, chosen in zip(keys, asked, strict=True) if key not in self.kept}
        accounts = np.array([len(chosen) for chosen in unknown.values()], dtype=np.int64)
        hand = dealt(accounts, self.workers.number * SHARES)
        shares = [list(compress(unknown.values(), hand == number)) for number in np.unique(hand)]
        tasks = [(without_family(self.graph, leave_out), self.propose, share) for share in shares]
        found = self.workers.each(_proposed, tasks, enough=accounts.sum() >= LARGE)
        for share, made in zip(shares, found, strict=True):
            for chosen, partitions in zip(share, made, strict=True):
                self.kept[leave_out, sha256(chosen.tobytes()).digest()] = partitions
        return [self.kept[key] for key in keys]


def _proposed(graph: AccountGraph, propose: Proposer, parts: list[Ints]) -> list[Ints]:
    """Proposals for each part, by all families of the graph and by all but content."""
    found = []
    for chosen in parts:
        part = part_of(graph, chosen)
        without = without_family(part, CONTENT_FAMILY)
        ways = [part] if len(without.kinds) in (0, len(part.kinds)) else [part, without]
        empty = np.zeros((0, len(chosen)), dtype=np.int64)
        found.append(np.concatenate([propose(way) for way in ways]) if part.kinds else empty)
    return found


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
        whole = bits_of(world, groups_of(labels, groups))
        tested = np.flatnonzero(dominated_by_family(world, whole, family))
        found = _propose_parts(labels, tested, family, parts, smallest)
        if found.shape[0]:
            labels = _replace(world, labels, whole, found, smallest)
    return dense_labels(labels, smallest)[0]


def dominated_by_family(world: World, scored: Bits, family: str) -> np.ndarray:
    """Which groups owe more than 35 % of their bits to one of the family's kinds."""
    kinds = [i for i, b in enumerate(world.kinds) if b.incidence.kind.family == family]
    return np.asarray(np.any([dominated_by(scored, kind) for kind in kinds], axis=0))


def _propose_parts(labels: Ints, tested: Ints, family: str, parts: Parts, smallest: int) -> sp.csr_matrix:
    """Proposed parts of the tested groups, each of ``smallest`` accounts and more: a 0/1 matrix, parts x accounts."""
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.append(tested, tested + 1)).reshape(2, -1)
    number, part, account = 0, [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    asked = [order[first:past] for first, past in ends.T if past - first >= 2 * smallest]
    for members, proposals in zip(asked, parts.of(asked, family), strict=True):
        for found in proposals:
            dense, groups = dense_labels(found, smallest)
            part.append(dense[dense >= 0] + number)
            account.append(members[dense >= 0])
            number += groups
    cells = (np.concatenate(part), np.concatenate(account))
    matrix = sp.csr_matrix((np.ones(len(cells[0]), dtype=np.int64), cells), shape=(number, len(labels)))
    matrix.sort_indices()
    return matrix


def _replace(world: World, labels: Ints, whole: Bits, parts: sp.csr_matrix, smallest: int) -> Ints:
    """Put chosen and refined parts, and the rest, in the place of their group wherever together they save more."""
    chosen = choose(parts, worth_by_two_families(bits_of(world, parts)), smallest)
    chosen, pieces = dense_labels(refine(world, chosen, 1, smallest), smallest)
    if pieces == 0:
        return labels
    groups = len(whole.saved)
    home = _home(chosen, labels, pieces)
    in_parts = np.bincount(home[home >= 0], minlength=groups) > 0
    rest = np.where(chosen < 0, kept_labels(labels, in_parts), -1)
    saved = np.maximum(bits_of(world, groups_of(chosen, pieces)).saved, 0)
    rest_saved = np.maximum(bits_of(world, groups_of(rest, groups)).saved, 0)
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
