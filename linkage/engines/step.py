"""A SQL step and the small interface that an engine offers to the stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Step:
    """A named SELECT: running it makes the table ``name`` from the tables it ``reads``."""

    name: str
    sql: str
    reads: tuple[str, ...] = field(default=())


class Engine(Protocol):
    """What a stage may ask of an engine. Tables are named; rows come and go as Arrow."""

    def run(self, step: Step) -> None:
        """Make the table ``step.name``. Raises StorageFault when the disk is full, LinkageError on a missing table."""

    def load(self, name: str, table: pa.Table) -> None:
        """Make the table ``name`` from Arrow."""

    def fetch(self, query: str) -> pa.Table:
        """Rows of a table name or a SELECT, as Arrow."""

    def write(self, query: str, path: Path) -> None:
        """Write rows of an ordered SELECT to one Parquet file; the same rows give the same bytes."""

    def drop(self, name: str) -> None:
        """Forget a table."""

    def close(self) -> None:
        """Give back memory and spill files."""
