"""The catalogue: templates known so far, as keyed hashes and ids. It only grows, and holds no word of any prompt."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.errors import ConfigError, StorageFault
from linkage.templates.ids import Key

FORMAT = "3"  # of the file
ANOTHER = "Name another file as templates.catalogue to begin a new one; its ids are not those of this one."


@dataclass(frozen=True)
class Catalogue:
    """What earlier batches found: tables by name, and how many ``batches`` there were."""

    batches: int = 0
    tables: Mapping[str, pa.Table] = field(default_factory=dict)


def read_catalogue(path: Path, key: Key, version: str) -> Catalogue:
    """The catalogue in a file; an empty one where there is no file.

    ``version`` names algorithm and parameters: ids of another version say something else.

    Raises:
        ConfigError: it was made with another key, or by another version.
        StorageFault: it can't be read, or is none.
    """
    if not path.exists():
        return Catalogue()
    try:
        rows = pq.read_table(path)
        told = {name.decode(): value.decode() for name, value in (rows.schema.metadata or {}).items()}
        found, made, batches = told["key"], f"{told['format']} {told['version']}", int(told["batches"])
        tables = {name: pa.Table.from_struct_array(rows[name].combine_chunks().flatten()) for name in rows.column_names}
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise StorageFault(
            "this is no catalogue of templates, or a broken one.", where=str(path),
            todo="Restore the file, or name another one as templates.catalogue.",
        ) from error  # fmt: skip
    if made != f"{FORMAT} {version}":
        raise ConfigError(
            f"the catalogue was made by another version of template ids ({made}; this one is {FORMAT} {version}).",
            where=str(path), todo=ANOTHER,
        )  # fmt: skip
    if not hmac.compare_digest(found, _mark(key)):
        raise ConfigError("the catalogue was made with another key.", where=str(path), todo=f"Use that key. {ANOTHER}")
    return Catalogue(batches, tables)


def write_catalogue(catalogue: Catalogue, path: Path, key: Key, version: str) -> None:
    """Write a catalogue to a new file that only its owner can read; the same catalogue gives the same bytes.

    Raises:
        StorageFault: the disk refused.
    """
    told = {"format": FORMAT, "version": version, "key": _mark(key), "batches": str(catalogue.batches)}
    cells = {name: _as_cell(table) for name, table in sorted(catalogue.tables.items())}
    write_private(pa.table(cells).replace_schema_metadata(told), path)


def write_private(rows: pa.Table, path: Path) -> None:
    """Write a table to a new file that only its owner can read.

    Raises:
        StorageFault: the disk refused.
    """
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            pq.write_table(rows, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageFault(
            f"the catalogue of templates can't be written: {error.strerror or error}.", where=str(path),
            todo="Check rights and space.",
        ) from error


def _as_cell(table: pa.Table) -> pa.ListArray:
    """A whole table as one cell, a list of its rows: tables of different lengths lie in one file."""
    rows = table.combine_chunks().to_struct_array()
    rows = rows.combine_chunks() if isinstance(rows, pa.ChunkedArray) else rows
    return pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)


def _mark(key: Key) -> str:
    """Tells one key from another, and nothing else of it."""
    return key.derived("catalogue").hex()[:16]
