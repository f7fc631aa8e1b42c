"""The verdict on each ring: the explanation that fits best, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.model import Verdict
from linkage.rings.codelength import Floats
from linkage.rings.explanations import ENOUGH, EXPLANATIONS
from linkage.rings.features import Features

NONE = -1  # place of no explanation, behind all others
FITS = 0.5  # an explanation that fits less than this is none
HALF = (
    0.5  # share of members that evidence outside the strongest family must reach; true rings had 0.97, VPN crowds 0.07
)


@dataclass(frozen=True)
class Verdicts:
    """Per ring: ``verdict``, ``runner_up``, ``reasons`` (the fit of each explanation, as text).

    ``fit`` and ``runner_up_fit`` are the fits of both, 0 to 1; NaN where they name no explanation.
    """

    verdict: list[str]
    runner_up: list[str]
    reasons: list[str]
    fit: Floats
    runner_up_fit: Floats


@dataclass(frozen=True)
class Grounds:
    """What a suspicion needs, per ring: ``support``, and ``firm``, bits of families that nobody can forge for free."""

    support: Floats
    firm: Floats


def judge(f: Features, grounds: Grounds) -> Verdicts:
    """The best-fitting explanation of each ring, with the next best.

    ``suspect`` needs more than 10 bits in two families, one of them not freely forgeable, and members of whom half are
    tied by a family other than the strongest. What nothing fits is ``undetermined``.
    """
    names = list(EXPLANATIONS)
    fits: Floats = np.round(np.stack([EXPLANATIONS[name](f) for name in names]), 3).astype(np.float64)
    carried = np.sum([view.bits > ENOUGH for view in f.families.values()], axis=0)
    allowed = (carried >= 2) & (grounds.firm > ENOUGH) & (grounds.support >= HALF)
    fits[names.index(Verdict.SUSPECT)] *= allowed
    order = np.argsort(-fits, axis=0, kind="stable")
    ranked = np.take_along_axis(fits, order, axis=0)
    fitting = ranked[0] >= FITS
    best = np.where(fitting, order[0], NONE)
    other, next_fit = np.where(fitting, order[1], order[0]), np.where(fitting, ranked[1], ranked[0])
    words = np.array([*map(str, names), str(Verdict.UNDETERMINED)], dtype=object)
    return Verdicts(
        words[best].tolist(),
        words[np.where(next_fit > 0, other, NONE)].tolist(),
        [_reasons(names, fits[:, r], int(carried[r])) + f.told.said[r] for r in range(fits.shape[1])],
        np.where(fitting, ranked[0], np.nan),
        np.where(next_fit > 0, next_fit, np.nan),
    )


def is_ring(f: Features, support: Floats, verdicts: Verdicts, forgeable: list[str]) -> np.ndarray:
    """Which groups are rings at all.

    Where the data have several families, a group that no explanation fits, of which less than half the members are tied
    by a second family, and whose strongest family anyone can forge, is none: popular prompts make such crowds.
    """
    if len(f.families) < 2:
        return np.ones(len(f.size), dtype=bool)
    names = sorted(f.families)
    strongest = np.stack([f.families[name].bits for name in names]).argmax(axis=0)
    soft = np.array([name in forgeable for name in names])[strongest]
    open_case = np.array([v == str(Verdict.UNDETERMINED) for v in verdicts.verdict], dtype=bool)
    return np.asarray(~(open_case & soft & (support < HALF)))


def _reasons(names: list[Verdict], fits: Floats, families: int) -> str:
    listed = sorted(zip(fits.tolist(), map(str, names), strict=True), key=lambda x: (-x[0], x[1]))
    told = ", ".join(f"{name} {fit:.2f}" for fit, name in listed if fit > 0)
    carried = f"evidence in {families} {'family' if families == 1 else 'families'}"
    return f"{carried}; fit: {told}" if told else f"{carried}; no explanation fits"
