"""The same graph with something taken away, or replaced: kinds, entities, or what some members use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from linkage.model import CREATED, LOAD, AccountGraph, Incidence
from linkage.rings import split
from linkage.rings.codelength import Ints
from linkage.rings.counts import rows_of


def without_family(graph: AccountGraph, family: str) -> AccountGraph:
    """The graph as it would be had the logs no kind of this family, or no creations or loads if it is of these."""
    if family == CREATED:
        return replace(graph, created=None)
    if family == LOAD:
        return replace(graph, loads=None)
    return split.without_family(graph, family)


def without_entities(graph: AccountGraph, entities: Collection[int]) -> AccountGraph:
    """The graph as it would be had nobody used these entities (by the run's numbers)."""
    gone = np.asarray(sorted(entities), dtype=np.int64)
    return replace(graph, kinds=tuple(_thinned(i, ~np.isin(i.entities, gone)) for i in graph.kinds))


def without_links(graph: AccountGraph, account: int, entities: Collection[int]) -> AccountGraph:
    """The graph as it would be had this one account not used these entities; others still do."""
    gone = np.asarray(sorted(entities), dtype=np.int64)
    kinds = []
    for incidence in graph.kinds:
        row, column = rows_of(incidence.matrix), incidence.matrix.indices
        kept = ~((row == account) & np.isin(incidence.entities, gone)[column])
        ones = np.ones(int(kept.sum()), dtype=np.int64)
        matrix = sp.csr_matrix((ones, (row[kept], column[kept])), shape=incidence.matrix.shape)
        seen, uses = (m if m is None else m.multiply(matrix).tocsr() for m in (incidence.seen, incidence.uses))
        made = incidence if kept.all() else Incidence(incidence.kind, matrix, incidence.entities, seen, uses)
        kinds.append(_thinned(made, made.users > 0))
    return replace(graph, kinds=tuple(kinds))


def with_replaced(graph: AccountGraph, members: Ints, entities: Collection[int]) -> AccountGraph:
    """The graph as it would be had each member used something of its own, that nobody else knows, in their place.

    New entities get numbers after all others.
    """
    gone = np.asarray(sorted(entities), dtype=np.int64)
    member = np.zeros(graph.accounts, dtype=bool)
    member[members] = True
    following = 1 + max((int(i.entities.max(initial=-1)) for i in graph.kinds), default=-1)
    kinds = []
    for incidence in graph.kinds:
        made = _replaced(incidence, member, np.isin(incidence.entities, gone), following)
        following = max(following, int(made.entities.max(initial=-1)) + 1)
        kinds.append(made)
    return replace(graph, kinds=tuple(kinds))


def _thinned(incidence: Incidence, kept: np.ndarray) -> Incidence:
    if kept.all():
        return incidence
    return incidence.at(np.flatnonzero(kept))


def _replaced(incidence: Incidence, member: np.ndarray, gone: np.ndarray, following: int) -> Incidence:
    row, column = rows_of(incidence.matrix), incidence.matrix.indices.astype(np.int64)
    swapped = np.flatnonzero(member[row] & gone[column])
    if not len(swapped):
        return incidence
    width = incidence.matrix.shape[1]
    column[swapped] = width + np.arange(len(swapped))
    ones = np.ones(len(row), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (row, column)), shape=(incidence.matrix.shape[0], width + len(swapped)))
    entities = np.concatenate([incidence.entities, following + np.arange(len(swapped))])
    made = Incidence(incidence.kind, matrix, entities)
    return _thinned(made, made.users > 0)
