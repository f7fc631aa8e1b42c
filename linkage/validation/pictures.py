"""The power curve as a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from linkage.reports.extras import require
from linkage.validation.power import Power, Step

STYLE: dict[Any, Any] = {"svg.hashsalt": "linkage", "svg.fonttype": "none", "font.size": 10}


def draw_power(power: Power, path: Path) -> None:
    """Write the curve as SVG; the same numbers give the same bytes.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", "report")
    import matplotlib  # after the check: the core install has none
    from matplotlib.figure import Figure

    steps = [s for s in power.steps if s.found.estimate is not None]
    shares = [s.found.estimate or 0.0 for s in steps]
    limits = [
        [max(p - s.found.low, 0.0) for p, s in zip(shares, steps, strict=True)],
        [max(s.found.high - p, 0.0) for p, s in zip(shares, steps, strict=True)],
    ]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.errorbar(range(len(steps)), shares, yerr=limits, marker="o", color="#c1121f", capsize=3)
        axes.set_xticks(range(len(steps)), [f"{span(s)}\n{s.found.hits} of {s.found.answers}" for s in steps])
        axes.set(ylim=(-0.03, 1.03), xlabel="bits that the planted ring saves", ylabel="share found whole")
        axes.set_title(f"{power.rings:,} rings in {power.graphs:,} rewired graphs of {power.accounts:,} accounts")
        axes.grid(alpha=0.25)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def span(step: Step) -> str:
    """The bits of one step of the curve in words."""
    if math.isinf(step.low):
        return f"under {step.high:.0f}"
    return f"over {step.low:.0f}" if math.isinf(step.high) else f"{step.low:.0f} to {step.high:.0f}"
