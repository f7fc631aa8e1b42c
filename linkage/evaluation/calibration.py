"""Is a stated likelihood met? Members by what their run states, and how many of them do belong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.stats import binomtest

from linkage.evaluation.honest import CONFIDENCE, group_labels
from linkage.evaluation.memberships import NONE, Labels, Memberships, of_numbered, where
from linkage.evaluation.prediction import ANY, Members
from linkage.evaluation.truth import OPERATOR, Truth
from linkage.model import Verdict

BINS = 10
AFFILIATIONS = "affiliations"


@dataclass(frozen=True)
class Bin:
    """Members with a stated likelihood from ``low`` to under ``high`` (the last bin includes 1).

    ``stated`` is the mean of what is stated, ``true`` the share that belongs, with the limits of its 95 % interval
    (Clopper and Pearson 1934). Members of one ring are right or wrong together, so the interval is rather too short.
    """

    low: float
    high: float
    accounts: int
    stated: float
    true: float
    true_low: float
    true_high: float

    @property
    def gap(self) -> float:
        """How far apart the stated and the true share are."""
        return abs(self.stated - self.true)

    @property
    def certain_gap(self) -> float:
        """How far the stated share lies outside the interval of the true one; 0 inside."""
        return max(self.stated - self.true_high, self.true_low - self.stated, 0.0)


@dataclass(frozen=True)
class Calibration:
    """The reliability of the members of rings of one verdict, or of any, or of affiliations.

    ``error`` is the expected calibration error: the mean gap of the bins, weighted by accounts. ``bins`` has those
    that are not empty, ``largest`` the one with the largest certain gap (of those without one, with most accounts).
    """

    rings: str
    accounts: int
    stated: float
    true: float
    error: float
    largest: Bin
    bins: list[Bin]


def calibration(truth: Truth, members: Members) -> list[Calibration]:
    """Reliability over rings of any verdict, by verdict, and of affiliations; empty where no likelihoods are stated.

    A membership is true when the account carries the true label that most members of the ring carry (the first by name
    when equal). In a suspect ring labels are operators, so that a ring of honest accounts has no true member; in others
    honest groups are labels too, and the kind of an account that has no group. The arguments are aligned.
    """
    inside = (members.ring != NONE) & ~np.isnan(members.likelihood)
    right = belongs(truth, members)
    scopes = {ANY: inside}
    for verdict in sorted(set(members.verdict[inside])):
        scopes[str(verdict)] = inside & (members.verdict == verdict)
    told = [_calibration(name, members.likelihood[of], right[of]) for name, of in scopes.items() if of.any()]
    further = members.further
    stated = ~np.isnan(further.likelihood)
    if stated.any():
        also = belongs_to(truth, members, further.account[stated], further.ring[stated])
        told.append(_calibration(AFFILIATIONS, further.likelihood[stated], also))
    return told


def belongs(truth: Truth, members: Members) -> npt.NDArray[np.bool_]:
    """Which members carry the true label of most of their ring; see :func:`calibration`."""
    return belongs_to(truth, members, np.arange(len(members.ring)), members.ring)


def belongs_to(truth: Truth, members: Members, account: Labels, ring: Labels) -> npt.NDArray[np.bool_]:
    """Pair by pair, whether the account carries the true label of most members of the ring (-1: no ring, so no).

    See :func:`calibration`.
    """
    operators = truth.levels[OPERATOR]
    frame = group_labels(truth)
    names, number = np.unique((frame["kind"] + "\n" + frame["group"]).to_numpy(str), return_inverse=True)
    groups = where(of_numbered(number.astype(np.int64), len(names)), truth.honest)
    suspect = members.verdict == str(Verdict.SUSPECT)
    labels = sp.hstack([operators, where(groups, ~suspect)], format="csr")
    most = np.append(_most(labels, members.ring, len(members.ring_names)), NONE)[ring]
    carried = sp.hstack([operators, groups], format="csr")[account]
    return np.asarray(carried.multiply(of_numbered(most, labels.shape[1])).sum(axis=1)).ravel() > 0


def _most(labels: Memberships, ring: Labels, rings: int) -> Labels:
    """The label that most accounts of each ring carry, -1 where they carry none."""
    counts = (of_numbered(ring, rings).T @ labels).tocsr()
    if not counts.nnz:
        return np.full(rings, NONE, dtype=np.int64)
    return np.where(np.diff(counts.indptr) > 0, np.asarray(counts.argmax(axis=1)).ravel(), NONE)


def _calibration(rings: str, stated: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Calibration:
    number = np.minimum((stated * BINS).astype(np.int64), BINS - 1)
    bins = [_bin(int(i), stated[number == i], right[number == i]) for i in np.unique(number)]
    error = sum(b.gap * b.accounts for b in bins) / len(stated)
    largest = max(bins, key=lambda b: (b.certain_gap, b.accounts))
    return Calibration(rings, len(stated), float(stated.mean()), float(right.mean()), error, largest, bins)


def _bin(number: int, stated: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Bin:
    hits = int(right.sum())
    limits = binomtest(hits, len(right)).proportion_ci(CONFIDENCE, "exact")
    return Bin(
        number / BINS, (number + 1) / BINS, len(right), float(stated.mean()), hits / len(right), float(limits.low),
        float(limits.high),
    )
