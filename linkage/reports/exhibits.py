"""The exhibits of a summary: its tables as CSV that no spreadsheet obeys, and as Parquet with the exact values."""

from __future__ import annotations

import csv
import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.reports.bystanders import BECAUSE
from linkage.reports.store import Store

ROWS_AT_ONCE = 50_000
# A cell that begins with one of these is a formula to some spreadsheet (OWASP, "CSV injection"), full-width forms too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# Each takes $rings, the ring ids of the summary.
TABLES = {
    "rings": "SELECT * EXCLUDE (ring) FROM rings WHERE ring_id IN (SELECT unnest($rings)) ORDER BY ring_id",
    "members": f"""
        SELECT m.ring_id, m.account_id, m.operator_id, m.role, b.bystander_because, m.verdict, m.log_odds_bits,
               m.likelihood, m.families, a.created, a.first_seen, a.last_seen, a.exchanges, l.labels
        FROM members m JOIN accounts a USING (account_id)
        LEFT JOIN (SELECT account_id, string_agg(DISTINCT label, ', ' ORDER BY label) AS labels
                   FROM labels GROUP BY account_id) l USING (account_id)
        LEFT JOIN ({BECAUSE}) b USING (account_id, ring_id) WHERE m.ring_id IN (SELECT unnest($rings))
        ORDER BY m.ring_id, m.account_id""",
    "evidence": """
        SELECT e.ring_id, e.kind, k.family, e.entity, n.context, e.pool, e.ring_accounts, e.ring_accounts_with_kind,
               e.all_accounts, k.accounts AS all_accounts_with_kind, e.bits, e.first_seen, e.last_seen
        FROM evidence e JOIN told_kinds k USING (kind) LEFT JOIN entities n ON n.kind = e.kind AND n.value = e.entity
        WHERE e.ring_id IN (SELECT unnest($rings))
        ORDER BY e.ring_id, e.bits DESC, e.kind, e.entity NULLS FIRST""",
    "pools": """
        SELECT r.ring_id, p.kind, e.value AS entity, e.context, p.ring_accounts, p.all_accounts
        FROM pools p JOIN rings r USING (ring) JOIN told_entities e USING (entity)
        WHERE r.ring_id IN (SELECT unnest($rings)) ORDER BY r.ring_id, p.kind, e.value""",
    "links": """
        SELECT r.ring_id, a.account_id, l.kind, e.value AS entity, e.context, l.users AS all_accounts,
               k.accounts AS all_accounts_with_kind, round(log2(k.accounts / l.users), 3) AS rarity_bits,
               l.n, l.first_seen, l.last_seen
        FROM links l JOIN ring_members m USING (account) JOIN rings r ON r.ring = m.ring
        JOIN accounts a USING (account) JOIN entities e USING (entity) JOIN kinds k ON k.kind = l.kind
        WHERE r.ring_id IN (SELECT unnest($rings)) ORDER BY r.ring_id, a.account_id, l.kind, e.value""",
}


def write_exhibits(store: Store, rings: list[str], folder: Path) -> dict[str, int]:
    """Write every table of the rings as CSV and as Parquet; returns the rows of each file by its name."""
    rows: dict[str, int] = {}
    for name, sql in TABLES.items():
        table = store.arrow(sql, rings=rings)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        write_csv(table, folder / f"{name}.csv")
        rows |= {f"{name}.csv": table.num_rows, f"{name}.parquet": table.num_rows}
    return rows


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV in UTF-8; times in ISO 8601, formulas made harmless by a leading apostrophe."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)  # RFC 4180: lines end in CR LF, so a cell with either is quoted
        writer.writerow(table.column_names)
        for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
            columns = [[cell(value) for value in column.to_pylist()] for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cell(value: Any) -> Any:
    """A value as a CSV cell; text that a spreadsheet would run gets an apostrophe before it.

    >>> cell("=1+1"), cell("a=b"), cell(-1.5)
    ("'=1+1", 'a=b', -1.5)
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return value.isoformat() if isinstance(value, datetime) else value
