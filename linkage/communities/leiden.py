"""Leiden on the account-entity graph, by igraph or leidenalg, behind one function."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import igraph
import numpy as np
import numpy.typing as npt

from linkage.communities.interrupts import ctrl_c_waits
from linkage.config import Objective

Ints = npt.NDArray[np.int64]

AT_A_TIME = 100_000  # edges that are numbers of Python at once


@dataclass(frozen=True)
class Edges:
    """A bipartite graph: account numbers 0..accounts-1, entity numbers from ``accounts`` up, weights in bits > 0."""

    accounts: int
    nodes: int
    account: Ints
    entity: Ints
    weight: npt.NDArray[np.float64]

    @cached_property
    def graph(self) -> igraph.Graph:
        """The graph in igraph, its edges with their ``weight``; built once, for every run on it."""
        weight = {"weight": self.weight.tolist()}
        return igraph.Graph(n=self.nodes, edges=self._pairs(), edge_attrs=weight)

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """The ends of each edge, as numbers of Python: igraph reads these in a third of the time that an array takes.

        No line of Python runs for an edge.
        """
        parts = [slice(first, first + AT_A_TIME) for first in range(0, len(self.account), AT_A_TIME)]
        return chain.from_iterable(
            zip(self.account[part].tolist(), self.entity[part].tolist(), strict=True) for part in parts
        )


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
    only. Not guaranteed: the optimum, or connected communities after two iterations.
    """
    igraph.set_random_number_generator(random.Random(settings.seed))
    with ctrl_c_waits():
        found = edges.graph.community_leiden(
            objective_function=settings.objective.value,
            weights="weight",
            resolution=settings.resolution,
            n_iterations=settings.iterations,
        )
    return np.asarray(found.membership, dtype=np.int64)[: edges.accounts]


def multiplex(layers: list[Edges], settings: LeidenSettings) -> Ints:
    """Community of each account, by leidenalg's multiplex optimiser over layers on the same nodes, one a family."""
    import leidenalg  # takes a while, and few ask for it

    kinds = {
        Objective.MODULARITY: leidenalg.RBConfigurationVertexPartition,
        Objective.CPM: leidenalg.CPMVertexPartition,
    }
    partitions = [
        kinds[settings.objective](
            layer.graph, weights="weight", resolution_parameter=settings.resolution
        )
        for layer in layers
    ]
    optimiser = leidenalg.Optimiser()
    optimiser.set_rng_seed(settings.seed)
    optimiser.optimise_partition_multiplex(partitions, n_iterations=settings.iterations)
    return np.asarray(partitions[0].membership, dtype=np.int64)[: layers[0].accounts]
