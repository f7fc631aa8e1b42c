"""Proposals: several partitions of the accounts, each community a candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from linkage.communities.leiden import Edges, LeidenSettings, leiden, multiplex
from linkage.config import CONTENT_FAMILY, Proposers
from linkage.engines import Workers
from linkage.model import AccountGraph, Incidence

Ints = npt.NDArray[np.int64]

LARGE = 1_000_000  # links from which on Leiden takes longer than processes take to begin, two seconds or three


def ready_to_propose() -> None:
    """Nothing more: who calls this has imported all that proposals need."""


def edges_of(graph: AccountGraph, families: Sequence[str]) -> Edges:
    """The links of some families to entities with two users or more, weighted by rarity log2(N_t / d).

    Entities without such a link are no nodes: Leiden would visit them in every round, to leave them alone.
    """
    accounts, entities, weights, offset = [], [], [], graph.accounts
    for incidence in graph.kinds:
        if incidence.kind.family in families:
            account, entity, weight = _weighted(incidence)
            present = np.bincount(entity, minlength=incidence.matrix.shape[1]) > 0
            accounts.append(account)
            entities.append((np.cumsum(present) - 1)[entity] + offset)
            weights.append(weight)
            offset += int(present.sum())
    empty = np.zeros(0, dtype=np.int64)
    return Edges(
        graph.accounts,
        offset,
        np.concatenate([empty, *accounts]),
        np.concatenate([empty, *entities]),
        np.concatenate([empty.astype(np.float64), *weights]),
    )


def _weighted(incidence: Incidence) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    users = incidence.users
    having = int(np.count_nonzero(incidence.breadth))
    account = np.repeat(np.arange(incidence.matrix.shape[0], dtype=np.int64), incidence.breadth)
    entity = incidence.matrix.indices.astype(np.int64)
    weight = np.log2(having / np.maximum(users, 1))[entity]
    kept = (users[entity] >= 2) & (weight > 0)
    return account[kept], entity[kept], weight[kept]


def proposer(
    settings: Proposers, resolutions: Sequence[float], seed: int, without_content: bool = True,
    workers: Workers | None = None,
) -> Callable[[AccountGraph], Ints]:
    """A function from a graph to partitions of its accounts: proposals x accounts, numbered within each proposal.

    Leiden at each resolution on all families, and, if ``without_content``, at each on all families but content (when
    there are others); with ``settings.multiplex`` also leidenalg's multiplex optimiser with one layer a family. The
    ``workers`` share the runs on a large graph.
    """

    def propose(graph: AccountGraph) -> Ints:
        runs = [LeidenSettings(settings.objective, r, settings.iterations, seed) for r in resolutions]
        families = sorted({i.kind.family for i in graph.kinds})
        without = [f for f in families if f != CONTENT_FAMILY]
        choices = [families] + ([without] if without_content and 0 < len(without) < len(families) else [])
        asked = [(edges, run) for edges in (edges_of(graph, chosen) for chosen in choices) for run in runs]
        found = (workers or Workers()).each(leiden, asked, enough=graph.links >= LARGE)
        if settings.multiplex and len(families) > 1:
            layers = [_same_nodes(graph, family) for family in families]
            found += [multiplex(layers, run) for run in runs]
        return np.stack(found)

    return propose


def inner_proposer(settings: Proposers, seed: int) -> Callable[[AccountGraph], Ints]:
    """The same for parts of the graph: at the inner resolutions, and on all families that a part is given with.

    Who cuts a part leaves families out as it needs to.
    """
    return proposer(settings, settings.inner_resolutions, seed, without_content=False)


def _same_nodes(graph: AccountGraph, family: str) -> Edges:
    """One family's links, on the nodes of the whole graph (layers must agree on their nodes)."""
    e = edges_of(graph, [i.kind.family for i in graph.kinds])
    links = [np.full(len(_weighted(i)[0]), i.kind.family == family) for i in graph.kinds]
    kept = np.concatenate([np.zeros(0, dtype=bool), *links])
    return Edges(e.accounts, e.nodes, e.account[kept], e.entity[kept], e.weight[kept])
