"""How DuckDB reads the user's files: text line by line, Parquet by its own types."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from linkage.engines.step import Column, ColumnType, literal, quoted
from linkage.errors import InputRefused

Execute = Callable[[str], list[tuple[Any, ...]]]  # runs a query, gives its rows
# A line is read as a CSV row of one field: no quotes, and a delimiter that is no character (U+10FFFF; a line that has
# it nevertheless ends there). So whatever is wrong with one line (encoding, length) is wrong with that line alone.
# DuckDB's strict mode must be off: it refuses files that mix \n and \r\n as a whole.
NO_CHARACTER = chr(0x10FFFF)
LONGEST_LINE = 4 << 20  # bytes; a prompt of a million tokens fits
FAULTS = {"INVALID ENCODING": "not UTF-8 text", "LINE SIZE OVER MAXIMUM": "line longer than 4 MiB"}
NOT_BLANK = "trim(r.text, E' \\t\\r') <> ''"
RESERVED = ("file_index", "file_row_number")  # DuckDB's names for where a row stands
TYPES = {
    "VARCHAR": ColumnType.TEXT,
    "FLOAT": ColumnType.FRACTION,
    "DOUBLE": ColumnType.FRACTION,
    "TIMESTAMP WITH TIME ZONE": ColumnType.INSTANT,
    "TIMESTAMPTZ_NS": ColumnType.INSTANT,
    "TIMESTAMP": ColumnType.LOCAL_TIME,
    "TIMESTAMP_S": ColumnType.LOCAL_TIME,
    "TIMESTAMP_MS": ColumnType.LOCAL_TIME,
    "TIMESTAMP_NS": ColumnType.LOCAL_TIME,
    "DATE": ColumnType.LOCAL_TIME,
    "BLOB": ColumnType.BYTES,
} | dict.fromkeys(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    ColumnType.WHOLE,
)


def parquet_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Column]:
    """Names and types of the columns of a Parquet file.

    Raises:
        InputRefused: a column has a name that the engine needs.
    """
    described = connection.sql(f"DESCRIBE SELECT * FROM {_read_parquet([path])}").fetchall()
    columns = [Column(name, _column_type(kind)) for name, kind, *_ in described]
    taken = [c.name for c in columns if c.name.lower() in RESERVED]
    if taken:
        raise InputRefused(
            f"a column is called '{taken[0]}', which the reader needs.", where=str(path), todo="Rename it."
        )
    return columns


def parquet_rows(paths: Sequence[Path], columns: Sequence[str | None], limit: int | None) -> str:
    """A SELECT of like Parquet files; see :meth:`DuckDBEngine.parquet_rows`."""
    named = "".join(f", {quoted(c) if c else 'NULL::VARCHAR'} AS c{i}" for i, c in enumerate(columns))
    cut = f" LIMIT {limit}" if limit else ""
    return f"SELECT file_index::INTEGER AS file, file_row_number + 1 AS row{named} FROM {_read_parquet(paths)}{cut}"


def read_lines(execute: Execute, name: str, paths: Sequence[Path], limit: int | None) -> int:
    """Make the table ``name`` (file, line, text, fault); see :meth:`DuckDBEngine.read_lines`. Returns its rows."""
    read, scans, errors = f"{name}__read", f"{name}__scans", f"{name}__errors"
    rejects = f"store_rejects = true, rejects_scan = {literal(scans)}, rejects_table = {literal(errors)}"
    execute(
        f"CREATE OR REPLACE TEMP TABLE {quoted(read)} AS SELECT file_index AS file, line AS text, "
        f"row_number() OVER () AS place FROM ({_read_text(paths, rejects, limit)})"
    )
    numbered = _numbered if _any(execute, errors) else _counted
    made = execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {numbered(read, scans, errors, paths)}")
    for table in (read, scans, errors):
        execute(f"DROP TABLE {quoted(table)}")
    return int(made[0][0])


def lines_sql(paths: Sequence[Path], limit: int | None) -> str:
    """A SELECT of the lines of text files that can be read (``text``), in order."""
    return f"SELECT line AS text FROM ({_read_text(paths, 'ignore_errors = true', limit)})"


def rejected_lines(connection: duckdb.DuckDBPyConnection, path: Path, limit: int | None) -> pa.Table:
    """The lines of a text file that can't be read; see :meth:`SealedEngine.rejected`."""
    rejects = "store_rejects = true, rejects_scan = 'sealed_scans', rejects_table = 'sealed_errors'"
    connection.execute(f"SELECT count(line) FROM ({_read_text([path], rejects, limit)})").fetchall()
    faults = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in FAULTS.items())
    found = connection.sql(
        f"SELECT line::BIGINT AS line, CASE min(error_type::VARCHAR) {faults} ELSE 'not readable as a line of text' "
        "END AS fault FROM sealed_errors GROUP BY line ORDER BY line"
    ).to_arrow_table()
    for table in ("sealed_scans", "sealed_errors"):
        connection.execute(f"DROP TABLE {table}")
    return found


