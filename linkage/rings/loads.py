"""How alike the loads of a ring's accounts are: one scheduler deals its work out evenly, people do not work alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from linkage.rings.codelength import Floats, Ints

PARTS = (0.5, 0.75, 1.0)  # of a ring's accounts that are tried as those with like loads; spare ones hardly work
FEWEST = 3  # accounts whose loads can be alike
STEP = 1 / 16  # doublings; widths are rounded up to it
WIDEST = 24.0  # doublings: from one exchange to 16 million
STARTS = 2_001  # quantiles of all loads at which windows begin


@dataclass(frozen=True)
class Evenness:
    """Per ring: ``bits``, how unlikely such like loads are among accounts drawn at random; ``spread``, the doublings
    within which the closest half of the loads lies (infinite under three accounts with a load).
    """

    bits: Floats
    spread: Floats


def evenness(loads: np.ndarray | None, account: Ints, group: Ints, groups: int) -> Evenness:
    """Evenness of each group; ``loads`` is exchanges a day per account of the world (NaN: not known), or None.

    For each part h of m loads the narrowest window with h of them is compared with the share p of all accounts' loads
    in the densest window of that width: chance gives one as narrow with a probability of at most
    m P(binomial(m - 1, p) >= h - 1). The best part counts, less log2 of the number of parts.
    """
    bits, spread = np.zeros(groups), np.full(groups, np.inf)
    if loads is None:
        return Evenness(bits, spread)
    everywhere = np.log2(loads[np.nan_to_num(loads) > 0])
    known = np.nan_to_num(loads[account]) > 0
    value, ring = np.log2(loads[account[known]]), group[known]
    order = np.lexsort((value, ring))
    value, ring = value[order], ring[order]
    size = np.bincount(ring, minlength=groups)
    dense = _densest(everywhere)
    for part in PARTS:
        held = np.maximum(np.ceil(part * size), FEWEST).astype(np.int64)
        width = _narrowest(value, ring, size, held)
        share = dense[np.ceil(np.minimum(width, WIDEST) / STEP).astype(np.int64)]
        chance = binom.logsf(held - 2, np.maximum(size - 1, 1), share) / np.log(2) + np.log2(np.maximum(size, 1))
        bits = np.maximum(bits, np.where(np.isfinite(width), -chance - np.log2(len(PARTS)), 0.0))
        spread = width if part == PARTS[0] else spread
    return Evenness(np.round(bits, 6), np.round(spread, 6))


def heaviness(loads: np.ndarray | None, account: Ints, group: Ints, groups: int) -> Floats:
    """Median load of each group's accounts, as a multiple of the median of all accounts; 0 where no load is known.

    ``loads`` is as in :func:`evenness`. Of an even number of accounts the lower median counts.
    """
    heavy = np.zeros(groups)
    if loads is None or not np.any(np.nan_to_num(loads) > 0):
        return heavy
    known = np.nan_to_num(loads[account]) > 0
    value, ring = loads[account[known]], group[known]
    order = np.lexsort((value, ring))
    size = np.bincount(ring, minlength=groups)
    first = np.cumsum(size) - size
    some = size > 0
    heavy[some] = value[order][(first + (size - 1) // 2)[some]] / np.median(loads[np.nan_to_num(loads) > 0])
    return np.round(heavy, 6)


def _narrowest(value: Floats, ring: Ints, size: Ints, held: Ints) -> Floats:
    """Width of the narrowest window with ``held`` of a ring's sorted values; infinite where it has fewer."""
    narrowest = np.full(len(size), np.inf)
    last = np.arange(len(value)) + held[ring] - 1
    ends = np.cumsum(size)[ring]
    whole = last < ends
    np.minimum.at(narrowest, ring[whole], value[last[whole]] - value[whole])
    return narrowest


def _densest(values: Floats) -> Floats:
    """Largest share of the values in any window as wide as each multiple of STEP, up to WIDEST."""
    widths = np.arange(0, WIDEST + STEP, STEP)
    if not len(values):
        return np.ones(len(widths))
    values = np.sort(values)
    starts = np.unique(values[np.linspace(0, len(values) - 1, STARTS).astype(np.int64)])
    below = np.searchsorted(values, starts, side="left")
    upto = np.searchsorted(values, starts[:, None] + widths[None, :] + 1e-9, side="right")
    return np.asarray((upto - below[:, None]).max(axis=0) / len(values))
