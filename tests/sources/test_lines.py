from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine, SealedEngine, sealed
from linkage.engines.step import Column, ColumnType
from linkage.sources.files import Format, InputFile
from linkage.sources.layout import Group
from linkage.sources.lines import LINES, line_numbers, line_tables
from linkage.sources.records import join_quoted_lines

PIECES = [
    "a,b", '"x', 'y",2', '"p\nq",3', "", "   ", 'z"', '"one ""two"" 3",4', '"', "a,b,c", "\udcff,1",
    '"open,b', 'shut",b'
]  # fmt: skip
SETTINGS = EngineSettings.model_validate({"threads": 1})


def group_of(*paths: Path) -> Group:
    files = tuple(InputFile(path, path.name, Format.CSV, 0, "") for path in paths)
    return Group(Format.CSV, tuple(Column(name, ColumnType.TEXT) for name in "ab"), files, ",", 1)


def records(tables: list[pa.Table], engine: DuckDBEngine) -> list[tuple[object, ...]]:
    found = []
    for table in tables:
        engine.load("part", table)
        rows = engine.fetch(join_quoted_lines(engine, "part", ",", 2)).to_pylist()
        found += [tuple(row[name] for name in LINES.names) for row in rows]
    return sorted(found, key=str)


@pytest.mark.parametrize("seed", range(12))
def test_parts_say_what_the_whole_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    paths = [tmp_path / f"{i}.csv" for i in range(2)]
    for path in paths:
        text = "\n".join(["a,b", *rng.choices(PIECES, k=rng.randint(0, 40))]) + rng.choice(["", "\n"])
        path.write_bytes(text.encode(errors="surrogateescape"))
    monkeypatch.setattr(sealed, "MOST_BYTES", rng.choice([16, 64, 256]))
    private, engine = SealedEngine(SETTINGS), DuckDBEngine(SETTINGS, tmp_path / "work")
    try:
        engine.read_lines("whole", paths)
        parts = list(line_tables(private, group_of(*paths), None))
        assert records(parts, private) == records([engine.fetch("whole")], engine)
    finally:
        private.close()
        engine.close()


def test_a_record_over_many_parts_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.csv"
    path.write_text('a,b\n1,"' + "\n".join(f"line {i}" for i in range(200)) + '"\n2,end\n')
    monkeypatch.setattr(sealed, "MOST_BYTES", 64)
    private = SealedEngine(SETTINGS)
    parts = list(line_tables(private, group_of(path), None))
    assert len(parts) >= 2
    assert parts[0].num_rows == 0
    assert [row[1] for row in records(parts, private)] == [1, 2, 202]
    private.close()


def test_numbers_count_lines_that_could_not_be_read() -> None:
    rejected = np.array([1, 4, 5])
    assert line_numbers(0, 5, rejected).tolist() == [2, 3, 6, 7, 8]
    assert line_numbers(2, 3, rejected).tolist() == [6, 7, 8]
    assert line_numbers(3, 2, np.array([], dtype=np.int64)).tolist() == [4, 5]
