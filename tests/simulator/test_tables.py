from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.simulator import tables
from linkage.simulator.tables import Writer, times


def numbers(first: int, past: int) -> pa.Table:
    return pa.table({"n": np.arange(first, past)})


def read(directory: Path) -> dict[str, list[int]]:
    return {path.name: pq.read_table(path)["n"].to_pylist() for path in sorted(directory.iterdir())}


def test_rows_are_written_in_groups_and_files_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "GROUP_ROWS", 10)
    writer = Writer(tmp_path, "part-{:03d}.parquet", file_rows=20)
    for first in range(0, 48, 6):
        writer.add(numbers(first, first + 6))
    writer.next_file()
    assert writer.rows == 48
    assert read(tmp_path) == {"part-000.parquet": [*range(24)], "part-001.parquet": [*range(24, 48)]}
    assert pq.ParquetFile(tmp_path / "part-000.parquet").metadata.num_row_groups == 2


def test_a_file_ends_where_it_is_told_to(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "month-{:02d}.parquet", first=4)
    for first in (0, 5):
        writer.add(numbers(first, first + 5))
        writer.next_file()
    writer.next_file()  # nothing waits
    assert read(tmp_path) == {"month-04.parquet": [*range(5)], "month-05.parquet": [*range(5, 10)]}


def test_a_table_without_rows_is_still_a_table(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "none.parquet")
    writer.add(numbers(0, 0))
    writer.next_file()
    assert read(tmp_path) == {"none.parquet": []}


def test_seconds_count_from_the_first_of_april() -> None:
    assert [str(t) for t in times(np.array([0, 86_399, -1])).to_pylist()] == [
        "2026-04-01 00:00:00+00:00", "2026-04-01 23:59:59+00:00", "2026-03-31 23:59:59+00:00",
    ]
