"""Found beside true: for each true operator and ring, the cluster that holds most of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from linkage.evaluation.tables import read_table


@dataclass(frozen=True)
class Match:
    """A true operator or ring of ``accounts``; ``found`` is the cluster with most of them ('' when none has any).

    ``found_accounts`` are the accounts of that cluster, ``common`` those that both have.
    """

    level: str
    true: str
    accounts: int
    found: str
    found_accounts: int
    common: int


def matches(run: Path, truth: Path) -> list[Match]:
    """Every true operator, then every true ring, largest first, with its best cluster; empty for other tables.

    Raises:
        ConfigError: a file can't be read.
    """
    members = run / "members.parquet" if run.is_dir() else run
    found, known = read_table(members), read_table(truth)
    levels = [c for c in ("operator_id", "ring_id") if c in found.column_names and c in known.column_names]
    both = known.to_pandas().merge(found.to_pandas(), on="account_id", how="left", suffixes=("", "_found"))
    sizes = {level: found.to_pandas()[level].value_counts() for level in levels}
    return [m for level in levels for m in _level(level, both, sizes[level])]


def _level(level: str, both: pd.DataFrame, sizes: pd.Series[int]) -> list[Match]:
    true = both[level].dropna().value_counts()
    pairs = both.dropna(subset=[level, f"{level}_found"]).value_counts([level, f"{level}_found"]).reset_index()
    pairs = pairs.sort_values(["count", f"{level}_found"], ascending=[False, True]).drop_duplicates(level)
    best = {row[level]: (str(row[f"{level}_found"]), int(row["count"])) for row in pairs.to_dict("records")}
    ordered = sorted(((str(name), int(count)) for name, count in true.items()), key=lambda item: (-item[1], item[0]))
    return [_match(level, name, count, best.get(name, ("", 0)), sizes) for name, count in ordered]


def _match(level: str, name: str, count: int, best: tuple[str, int], sizes: pd.Series[int]) -> Match:
    cluster, common = best
    return Match(level.removesuffix("_id"), name, count, cluster, int(sizes.get(cluster, 0)), common)
