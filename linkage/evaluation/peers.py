"""What one would use instead: connected components under a degree cap, and Leiden on the account-entity graph.

Each peer takes the graph of a links table (``model.LINKS``: account, entity, kind) and returns a label per account.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import igraph
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from linkage.evaluation.scores import Labels

CAPS = (10, 50)
SEED = 1
ITERATIONS = 2


@dataclass(frozen=True)
class Bipartite:
    """Account-entity links as arrays: one entry a link; entities with one user are left out."""

    accounts: int
    account: Labels
    entity: Labels  # dense numbers from 0
    users: Labels  # d, accounts per entity
    bits: npt.NDArray[np.float64]  # log2(accounts with the kind / d)

    @property
    def entities(self) -> int:
        """How many entities have links."""
        return int(self.entity.max(initial=-1)) + 1


def bipartite(links: pa.Table, accounts: int) -> Bipartite:
    """The graph of a links table over ``accounts`` numbered accounts; degrees are counted anew from the links.

    The order of rows does not matter.
    """
    links = links.sort_by([("account", "ascending"), ("entity", "ascending")])
    account = _ints(links, "account")
    _, entity = np.unique(_ints(links, "entity"), return_inverse=True)
    kind = np.asarray(pc.dictionary_encode(links["kind"]).combine_chunks().indices, dtype=np.int64)
    users = np.bincount(entity)[entity]
    with_kind = np.unique(kind * accounts + account) // accounts
    rarity = np.log2(np.bincount(with_kind, minlength=int(kind.max(initial=-1)) + 1)[kind] / users)
    shared = users > 1
    _, dense = np.unique(entity[shared], return_inverse=True)
    return Bipartite(accounts, account[shared], dense.astype(np.int64), users[shared], rarity[shared])


def components(graph: Bipartite, cap: int) -> Labels:
    """Connected components when entities with more than ``cap`` accounts are left out."""
    kept = graph.users <= cap
    rows, columns = graph.account[kept], graph.accounts + graph.entity[kept]
    size = graph.accounts + graph.entities
    network = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    _, label = connected_components(network, directed=False)
    return np.asarray(label[: graph.accounts], dtype=np.int64)


def leiden(graph: Bipartite, weights: npt.NDArray[np.float64] | None) -> Labels:
    """Communities of igraph's Leiden by modularity at resolution 1, two iterations; plain when ``weights`` is None.

    igraph draws from one generator per process: it is seeded here, and given back to Python's own afterwards.
    """
    edges = np.column_stack([graph.account, graph.accounts + graph.entity])
    network = igraph.Graph(graph.accounts + graph.entities, edges)
    igraph.set_random_number_generator(random.Random(SEED))
    try:
        found = network.community_leiden(
            objective_function="modularity", weights=weights, resolution=1.0, n_iterations=ITERATIONS
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.asarray(found.membership[: graph.accounts], dtype=np.int64)


def peers(graph: Bipartite) -> Iterator[tuple[str, Labels]]:
    """Every peer's name and labels, one after the other."""
    for cap in CAPS:
        yield f"components, degree <= {cap}", components(graph, cap)
    yield "Leiden, plain", leiden(graph, None)
    yield "Leiden, rarity weights", leiden(graph, np.maximum(graph.bits, 0.0))


def _ints(table: pa.Table, column: str) -> Labels:
    return np.asarray(table[column].to_numpy(), dtype=np.int64)
