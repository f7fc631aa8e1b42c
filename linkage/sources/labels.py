"""Accounts that are known already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from linkage.config import Source
from linkage.engines.step import Engine, Step
from linkage.errors import InputRefused
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
    try:
        check_columns("labels", _AS_SOURCE, groups)
    except InputRefused as error:
        where = error.where.removeprefix("sources.")
        raise InputRefused(error.what, where=where, todo="Call its columns account_id and label.") from None
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


def strange_labels(engine: Engine) -> list[str]:
    """A warning where most of the labelled accounts are in no log: their ids may be written in another way."""
    found = engine.fetch(
        "SELECT count(*) AS labelled, count(a.account_id) AS known, "
        "min(l.account_id) FILTER (a.account_id IS NULL) AS one "
        "FROM (SELECT DISTINCT account_id FROM labels) l LEFT JOIN accounts a USING (account_id)"
    ).to_pylist()[0]
    strange = found["labelled"] - found["known"]
    if strange <= found["known"]:
        return []
    return [f"labels: {strange:,} of {found['labelled']:,} labelled accounts are in no log, such as '{found['one']}'."]
