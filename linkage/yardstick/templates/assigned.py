"""Template ids of prompts, with a new catalogue and a key of the yardstick's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from linkage.config import Level
from linkage.templates.ids import VARIABLE, Key
from linkage.templates.stream import TemplateIds
from linkage.yardstick.templates.levels import LEVELS

KEY = "a key that guards nothing: the prompts of the yardstick are made up"


def ids_of(read: Callable[[], Iterator[pa.RecordBatch]], levels: Iterable[str] = LEVELS) -> Iterator[pa.RecordBatch]:
    """The ids of batches of ``account`` and ``prompt``, which may be read more than once."""
    key = Key.of(environment={VARIABLE: KEY})
    return TemplateIds(key, {Level(level): level for level in levels}).ids(read)


def assigned(table: pa.Table) -> pa.Table:
    """All levels of a table, row by row."""
    return pa.Table.from_batches(ids_of(lambda: iter(table.combine_chunks().to_batches())))
