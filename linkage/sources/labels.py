"""Accounts that are known already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from linkage.config import Source
from linkage.engines.step import Engine, Step
from linkage.model import LABELS
from linkage.sources.files import InputFile, find_files
from linkage.sources.layout import check_columns, group_files, rows_sql
from linkage.sources.scan import text_of

_AS_SOURCE = Source.model_validate({"path": "", "account": "account_id", "entities": {"label": "label"}})


def read_labels(engine: Engine, path: str | Sequence[str] | None, config_path: Path) -> list[InputFile]:
    """Make the table ``labels`` (LABELS, empty without a path); rows without account or label say nothing.

    Raises:
        InputRefused: the file can't be read, or lacks one of the columns account_id and label.
    """
    if path is None:
        engine.load("labels", LABELS.empty_table())
        return []
    files = find_files("labels", path, config_path)
    groups = group_files(engine, "labels", _AS_SOURCE, files, None)
    check_columns("labels", _AS_SOURCE, groups)
    parts = []
    for group in groups:
        columns = [(f"c{i}", c.type) for i, n in enumerate(("account_id", "label")) if (c := group.column(n))]
        account, label = (f"trimmed({text_of(*c)})" for c in columns)
        rows = rows_sql(group, ["account_id", "label"], None, engine)
        parts.append(f"SELECT {account} AS account_id, {label} AS label FROM ({rows}) WHERE broken IS NULL")
    engine.scan(
        Step(
            "labels",
            f"SELECT DISTINCT account_id, label FROM ({' UNION ALL '.join(parts)}) "
            "WHERE account_id <> '' AND label <> '' ORDER BY account_id, label",
        )
    )
    return files
