"""The accepted figures: what linkage reached, frozen in a file, and how much less counts as worse.

A figure is worse when it falls below the accepted one by more than its noise: twice the standard error of its mean
over the five seeds, and at least FLOOR. (Honest suspects and honest groups reported are worse when they rise.) The
same code on the same worlds gives the same figures, so all noise comes from changes that move border cases; a change
for the worse is one that five other seeds would not excuse.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from linkage.yardstick.figures import COUNTS
from linkage.yardstick.results import OPERATOR, SUSPECT
from linkage.yardstick.worlds import EVADE, LINKAGE

KEY = ["form", "preset", "evade", "rings", "level", "measure"]
COLUMNS = [*KEY, "seeds", "value", "noise"]
FLOOR = {"precision": 0.01, "recall": 0.01, "f1": 0.01, "found": 0.01, "traffic": 0.01,
         "honest share": 0.001, "honest groups": 0.5}  # fmt: skip
LOWER_IS_BETTER = {"honest share", "honest groups"}
HONEST = "honest"
ERRORS = 2.0  # standard errors
DIGITS = 4


@dataclass(frozen=True)
class Worse:
    """A figure that fell behind the accepted one, or is on one side only; ``text`` says which and by how much."""

    text: str


def accept(form: str, frame: pd.DataFrame, noise_from: pd.DataFrame) -> pd.DataFrame:
    """The rows to freeze: means of a form's figures over its worlds that count, with noise from five seeds' worlds.

    ``frame`` and ``noise_from`` are tables of quality (see figures.quality).
    """
    means = figures(frame)
    noisy = figures(noise_from)
    spread = noisy[noisy["evade"] == EVADE].groupby(["preset", "rings", "level", "measure"])["value"]
    error = spread.sem().rename("error").reset_index()
    table = means.groupby(["preset", "evade", "rings", "level", "measure"], sort=False).agg(
        seeds=("seed", lambda seeds: " ".join(map(str, seeds))), value=("value", "mean")
    )
    table = table.reset_index().merge(error, how="left", on=["preset", "rings", "level", "measure"])
    floor = table["measure"].map(FLOOR)
    table["noise"] = (ERRORS * table["error"].fillna(0.0)).clip(lower=floor)
    table["form"] = form
    return table[COLUMNS].round({"value": DIGITS, "noise": DIGITS})


def figures(frame: pd.DataFrame) -> pd.DataFrame:
    """Of linkage on the worlds that count: preset, evade, seed, rings, level, measure, value."""
    ours = frame[(frame["method"] == LINKAGE) & (frame["counts"] == COUNTS)]
    scored = ours[ours["f1"].notna()].assign(found=lambda f: (f["found"] / f["of"]).astype(float))
    keys = ["preset", "evade", "seed", "rings", "level"]
    traffic = scored[scored["traffic"].notna() & (scored["level"] == OPERATOR)]
    scores = scored.melt(keys, ["precision", "recall", "f1", "found"], "measure", "value")
    honest = ours[ours["rings"] == SUSPECT].drop_duplicates(["preset", "evade", "seed"]).assign(level=HONEST)
    share = (honest["honest_suspects"] / honest["honest_accounts"]).astype(float)
    groups = honest["honest_groups"].astype(float)
    befell = honest.assign(**{"honest share": share, "honest groups": groups})
    parts = [scores, traffic.melt(keys, ["traffic"], "measure", "value")]
    return pd.concat([*parts, befell.melt(keys, ["honest share", "honest groups"], "measure", "value")])


def compare(now: pd.DataFrame, accepted: pd.DataFrame) -> list[Worse]:
    """What fell behind the accepted figures; both are tables of :func:`accept`, the noise is the accepted one."""
    both = accepted.merge(now, how="outer", on=KEY, suffixes=("", "_now"), indicator="side")
    both = both.sort_values(KEY, kind="stable")
    return [Worse(text) for row in both.to_dict("records") if (text := _fault(row))]


def _fault(row: dict[Hashable, Any]) -> str:
    name = f"{row['preset']}, evade {row['evade']:g}, {row['rings']}, {row['level']}: {row['measure']}"
    if row["side"] == "left_only":
        return f"{name} is accepted and was not measured"
    if row["side"] == "right_only":
        return f"{name} was measured and is not accepted yet"
    if str(row["seeds"]) != str(row["seeds_now"]):
        return f"{name} is of seeds {row['seeds_now']}, accepted of {row['seeds']}: other worlds count"
    before, now, noise = (float(str(row[column])) for column in ("value", "value_now", "noise"))
    fell = now - before if row["measure"] in LOWER_IS_BETTER else before - now
    return f"{name} was {before:.4f} and is {now:.4f} (noise {noise:.4f})" if fell > noise + 1e-9 else ""


def read(path: Path, form: str) -> pd.DataFrame:
    """The accepted rows of a form; none when there is no such file."""
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    table = pd.read_csv(path, dtype={"seeds": str})
    return table[table["form"] == form]


def write(path: Path, rows: pd.DataFrame, form: str) -> None:
    """Put a form's rows into the file in the place of its earlier ones."""
    kept = pd.read_csv(path, dtype={"seeds": str}) if path.is_file() else pd.DataFrame(columns=COLUMNS)
    parts = [part for part in (kept[kept["form"] != form], rows) if len(part)]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat(parts).sort_values(KEY, kind="stable").to_csv(path, index=False, lineterminator="\n")
