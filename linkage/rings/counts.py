"""The numbers that a group's code length is made of: they add up when groups unite, so nothing is counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence
from linkage.rings.codelength import Floats, Ints


@dataclass(frozen=True)
class Background:
    """One kind over all accounts: its incidence and what follows from it."""

    incidence: Incidence

    @cached_property
    def users(self) -> Ints:
        """d, per entity."""
        return self.incidence.users.astype(np.int64)

    @cached_property
    def links(self) -> int:
        """D, the sum of d."""
        return int(self.incidence.matrix.nnz)

    @cached_property
    def breadth(self) -> Ints:
        """Links of the kind, per account."""
        return self.incidence.breadth.astype(np.int64)

    @cached_property
    def degree_class(self) -> Ints:
        """floor(log2 d), per entity; an entity that nobody here uses counts as class 0."""
        return np.floor(np.log2(np.maximum(self.users, 1))).astype(np.int64)

    @cached_property
    def class_sizes(self) -> Ints:
        """Entities per degree class."""
        return np.bincount(self.degree_class).astype(np.int64)

    @property
    def entities(self) -> int:
        """E, how many entities the kind has."""
        return int(self.incidence.matrix.shape[1])


@dataclass(frozen=True)
class World:
    """All accounts with the background of each kind, in the order of the graph."""

    accounts: int
    kinds: tuple[Background, ...]

    @property
    def families(self) -> list[str]:
        """The families present, by name."""
        return sorted({b.incidence.kind.family for b in self.kinds})


def world_of(graph: AccountGraph) -> World:
    """The background of a graph."""
    return World(graph.accounts, tuple(Background(i) for i in graph.kinds))


@dataclass(frozen=True)
class KindCounts:
    """One kind over G groups: ``k`` (G x entities, CSR) members per entity; ``having`` s_t and ``links`` n, per group."""

    k: sp.csr_matrix
    having: Ints
    links: Ints


@dataclass(frozen=True)
class Counts:
    """Everything the code length needs of G groups; ``size`` is s, per group."""

    size: Ints
    kinds: tuple[KindCounts, ...]

    def take(self, groups: Ints) -> Counts:
        """The same counts for some of the groups."""
        kinds = tuple(KindCounts(c.k[groups], c.having[groups], c.links[groups]) for c in self.kinds)
        return Counts(self.size[groups], kinds)

    def united(self, other: Counts) -> Counts:
        """Counts of the unions, group by group; the groups of a pair share no account."""
        kinds = tuple(
            KindCounts((a.k + b.k).tocsr(), a.having + b.having, a.links + b.links)
            for a, b in zip(self.kinds, other.kinds, strict=True)
        )
        return Counts(self.size + other.size, kinds)


def count(world: World, groups: sp.csr_matrix) -> Counts:
    """Counts of groups given as a 0/1 matrix, groups x accounts; groups may overlap."""
    size = np.diff(groups.indptr).astype(np.int64)
    kinds = []
    for background in world.kinds:
        breadth = background.breadth
        k = (groups @ background.incidence.matrix).tocsr()
        k.sort_indices()
        having = np.asarray(groups @ (breadth > 0).astype(np.int64), dtype=np.int64)
        kinds.append(KindCounts(k, having, np.asarray(groups @ breadth, dtype=np.int64)))
    return Counts(size, tuple(kinds))


def groups_of(labels: Ints, groups: int) -> sp.csr_matrix:
    """Labels per account (-1: in no group) as a 0/1 matrix, groups x accounts."""
    accounts = np.flatnonzero(labels >= 0)
    ones = np.ones(len(accounts), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (labels[accounts], accounts)), shape=(groups, len(labels)))
    matrix.sort_indices()
    return matrix


def dense_labels(labels: Ints, smallest: int = 1) -> tuple[Ints, int]:
    """Renumber groups densely, dissolving those under ``smallest`` accounts; returns labels and number of groups."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    kept = sizes >= max(smallest, 1)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    out = np.where(labels >= 0, number[np.maximum(labels, 0)], -1).astype(np.int64)
    return out, int(kept.sum())


def per_group(values: Floats, matrix: sp.csr_matrix) -> Floats:
    """Sum of one value a stored element, per row of the matrix."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.bincount(rows, weights=values, minlength=matrix.shape[0])
