"""Clusters against the truth: B-cubed scores and clusters found, also where accounts have several labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.evaluation.memberships import NONE, Labels, Memberships, distinct_rows, none_at, of_labels, ones
from linkage.evaluation.memberships import sizes as sizes_of

__all__ = ["NONE", "Labels", "Score", "ScoreLine", "bcubed", "clusters_found", "score"]
CHUNK = 1024  # groups compared with all others at a time; bounds memory where clusters overlap much


@dataclass(frozen=True)
class Score:
    """B-cubed precision, recall and F1 (0 to 1), and the true clusters found, out of ``clusters``."""

    precision: float
    recall: float
    f1: float
    found: int
    clusters: int


@dataclass(frozen=True)
class ScoreLine:
    """One score: of whom, at which level (``ring`` or ``operator``), over which rings."""

    of: str
    level: str
    rings: str
    score: Score


def bcubed(truth: Labels | Memberships, predicted: Labels | Memberships) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 of a clustering, averaged over the accounts that have a true label.

    Both sides are labels, one entry an account, -1 for no true label (honest) and for unassigned; or memberships
    (accounts x clusters) where an account may have several, or none.

    The *mates* of account i are all accounts, itself among them, that share at least one predicted cluster with it; an
    unassigned account has no mate but itself. Its precision is the share of its mates, honest ones too, that carry at
    least one of its true labels. Its recall is, over its true labels, the largest share of a label's accounts that are
    among its mates: the label that serves it best counts. So an account of a ring that truly serves two operators is
    right with either. With one label each this is B-cubed as of Amigó et al.
    2009. F1 is the harmonic mean of the two averages. All three are 0 when no account has a true label.
    """
    groups = _group(_several(truth), _several(predicted))
    total = int(groups.count[groups.in_scope].sum())
    if not total:
        return 0.0, 0.0, 0.0
    precision, recall = 0.0, 0.0
    for rows, precisions, recalls in _by_group(groups):
        precision += float(precisions @ groups.count[rows])
        recall += float(recalls @ groups.count[rows])
    precision, recall = precision / total, recall / total
    return precision, recall, 2 * precision * recall / (precision + recall)


def clusters_found(truth: Labels | Memberships, predicted: Labels | Memberships) -> int:
    """True clusters for which one predicted cluster holds at least half of the accounts and is at least half theirs.

    With several labels an account counts in each of its true clusters and in each of its predicted ones. An unassigned
    account is a cluster of one.
    """
    known, found = _several(truth), _several(predicted)
    common = (found.T @ known).tocoo()
    true_sizes = sizes_of(known)
    hit = (2 * common.data >= true_sizes[common.col]) & (2 * common.data >= sizes_of(found)[common.row])
    alone = np.unique(known[none_at(found)].indices)
    return len(np.union1d(common.col[hit], alone[true_sizes[alone] <= 2]))


def score(truth: Labels | Memberships, predicted: Labels | Memberships) -> Score:
    """B-cubed scores and clusters found, together."""
    precision, recall, f1 = bcubed(truth, predicted)
    clusters = int(np.count_nonzero(sizes_of(_several(truth))))
    return Score(precision, recall, f1, clusters_found(truth, predicted), clusters)


@dataclass(frozen=True)
class _Groups:
    """Accounts that have the same true and the same predicted clusters: their labels (groups x clusters), how many."""

    true: Memberships
    found: Memberships
    count: Labels

    @property
    def in_scope(self) -> npt.NDArray[np.bool_]:
        return ~none_at(self.true)


def _several(labels: Labels | Memberships) -> Memberships:
    return of_labels(labels) if isinstance(labels, np.ndarray) else labels


def _group(truth: Memberships, predicted: Memberships) -> _Groups:
    true, t = distinct_rows(truth)
    found, p = distinct_rows(predicted)
    pair, count = np.unique(t * found.shape[0] + p, return_counts=True)
    return _Groups(true[pair // found.shape[0]], found[pair % found.shape[0]], count.astype(np.int64))


def _by_group(groups: _Groups) -> Iterator[tuple[Labels, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Chunks of groups in scope with the precision and recall of each of their accounts."""
    true_sizes = groups.true.T @ groups.count
    weighted = groups.true.multiply(groups.count[:, None]).tocsr()
    for rows in np.split(chosen := np.flatnonzero(groups.in_scope), range(CHUNK, len(chosen), CHUNK)):
        own, alone = groups.true[rows], none_at(groups.found[rows])
        mates = ones(groups.found[rows] @ groups.found.T)
        kindred = mates.multiply(ones(own @ groups.true.T)).tocsr()
        common = own.multiply(mates @ weighted + own.multiply(alone[:, None]))
        best = common.multiply(1.0 / np.maximum(true_sizes, 1)).tocsr().max(axis=1).toarray().ravel()
        precision = (kindred @ groups.count + alone) / (mates @ groups.count + alone)
        yield rows, precision, best
