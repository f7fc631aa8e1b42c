"""One picture per preset: F1 over the rate of evasion, of the ceiling, linkage and every peer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from linkage.yardstick.figures import EASY, OURS, series
from linkage.yardstick.results import ANY, OPERATOR, RING, SUSPECT
from linkage.yardstick.tables import at_every_evade
from linkage.yardstick.worlds import CEILING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: dict[Any, Any] = {"svg.hashsalt": "linkage", "svg.fonttype": "none", "font.size": 10}
MARKS = "sv^D<>pXPhd*8"
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#7f7f7f", "#14532d",
           "#1e3a8a", "#b45309")  # fmt: skip  # one for each peer; red is ours
FIRM: dict[str, dict[str, Any]] = {
    CEILING: {"color": "black", "linestyle": "--", "linewidth": 1.6},
    OURS[ANY]: {"color": "#c1121f", "linewidth": 2.8},
    OURS[SUSPECT]: {"color": "#c1121f", "linewidth": 1.4, "linestyle": ":"},
}


def draw(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """Write an SVG for each preset that has worlds at every rate of evasion; the same rows give the same bytes."""
    same = at_every_evade(frame)
    names = [p for p in same["preset"].unique() if same.loc[same["preset"] == p, "f1"].notna().any()]
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw(str(preset), same[same["preset"] == preset], folder) for preset in names]


def _draw(preset: str, frame: pd.DataFrame, folder: Path) -> Path:
    import matplotlib  # takes a while, and only a finished bench needs it
    from matplotlib.figure import Figure

    path = folder / f"{preset}.svg"
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11.5, 4.8), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, level in zip(panels, (RING, OPERATOR), strict=True):
            _panel(axes, frame[frame["level"] == level], level)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=9)
        seeds = ", ".join(str(seed) for seed in sorted(frame["seed"].unique()))
        figure.suptitle(f"{preset}: {frame['accounts'].iloc[0]:,} accounts, seeds {seeds}")
        figure.savefig(path, metadata={"Date": None, "Creator": None})
    return path


def _panel(axes: Axes, frame: pd.DataFrame, level: str) -> None:
    easy = sorted(frame.loc[frame["counts"] == EASY, "evade"].unique())
    for evade in easy:
        label = "grey: a world there is too easy" if evade == easy[0] else None
        axes.axvspan(evade - 0.02, evade + 0.02, color="0.9", zorder=0, label=label)
    for place, (name, part) in enumerate(series(frame).items()):
        mean = part.groupby("evade")["f1"].mean().dropna()
        if len(mean):
            thin = {"linewidth": 1.0, "color": COLOURS[place % len(COLOURS)], "alpha": 0.85}
            style: dict[str, Any] = FIRM.get(name, thin)
            mark = MARKS[place % len(MARKS)]
            axes.plot(mean.index, mean, marker=mark, markersize=5, label=name.replace("**", ""), **style)
    axes.set(xlabel="evade: chance to avoid the ring's pool, per kind", ylim=(-0.02, 1.02), xlim=(-0.04, 0.94))
    axes.set_title(f"{level} level", fontsize=10)
    axes.set_ylabel("B-cubed F1" if level == RING else "")
    axes.grid(alpha=0.25)
