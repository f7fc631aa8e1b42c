"""Who hangs on a ring by one member or one thing alone.

Behind a member may stand its household or its firm: tied to it by cards and addresses, and to the ring through it and
nobody else. Whatever brought that member into the ring brought them, so they say nothing for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import igraph as ig
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order

from linkage.rings.codelength import Ints
from linkage.rings.counts import Counts, World, distinct
from linkage.rings.profile import Profiles
from linkage.rings.score import Score

NOBODY = -1
COMPANY = 2  # members behind one entity, who then share something else, too


@dataclass(frozen=True)
class Tree:
    """Blocks (biconnected components) and vertices (memberships, then cells) under the hearts of their rings.

    ``parent`` of each node: node 0 is above all hearts, then come the blocks, then the vertices.
    """

    parent: Ints
    blocks: int
    members: int


def gates(tree: Tree) -> Ints:
    """The gate of each membership, a membership too, which all its ties to the heart of its ring pass. -1: it has none.

    A tie is an entity that speaks for the ring, and of whose users half or more are members. The heart is the largest
    set of members that holds together whoever of them is taken away (the biconnected component with most members). Of
    several gates in a row the one next to the heart counts; who is not tied to the heart at all has none.
    """
    return _next_to_the_heart(tree.parent, tree.blocks, tree.members)


def by_account(gate: Ints, group: Ints) -> Ints:
    """The gates of memberships by group, then account, for the same ones by account; ``group`` is that of each."""
    order = np.argsort(group, kind="stable")
    found = np.full(len(order), NOBODY, dtype=np.int64)
    found[order] = np.where(gate == NOBODY, NOBODY, order[gate])
    return found


def homes(tree: Tree) -> np.ndarray:
    """Memberships of two and more who share things of their own, and hang on their ring by one entity: booleans.

    So do a household through whose line a ring's proxy leaves, and one person's accounts on a device that the ring has,
    too. Evaders who keep to one thing of the ring's share nothing else with each other.
    """
    known = np.arange(min(tree.members, max(len(tree.parent) - 1 - tree.blocks, 0)))
    top = _below_the_heart(tree)[1 + tree.blocks + known]
    behind = (top > 0) & (tree.parent[top] > tree.blocks + tree.members)
    company = np.bincount(top[behind], minlength=len(tree.parent))[top] >= COMPANY
    found = np.zeros(tree.members, dtype=bool)
    found[known] = behind & company
    return found


def tree_of(world: World, counts: Counts, scored: Score, made: Profiles) -> Tree:
    """The tree of some rings, by their counts, score and profiles."""
    group = counts.kinds[0].member_group
    ends, cell_group = _ties(world, counts, scored, made)
    block, vertex = _blocks(ends, len(group) + len(cell_group))
    if not len(block):
        return Tree(np.zeros(1, dtype=np.int64), 0, len(group))
    hearts = _hearts(block, vertex, np.concatenate([group, cell_group]), len(group))
    return Tree(_parents(block, vertex, hearts), int(block[-1]) + 1, len(group))


def _blocks(ends: Ints, vertices: int) -> tuple[Ints, Ints]:
    """The biconnected components of a graph: block and vertex of each pair of them, in order of both."""
    trees = ig.GraphBase.biconnected_components(ig.Graph(n=vertices, edges=ends), False)  # as edges that span each
    edge = np.fromiter(chain.from_iterable(trees), dtype=np.int64)
    block = np.repeat(np.arange(len(trees)), np.fromiter(map(len, trees), dtype=np.int64, count=len(trees)))
    pairs = distinct(np.repeat(block, 2) * max(vertices, 1) + ends[edge].ravel())
    return pairs // max(vertices, 1), pairs % max(vertices, 1)


def _below_the_heart(tree: Tree) -> Ints:
    """The topmost block of each node that is not a heart, by doubling the steps; 0 where there is none.

    Above a block stands the vertex by which it hangs on the next one, and above a heart node 0.
    """
    parent = tree.parent
    node = np.arange(len(parent))
    top = np.where((node > 0) & (node <= tree.blocks) & (parent > 0), node, 0)
    while parent.any():
        top = np.where(top[parent] > 0, top[parent], top)
        parent = parent[parent]
    return np.asarray(top)


def _ties(world: World, counts: Counts, scored: Score, made: Profiles) -> tuple[Ints, Ints]:
    """Edges between memberships and the cells of what holds their ring together; and the group of each such cell."""
    ends, group = [np.empty((0, 2), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    first = len(counts.kinds[0].member_group)
    for background, numbers, kind, profile in zip(world.kinds, counts.kinds, scored.kinds, made.kinds, strict=True):
        if background.incidence.kind.window:
            continue
        named = kind.chosen | (profile.own(numbers.group, numbers.entity)[0] > 0)
        ours = named & (2 * numbers.k >= background.users[numbers.entity])
        number = first + np.cumsum(ours) - 1
        links = ours[numbers.link_cell]
        ends.append(np.column_stack([numbers.link_member[links], number[numbers.link_cell[links]]]))
        group.append(numbers.group[ours])
        first += int(ours.sum())
    return np.concatenate(ends), np.concatenate(group)


def _hearts(block: Ints, vertex: Ints, group: Ints, members: int) -> Ints:
    """The block with most members in each group; of equal ones that with the first vertex."""
    number = int(block[-1]) + 1
    held = np.bincount(block, weights=vertex < members, minlength=number)
    first = np.full(number, len(group))
    np.minimum.at(first, block, vertex)
    order = np.lexsort((first, -held, group[first]))
    return np.asarray(order[np.unique(group[first][order], return_index=True)[1]])


def _parents(block: Ints, vertex: Ints, hearts: Ints) -> Ints:
    """Parent of each node of the trees of blocks and vertices: node 0 is above all hearts, then blocks, then vertices.

    What is not reached from a heart has node 0 for its parent.
    """
    blocks = int(block[-1]) + 1
    above = np.concatenate([np.zeros(len(hearts), dtype=np.int64), 1 + block])
    below = np.concatenate([1 + hearts, 1 + blocks + vertex])
    size = 1 + blocks + int(vertex.max()) + 1
    tree = csr_matrix((np.ones(len(above), dtype=np.int8), (above, below)), shape=(size, size))
    parents = breadth_first_order(tree, 0, directed=False)[1]
    return np.asarray(np.maximum(parents, 0), dtype=np.int64)


def _next_to_the_heart(parent: Ints, blocks: int, members: int) -> Ints:
    """The topmost member above each member, by doubling the steps; -1 where there is none."""
    vertex = parent - 1 - blocks
    top = np.where((vertex >= 0) & (vertex < members), vertex, NOBODY)
    while parent.any():
        top = np.where(top[parent] >= 0, top[parent], top)
        parent = parent[parent]
    mine = np.full(members, NOBODY)
    known = min(members, max(len(top) - 1 - blocks, 0))
    mine[:known] = top[1 + blocks :][:known]
    return mine
