"""Members tied by one family alone, where there are more of them than hide behind the others.

Who evades a family does so whatever it does with the next one. So the members tied by several families tell how many
to expect that only one gives away; where there are far more, most are strangers: customers of the proxy network that
the ring uses, people at whose homes it leaves, owners of a popular device.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from linkage.rings.codelength import Floats, Ints

TIMES = 4.0  # as many as expected are borne: evading one family and the next may go together a little
LEAST = 3  # families, two of which tell who evades the third
CHANCE = 0.01  # of seeing so many or more when that many are to be expected


def strays(tied: np.ndarray, group: Ints, groups: int) -> np.ndarray:
    """Which memberships are by one family alone, of which their group has too many: one boolean each.

    ``tied`` (families x memberships) says which families tie each membership, ``group`` is its group. The share of
    members whom a family does not tie is taken from those tied by two others, one added on either side; with
    independence it gives the number to expect with one family alone for each member with two or more. With two
    families in all nothing tells that share, and nobody strays.
    """
    if len(tied) < LEAST:
        return np.zeros(tied.shape[1], dtype=bool)
    number = tied.sum(axis=0)
    several = np.bincount(group[number >= 2], minlength=groups)
    away = np.stack([_away(row, number - row >= 2, group, groups) for row in tied])
    none = away.prod(axis=0)
    alone = none * (1 - away) / away
    expected = several * alone / (1 - none - alone.sum(axis=0))
    found = np.zeros(tied.shape[1], dtype=bool)
    for row, mean in zip(tied, expected, strict=True):
        by_it = row & (number == 1)
        seen = np.bincount(group[by_it], minlength=groups)
        found |= by_it & (poisson.sf(seen - 1, TIMES * mean) < CHANCE)[group]
    return found


def _away(row: np.ndarray, known: np.ndarray, group: Ints, groups: int) -> Floats:
    """Share per group of the ``known`` memberships that a family (``row``) does not tie."""
    seen, missing = (np.bincount(group[which], minlength=groups) for which in (known, known & ~row))
    return np.asarray((missing + 1) / (seen + 2))
