"""How many of the listed accounts are honest: what the likelihood makes one expect, and what reviewers found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.review.intervals import stratified

DRAWS = 4_000  # the 95 % limits of a sum over 40 rings moved by under 2 % from draw to draw
TAILS = (0.025, 0.975)
SEED = 1


@dataclass(frozen=True)
class Expected:
    """Honest accounts among ``accounts``: an estimate, and a 95 % interval."""

    accounts: int
    honest: float
    low: float
    high: float


def by_likelihood(likelihood: npt.NDArray[np.float64], ring: npt.NDArray[Any]) -> Expected:
    """The sum of 1 - likelihood, with the interval that holds however much members of a ring err together.

    It joins the intervals of the two extremes: each ring is right or wrong as a whole, with the mean of its members'
    1 - likelihood as the chance, or each member by itself. Another operator's accounts count as honest here. That the
    likelihood may be off by some points is not in it.
    """
    if not len(likelihood):
        return Expected(0, 0.0, 0.0, 0.0)
    number, size = np.unique(ring.astype(str), return_inverse=True, return_counts=True)[1:]
    misses = np.bincount(number, weights=1 - likelihood)
    generator = np.random.default_rng(SEED)
    whole, single = np.zeros(DRAWS), np.zeros(DRAWS)
    for accounts, chance in zip(size, misses / size, strict=True):
        whole += accounts * (generator.random(DRAWS) < chance)
        single += generator.binomial(accounts, chance, DRAWS)
    limits = np.quantile([whole, single], TAILS, axis=1)
    low, high = float(limits[0].min()), float(limits[1].max())
    return Expected(len(likelihood), round(float(misses.sum()), 1), low, high)


def by_review(strata: pd.Series, review: Mapping[str, Any]) -> Expected | None:
    """What reviewers said of the strata that the accounts are from, each weighted by its accounts here.

    ``strata`` has (verdict, tier) for each account. A stratum that nobody answered counts as one half, from 0 to 1.
    None where nobody answered in any of them. It takes the accounts of a stratum as alike: the review drew from all.
    """
    told = {(line["verdict"], line["tier"]): line for line in review["strata"]}
    sizes = strata.value_counts(sort=False)
    keys = sorted(sizes.index)
    yes = [told[key]["yes"] if key in told else 0 for key in keys]
    answers = [y + (told[key]["no"] if key in told else 0) for y, key in zip(yes, keys, strict=True)]
    if not sum(answers):
        return None
    accounts = [int(sizes[key]) for key in keys]
    share = stratified(accounts, [a - y for a, y in zip(answers, yes, strict=True)], answers)
    number = sum(accounts)
    return Expected(number, round((share.estimate or 0.0) * number, 1), share.low * number, share.high * number)
