"""Where a ring is weakest: the lightest set of links whose removal leaves some of its members apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import svds

from linkage.reports.shared import accounts_of, entities_of
from linkage.reports.visible import printable
from linkage.reports.words import bits, count, listed, things

NAMED = 5  # accounts named in the sentence
COLUMNS = ["account_id", "kind", "entity", "bits"]


PART = 0.1  # share of the members that a part has at least: smaller ones are the weakest bridge's business
SMALLEST = 3  # accounts of a part


@dataclass(frozen=True)
class Bridge:
    """``bits`` of links to cut so that ``apart``, the smaller side, shares nothing with the other ``rest`` members.

    ``links`` are the links to cut: account_id, kind, entity, bits.
    """

    bits: float
    apart: tuple[str, ...]
    rest: int
    links: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COLUMNS), compare=False)

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        names = [printable(a) for a in self.apart[:NAMED]]
        more = len(self.apart) - len(names)
        who = listed(names + ([f"{more} more"] if more else []))
        rest = count(self.rest, "other member")
        if self.bits == 0:
            return f"No chain of shared entities joins {who} to the {rest}."
        kinds = self.links.drop_duplicates(["kind", "entity"])["kind"].value_counts()
        to = listed([things(int(kinds[kind]), str(kind)) for kind in sorted(kinds.index)])
        through = f" ({count(len(self.links), 'link')} to {to})" if to else ""
        return f"Without links worth {bits(self.bits)}{through}, {who} would stand apart from the {rest}."


def weakest_bridge(graph: nx.Graph) -> Bridge | None:
    """The lightest cut between two of the graph's accounts; None when it has fewer than two accounts.

    Cuts that part only entities do not count. No cut is heavier than all links of one account, so accounts that share
    more than that are never parted: they are taken for one (:func:`_bound`). Between the first of what is left and
    each other one a minimum cut is sought (igraph's push-relabel), as any cut parts the first from some other. Of
    equal cuts one account alone, the first by id, is preferred. Weights are ``weight``, in bits to a thousandth.
    """
    accounts = accounts_of(graph)
    if len(accounts) < 2:
        return None
    incidence = _incidence(graph, accounts)
    own = np.asarray(incidence.sum(axis=1)).ravel()
    apart = np.arange(len(accounts)) == int(own.argmin())
    if own.min() > 0:
        classes = _inseparable(incidence, int(own.min()))
        apart = _lighter(incidence, classes, int(own.min()), apart)
    return _bridge(graph, accounts, incidence, apart)


def seam(graph: nx.Graph) -> Bridge | None:
    """The lightest cut found that parts the accounts in two parts of a tenth and of three accounts at least.

    Accounts are ordered by the second singular vector of the normalised account-entity matrix (Dhillon 2001); every
    place in that order is tried. Not guaranteed: a lighter cut may exist. None where the parts would be too small, or
    where some accounts share nothing, which the weakest bridge says.
    """
    accounts = accounts_of(graph)
    least = max(SMALLEST, math.ceil(PART * len(accounts)))
    if len(accounts) < 2 * least:
        return None
    incidence = _incidence(graph, accounts)
    order = _along(incidence)
    if order is None:
        return None
    cuts = _cuts_along(incidence, order)[least - 1 : len(accounts) - least]
    apart = np.zeros(len(accounts), dtype=bool)
    apart[order[: least + int(cuts.argmin())]] = True
    return _bridge(graph, accounts, incidence, apart)


def _along(incidence: sp.csr_matrix) -> np.ndarray | None:
    """The accounts in the order in which they best fall into two parts; None where one of them has no link."""
    own = np.asarray(incidence.sum(axis=1), dtype=np.float64).ravel()
    users = np.asarray(incidence.sum(axis=0), dtype=np.float64).ravel()
    incidence, users = incidence[:, users > 0], users[users > 0]  # what everybody uses is worth no bits
    if not own.all() or min(incidence.shape) < 3:
        return None
    scaled = sp.diags(own**-0.5) @ incidence @ sp.diags(users**-0.5)
    left, values, _ = svds(scaled, k=2, v0=np.ones(min(incidence.shape)), return_singular_vectors=True)
    second = np.round(left[:, int(values.argmin())] / np.sqrt(own), 9)
    return np.lexsort((np.arange(len(own)), second))


def _cuts_along(incidence: sp.csr_matrix, order: np.ndarray) -> np.ndarray:
    """The cut after each account of the order: of each entity the side with fewer bits, in thousandths."""
    links = incidence[order].tocoo()
    by_entity = np.lexsort((links.row, links.col))
    row, column, data = links.row[by_entity], links.col[by_entity], links.data[by_entity]
    whole = np.bincount(column, weights=data, minlength=incidence.shape[1])[column]
    before = np.cumsum(data) - data
    first = np.flatnonzero(np.diff(column, prepend=-1))
    before -= np.repeat(before[first], np.diff(np.append(first, len(column))))
    change = np.minimum(before + data, whole - before - data) - np.minimum(before, whole - before)
    return np.cumsum(np.bincount(row, weights=change, minlength=incidence.shape[0]))


def _incidence(graph: nx.Graph, accounts: list[str]) -> sp.csr_matrix:
    """Accounts x entities, in thousandths of a bit: whole numbers, so that sums are exact."""
    weights = nx.bipartite.biadjacency_matrix(graph, accounts, entities_of(graph), weight="weight", dtype=np.float64)
    return sp.csr_matrix(np.rint(weights * 1000).astype(np.int64))


def _inseparable(incidence: sp.csr_matrix, bound: int) -> np.ndarray:
    """A class per account: those of one class share, step by step, more than ``bound``, so no lighter cut parts them.

    What two classes share flows over different entities, so it is no more than the minimum cut between them.
    """
    entity = incidence.tocsc()
    least = np.minimum.reduceat(entity.data, entity.indptr[:-1]) if entity.nnz else np.zeros(0, np.int64)
    classes = np.arange(incidence.shape[0])
    while True:
        used = (_merged(incidence, classes) > 0).astype(np.int64)
        shared = (used.multiply(least[None, :]).tocsr() @ used.T) >= bound
        groups, found = connected_components(shared, directed=False)
        if groups == used.shape[0]:
            return classes
        classes = found[classes]


def _merged(incidence: sp.csr_matrix, classes: np.ndarray) -> sp.csr_matrix:
    """Classes x entities: the links of all accounts of a class added up."""
    ones = np.ones(len(classes), dtype=np.int64)
    return (sp.csr_matrix((ones, (classes, np.arange(len(classes))))) @ incidence).tocsr()


def _lighter(incidence: sp.csr_matrix, classes: np.ndarray, bound: int, apart: np.ndarray) -> np.ndarray:
    """Which accounts the lightest cut between classes sets apart; ``apart`` when none is lighter than ``bound``."""
    merged = _merged(incidence, classes).tocoo()
    number = merged.shape[0]
    flow = igraph.Graph(number + merged.shape[1], np.column_stack([merged.row, merged.col + number]))
    capacity = merged.data.tolist()
    for other in range(1, number):
        cut = flow.mincut(0, other, capacity=capacity)
        if round(cut.value) < bound:
            bound, apart = round(cut.value), np.isin(classes, cut.partition[1])
    return apart


def _bridge(graph: nx.Graph, accounts: list[str], incidence: sp.csr_matrix, apart: np.ndarray) -> Bridge:
    """The cut that sets some accounts apart: each entity stays where it has more bits."""
    if 2 * apart.sum() > len(apart) or (2 * apart.sum() == len(apart) and not apart[0]):
        apart = ~apart
    inside, outside = apart @ incidence, ~apart @ incidence
    links = incidence.tocoo()
    cut = np.where((inside <= outside)[links.col], apart[links.row], ~apart[links.row])
    cut &= (np.minimum(inside, outside) > 0)[links.col]
    entities = entities_of(graph)
    rows = sorted(
        (accounts[row], *entities[column], data / 1000)
        for row, column, data in zip(links.row[cut], links.col[cut], links.data[cut], strict=True)
    )
    names = np.array(accounts, dtype=object)
    total = int(np.minimum(inside, outside).sum())
    return Bridge(total / 1000, tuple(names[apart]), int((~apart).sum()), pd.DataFrame(rows, columns=COLUMNS))
