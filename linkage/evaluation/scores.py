"""Clusters against the truth: B-cubed scores and rings found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
NONE = -1


@dataclass(frozen=True)
class Score:
    """B-cubed precision, recall and F1 (0 to 1), and the true clusters found, out of ``clusters``."""

    precision: float
    recall: float
    f1: float
    found: int
    clusters: int


def bcubed(truth: Labels, predicted: Labels) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 of a clustering, averaged over the accounts that have a true cluster.

    Both arrays have one entry an account; -1 stands for no true cluster (honest) and for unassigned (alone). For an
    account i, precision is the share of *all* members of its predicted cluster, honest ones too, that carry its true
    label, and recall the share of its true cluster that sits in its predicted one. F1 is the harmonic mean of the two
    averages (Amigó et al. 2009). All three are 0 when no account has a true cluster.
    """
    in_scope = truth != NONE
    if not in_scope.any():
        return 0.0, 0.0, 0.0
    predicted = _alone(predicted)
    both = _counts_of_pairs(truth, predicted)[in_scope]
    precision = float(np.mean(both / _sizes(predicted)[in_scope]))
    recall = float(np.mean(both / _sizes(truth)[in_scope]))
    return precision, recall, 2 * precision * recall / (precision + recall)


def clusters_found(truth: Labels, predicted: Labels) -> int:
    """True clusters for which one predicted cluster holds at least half of the accounts and is at least half theirs."""
    scope = np.flatnonzero(truth != NONE)
    predicted = _alone(predicted)
    both = _counts_of_pairs(truth, predicted)[scope]
    hit = (2 * both >= _sizes(truth)[scope]) & (2 * both >= _sizes(predicted)[scope])
    return len(np.unique(truth[scope][hit]))


def score(truth: Labels, predicted: Labels) -> Score:
    """B-cubed scores and clusters found, together."""
    precision, recall, f1 = bcubed(truth, predicted)
    clusters = len(np.unique(truth[truth != NONE]))
    return Score(precision, recall, f1, clusters_found(truth, predicted), clusters)


def _alone(labels: Labels) -> Labels:
    """Labels where every unassigned account is a cluster of its own."""
    free = int(labels.max(initial=0)) + 1
    return np.where(labels == NONE, free + np.arange(len(labels)), labels)


def _sizes(labels: Labels) -> Labels:
    """The size of each account's cluster."""
    _, cluster, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return sizes[cluster].astype(np.int64)


def _counts_of_pairs(truth: Labels, predicted: Labels) -> Labels:
    """How many accounts share both the true and the predicted label of each account."""
    _, row = np.unique(truth, return_inverse=True)
    clusters, column = np.unique(predicted, return_inverse=True)
    return _sizes(row.astype(np.int64) * len(clusters) + column)
