"""Intervals for shares, of one stratum and of several together, and how far two reviewers agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
EXACT = "Clopper-Pearson"
STRATIFIED = "stratified, Wilson intervals joined by MOVER"


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, from ``hits`` of ``answers``; None where nobody answered."""

    estimate: float | None
    low: float
    high: float
    hits: int
    answers: int
    method: str


def exact(hits: int, answers: int) -> Share:
    """The share of one stratum with the interval of Clopper & Pearson (1934), which covers 95 % or more."""
    if answers == 0:
        return Share(None, 0.0, 1.0, 0, 0, EXACT)
    found = binomtest(hits, answers).proportion_ci(CONFIDENCE, method="exact")
    return Share(hits / answers, float(found.low), float(found.high), hits, answers, EXACT)


def stratified(population: Sequence[int], hits: Sequence[int], answers: Sequence[int]) -> Share:
    """The share in a population of strata: sum of W p, W each stratum's part of the population, p its share.

    Interval: MOVER of Wilson's intervals (l, u) of the strata, as Newcombe (1998) for two and Zou & Donner (2008) for
    any: estimate - sqrt(sum W^2 (p-l)^2) to estimate + sqrt(sum W^2 (u-p)^2). Unlike a variance of p it does not
    vanish where all of a few answers agree. A stratum that nobody answered counts as one half, from 0 to 1. That the
    strata are finite is left out, which makes the interval too wide rather than too narrow. One stratum: :func:`exact`.
    """
    if len(population) == 1:
        return exact(int(hits[0]), int(answers[0]))
    every, x, n = (np.asarray(v, dtype=np.float64) for v in (population, hits, answers))
    if n.sum() == 0:
        return Share(None, 0.0, 1.0, 0, 0, STRATIFIED)
    weight = every / every.sum()
    p = np.where(n > 0, x / np.maximum(n, 1), 0.5)
    bounds = [_wilson(int(a), int(b)) for a, b in zip(x, n, strict=True)]
    low, high = np.array([b[0] for b in bounds]), np.array([b[1] for b in bounds])
    estimate = float((weight * p).sum())
    down = float(np.sqrt((weight**2 * (p - low) ** 2).sum()))
    up = float(np.sqrt((weight**2 * (high - p) ** 2).sum()))
    return Share(estimate, max(0.0, estimate - down), min(1.0, estimate + up), int(x.sum()), int(n.sum()), STRATIFIED)


def _wilson(hits: int, answers: int) -> tuple[float, float]:
    if answers == 0:
        return 0.0, 1.0
    found = binomtest(hits, answers).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Agreement beyond chance of two people on the same items (Cohen 1960): (p - c) / (1 - c).

    p is the share of equal answers, c what their habits alone would give. None where c is 1: both always said the same.
    """
    answers = sorted(set(first) | set(second))
    a, b = (np.array([[x == answer for answer in answers] for x in given]) for given in (first, second))
    same = float((a & b).any(axis=1).mean())
    chance = float((a.mean(axis=0) * b.mean(axis=0)).sum())
    return None if chance == 1 else (same - chance) / (1 - chance)
