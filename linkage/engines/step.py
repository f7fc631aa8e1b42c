"""A SQL step and the small interface that an engine offers to the stages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Step:
    """A named SELECT: running it makes the table ``name`` from the tables it ``reads``."""

    name: str
    sql: str
    reads: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Cost:
    """What a step took: seconds, the rows it made, and the bytes that went to disk meanwhile for want of memory."""

    step: str
    seconds: float
    rows: int
    spilled: int


class ColumnType(StrEnum):
    """What a column of a file holds, as far as reading it must differ."""

    TEXT = "text"
    WHOLE = "whole number"
    FRACTION = "number with a fraction"
    INSTANT = "time with zone"
    LOCAL_TIME = "time without zone"
    BYTES = "bytes"
    NESTED = "nested"
    OTHER = "other"


@dataclass(frozen=True)
class Column:
    """A column of a file."""

    name: str
    type: ColumnType


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


class Engine(Protocol):
    """What a stage may ask of an engine. Tables are named; rows come and go as Arrow."""

    def run(self, step: Step) -> None:
        """Make the table ``step.name``. Raises StorageFault when the disk is full, LinkageError on a missing table."""

    def scan(self, step: Step) -> None:
        """:meth:`run` for a step that reads the user's files. Raises InputRefused when one can't be read."""

    def read_lines(self, name: str, paths: Sequence[Path], limit: int | None = None) -> None:
        """Make the table ``name`` (file, line, text, fault) of text files, one row a line that is not blank."""

    def parquet_columns(self, path: Path) -> list[Column]:
        """Columns of a Parquet file, in their order. Raises InputRefused when it is none."""

    def parquet_rows(self, paths: Sequence[Path], columns: Sequence[str | None], limit: int | None = None) -> str:
        """A SELECT of like Parquet files: ``file`` from 0, ``row`` from 1, the columns as c0, c1, … (None: null)."""

    def load(self, name: str, table: pa.Table) -> None:
        """Make the table ``name`` from Arrow."""

    def append(self, name: str, table: pa.Table) -> None:
        """Add rows, given as Arrow, to the table ``name``."""

    def fetch(self, query: str) -> pa.Table:
        """Rows of a table name or a SELECT, as Arrow."""

    def numbers(self, step: Step, most: int) -> np.ndarray:
        """The one column of 64-bit numbers without null that a step's SQL gives, at most ``most``, in any order.

        No table is made. Raises InputRefused when a file of the user can't be read.
        """

    def write(self, query: str, path: Path) -> None:
        """Write rows of an ordered SELECT to one Parquet file; the same rows give the same bytes."""

    def drop(self, name: str) -> None:
        """Forget a table."""

    def aside(self) -> AbstractContextManager[None]:
        """A context in which nothing is asked of the engine: it gives its memory to others."""

    def close(self) -> None:
        """Give back memory and spill files."""
