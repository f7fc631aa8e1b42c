"""How often something saved b bits or more, beside the 2**-b that a bound on coincidence allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linkage.review.intervals import exact

LEVELS = (1, 2, 3, 4, 5, 6)  # bits
HOLDS, OPEN, BROKEN = "holds", "not contradicted", "broken"


@dataclass(frozen=True)
class Level:
    """``exceeded`` of ``tried`` saved ``bits`` or more; ``low`` and ``high`` are the 95 % limits of that share.

    The limits are those of Clopper & Pearson (1934). ``finding``: the bound ``holds`` when the upper limit is at most
    2**-bits, it is ``broken`` when the lower limit is above, else the draws were too few: ``not contradicted``.
    """

    bits: int
    bound: float
    tried: int
    exceeded: int
    low: float
    high: float

    @property
    def finding(self) -> str:
        """What the share says of the bound."""
        if self.low > self.bound:
            return BROKEN
        return HOLDS if self.high <= self.bound else OPEN


def levels(saved: Sequence[float] | np.ndarray) -> list[Level]:
    """One level for each of 1 to 6 bits, from the bits saved in each of several independent draws."""
    values = np.asarray(saved, dtype=np.float64)
    made = []
    for bits in LEVELS:
        share = exact(int((values >= bits).sum()), len(values))
        made.append(Level(bits, 2.0**-bits, share.answers, share.hits, share.low, share.high))
    return made
