"""Rings that serve several operators, as a proxy's do: without them a cluster falls into parts that share nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from linkage.operators.cluster import SUGGESTED, Tree, cluster_trees, numbers
from linkage.operators.ties import Groups, between
from linkage.operators.uses import KindUses, narrowed, without

MOST = 0.5  # part of what two groups share that must vanish with a ring for it to be asked


@dataclass(frozen=True)
class Operators:
    """``own`` has the rings of each operator that are its alone, ``shared`` further rings with the operators served."""

    own: list[Tree]
    shared: list[tuple[frozenset[int], list[int]]]


def told_apart(kinds: list[KindUses], clusters: list[Tree], least: float) -> Operators:
    """Take clusters apart that only one part, a bridge, holds together.

    A bridge is a part without which the rest of its cluster, united anew, falls into sides that share no bit worth
    speaking of, at least two of which hold several groups together: of a side of one group nobody can say whether it is
    another operator or a corner of the first. Then the sides are operators apart. The bridge serves those of them to
    which it is tied by more than ``least`` bits, one at least; if that is one alone, it belongs to it.
    """
    todo, own, shared = list(clusters), [], []
    while todo:
        whole = todo.pop()
        found = min(_bridges(kinds, whole, least), key=_Bridge.order, default=None)
        if found is None:
            own.append(whole)
        elif len(found.served) > 1:
            todo += found.sides
            shared.append(found)
        else:
            todo += [side for side in found.sides if side not in found.served]
            todo.append(_joined([found.part, *found.served]))
    own.sort(key=lambda tree: min(tree.rings))
    serving = [
        (bridge.part.rings, [n for n, tree in enumerate(own) if any(tree.rings & s.rings for s in bridge.served)])
        for bridge in shared
    ]
    return Operators(own, sorted(serving, key=lambda entry: min(entry[0])))


@dataclass(frozen=True)
class _Bridge:
    """A part, the sides that it holds together, and those of them that it serves."""

    part: Tree
    sides: list[Tree]
    served: list[Tree]

    def order(self) -> tuple[int, int, list[int]]:
        """Those that serve most sides first, then the smallest."""
        return -len(self.served), len(self.part.rings), sorted(self.part.rings)


def _bridges(kinds: list[KindUses], whole: Tree, least: float) -> Iterator[_Bridge]:
    if whole.parts is None:
        return
    kinds = narrowed(kinds, numbers(whole.rings))
    apart = _falling_apart(kinds, whole, least)
    parts = {part.rings: part for part in _candidates(kinds, whole, least)} if apart else {}
    for part in (parts[rings] for rings in parts if rings in apart):
        rest = [leaf for leaf in whole.leaves() if not leaf.rings <= part.rings]
        sides = _sides(without(kinds, numbers(part.rings)), rest, least)
        firm = [side for side in sides if side.parts]
        if len(firm) > 1:
            served = [side for side in firm if serves(kinds, whole, part, side, least)]
            if served:
                yield _Bridge(part, sides, served)


def serves(kinds: list[KindUses], whole: Tree, part: Tree, side: Tree, least: float) -> bool:
    """Whether a part ties a side to the rest, and every group in it somewhat: not one to this side, another to that.

    The other sides share nothing with this one: what ties it to all of the rest is the part's doing, too.
    """
    theirs = numbers(side.rings)
    if max(between(kinds, numbers(rings), theirs).total for rings in (part.rings, whole.rings - side.rings)) <= least:
        return False
    return all(
        between(without(kinds, numbers(part.rings - leaf.rings)), numbers(leaf.rings), theirs).total > SUGGESTED
        for leaf in part.leaves()
    )


def _falling_apart(kinds: list[KindUses], whole: Tree, least: float) -> set[frozenset[int]]:
    """Parts without which ties of more than ``least`` bits, two by two, do not join all other groups: a quick look."""
    leaves = whole.leaves()
    of = np.full(kinds[0].users.shape[0], -1, dtype=np.int64)
    for n, leaf in enumerate(leaves):
        of[list(leaf.rings)] = n
    groups = Groups(kinds, of, lenient=True)
    tied = np.array([groups.ties(n) > least for n in range(len(leaves))]).reshape(len(leaves), len(leaves))
    found = set()
    for part in whole.nodes():
        rest = [n for n, leaf in enumerate(leaves) if not leaf.rings <= part.rings]
        if rest and connected_components(tied[np.ix_(rest, rest)], directed=False)[0] > 1:
            found.add(part.rings)
    return found


def _candidates(kinds: list[KindUses], whole: Tree, least: float) -> Iterator[Tree]:
    """Parts without which two groups that were united are not tied any more; unions nearest the top first."""
    for tree in sorted(whole.nodes(), key=lambda node: (-len(node.rings), min(node.rings))):
        for inside, beyond in (tree.parts, tree.parts[::-1]) if tree.parts else ():
            for part in _carrying(kinds, inside, beyond):
                rest = numbers(inside.rings - part.rings)
                if between(kinds, rest, numbers(beyond.rings)).total <= least:
                    yield part


def _carrying(kinds: list[KindUses], inside: Tree, beyond: Tree) -> Iterator[Tree]:
    """Parts of ``inside``, from the top down, with which most of what it shares with ``beyond`` would vanish."""
    mine, theirs = numbers(inside.rings), numbers(beyond.rings)
    common = [(kind.used_by(mine) > 0) & (kind.used_by(theirs) > 0) for kind in kinds]
    number = sum(int(c.sum()) for c in common)
    tree = inside
    while tree.parts:
        left = [
            sum(int((kind.used_by(numbers(inside.rings - part.rings))[c] > 0).sum())
                for kind, c in zip(kinds, common, strict=True))
            for part in tree.parts
        ]
        tree = tree.parts[int(np.argmin(left))]
        if min(left) > (1 - MOST) * number:
            return
        yield tree


def _sides(kinds: list[KindUses], leaves: list[Tree], least: float) -> list[Tree]:
    """The leaves united anew; groups that have any bits worth speaking of with each other are one side."""
    made = cluster_trees(kinds, leaves, least)
    close = np.array([
        [a is b or between(kinds, numbers(a.rings), numbers(b.rings)).total > SUGGESTED for b in made] for a in made
    ]).reshape(len(made), len(made))
    count, side = connected_components(close, directed=False)
    return [_joined([made[i] for i in np.flatnonzero(side == n)]) for n in range(count)]


def _joined(trees: list[Tree]) -> Tree:
    tree = trees[0]
    for other in trees[1:]:
        tree = Tree(tree.rings | other.rings, (tree, other))
    return tree
