"""Made-up results of a bench, small enough to check by hand."""

from __future__ import annotations

from linkage.yardstick.results import ANY, OPERATOR, RING, SUSPECT, Honest, Line, Result
from linkage.yardstick.worlds import World

WORLD = World("campaign", 0.3, 1001, 3_000)


def line(f1: float, level: str = RING, rings: str = ANY, usual: float | None = None, setting: str = "") -> Line:
    return Line(level, rings, setting, f1, f1, f1, 3, 4, f1 if usual is None else usual)


def ours(f1: float, suspects: int = 2, groups: int = 0) -> Result:
    lines = [line(f1, level, rings) for rings in (ANY, SUSPECT) for level in (RING, OPERATOR)]
    return Result(lines, Honest(1_000, suspects, 1, groups), 0.75, seconds=8.0, peak_mb=600.0)


def peer(f1: float, usual: float) -> Result:
    lines = [line(f1, level, usual=usual, setting="resolution 4") for level in (RING, OPERATOR)]
    return Result(lines, seconds=0.5, peak_mb=300.0)


def methods(f1: float, leiden: float = 0.4, components: float = 0.1) -> dict[str, Result]:
    return {
        "linkage": ours(f1),
        "ceiling": Result([line(0.98), line(0.99, OPERATOR)]),
        "components, degree <= 50": peer(components, components),
        "Leiden, plain": peer(leiden + 0.2, leiden),
        "Splink": Result(not_run="Splink is not installed"),
    }


def nobody() -> dict[str, Result]:
    """A world without operators."""
    lines = [Line(level, rings, "", 0, 0, 0, 0, 0, 0) for rings in (ANY, SUSPECT) for level in (RING, OPERATOR)]
    return {"linkage": Result(lines, Honest(1_000, 5, 0, 1), None, seconds=8.0, peak_mb=600.0)}
