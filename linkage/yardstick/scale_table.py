"""The bench of size as one table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from linkage.yardstick.races import GIGABYTE, Race
from linkage.yardstick.scale import FLOOR, LINKAGE, Scale
from linkage.yardstick.tables import NOTHING, markdown


def scale_table(found: Scale) -> str:
    """One line a contender, and one a step; ratios, rows and spilled bytes are of the largest size that it ended."""
    sizes = found.sizes
    header = ["", *(cell for size in sizes for cell in (f"{size}: s", "GB"))]
    header += [f"{large} ÷ {small}" for small, large in pairwise(sizes)]
    header += [f"× {FLOOR}", f"× {LINKAGE}", "rows", "GB spilled", "operator F1"]
    names = dict.fromkeys(name for races in found.races.values() for name in races)
    return markdown(header, [row for name in names for row in _contender(found, name)])


def _contender(found: Scale, name: str) -> Iterator[list[str]]:
    """The whole, then its steps where it ended somewhere."""
    races = [found.races[size].get(name) for size in found.sizes]
    seconds = [found.seconds(size, name) for size in found.sizes]
    figures = next((race.figures for race in reversed(races) if race and not race.stopped), {})
    cells = [cell for race, time in zip(races, seconds, strict=True) for cell in _whole(race, time)]
    yield [f"**{name}**", *cells, *_growth(seconds), *_ratios(found, seconds), "", "", _score(figures)]
    for step in dict.fromkeys(step for race in races if race for step in race.steps):
        yield _step(found, step, races, figures)


def _whole(race: Race | None, seconds: float | None) -> list[str]:
    if race is None:
        return [NOTHING, NOTHING]
    if seconds is None:
        last = list(race.steps)[-1] if race.steps else "start"
        return [f"{race.stopped}, in *{last}* after {race.seconds:,.0f} s", _gigabytes(race.peak)]
    return [_time(seconds), _gigabytes(race.peak)]


def _step(found: Scale, step: str, races: list[Race | None], figures: dict[str, Any]) -> list[str]:
    seconds = [race.steps.get(step) if race and not race.stopped else None for race in races]
    peaks = [race.figures.get("stages", {}).get(step, {}).get("peak_bytes") if race else None for race in races]
    cells = [
        cell for time, peak in zip(seconds, peaks, strict=True)
        for cell in (_time(time), "" if peak is None else _gigabytes(peak))
    ]  # fmt: skip
    stage = figures.get("stages", {}).get(step, {})
    rows = stage.get("rows", figures.get("rows", {}).get(step))
    spilled = stage.get("spilled_bytes")
    return [f"· {step}", *cells, *_growth(seconds), *_ratios(found, seconds), "" if rows is None else f"{rows:,}",
            "" if spilled is None else _gigabytes(spilled), ""]  # fmt: skip


def _growth(seconds: list[float | None]) -> list[str]:
    return [f"{large / small:.2f}" if small and large else NOTHING for small, large in pairwise(seconds)]


def _ratios(found: Scale, seconds: list[float | None]) -> list[str]:
    """To the floor and to linkage, at the largest size at which both ended."""
    cells = []
    for other in (FLOOR, LINKAGE):
        theirs = [found.seconds(size, other) for size in found.sizes]
        both = [ours / their for ours, their in zip(seconds, theirs, strict=True) if ours is not None and their]
        cells.append(f"{both[-1]:.2f}" if both else NOTHING)
    return cells


def _score(figures: dict[str, Any]) -> str:
    return f"{figures['f1']:.3f}" if "f1" in figures else ""


def _time(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:,.1f}"


def _gigabytes(count: int) -> str:
    return f"{count / GIGABYTE:.2f}"
