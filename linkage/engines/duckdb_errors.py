"""DuckDB's errors, told as ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from linkage.errors import InputRefused, LinkageError, StorageFault

MORE_ROOM = "Free disk space, or raise engine.memory_limit or move engine.spill_dir in linkage.toml."
STORAGE_SIGNS = ("no space left", "permission denied", "cannot open file", "could not write", "too many open files")


@contextlib.contextmanager
def faults(doing: str, reading: bool = False) -> Iterator[None]:
    """Turn what the engine raises into errors of linkage; ``doing`` says where.

    With ``reading`` the user's files are being read, and what is wrong is taken to be wrong with them.

    Raises:
        StorageFault: disk, memory or rights.
        InputRefused: a file can't be read as what its name says.
        LinkageError: anything else is our fault.
    """
    try:
        with ctrl_c():
            yield
    except duckdb.OutOfMemoryException as error:
        raise StorageFault(f"out of memory: {first_line(error)}", where=doing, todo=MORE_ROOM) from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _explained(error, doing, reading) from error


@contextlib.contextmanager
def ctrl_c() -> Iterator[None]:
    """Ctrl-C during a query as KeyboardInterrupt, which it is elsewhere; DuckDB has errors of its own for it.

    Raises:
        KeyboardInterrupt: Ctrl-C came; any other error of the engine passes as it is.
    """
    try:
        yield
    except (duckdb.Error, RuntimeError) as error:
        if not isinstance(error, duckdb.InterruptException) and str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error


def _explained(error: Exception, doing: str, reading: bool) -> LinkageError:
    what = first_line(error)
    storage = isinstance(error, (duckdb.IOException, OSError)) and not reading
    if storage or any(sign in what.lower() for sign in STORAGE_SIGNS):
        return StorageFault(what, where=doing, todo=MORE_ROOM)
    if reading:
        return InputRefused(
            f"a file can't be read: {what}", where=doing, todo="Write it again, or leave it out of 'path'."
        )
    return LinkageError(f"the engine refused: {what}", where=doing, todo="Please report this.")


def first_line(error: Exception) -> str:
    """The first line of an error's text, ending in a full stop."""
    lines = str(error).strip().splitlines()
    return f"{lines[0].rstrip('.')}." if lines else f"{type(error).__name__}."
