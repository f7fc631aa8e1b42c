"""Is a likelihood met on worlds that it was not fitted on? Reliability tables, with intervals that know of rings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from linkage.model import Verdict
from linkage.yardstick.bench import Bench
from linkage.yardstick.likelihood import memberships
from linkage.yardstick.tables import markdown
from linkage.yardstick.worlds import LINKAGE, PRESETS, World, has_operators

Floats = npt.NDArray[np.float64]
EVADES = (0.0, 0.3, 0.6, 0.9)
FIRST_FIT, FIRST_CHECK = 81, 91  # first seeds of the worlds for the fit, and of those that hold it to its word
ACCOUNTS = 6_000
BINS = 10
ENOUGH, ENOUGH_RINGS = 100, 20  # memberships, and rings that they are of, below which a bin says little
POINTS = 0.05
TAIL = 0.025  # of a 95 % interval


def worlds(first_seed: int, accounts: int = ACCOUNTS) -> tuple[World, ...]:
    """Every preset at every rate of evasion, each at a seed of its own; where nobody evades, as many seeds."""
    return tuple(
        World(p.value, evade if has_operators(p) else 0.3, first_seed + turn, accounts)
        for p in PRESETS for turn, evade in enumerate(EVADES)
    )  # fmt: skip


def collected(bench: Bench, chosen: tuple[World, ...]) -> pd.DataFrame:
    """All memberships of the worlds' runs, as :func:`memberships`, with world, preset and evade; runs what is missing.

    Raises:
        LinkageError: a world can't be simulated or run.
    """
    bench.run(chosen, (LINKAGE,))
    parts = []
    for world in chosen:
        folder = bench.place(world)
        found = memberships(folder / "runs/latest", folder / "truth.parquet")
        parts.append(found.assign(world=world.name, preset=world.preset, evade=world.evade))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Line:
    """Memberships of a scope whose stated likelihood is from ``low`` to under ``low`` + 0.1, and how many are true.

    ``true_low`` and ``true_high`` are the limits of a 95 % interval in which rings, not accounts, count as drawn.
    """

    scope: str
    low: float
    memberships: int
    rings: int
    stated: float
    true: float
    true_low: float
    true_high: float

    @property
    def gap(self) -> float:
        """Stated less true."""
        return self.stated - self.true

    @property
    def enough(self) -> bool:
        """Whether the bin says anything."""
        return self.memberships >= ENOUGH and self.rings >= ENOUGH_RINGS

    @property
    def off(self) -> bool:
        """More than five points apart."""
        return abs(self.gap) > POINTS

    @property
    def surely_off(self) -> bool:
        """More than five points from everything in the interval."""
        return not self.true_low - POINTS <= self.stated <= self.true_high + POINTS


def scopes(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """What is held to its word apart: members and affiliations, all and of suspect rings; members by preset."""
    own, suspect = frame["own"], frame["verdict"] == str(Verdict.SUSPECT)
    yield "members", frame[own]
    yield "members of suspect rings", frame[own & suspect]
    yield "affiliations", frame[~own]
    yield "affiliations with suspect rings", frame[~own & suspect]
    for preset in sorted(set(frame["preset"])):
        yield f"members, {preset}", frame[own & (frame["preset"] == preset)]
    for preset in sorted(set(frame["preset"][own & suspect])):
        yield f"suspect, {preset}", frame[own & suspect & (frame["preset"] == preset)]


def reliability(frame: pd.DataFrame) -> list[Line]:
    """Lines of every scope, for memberships with ``likelihood``, ``right``, ``world`` and ``ring``."""
    return [
        _line(name, int(number), rows)
        for name, part in scopes(frame)
        for number, rows in part.groupby((part["likelihood"] * BINS).astype(int).clip(upper=BINS - 1), sort=True)
    ]


def _line(scope: str, number: int, rows: pd.DataFrame) -> Line:
    rings = rows.groupby(["world", "ring"])["right"].agg(["size", "sum"]).to_numpy(np.float64)
    low, high = share_limits(rings[:, 0], rings[:, 1])
    stated, true = float(rows["likelihood"].mean()), float(rows["right"].mean())
    return Line(scope, number / BINS, len(rows), len(rings), stated, true, low, high)


def share_limits(size: Floats, hits: Floats) -> tuple[float, float]:
    """95 % limits of a share over clusters of these sizes and hits.

    Clopper and Pearson (1934) with the effective number of draws, p(1-p) by the variance of the share between clusters
    (Korn and Graubard 1998); with the number of clusters where all of them agree.
    """
    draws, p = float(size.sum()), float(hits.sum() / size.sum())
    clusters = len(size)
    spread = float(((hits - p * size) ** 2).sum()) / draws**2 * clusters / max(clusters - 1, 1)
    effective = min(draws, p * (1 - p) / spread) if spread > 0 and clusters > 1 else float(clusters)
    right, wrong = p * effective, (1 - p) * effective
    low = float(beta.ppf(TAIL, right, wrong + 1)) if right > 0 else 0.0
    high = float(beta.ppf(1 - TAIL, right + 1, wrong)) if wrong > 0 else 1.0
    return low, high


def bins_table(lines: list[Line], wanted: tuple[str, ...]) -> str:
    """The bins of some scopes as Markdown."""
    rows = [
        [x.scope, f"{x.low:.1f} to {x.low + 1 / BINS:.1f}", f"{x.memberships:,}", f"{x.rings:,}", f"{x.stated:.3f}",
         f"{x.true:.3f}", f"{x.true_low:.3f} to {x.true_high:.3f}", _word(x)]
        for x in lines if x.scope in wanted
    ]  # fmt: skip
    return markdown(["memberships of", "stated", "number", "rings", "mean", "true", "95 %", "within 5 points"], rows)


def summary_table(lines: list[Line]) -> str:
    """One row a scope: its mean gap, and in which of its bins the gap is over five points."""
    rows = []
    for scope in dict.fromkeys(x.scope for x in lines):
        every = [x for x in lines if x.scope == scope]
        bins, number = [x for x in every if x.enough], sum(x.memberships for x in every)
        error = sum(abs(x.gap) * x.memberships for x in every) / number
        off = [f"{x.low:.1f} ({x.stated:.2f}, true {x.true:.2f}{', sure' if x.surely_off else ''})"
               for x in bins if x.off]  # fmt: skip
        inside = sum(x.memberships for x in every if not x.off) / number
        rows.append([scope, f"{number:,}", f"{error:.3f}", str(len(bins)), f"{inside:.0%}", ", ".join(off) or "none"])
    return markdown(
        ["memberships of", "number", "mean gap", "bins with enough", "of all, in bins within 5 points",
         "bins with enough that are more than 5 points off"], rows,
    )  # fmt: skip


def page(lines: list[Line], chosen: tuple[World, ...]) -> str:
    """What the page says: which worlds, the summary of all scopes, and the bins of those over all presets."""
    every = tuple(dict.fromkeys(x.scope for x in lines if "," not in x.scope))
    seeds = sorted({world.seed for world in chosen})
    said = (
        f"{len(chosen)} worlds of {chosen[0].accounts:,} accounts, seeds {seeds[0]} to {seeds[-1]}, which played no "
        f"part in the fit. A bin has enough with {ENOUGH} memberships of {ENOUGH_RINGS} rings; rings, not accounts, "
        "count as drawn in the intervals. `sure`: more than 5 points from all of the interval."
    )
    return "\n\n".join([said, summary_table(lines), bins_table(lines, every)])


def origin(chosen: tuple[World, ...], frame: pd.DataFrame) -> dict[str, Any]:
    """What the weights' file says of the worlds that they were fitted on."""
    return {
        "worlds": len(chosen), "accounts": chosen[0].accounts, "seeds": sorted({w.seed for w in chosen}),
        "evade": sorted({w.evade for w in chosen}), "presets": sorted({w.preset for w in chosen}),
        "members": int(frame["own"].sum()), "affiliations": int((~frame["own"]).sum()),
        "rings": len(frame[["world", "ring"]].drop_duplicates()),
    }  # fmt: skip


def _word(line: Line) -> str:
    if not line.enough:
        return "too few"
    if line.surely_off:
        return "no"
    return "as far as one can tell" if line.off else "yes"
