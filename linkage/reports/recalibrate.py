"""The likelihood of suspect rings' members, shifted to what the user's own labels say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.optimize import minimize
from scipy.special import expit

Floats = npt.NDArray[np.float64]
LEAST = 10  # labelled members of suspect rings; fewer say less than the simulated worlds
LEAST_RINGS = 3  # that they are in: members of one ring are right or wrong together
SHIFT_WIDTH = 1.0  # prior standard deviation of the shift in logits: 0.95 becomes 0.88 or 0.98
SLOPE_WIDTH = 0.25  # of the slope's logarithm
DIGITS = 4


@dataclass(frozen=True)
class Recalibration:
    """What labels changed: logit becomes shift + slope * logit for memberships of suspect rings.

    ``operator`` and ``honest`` count the labelled members of ``rings`` suspect rings by what the labels say.
    ``unused`` says why nothing was changed; empty when something was.
    """

    shift: float
    slope: float
    operator: int
    honest: int
    rings: int
    unused: str

    @property
    def statement(self) -> str:
        """What a report says of where the likelihood is from."""
        if self.unused:
            return f"calibrated on simulated worlds, not on real cases ({self.unused})"
        return (
            f"calibrated on simulated worlds, and for suspect rings recalibrated on {self.operator + self.honest:,} of "
            f"your labels ({self.operator:,} say operator, {self.honest:,} honest; {self.rings:,} rings)"
        )

    def data(self) -> dict[str, Any]:
        """As plain values, for the manifest."""
        return {"statement": self.statement, **asdict(self)}


def recalibrated(labelled: pa.Table, told: Sequence[bool]) -> Recalibration:
    """Platt scaling (1999) with priors that keep few labels from changing much.

    ``labelled`` has a row for each labelled member of a suspect ring: ring, logit of the likelihood, and accused,
    whether the label says that the operator runs it; ``told`` what labels say at all: False honest, True operator.
    Where nobody is labelled honest, or nobody an operator's, labels say what was looked for, not how often it is so.
    A ring of n labelled members counts as sqrt(n).
    """
    accused = labelled["accused"].to_numpy(zero_copy_only=False).astype(np.float64)
    ring, count = np.unique(labelled["ring"].to_numpy(), return_inverse=True, return_counts=True)[1:]
    operator, honest = int(accused.sum()), int(len(accused) - accused.sum())
    unused = _unused(len(accused), len(count), told)
    weight = count[ring].astype(np.float64) ** -0.5
    shift, slope = (0.0, 1.0) if unused else _platt(labelled["logit"].to_numpy(), accused, weight)
    return Recalibration(shift, slope, operator, honest, len(count), unused)


def _unused(labels: int, rings: int, told: Sequence[bool]) -> str:
    if not told:
        return "there are no labels"
    if len(set(told)) < 2:
        return f"labels name no {'honest account' if told[0] else 'account of an operator'}"
    if labels < LEAST or rings < LEAST_RINGS:
        few = f"{labels} labelled {'member' if labels == 1 else 'members'} of {rings} suspect "
        return f"{few}{'ring' if rings == 1 else 'rings'}; {LEAST} of {LEAST_RINGS} rings are needed"
    return ""


def _platt(logit: Floats, right: Floats, weight: Floats) -> tuple[float, float]:
    def loss(sought: Floats) -> tuple[float, Floats]:
        slope = np.exp(sought[1])
        shifted = sought[0] + slope * logit
        value = (weight * (np.logaddexp(0, shifted) - right * shifted)).sum()
        value += sought[0] ** 2 / SHIFT_WIDTH**2 / 2 + sought[1] ** 2 / SLOPE_WIDTH**2 / 2
        miss = weight * (expit(shifted) - right)
        gradient = [miss.sum() + sought[0] / SHIFT_WIDTH**2,
                    (miss * logit).sum() * slope + sought[1] / SLOPE_WIDTH**2]  # fmt: skip
        return float(value), np.array(gradient)

    found = minimize(loss, np.zeros(2), jac=True, method="BFGS").x
    return round(float(found[0]), DIGITS) + 0.0, round(float(np.exp(found[1])), DIGITS)
