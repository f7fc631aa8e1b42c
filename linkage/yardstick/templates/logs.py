"""Sets of log lines with known templates: the grouping accuracy of each level of ids, and Drain's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from linkage.errors import ConfigError
from linkage.yardstick.tables import markdown
from linkage.yardstick.templates.drain import PUBLISHED, drain_groups
from linkage.yardstick.templates.groups import grouping_accuracy
from linkage.yardstick.templates.levels import EXACT, FAMILY, MASKED, SKELETON, Assign

DRAIN = "drain3, its published setting of each set"
MEAN = "mean"


def read_log(path: Path) -> pd.DataFrame:
    """Lines in order, with ``Content`` (the line) and ``EventId`` (its true template)."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, usecols=["Content", "EventId"])


def accuracies(data: Path, assign: Assign) -> pd.DataFrame:
    """The grouping accuracy by set (rows, the mean last) and by level and Drain (columns). Each line is an account.

    A line that shares nothing has no skeleton and no family; it then stands with the lines that have its masked id.

    Raises:
        ConfigError: no set is there.
    """
    files = {path.name.removesuffix(".csv.gz"): path for path in sorted(data.glob("*.csv.gz"))}
    there = {name: path for name, path in files.items() if name in PUBLISHED}
    if not there:
        raise ConfigError(
            "none of the sets of log lines is there.", where=str(data),
            todo="Name the folder that holds loghub/*.csv.gz with --data or in LINKAGE_DATA.",
        )  # fmt: skip
    found = pd.DataFrame({name: _set(name, read_log(path), assign) for name, path in there.items()}).T
    return pd.concat([found, found.mean().rename(MEAN).to_frame().T])


def _set(name: str, lines: pd.DataFrame, assign: Assign) -> dict[str, float]:
    accounts = [f"line {number}" for number in range(len(lines))]
    ids = assign(pa.table({"account": accounts, "prompt": lines["Content"].tolist()})).to_pandas()
    found = {level: ids[level].fillna(ids[MASKED]) for level in (EXACT, MASKED, SKELETON, FAMILY)}
    found[DRAIN] = drain_groups(lines["Content"], PUBLISHED[name])
    return {level: grouping_accuracy(groups, lines["EventId"]) for level, groups in found.items()}


def logs_table(found: pd.DataFrame) -> str:
    """The accuracies as Markdown: a row a set."""
    rows = [[str(name), *(f"{value:.3f}" for value in row)] for name, row in found.T.items()]
    return markdown(["grouping accuracy", *found.columns], rows)
