"""Kinds of one family of which one follows from the other, such as an address and its subnet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import maximum_bipartite_matching

from linkage.model import AccountGraph, Incidence
from linkage.rings.codelength import Ints
from linkage.rings.counts import rows_of

TOLERATED = 0.01  # share of coarse links that no fine one explains: entities with the same users can't be told apart


@dataclass(frozen=True)
class Nesting:
    """The kind ``coarse`` follows from the kind ``fine`` (places in the graph); ``within`` is per fine entity."""

    coarse: int
    fine: int
    within: Ints


def nestings(graph: AccountGraph) -> list[Nesting]:
    """For each kind that follows from a finer one of its family, the coarsest such finer kind.

    Fine entities lie in coarse ones when whoever uses one uses the other, and when they explain 99 % of the coarse
    links. Two kinds that say the same follow from the first.
    """
    found = []
    for place, coarse in enumerate(graph.kinds):
        width = coarse.matrix.shape[1]
        finer = [
            i for i, kind in enumerate(graph.kinds)
            if kind.kind.family == coarse.kind.family and (kind.matrix.shape[1], -i) > (width, -place)
        ]  # fmt: skip
        for fine in sorted(finer, key=lambda i: (graph.kinds[i].matrix.shape[1], i)):
            within = container(graph.kinds[fine], coarse)
            if within is not None:
                found.append(Nesting(place, fine, within))
                break
    return found


def container(fine: Incidence, coarse: Incidence) -> Ints | None:
    """The coarse entity that each fine one lies in; None when the kinds are not nested.

    A fine entity lies in one that all of its users use. Where several are left, as for entities with one user, they
    are handed out so that as many coarse links as possible are explained, the rest to the one with fewest users.
    """
    together = (fine.matrix.T.astype(np.int64) @ coarse.matrix).tocsr()
    entity, holder = rows_of(together), together.indices.astype(np.int64)
    all_use = together.data == fine.users[entity]
    entity, holder = entity[all_use], holder[all_use]
    choices = np.bincount(entity, minlength=fine.matrix.shape[1])
    if not len(choices) or (choices == 0).any():
        return None
    order = np.lexsort((holder, coarse.users[holder], entity))
    within = holder[order][np.unique(entity[order], return_index=True)[1]]
    _hand_out(fine, coarse, (entity, holder), np.flatnonzero(choices > 1), within)
    return within if _unexplained(fine, coarse, within).nnz <= TOLERATED * coarse.matrix.nnz else None


def _unexplained(fine: Incidence, coarse: Incidence, within: Ints) -> sp.csr_matrix:
    """The links of the coarse kind that no link of the fine one leads to."""
    account = rows_of(fine.matrix)
    ones = np.ones(len(account), dtype=np.int64)
    reached = sp.csr_matrix((ones, (account, within[fine.matrix.indices])), shape=coarse.matrix.shape)
    missing = (coarse.matrix - coarse.matrix.multiply(reached > 0)).tocsr()
    missing.eliminate_zeros()
    return missing


def _hand_out(
    fine: Incidence, coarse: Incidence, choices: tuple[Ints, Ints], unsure: Ints, within: Ints
) -> None:
    """Set ``within`` of the ``unsure`` fine entities by a largest matching with the links that only they explain."""
    settled = within.copy()
    sure = np.setdiff1d(np.arange(len(within)), unsure)
    missing = _unexplained(Incidence(fine.kind, fine.matrix[:, sure].tocsr(), sure), coarse, settled[sure])
    links = sp.csr_matrix((np.arange(1, missing.nnz + 1), missing.indices, missing.indptr), shape=missing.shape)
    entity, holder = choices
    columns = fine.matrix.tocsc()
    user = columns.indices[columns.indptr[:-1]]  # its first one: most entities that are unsure have no other
    kept = np.isin(entity, unsure)
    number = np.asarray(links[user[entity[kept]], holder[kept]]).ravel().astype(np.int64)
    wanted = number > 0
    pairs = sp.csr_matrix(
        (np.ones(int(wanted.sum())), (entity[kept][wanted], number[wanted] - 1)), shape=(len(within), missing.nnz)
    )
    match = maximum_bipartite_matching(pairs, perm_type="column")
    matched = np.flatnonzero(match >= 0)
    within[matched] = missing.indices[match[matched]]
