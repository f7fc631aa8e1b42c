"""Components, Leiden, Louvain and label propagation: on the account-entity graph, or on the accounts alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import igraph
import numpy as np
import scipy.sparse as sp

from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers.graph import Bipartite, Floats, NotRun, joined

SEED = 1
ITERATIONS = 2
MAX_PROJECTED = 12_000_000  # sum of d^2: twice the pairs, at about 100 bytes each in igraph


def components(graph: Bipartite, cap: int) -> Labels:
    """Connected components when entities with more than ``cap`` accounts are left out."""
    kept = graph.users <= cap
    size = graph.accounts + graph.entities
    return joined(graph.account[kept], graph.accounts + graph.entity[kept], size)[: graph.accounts]


def leiden(graph: Bipartite, weights: Floats | None, resolution: float = 1.0) -> Labels:
    """Communities of igraph's Leiden by modularity, two iterations; plain when ``weights`` is None."""
    with _seeded():
        found = _network(graph).community_leiden(
            objective_function="modularity", weights=weights, resolution=resolution, n_iterations=ITERATIONS
        )
    return _labels(found, graph.accounts)


def louvain(graph: Bipartite, weights: Floats | None, resolution: float = 1.0) -> Labels:
    """Communities of igraph's Louvain by modularity; plain when ``weights`` is None."""
    with _seeded():
        found = _network(graph).community_multilevel(weights=weights, resolution=resolution)
    return _labels(found, graph.accounts)


def label_propagation(graph: Bipartite, weights: Floats | None) -> Labels:
    """Communities of igraph's label propagation (Raghavan et al. 2007); plain when ``weights`` is None."""
    with _seeded():
        found = _network(graph).community_label_propagation(weights=weights)
    return _labels(found, graph.accounts)


def projected_louvain(graph: Bipartite, cap: int, resolution: float = 1.0) -> Labels:
    """Louvain on accounts joined by what they share, with the summed rarity in bits as weight.

    Entities with more than ``cap`` accounts are left out.

    Raises:
        NotRun: the projection would be too large; with d users an entity makes d^2 / 2 pairs.
    """
    kept = graph.capped(cap)
    size = int(kept.users.sum())  # each of an entity's d links carries d
    if size > MAX_PROJECTED:
        raise NotRun(f"the projection has a sum of d^2 of {size:,}, more than {MAX_PROJECTED:,}")
    matrix = kept.incidence()
    rarity = np.zeros(kept.entities)
    rarity[kept.entity] = np.maximum(kept.bits, 0.0)
    pairs = sp.triu(matrix @ sp.diags_array(rarity) @ matrix.T, k=1).tocoo()
    network = igraph.Graph(kept.accounts, np.column_stack([pairs.row, pairs.col]))
    with _seeded():
        found = network.community_multilevel(weights=pairs.data, resolution=resolution)
    return _labels(found, kept.accounts)


def _network(graph: Bipartite) -> igraph.Graph:
    edges = np.column_stack([graph.account, graph.accounts + graph.entity])
    return igraph.Graph(graph.accounts + graph.entities, edges)


def _labels(found: igraph.VertexClustering, accounts: int) -> Labels:
    return np.asarray(found.membership[:accounts], dtype=np.int64)


@contextmanager
def _seeded() -> Iterator[None]:
    """igraph draws from one generator per process: it is seeded, and given back to Python's own afterwards."""
    igraph.set_random_number_generator(random.Random(SEED))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
