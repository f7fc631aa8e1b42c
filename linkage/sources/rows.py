"""Each row's fate: loaded, duplicate or quarantined; and the loaded ones with numbers in place of texts."""

from __future__ import annotations

from collections.abc import Sequence

from linkage.engines.step import Engine, Step, literal
from linkage.sources.forms import slots
from linkage.sources.layout import Group
from linkage.sources.normalise import DULL, INVALID
from linkage.sources.scan import Value, shown_value


def judge_rows(engine: Engine, name: str, account: str, values: Sequence[Value], groups: Sequence[Group]) -> None:
    """Sort the rows of ``scan_<name>`` and forget it; ``account`` is the name of the account column.

    Makes ``faults_<name>`` (file, row, column, reason, value): rows for the quarantine; ``repeats_<name>`` (file, row):
    duplicates; and ``rows_<name>`` (account, first, last, n, stop, e0, e1, …, dull): the loaded rows, with accounts and
    entities as keys of ``forms``, and the number of their values that link nobody.
    """
    copies = [str(i) for i, file in enumerate(file for group in groups for file in group.files) if file.copy]
    fresh = f"file NOT IN ({', '.join(copies)})" if copies else "true"
    reads = (f"scan_{name}", "forms")
    engine.run(Step(f"faults_{name}", _faults_sql(name, account, values, fresh), reads))
    engine.run(Step(f"repeats_{name}", _repeats_sql(name, values, fresh), (f"scan_{name}", f"faults_{name}")))
    engine.run(
        Step(f"rows_{name}", _rows_sql(name, values), (*reads, f"faults_{name}", f"repeats_{name}")),
    )
    engine.drop(f"scan_{name}")


def _faults_sql(name: str, account: str, values: Sequence[Value], fresh: str) -> str:
    """The first fault of each row that has one: of the row itself, then of its account, then of its values in turn."""
    families = ["", *(value.spec.family for value in values)]
    names = [account, *(value.name for value in values)]
    parts = [
        'SELECT file, row, 0 AS place, fault_column AS "column", fault_reason AS reason, fault_value AS value '
        f"FROM scan_{name} WHERE fault_reason IS NOT NULL AND {fresh}"
    ]
    for place, (column, slot) in enumerate(slots(values), 1):
        reason = "no IP address" if slot else "account missing"
        parts.append(
            f"SELECT s.file, s.row, {place}, {literal(names[place - 1])}, {literal(reason)}, "
            f"{shown_value(f's.{column}', families[place - 1])} FROM scan_{name} s JOIN forms f "
            f"ON f.state = '{INVALID}' AND f.slot = {literal(slot)} AND s.{column} = f.text WHERE {fresh}"
        )
    every = " UNION ALL ".join(parts)
    return f"""
        SELECT file, row, nullif("column", '') AS "column", reason, value
        FROM (SELECT *, row_number() OVER (PARTITION BY file, row ORDER BY place) AS turn FROM ({every}))
        WHERE turn = 1
    """


def _repeats_sql(name: str, values: Sequence[Value], fresh: str) -> str:
    """Of rows with one id the first by content is kept, so that the order of rows does not matter."""
    content = ", ".join(["account", "first", "last", "n", "stop", *(f"v{i}" for i in range(len(values)))])
    sound = f"(SELECT * FROM scan_{name} ANTI JOIN faults_{name} USING (file, row) WHERE {fresh} AND id IS NOT NULL)"
    return f"""
        WITH repeated AS (SELECT id FROM {sound} GROUP BY id HAVING count(*) > 1),
        ranked AS (
            SELECT file, row, row_number() OVER (PARTITION BY id ORDER BY {content}, file, row) AS place
            FROM {sound} SEMI JOIN repeated USING (id))
        SELECT file, row FROM ranked WHERE place > 1
        UNION ALL SELECT file, row FROM scan_{name} WHERE NOT ({fresh})
    """


def _rows_sql(name: str, values: Sequence[Value]) -> str:
    places = range(len(values))
    keys = "".join(f", f{i}.key AS e{i}" for i in places)
    dull = " + ".join(f"CAST(coalesce(f{i}.state = '{DULL}', false) AS INTEGER)" for i in places) or "0"
    joins = " ".join(
        f"LEFT JOIN (SELECT * FROM forms WHERE slot = {literal(value.column.kind)}) f{i} ON s.v{i} = f{i}.text"
        for i, value in enumerate(values)
    )
    return f"""
        SELECT a.key AS account, s.first, s.last, s.n, s.stop{keys}, {dull} AS dull
        FROM scan_{name} s ANTI JOIN faults_{name} USING (file, row) ANTI JOIN repeats_{name} USING (file, row)
        JOIN (SELECT * FROM forms WHERE slot = '') a ON s.account = a.text {joins}
    """
