"""An engine for what must not be kept: it has no disk to spill to, and its errors quote nothing of what it read."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from linkage.config import EngineSettings
from linkage.engines import duckdb_files
from linkage.engines.duckdb import DuckDBEngine
from linkage.errors import InputRefused, LinkageError, StorageFault

VECTOR = 2048  # rows that DuckDB hands on at a time
MOST_ROWS, MOST_BYTES = 1 << 14, 1 << 24  # of a batch; rows of a megabyte come in batches of their own
STORAGE = ("OutOfMemoryException", "MemoryError", "ArrowMemoryError")


class SealedEngine(DuckDBEngine):
    """A :class:`DuckDBEngine` in memory alone. What it reads streams through in batches, and is never written."""

    def __init__(self, settings: EngineSettings) -> None:
        """``settings`` say how many threads; batches bound the memory, and are no larger where it is limited."""
        alone = settings.model_copy(update={"memory_limit": None, "spill_dir": None})
        super().__init__(alone, Path("sealed: never made"), spills=False)

    def stream(self, query: str) -> Iterator[pa.RecordBatch]:
        """Rows of a SELECT that needs no table and no macro, in order; first a batch without rows, with the columns."""
        # a cursor: the rows go on while the connection works on some of them
        rows = self._connection.cursor().sql(query).to_arrow_reader(VECTOR)
        yield pa.RecordBatch.from_pylist([], schema=rows.schema)
        yield from _batched(rows)

    def lines(self, path: Path, limit: int | None = None) -> Iterator[pa.StringArray]:
        """Lines of a text file that can be read as such, blank ones too, in order; those of :meth:`rejected` are not
        among them."""
        rows = self._connection.cursor().sql(self.lines_sql([path], limit))
        for batch in _batched(rows.to_arrow_reader(VECTOR)):
            yield batch.column(0)

    def lines_sql(self, paths: Sequence[Path], limit: int | None = None) -> str:
        """A SELECT of the lines of text files that can be read, as ``text``."""
        return duckdb_files.lines_sql(paths, limit)

    def rejected(self, path: Path, limit: int | None = None) -> pa.Table:
        """Lines of a text file that can't be read, in order: ``line`` from 1, ``fault`` says why."""
        return duckdb_files.rejected_lines(self._connection, path, limit)


@contextmanager
def nothing_quoted(where: str) -> Iterator[None]:
    """Replace every error by one that quotes nothing of what was read; for a traceback there is the place alone.

    Raises:
        StorageFault: memory is full.
        InputRefused: a file can't be read.
        LinkageError: ours pass as they are; anything else is our fault.
    """
    try:
        yield
    except LinkageError as error:
        cause = error.__cause__  # of the engine's errors: what it said
        if cause is None or isinstance(cause, LinkageError):
            raise error from None
        raise _silent(cause, where, isinstance(error, InputRefused)) from None
    except Exception as error:
        raise _silent(error, where) from None


def _silent(error: BaseException, where: str, refused: bool = False) -> LinkageError:
    kind = type(error).__name__
    if kind in STORAGE:
        return StorageFault("out of memory while prompts were read.", where=where, todo="Read fewer files at once.")
    if refused or type(error).__module__.partition(".")[0] in ("_duckdb", "duckdb") or isinstance(error, OSError):
        return InputRefused(
            f"a file can't be read ({kind}; what it says could quote a prompt).",
            where=where,
            todo="Write it again, or leave it out of 'path'.",
        )
    last = traceback.extract_tb(error.__traceback__)[-1]
    return LinkageError(
        f"prompts can't be worked on ({kind} at {Path(last.filename).name}:{last.lineno}; what it says could quote a "
        "prompt).",
        where=where,
        todo="Please report this.",
    )


def _batched(rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Batches of about MOST_ROWS rows or MOST_BYTES bytes, whichever is less."""
    held: list[pa.RecordBatch] = []
    count = size = 0
    for batch in rows:
        for part in _parts(batch):
            if held and (count + part.num_rows > MOST_ROWS or size + part.nbytes > MOST_BYTES):
                yield _joined(held)
                held, count, size = [], 0, 0
            held.append(part)
            count, size = count + part.num_rows, size + part.nbytes
    if held:
        yield _joined(held)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch cut so that on average no part is larger than MOST_BYTES."""
    rows = max(1, batch.num_rows * MOST_BYTES // max(batch.nbytes, MOST_BYTES))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _joined(held: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(held).combine_chunks().to_batches()[0]
