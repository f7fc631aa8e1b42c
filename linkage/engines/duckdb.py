"""SQL steps on DuckDB. Its database is a scratchpad: in memory, spilling into the work folder, gone on close."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.config import EngineSettings
from linkage.engines import duckdb_files
from linkage.engines.duckdb_errors import faults
from linkage.engines.duckdb_macros import MACROS
from linkage.engines.step import Column, Cost, Step, literal, quoted

ASIDE = "64MiB"  # what an engine that is set aside keeps in memory
ROW_GROUP = 1 << 17  # rows a Parquet row group; fixed, so that bytes do not depend on the size of the engine's batches


class DuckDBEngine:
    """The :class:`linkage.engines.step.Engine` on DuckDB.

    ``workdir`` holds what does not fit into memory: a database in memory that spills was measured at three times the
    speed of one on disk. With ``keep_steps`` every step's table and SQL are written to that folder as
    ``NN-name.parquet`` and ``NN-name.sql``. ``on_step`` is told each step's name before it runs,
    ``on_cost`` what it took. One that never ``spills`` has its memory, and no disk.
    """

    def __init__(
        self,
        settings: EngineSettings,
        workdir: Path,
        keep_steps: Path | None = None,
        on_step: Callable[[str], None] | None = None,
        on_cost: Callable[[Cost], None] | None = None,
        spills: bool = True,
    ) -> None:
        self._workdir, self._keep, self._on_step, self._on_cost = Path(workdir), keep_steps, on_step, on_cost
        self._kept = self._spilled = 0
        limit = settings.memory_limit
        self._limited = f"SET memory_limit = {literal(limit)}" if limit else "RESET memory_limit"
        self._spill = Path(settings.spill_dir) if settings.spill_dir else self._workdir / "spill"
        with faults("opening the scratch database"):
            if spills:
                self._workdir.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(":memory:", config=_options(settings, self._spill if spills else None))
            self._connection.execute("SET TimeZone = 'UTC'")
            self._connection.execute("SET enable_progress_bar = false")  # on by itself in notebooks and `python -c`
            self._connection.execute("PRAGMA enable_profiling = 'no_output'")  # counts what is spilled; costs nothing
            for macro in MACROS:
                self._connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")

    def run(self, step: Step) -> None:
        """Make the table ``step.name`` from the tables it reads.

        Raises:
            StorageFault: the disk is full, or memory and spill folder are.
            LinkageError: a table that the step reads does not exist, or its SQL is wrong.
        """
        self._run(step, reading=False)

    def scan(self, step: Step) -> None:
        """:meth:`run` for a step that reads files of the user.

        Raises:
            InputRefused: a file can't be read as what its name says.
            StorageFault, LinkageError: as :meth:`run`.
        """
        self._run(step, reading=True)

    def load(self, name: str, table: pa.Table) -> None:
        """Make the table ``name`` from Arrow.

        Raises:
            StorageFault: no room for it.
        """
        _take(self._connection, name, table, f"CREATE OR REPLACE TABLE {quoted(name)} AS")

    def append(self, name: str, table: pa.Table) -> None:
        """Add rows to the table ``name``, whose columns they have in its order.

        Raises:
            StorageFault: no room for them.
        """
        _take(self._connection, name, table, f"INSERT INTO {quoted(name)}")

    def fetch(self, query: str) -> pa.Table:
        """Rows of a table name or a SELECT, as Arrow.

        Raises:
            StorageFault, LinkageError: as :meth:`run`.
        """
        with faults("a query"):
            return self._connection.sql(_select(query)).to_arrow_table()

    def numbers(self, step: Step, most: int) -> np.ndarray:
        """The one column of 64-bit numbers without null that a step's SQL gives, at most ``most``, in any order.

        They are put where they stay as they come: no more memory than theirs is held, and no table is made.

        Raises:
            InputRefused, StorageFault, LinkageError: as :meth:`scan`.
        """
        if self._on_step:
            self._on_step(step.name)
        started = perf_counter()
        with faults(f"step {step.name}", reading=True):
            numbers = np.empty(most, dtype=np.uint64)
            filled = 0
            for batch in self._connection.sql(step.sql).to_arrow_reader(ROW_GROUP):
                numbers[filled : filled + batch.num_rows] = batch.column(0).to_numpy()
                filled += batch.num_rows
            self._add_spilled()
        self._tell(step.name, started, filled)
        return numbers[:filled]

    def write(self, query: str, path: Path) -> None:
        """Write rows of an ordered SELECT to one Parquet file; the same rows give the same bytes.

        pyarrow writes, not DuckDB's COPY: row groups of a fixed size, filled in order, whatever the threads.

        Raises:
            StorageFault: the file can't be written, or as :meth:`run`.
        """
        started = perf_counter()
        written = 0
        with faults(f"writing {path}"):
            rows = self._connection.sql(_select(query)).to_arrow_reader(ROW_GROUP)
            with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
                for group in _row_groups(rows):
                    writer.write_table(group, row_group_size=ROW_GROUP)
                    written += group.num_rows
            self._add_spilled()
        self._tell(f"write {path.name}", started, written)

    def drop(self, name: str) -> None:
        """Forget a table; nothing happens when there is none."""
        with faults(f"dropping {name}"):
            self._connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Meanwhile the tables lie on disk, as far as there is room: memory is for others; queries wait until then."""
        with suppress(duckdb.Error):  # what can't be written stays in memory
            self._connection.execute(f"SET memory_limit = '{ASIDE}'")
        try:
            yield
        finally:
            with faults("taking tables up again"):
                self._connection.execute(self._limited)

    def read_lines(self, name: str, paths: Sequence[Path], limit: int | None = None) -> None:
        """Make the table ``name`` (file, line, text, fault) with one row a line of text files, without blank ones.

        ``file`` counts ``paths`` from 0 and ``line`` counts from 1. Where a line is no UTF-8 text, or is too long,
        ``text`` is null and ``fault`` says why. gzip and zstd are unpacked by the ending of the name.

        Raises:
            InputRefused: a file can't be unpacked.
            StorageFault: as :meth:`run`.
        """
        if self._on_step:
            self._on_step(name)
        started = perf_counter()
        with faults(f"reading {name}", reading=True):
            made = duckdb_files.read_lines(self._execute, name, paths, limit)
        self._tell(name, started, made)

    def parquet_columns(self, path: Path) -> list[Column]:
        """Names and types of the columns of a Parquet file, in their order.

        Raises:
            InputRefused: the file is no Parquet.
        """
        with faults(str(path), reading=True):
            return duckdb_files.parquet_columns(self._connection, path)

    def parquet_rows(self, paths: Sequence[Path], columns: Sequence[str | None], limit: int | None = None) -> str:
        """A SELECT of like Parquet files: ``file`` from 0, ``row`` from 1, the columns as c0, c1, … (None: null)."""
        return duckdb_files.parquet_rows(paths, columns, limit)

    def close(self) -> None:
        """Give back memory and spill files."""
        self._connection.close()
        shutil.rmtree(self._workdir / "spill", ignore_errors=True)

    def _run(self, step: Step, reading: bool) -> None:
        if self._on_step:
            self._on_step(step.name)
        started = perf_counter()
        with faults(f"step {step.name}", reading=reading):
            made = self._execute(f"CREATE OR REPLACE TABLE {quoted(step.name)} AS {step.sql}")[0][0]
        self._tell(step.name, started, made)
        if self._keep:
            self._keep_step(step, self._keep)

    def _execute(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        self._add_spilled()
        return rows

    def _add_spilled(self) -> None:
        """Add what the last query wrote to disk: no query writes anything but what memory does not hold."""
        told = json.loads(self._connection.get_profiling_information())
        self._spilled += int(told.get("io", {}).get("total_bytes_written", 0))  # queries that do no work tell nothing

    def _tell(self, step: str, started: float, rows: int) -> None:
        if self._on_cost:
            self._on_cost(Cost(step, round(perf_counter() - started, 3), rows, self._spilled))
        self._spilled = 0

    def _keep_step(self, step: Step, folder: Path) -> None:
        self._kept += 1
        with faults(f"keeping step {step.name}"):
            folder.mkdir(parents=True, exist_ok=True)
            stem = folder / f"{self._kept:02d}-{step.name}"
            reads = f"-- reads: {', '.join(step.reads)}\n" if step.reads else ""
            stem.with_suffix(".sql").write_text(f"{reads}{step.sql}\n", encoding="utf-8")
        self.write(f"SELECT * FROM {quoted(step.name)}", stem.with_suffix(".parquet"))


def _take(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table, into: str) -> None:
    with faults(f"loading {name}"):
        connection.register("arriving", table)
        try:
            connection.execute(f"{into} SELECT * FROM arriving")
        finally:
            connection.unregister("arriving")


def _options(settings: EngineSettings, spill: Path | None) -> dict[str, str | bool | int | float | list[str]]:
    options: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(spill) if spill else "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,  # a missing table must not be found among Python's variables
        "preserve_insertion_order": True,  # row numbers of text files count on it
    }
    if settings.memory_limit:
        options["memory_limit"] = settings.memory_limit
    if settings.threads:
        options["threads"] = settings.threads
    return options


def _select(query: str) -> str:
    words = query.split(None, 1)
    return f"SELECT * FROM {quoted(query)}" if len(words) == 1 else query


def _row_groups(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of exactly ROW_GROUP rows each (the last may be shorter), whatever the sizes of the batches."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in rows:
        held.append(batch)
        count += batch.num_rows
        while count >= ROW_GROUP:
            table = pa.Table.from_batches(held, rows.schema)
            yield table.slice(0, ROW_GROUP).combine_chunks()
            held = table.slice(ROW_GROUP).to_batches()
            count -= ROW_GROUP
    if count:
        yield pa.Table.from_batches(held, rows.schema).combine_chunks()