def _read_text(paths: Sequence[Path], rejects: str, limit: int | None) -> str:
    """A SELECT of file_index and line; ``rejects`` are the options for lines that can't be read."""
    options = (
        f"columns = {{'line': 'VARCHAR'}}, delim = '{NO_CHARACTER}', quote = '', escape = '', header = false, "
        f"auto_detect = false, strict_mode = false, max_line_size = {LONGEST_LINE}, {rejects}"
        + (", rejects_limit = 0" if "store_rejects" in rejects else "")
    )
    cut = f" LIMIT {limit}" if limit else ""
    return f"SELECT file_index, line FROM read_csv({_list(paths)}, {options}){cut}"


def _any(execute: Execute, table: str) -> bool:
    return bool(execute(f"SELECT count(*) FROM {quoted(table)}")[0][0])


def _counted(read: str, scans: str, errors: str, paths: Sequence[Path]) -> str:
    """Line numbers where no line was rejected."""
    return f"""
        WITH starts AS (SELECT file, min(place) AS place FROM {quoted(read)} GROUP BY file)
        SELECT r.file::INTEGER AS file, r.place - s.place + 1 AS line, r.text, NULL::VARCHAR AS fault
        FROM {quoted(read)} r JOIN starts s USING (file) WHERE {NOT_BLANK}
    """


def _numbered(read: str, scans: str, errors: str, paths: Sequence[Path]) -> str:
    """Rejected lines are missing among the read ones: before the k-th of a file stand line - k that were read."""
    names = ", ".join(f"({i}, {literal(str(path))})" for i, path in enumerate(paths))
    faults = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in FAULTS.items())
    return f"""
        WITH starts AS (SELECT file, min(place) AS place FROM {quoted(read)} GROUP BY file),
        rejected AS (
            SELECT n.file, e.line, min(e.error_type::VARCHAR) AS error
            FROM {quoted(errors)} e JOIN {quoted(scans)} s USING (scan_id, file_id)
            JOIN (VALUES {names}) n(file, path) ON s.file_path = n.path GROUP BY n.file, e.line),
        counted AS (SELECT *, row_number() OVER (PARTITION BY file ORDER BY line) AS k FROM rejected),
        gaps AS (SELECT file, line - k AS after, max(k) AS k FROM counted GROUP BY ALL)
        SELECT r.file::INTEGER AS file, r.place - s.place + 1 + coalesce(g.k, 0) AS line, r.text,
               NULL::VARCHAR AS fault
        FROM {quoted(read)} r JOIN starts s USING (file)
        ASOF LEFT JOIN gaps g ON r.file = g.file AND r.place - s.place + 1 > g.after
        WHERE {NOT_BLANK}
        UNION ALL
        SELECT file::INTEGER, line::BIGINT, NULL, CASE error {faults} ELSE 'not readable as a line of text' END
        FROM rejected
    """


def _read_parquet(paths: Sequence[Path]) -> str:
    return f"read_parquet({_list(paths)})"


def _list(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(literal(glob.escape(str(path))) for path in paths) + "]"


def _column_type(name: str) -> ColumnType:
    if name.startswith("DECIMAL"):
        return ColumnType.FRACTION
    if name.startswith(("STRUCT", "MAP", "UNION", "VARIANT")) or name.endswith("]"):
        return ColumnType.NESTED
    return TYPES.get(name, ColumnType.OTHER)
