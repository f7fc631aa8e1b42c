"""Leiden on the account-entity graph, by igraph or leidenalg, behind one function."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property

import igraph
import leidenalg
import numpy as np
import numpy.typing as npt

from linkage.communities.interrupts import ctrl_c_waits
from linkage.config import Objective

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Edges:
    """A bipartite graph: account numbers 0..accounts-1, entity numbers from ``accounts`` up, weights in bits > 0.

    ``part``, one number an account, says that it is several graphs in one, which no edge joins.
    """

    accounts: int
    nodes: int
    account: Ints
    entity: Ints
    weight: npt.NDArray[np.float64]
    part: Ints | None = None

    @cached_property
    def graph(self) -> igraph.Graph:
        """The graph in igraph, its edges with their ``weight``; built once, for every run on it."""
        weight = {"weight": self.weight.tolist()}
        return igraph.Graph(n=self.nodes, edges=np.column_stack([self.account, self.entity]), edge_attrs=weight)

    @cached_property
    def shares(self) -> list[float] | None:
        """Strength of each node over the root of its part's, so that CPM is the modularity of every part on its own.

        Modularity compares an edge with k_i k_j / 2m, m the weight of all edges: here of those of the part. None
        where there are no parts.
        """
        if self.part is None:
            return None
        part = self.part[self.account]
        root = np.sqrt(2 * np.bincount(part, weights=self.weight))[part]
        ends = np.concatenate([self.account, self.entity])
        strength = np.tile(self.weight / np.maximum(root, 1e-300), 2)
        shares: list[float] = np.bincount(ends, weights=strength, minlength=self.nodes).tolist()
        return shares


@dataclass(frozen=True)
class LeidenSettings:
    """What one run of Leiden needs; nothing here has a default (see config.Proposers)."""

    objective: Objective
    resolution: float
    iterations: int
    seed: int


def leiden(edges: Edges, settings: LeidenSettings) -> Ints:
    """Community of each account, by igraph's Leiden (Traag, Waltman & van Eck 2019); weights are bits.

    igraph draws from one generator for the whole process; it is seeded here, so the result depends on the arguments
    only. Not guaranteed: the optimum, or connected communities after two iterations. Parts are cut each on its own, all
    in one run: a run a part would take several times as long.
    """
    igraph.set_random_number_generator(random.Random(settings.seed))
    shares = edges.shares if settings.objective == Objective.MODULARITY else None
    with ctrl_c_waits():
        found = edges.graph.community_leiden(
            objective_function=settings.objective.value if shares is None else Objective.CPM.value,
            weights="weight",
            node_weights=shares,
            resolution=settings.resolution,
            n_iterations=settings.iterations,
        )
    return np.asarray(found.membership, dtype=np.int64)[: edges.accounts]


def multiplex(layers: list[Edges], settings: LeidenSettings) -> Ints:
    """Community of each account, by leidenalg's multiplex optimiser over layers on the same nodes, one a family."""
    partitions = [_layer(layer, settings) for layer in layers]
    optimiser = leidenalg.Optimiser()
    optimiser.set_rng_seed(settings.seed)
    optimiser.optimise_partition_multiplex(partitions, n_iterations=settings.iterations)
    return np.asarray(partitions[0].membership, dtype=np.int64)[: layers[0].accounts]


def _layer(layer: Edges, settings: LeidenSettings) -> leidenalg.VertexPartition.MutableVertexPartition:
    how = {"weights": "weight", "resolution_parameter": settings.resolution}
    if settings.objective == Objective.CPM:
        return leidenalg.CPMVertexPartition(layer.graph, **how)
    if layer.part is None:
        return leidenalg.RBConfigurationVertexPartition(layer.graph, **how)
    return leidenalg.CPMVertexPartition(layer.graph, node_sizes=layer.shares, **how)
