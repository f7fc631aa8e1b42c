"""Results as tables: one row per world, method, scope and level; which worlds count; means over seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from linkage.simulator import Preset
from linkage.yardstick.bench import Results
from linkage.yardstick.results import ANY, RING, SUSPECT, Line, Result
from linkage.yardstick.worlds import CEILING, EVADE, LINKAGE, METHODS, World

# A world counts only when what is simple fails on it: F1 at ring level with the settings that people run by default.
TOO_EASY = {"components, degree <= 50": 0.3, "Leiden, plain": 0.6}
COUNTS, EASY = "yes", "too easy"
WORLD = ["preset", "evade", "seed", "accounts"]
HONEST = {"accounts": "honest_accounts", "suspect": "honest_suspects", "bystanders": "honest_bystanders",
          "groups": "honest_groups"}  # fmt: skip
OURS = {ANY: "**linkage**, rings of any verdict", SUSPECT: "**linkage**, suspect rings only"}


def quality(results: Results, judged: bool = True) -> pd.DataFrame:
    """Every score, in the order of worlds and methods; the same results give the same table.

    Worlds that are too easy do not count when worlds are ``judged``.

    Columns: preset, evade, seed, accounts, counts, method, rings, level, setting, precision, recall, f1, found, of,
    usual_f1, traffic, honest_accounts, honest_suspects, honest_bystanders, honest_groups, not_run. Scores are missing
    where nothing is to be found or the method did not run; traffic and the honest columns stand in the rows of suspect
    rings.
    """
    rows = [
        {**world.fields(), "counts": EASY if judged and too_easy(methods) else COUNTS, "method": method, **row}
        for world, methods in sorted(results.items(), key=lambda item: _place(item[0]))
        for method, result in methods.items()
        for row in _rows(result)
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(("found", "of", *HONEST.values()), "Int64"))


def _place(world: World) -> tuple[int, float, int]:
    return [p.value for p in Preset].index(world.preset), world.evade, world.seed


def _rows(result: Result) -> Iterator[dict[str, Any]]:
    if result.not_run:
        yield {**_line(Line("", "", "", 0, 0, 0, 0, 0, 0)), **_accused(None), "not_run": result.not_run}
    for line in result.lines:
        yield {**_line(line), **_accused(result if line.rings == SUSPECT else None), "not_run": ""}


def _line(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = {"rings": line.rings, "level": line.level, "setting": line.setting}
    scores = {"precision": line.precision, "recall": line.recall, "f1": line.f1, "found": line.found,
              "of": line.clusters, "usual_f1": line.usual_f1}  # fmt: skip
    return told | (scores if line.clusters else dict.fromkeys(scores))


def _accused(result: Result | None) -> dict[str, Any]:
    honest = None if result is None else result.honest
    told = {column: None if honest is None else getattr(honest, name) for name, column in HONEST.items()}
    return {"traffic": None if result is None else result.traffic, **told}


def too_easy(methods: dict[str, Result]) -> str:
    """Why a world does not count, or '' when it does: which simple method does how well on it."""
    reasons = [
        f"{name} {line.usual_f1:.2f}"
        for name, limit in TOO_EASY.items() if name in methods
        for line in methods[name].lines
        if line.level == RING and line.clusters and line.usual_f1 >= limit
    ]  # fmt: skip
    return "; ".join(reasons)


def cost(results: Results) -> pd.DataFrame:
    """Per method over the worlds on which it ran: worlds, median and most seconds, most memory in MB."""
    rows = [
        {"method": method, "seconds": result.seconds, "mb": result.peak_mb}
        for methods in results.values() for method, result in methods.items() if not result.not_run
    ]  # fmt: skip
    grouped = pd.DataFrame(rows).groupby("method")
    table = grouped.agg(worlds=("seconds", "size"), median_seconds=("seconds", "median"),
                        most_seconds=("seconds", "max"), most_mb=("mb", "max"))  # fmt: skip
    ordered = [name for name in METHODS if name in table.index and name != CEILING]
    return table.loc[ordered].round(1).reset_index()


def counted(frame: pd.DataFrame, evade: float = EVADE) -> pd.DataFrame:
    """The rows of worlds that count, with this rate of evasion."""
    return frame[(frame["counts"] == COUNTS) & (frame["evade"] == evade)]


def series(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows by what stands in one line of a table or a picture: ours by scope, then the ceiling, then each peer."""
    ours = frame[frame["method"] == LINKAGE]
    found = {name: ours[ours["rings"] == rings] for rings, name in OURS.items()}
    others = [name for name in METHODS[1:] if name in set(frame["method"])]
    return {**found, **{name: frame[frame["method"] == name] for name in others}}
