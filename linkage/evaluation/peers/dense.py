"""Dense blocks of accounts and entities by greedy peeling, after FRAUDAR (Hooi et al., KDD 2016).

A link to an entity of d users weighs 1 / log(d + 5), so that popular entities, the camouflage, add little (the authors'
code also has 1 / sqrt(d + 5)). From the whole graph the node with the least weight left is taken away, again and again;
of all the graphs on the way the one with the most weight per node is the block. Its links are taken out and the next
block is looked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from linkage.evaluation.memberships import NONE, Labels
from linkage.evaluation.peers.graph import Bipartite, Floats

BLOCKS = (10, 40)
WEIGHTS: dict[str, Callable[[Floats], Floats]] = {
    "log": lambda users: 1.0 / np.log(users + 5.0),
    "square root": lambda users: 1.0 / np.sqrt(users + 5.0),
}


@dataclass(frozen=True)
class Peeled:
    """Nodes in the order in which they were taken away, and the place from which on they are the densest graph."""

    order: Labels
    first: int

    @property
    def block(self) -> Labels:
        """The nodes of the densest graph met."""
        return self.order[self.first :]


def dense_blocks(graph: Bipartite) -> Iterator[tuple[str, Labels]]:
    """An account's label is the first block that holds it; for each weight, after each number of blocks in BLOCKS."""
    for name, weigh in WEIGHTS.items():
        labels = np.full(graph.accounts, NONE, dtype=np.int64)
        for block, inside in enumerate(_blocks(graph, weigh(graph.users.astype(np.float64)))):
            labels[inside & (labels == NONE)] = block
            if block + 1 in BLOCKS:
                yield f"{name}, {block + 1} blocks", labels.copy()


def _blocks(graph: Bipartite, weight: Floats) -> Iterator[npt.NDArray[np.bool_]]:
    """The accounts of one block after the other; none when no links are left."""
    nodes = graph.accounts + graph.entities
    low, high = graph.account, graph.accounts + graph.entity
    for _ in range(max(BLOCKS)):
        inside = np.zeros(nodes, dtype=np.bool_)
        if len(low):
            inside[peel(low, high, weight, nodes).block] = True
        yield inside[: graph.accounts]
        left = ~(inside[low] & inside[high])
        low, high, weight = low[left], high[left], weight[left]


def peel(low: Labels, high: Labels, weight: Floats, nodes: int) -> Peeled:
    """Take the node with the least weight left away, from a graph with at least one edge, until nothing is left.

    Of equal nodes the one with the smaller number goes first. Nodes without edges are not in the order.
    """
    order = _order(low, high, weight, nodes)
    place = np.full(nodes, nodes, dtype=np.int64)
    place[order] = np.arange(len(order))
    gone = np.minimum(place[low], place[high])  # an edge lasts until the first of its ends goes
    lost = np.bincount(gone, weights=weight, minlength=len(order))
    left = weight.sum() - np.concatenate([[0.0], np.cumsum(lost)[:-1]])
    return Peeled(order, int(np.argmax(left / np.arange(len(order), 0, -1))))


def _order(low: Labels, high: Labels, weight: Floats, nodes: int) -> Labels:
    # Each step depends on the one before, so this is a loop; plain lists and a heap are the fastest that Python has.
    ends = (np.concatenate([low, high]), np.concatenate([high, low]))
    matrix = sp.csr_matrix((np.concatenate([weight, weight]), ends), shape=(nodes, nodes))
    first, other, weights = matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
    left = np.asarray(matrix.sum(axis=1)).ravel().tolist()
    present = (np.diff(matrix.indptr) > 0).tolist()
    heap = [(left[node], node) for node in range(nodes) if present[node]]
    heapq.heapify(heap)
    order = []
    while heap:
        told, node = heapq.heappop(heap)
        if not present[node] or told != left[node]:
            continue  # taken away already, or an older entry of a node that has lost weight since
        present[node] = False
        order.append(node)
        for edge in range(first[node], first[node + 1]):
            if present[other[edge]]:
                left[other[edge]] -= weights[edge]
                heapq.heappush(heap, (left[other[edge]], other[edge]))
    return np.asarray(order, dtype=np.int64)
