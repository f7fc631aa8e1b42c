"""Lines of text files, some at a time and never all: as tables in which no record of a CSV file is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.engines import SealedEngine
from linkage.sources.files import Format
from linkage.sources.layout import Group
from linkage.sources.records import PROMPT, unfinished_from

LINES = pa.schema([("file", pa.int32()), ("line", pa.int64()), ("text", pa.string()), ("fault", pa.string())])


def line_tables(sealed: SealedEngine, group: Group, sample: int | None) -> Iterator[pa.Table]:
    """Tables (file, line, text, fault) of a group's lines, as :meth:`linkage.engines.step.Engine.read_lines` has them.

    The first has no rows. Each is of one file, and together with what is before and behind it says the same as a table
    of the whole file would.
    """
    yield LINES.empty_table()
    most = sample + 1 if sample else None  # + 1: a header
    for number, file in enumerate(group.files):
        rejected = sealed.rejected(file.path, most)
        for texts, lines in _numbered(sealed, file.path, most, group, rejected["line"].to_numpy()):
            yield _table(number, lines, texts, pa.nulls(len(lines), pa.string()))
        if rejected.num_rows:
            lines = rejected["line"].to_numpy()
            yield _table(number, lines, pa.nulls(len(lines), pa.string()), rejected["fault"].combine_chunks())


def line_numbers(read: int, count: int, rejected: np.ndarray) -> np.ndarray:
    """Numbers from 1 of ``count`` lines of a file, behind ``read`` others that could be read.

    Before the k-th line that could not, number r, stand r - k that could.

    >>> line_numbers(0, 4, np.array([1, 4])).tolist()
    [2, 3, 5, 6]
    """
    places = np.arange(read + 1, read + count + 1)
    gaps = rejected - np.arange(1, len(rejected) + 1)
    return np.asarray(places + np.searchsorted(gaps, places, side="left"), dtype=np.int64)


def _numbered(
    sealed: SealedEngine, path: Path, most: int | None, group: Group, rejected: np.ndarray
) -> Iterator[tuple[pa.StringArray, np.ndarray]]:
    """Texts and numbers of lines that are not blank; a CSV record that goes on stays for the next ones."""
    kept, kept_lines = pa.array([], pa.string()), np.zeros(0, dtype=np.int64)
    read = 0
    for texts in sealed.lines(path, most):
        lines = line_numbers(read, len(texts), rejected)
        read += len(texts)
        full = pc.fill_null(pc.not_equal(pc.utf8_trim(texts, " \t\r"), ""), False)
        texts = pa.concat_arrays([kept, texts.filter(full)])
        lines = np.concatenate([kept_lines, lines[full.to_numpy(zero_copy_only=False)]])
        cut = _cut(sealed, group, texts, lines) if group.format is Format.CSV else len(texts)
        kept, kept_lines = texts[cut:], lines[cut:]
        if cut:
            yield texts[:cut], lines[:cut]
    if len(kept):
        yield kept, kept_lines


def _cut(sealed: SealedEngine, group: Group, texts: pa.StringArray, lines: np.ndarray) -> int:
    """How many of the lines can be taken apart now: all, or those before one that opens a field."""
    sealed.load("lines", _table(0, lines, texts, pa.nulls(len(lines), pa.string())))
    first = unfinished_from(sealed, "lines", group.delimiter, len(group.columns), PROMPT)
    cut = int(np.searchsorted(lines, first)) if first else len(texts)
    size = pc.sum(pc.utf8_length(texts[cut:])).as_py() or 0
    return len(texts) if len(texts) - cut > PROMPT.lines or size > PROMPT.characters else cut


def _table(file: int, lines: np.ndarray, texts: pa.StringArray, faults: pa.StringArray) -> pa.Table:
    files = pa.array(np.full(len(lines), file, dtype=np.int32))
    return pa.table([files, pa.array(lines, pa.int64()), texts, faults], schema=LINES)
