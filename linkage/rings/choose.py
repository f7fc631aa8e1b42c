"""Choose among overlapping candidates by bits saved."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints
from linkage.rings.score import Bits

STILL_FREE = 0.7  # share of a candidate that must be free; from the method sketch, see docs/method/search.md
BITS_BEYOND = 10.0  # bits outside the strongest family that make evidence of a second; a price, no bound


def choose(candidates: sp.csr_matrix, worth: Floats, smallest: int) -> Ints:
    """Labels per account (-1: none): candidates by worth, best first, each with those of its accounts that are free.

    ``candidates`` is a 0/1 matrix, candidates x accounts. A candidate is taken when it is worth more than 0 bits and at
    least 70 % of it, and ``smallest`` accounts, are free. Equal worth: the earlier candidate.
    """
    labels = np.full(candidates.shape[1], -1, dtype=np.int64)
    taken = 0
    for row in np.argsort(-worth, kind="stable"):
        if worth[row] <= 0:
            break
        accounts = candidates.indices[candidates.indptr[row] : candidates.indptr[row + 1]]
        free = accounts[labels[accounts] < 0]
        if len(free) >= smallest and len(free) >= STILL_FREE * len(accounts):
            labels[free] = taken
            taken += 1
    return labels


def worth_by_two_families(scored: Bits) -> Floats:
    """Bits saved, 0 where the bits outside the strongest family are 10 or less."""
    return np.where(scored.beyond_best_family > BITS_BEYOND, scored.saved, 0.0)
