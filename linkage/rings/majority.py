"""From how much of a ring's things on most accounts are its members."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints

OTHERS = 3  # accounts that are enough to see whether half of them are members
DIGITS = 6  # of bits that are compared


def mostly_members(uses: sp.csr_matrix, weight: sp.csr_matrix, group: Ints, account: Ints) -> Floats:
    """The fewest bits from which on at least half of all accounts are members, per group; infinite where none are.

    ``uses`` is accounts x entities; ``weight`` (groups x entities) has the bits of an entity for a group, where
    negative ones count as none; ``group`` and ``account`` are the memberships. Who asks is left out on both sides;
    fewer than three others show nothing, unless they are all who have any.
    """
    bits = (uses @ weight.maximum(0).T).tocoo()
    bits.eliminate_zeros()
    score = np.round(bits.data, DIGITS)
    order = np.lexsort((-score, bits.col))
    held, score = bits.col[order].astype(np.int64), score[order]
    members = np.isin(held * uses.shape[0] + bits.row[order], group * uses.shape[0] + account)
    last = np.flatnonzero(np.append((np.diff(held) != 0) | (np.diff(score) != 0), len(held) > 0))
    first = np.searchsorted(held, held[last])
    ours = np.concatenate([[0], np.cumsum(members)])
    others = last - first
    whole = np.diff(held[last], append=-1) != 0
    most = ((others >= OTHERS) | whole) & (others > 0) & (2 * (ours[last + 1] - ours[first] - 1) >= others)
    least = np.full(weight.shape[0], np.inf)
    np.minimum.at(least, held[last[most]], score[last[most]])
    return least
