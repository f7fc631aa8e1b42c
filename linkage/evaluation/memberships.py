"""Who belongs to what, when an account may belong to several clusters, to one, or to none."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Labels = npt.NDArray[np.int64]
NONE = -1
Memberships: TypeAlias = sp.csr_matrix
"""A 0/1 matrix, accounts x clusters; an empty row is an account in no cluster."""


def of_pairs(account: Labels, cluster: Labels, accounts: int, clusters: int | None = None) -> Memberships:
    """Memberships of ``accounts`` accounts from (account, cluster) pairs; repeated pairs count once.

    ``clusters`` is how many clusters there are, empty ones too; None: as far as the pairs say.
    """
    shape = (accounts, int(cluster.max(initial=NONE)) + 1 if clusters is None else clusters)
    return ones(sp.csr_matrix((np.ones(len(account), dtype=np.int64), (account, cluster)), shape=shape))


def ones(matrix: sp.csr_matrix) -> Memberships:
    """The matrix with 1 wherever an entry is stored."""
    matrix.sum_duplicates()
    return sp.csr_matrix((np.ones(matrix.nnz, dtype=np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)


def of_numbered(label: Labels, clusters: int) -> Memberships:
    """Memberships where account i has the cluster ``label[i]`` of so many ``clusters``, or none (-1)."""
    inside = np.flatnonzero(label != NONE)
    return of_pairs(inside, label[inside], len(label), clusters)


def of_labels(labels: Labels) -> Memberships:
    """Memberships where every account has one cluster at most: its label, -1 for none."""
    clusters, number = np.unique(labels[labels != NONE], return_inverse=True)
    dense = np.full(len(labels), NONE, dtype=np.int64)
    dense[labels != NONE] = number
    return of_numbered(dense, len(clusters))


def rows_at(matrix: Memberships, row: Labels) -> Memberships:
    """Row ``row[i]`` of the matrix as row i; an empty one where that is -1."""
    empty = sp.csr_matrix((1, matrix.shape[1]), dtype=matrix.dtype)
    return sp.vstack([matrix, empty], format="csr")[row]


def where(matrix: Memberships, kept: npt.NDArray[np.bool_]) -> Memberships:
    """The memberships of the accounts in ``kept``; the others belong to nothing."""
    return rows_at(matrix, np.where(kept, np.arange(matrix.shape[0]), NONE))


def sizes(matrix: Memberships) -> Labels:
    """Accounts per cluster."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)


def none_at(matrix: Memberships) -> npt.NDArray[np.bool_]:
    """Which accounts belong to nothing."""
    return np.asarray(np.diff(matrix.indptr) == 0)


def distinct_rows(matrix: Memberships) -> tuple[Memberships, Labels]:
    """The distinct sets of clusters that occur, as rows, and the row of each account."""
    breadth = np.diff(matrix.indptr)
    padded = np.full((matrix.shape[0], max(int(breadth.max(initial=0)), 1)), NONE, dtype=np.int64)
    place = np.arange(len(matrix.indices)) - np.repeat(matrix.indptr[:-1], breadth)
    padded[np.repeat(np.arange(matrix.shape[0]), breadth), place] = matrix.indices
    _, first, row = np.unique(padded, axis=0, return_index=True, return_inverse=True)
    return matrix[first], row.reshape(-1).astype(np.int64)
