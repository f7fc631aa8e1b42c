"""Writing tables in bounded memory: rows are collected and written in groups, to one file after the other."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.model import TIME
from linkage.simulator.spec import START
from linkage.simulator.streams import Ints

GROUP_ROWS = 250_000  # of a row group
EPOCH = int(START.timestamp()) * 1_000_000


def times(seconds: Ints) -> pa.Array:
    """Seconds since the world's start as UTC timestamps."""
    return pa.array(seconds * 1_000_000 + EPOCH).cast(TIME)


def save(table: pa.Table, path: Path) -> int:
    """Write one table; returns its rows."""
    pq.write_table(table, path, compression="zstd")
    return int(table.num_rows)


class Writer:
    """Writes tables of one schema to the files ``directory / name.format(number)``, numbers from ``first`` on.

    A new file begins after ``file_rows`` rows, or with :meth:`next_file`.
    """

    def __init__(self, directory: Path, name: str, first: int = 0, file_rows: int | None = None) -> None:
        self.directory, self.name, self.number, self.file_rows = directory, name, first, file_rows
        self.rows = 0
        self._waiting: list[pa.Table] = []
        self._in_file = 0
        self._file: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Take the rows of ``table``; they are written when enough are together."""
        self.rows += table.num_rows
        self._waiting.append(table)
        if sum(t.num_rows for t in self._waiting) >= GROUP_ROWS:
            self._write()
            if self.file_rows and self._in_file >= self.file_rows:
                self.next_file()

    def next_file(self) -> None:
        """Write what waits, and close the file."""
        self._write()
        if self._file:
            self._file.close()
            self._file = None
            self._in_file = 0
            self.number += 1

    def _write(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting = []
        if self._file is None:
            path = self.directory / self.name.format(self.number)
            self._file = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._file.write_table(table)
        self._in_file += table.num_rows
