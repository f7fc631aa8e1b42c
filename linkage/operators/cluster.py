"""Group rings into operator clusters: which rings draw from one stock of templates, cards, devices."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linkage.operators.ties import Groups, between
from linkage.operators.uses import Ints, KindUses, narrowed

WORTH = 5.0  # bits that a union must exceed at least, as in the stage rings; a price, no bound
SUGGESTED = 1.0  # bits from which unions are proposed; 0.5 to 4 gave the same operators on eight simulated worlds


def price(groups: int) -> float:
    """Bits that a tie must exceed: 5, or with more than eight groups log2 of the pairs that they make."""
    return max(WORTH, float(np.log2(max(groups * (groups - 1) / 2, 1))))


@dataclass(frozen=True)
class Tree:
    """A group of rings and the two that it was united from, if any."""

    rings: frozenset[int]
    parts: tuple[Tree, Tree] | None = None

    def nodes(self) -> Iterator[Tree]:
        """Itself and all that it consists of."""
        todo = [self]
        while todo:
            tree = todo.pop()
            yield tree
            todo.extend(tree.parts or ())

    def leaves(self) -> list[Tree]:
        """The groups that it began from."""
        return [node for node in self.nodes() if node.parts is None]


def cluster_rings(kinds: list[KindUses], rings: Ints, least: float) -> list[Tree]:
    """Operator clusters of these rings, ordered by their first ring.

    Unions are proposed best pair first, while a pair has any bit worth
    speaking of, other rings not counting as strangers: what many rings of an operator share is no two rings' own.
    A proposal stands when each of its parts is tied to all the rest of it by more than ``least`` bits; parts that are
    not are cut off, and what is left is asked again. Then the clusters unite while two are tied by more than that.
    """
    return cluster_trees(kinds, [Tree(frozenset([ring])) for ring in rings.tolist()], least)


def cluster_trees(kinds: list[KindUses], leaves: list[Tree], least: float) -> list[Tree]:
    """:func:`cluster_rings` of groups that begin as ``leaves``."""
    kept = [part for tree in unite(kinds, leaves, SUGGESTED, lenient=True) for part in _standing(kinds, tree, least)]
    return sorted(unite(kinds, kept, least), key=lambda tree: min(tree.rings))


def unite(kinds: list[KindUses], trees: list[Tree], least: float, lenient: bool = False) -> list[Tree]:
    """Unite groups of rings, best pair first, while one is tied by more than ``least`` bits; counts add up.

    For ``lenient`` see :class:`linkage.operators.ties.Groups`.
    """
    of = np.full(kinds[0].users.shape[0] if kinds else 0, -1, dtype=np.int64)
    alive = dict(enumerate(sorted(trees, key=lambda tree: min(tree.rings))))
    if not kinds:
        return list(alive.values())
    for number, tree in alive.items():
        of[list(tree.rings)] = number
    groups = Groups(kinds, of, lenient)
    heap: list[tuple[float, int, int]] = []
    for one in alive:
        _offer(heap, groups.ties(one)[:one], one, least)
    while heap:
        _, first, second = heapq.heappop(heap)
        if first in alive and second in alive:
            parts = (alive.pop(first), alive.pop(second))
            one = groups.unite(first, second)
            _offer(heap, groups.ties(one), one, least)
            alive[one] = Tree(parts[0].rings | parts[1].rings, parts)
    return list(alive.values())


def _offer(heap: list[tuple[float, int, int]], bits: np.ndarray, one: int, least: float) -> None:
    for other in np.flatnonzero(bits > least).tolist():
        heapq.heappush(heap, (-float(bits[other]), other, one))


def _standing(kinds: list[KindUses], tree: Tree, least: float) -> list[Tree]:
    """The tree, or the pieces of it that stand: see :func:`cluster_rings`."""
    todo, done = [tree], []
    kinds = narrowed(kinds, numbers(tree.rings))
    while todo:
        whole = todo.pop()
        loose = _loose(kinds, whole, least)
        if not loose:
            done.append(whole)
            continue
        todo += loose
        rest = _without(whole, frozenset().union(*(part.rings for part in loose)))
        todo += [rest] if rest else []
    return done


def _loose(kinds: list[KindUses], whole: Tree, least: float) -> list[Tree]:
    """Disjoint parts that are not tied to the rest, the loosest first."""
    parts = {part.rings: part for part in whole.nodes() if part.rings != whole.rings}
    found = []
    for rings, part in parts.items():
        bits = between(kinds, numbers(rings), numbers(whole.rings - rings)).total
        if bits <= least:
            found.append((bits, sorted(rings), part))
    taken: set[int] = set()
    loose = []
    for _, first_rings, part in sorted(found, key=lambda entry: entry[:2]):
        if taken.isdisjoint(first_rings):
            taken.update(first_rings)
            loose.append(part)
    return loose


def _without(tree: Tree, rings: frozenset[int]) -> Tree | None:
    """The tree without some rings; None when nothing is left."""
    if tree.parts is None or tree.rings.isdisjoint(rings):
        left = tree.rings - rings
        return tree if left == tree.rings else Tree(left) if left else None
    first, second = (_without(part, rings) for part in tree.parts)
    return Tree(first.rings | second.rings, (first, second)) if first and second else first or second


def numbers(rings: frozenset[int]) -> Ints:
    """Ring numbers in order."""
    return np.array(sorted(rings), dtype=np.int64)
