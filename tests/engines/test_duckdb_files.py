from __future__ import annotations

import gzip
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.config import EngineSettings
from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.duckdb_files import LONGEST_LINE
from linkage.engines.step import Column, ColumnType
from linkage.errors import InputRefused, StorageFault

Line = tuple[int, int, str | None, str | None]


def lines_of(engine: DuckDBEngine, *paths: Path, limit: int | None = None) -> list[Line]:
    engine.read_lines("lines", list(paths), limit)
    rows = engine.fetch("SELECT file, line, text, fault FROM lines ORDER BY file, line").to_pylist()
    return [(r["file"], r["line"], r["text"], r["fault"]) for r in rows]


def expected(data: bytes) -> list[Line]:
    """What reading lines ought to give, by Python's own means."""
    rows: list[Line] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            rows.append((0, number, None, "not UTF-8 text"))
            continue
        if text.strip(" \t\r"):
            rows.append((0, number, text, None))
    return rows


def test_lines_keep_their_numbers_around_blank_and_broken_ones(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfid,x\n\n1,"a, b\n2,\xff\xfe\n  \n3,\x00,y\n4,last')
    assert lines_of(engine, tmp_path / "a.csv") == [
        (0, 1, "id,x", None),
        (0, 3, '1,"a, b', None),
        (0, 4, None, "not UTF-8 text"),
        (0, 6, "3,\x00,y", None),
        (0, 7, "4,last", None),
    ]


def test_files_are_counted_in_the_order_given(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"b1\n\xff\nb3\n")
    (tmp_path / "a.csv").write_bytes(b"a1\na2\n")
    assert lines_of(engine, tmp_path / "b.csv", tmp_path / "a.csv") == [
        (0, 1, "b1", None),
        (0, 2, None, "not UTF-8 text"),
        (0, 3, "b3", None),
        (1, 1, "a1", None),
        (1, 2, "a2", None),
    ]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end(engine: DuckDBEngine, tmp_path: Path, newline: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(newline.join([b"a", b"b", b"c"]))
    assert [(n, text) for _, n, text, _ in lines_of(engine, tmp_path / "a.csv")] == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_packed_files_are_unpacked(engine: DuckDBEngine, tmp_path: Path, ending: str) -> None:
    data = b"a\nb\n"
    packed = gzip.compress(data) if ending == ".gz" else bytes(pa.Codec("zstd").compress(data))
    (tmp_path / f"a.csv{ending}").write_bytes(packed)
    assert [text for _, _, text, _ in lines_of(engine, tmp_path / f"a.csv{ending}")] == ["a", "b"]


@pytest.mark.parametrize("data", [b"no gzip", gzip.compress(b"x\n" * 50_000)[:60]], ids=["rubbish", "cut"])
def test_a_packed_file_that_cannot_be_unpacked_is_refused(engine: DuckDBEngine, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(data)
    with pytest.raises(InputRefused, match="reading lines: a file can't be read"):
        engine.read_lines("lines", [tmp_path / "a.csv.gz"])


def test_a_line_beyond_all_measure_spoils_itself_alone(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\n" + b"x" * (LONGEST_LINE + 1) + b"\nb\n")
    assert lines_of(engine, tmp_path / "a.csv") == [
        (0, 1, "a", None),
        (0, 2, None, "line longer than 4 MiB"),
        (0, 3, "b", None),
    ]


def test_a_line_ends_at_the_noncharacter_that_separates_nothing(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"a\nb{chr(0x10FFFF)}b\nc\n")
    assert [(n, text) for _, n, text, _ in lines_of(engine, tmp_path / "a.csv")] == [(1, "a"), (2, "b"), (3, "c")]


def test_mixed_line_ends_lose_no_line(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\nb\r\nc\nd\r\n")
    assert [text for _, _, text, _ in lines_of(engine, tmp_path / "a.csv")] == ["a", "b", "c", "d"]


def test_names_with_glob_characters_are_files_not_patterns(engine: DuckDBEngine, tmp_path: Path) -> None:
    for name, text in (("a[1].csv", "brackets"), ("a1.csv", "one"), ("b*.csv", "star"), ("it's.csv", "quote")):
        (tmp_path / name).write_text(text + "\n")
        assert [t for _, _, t, _ in lines_of(engine, tmp_path / name)] == [text]


def test_a_limit_cuts_lines_and_their_faults(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"".join(b"\xff\n" if i % 10 == 3 else b"%d\n" % i for i in range(50_000)))
    found = lines_of(engine, tmp_path / "a.csv", limit=100)
    assert sum(text is not None for _, _, text, _ in found) == 100
    assert {n for _, n, _, _ in found} == set(range(1, len(found) + 1))


def test_an_empty_file_has_no_lines(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert lines_of(engine, tmp_path / "a.csv") == []


def test_numbers_hold_over_many_buffers_and_threads(tmp_path: Path) -> None:
    dice = random.Random(5)
    data = b"".join(
        dice.choice([b"%d,\xff\n", b"%d,ok\n", b"%d,%s\n" % (0, b"y" * 300)]).replace(b"%d", b"%d" % i)
        for i in range(60_000)
    )
    (tmp_path / "a.csv").write_bytes(data)
    found = []
    for threads in (1, 2):
        engine = DuckDBEngine(EngineSettings.model_validate({"threads": threads}), tmp_path / f"w{threads}")
        found.append(lines_of(engine, tmp_path / "a.csv"))
        engine.close()
    assert found[0] == found[1] == expected(data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\r", b"")), max_size=12).map(b"\n".join))
def test_lines_of_any_bytes_are_those_that_python_finds(engine: DuckDBEngine, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "any.csv").write_bytes(data)
    bare = data.removeprefix(b"\xef\xbb\xbf")
    assert lines_of(engine, tmp_path / "any.csv") == expected(bare)


def test_columns_of_parquet_by_what_reading_them_takes(engine: DuckDBEngine, tmp_path: Path) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "text": ["x"],
            "whole": pa.array([1], pa.uint64()),
            "fraction": [1.5],
            "decimal": pa.array([1], pa.decimal128(9, 2)),
            "instant": pa.array([moment], pa.timestamp("ns", tz="Europe/Berlin")),
            "local": pa.array([moment.replace(tzinfo=None)], pa.timestamp("ms")),
            "day": pa.array([date(2026, 1, 1)]),
            "bytes": [b"x"],
            "list": [[1]],
            "struct": [{"a": 1}],
            "flag": [True],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    types = {c.name: c.type for c in engine.parquet_columns(tmp_path / "a.parquet")}
    assert types == {
        "text": ColumnType.TEXT,
        "whole": ColumnType.WHOLE,
        "fraction": ColumnType.FRACTION,
        "decimal": ColumnType.FRACTION,
        "instant": ColumnType.INSTANT,
        "local": ColumnType.LOCAL_TIME,
        "day": ColumnType.LOCAL_TIME,
        "bytes": ColumnType.BYTES,
        "list": ColumnType.NESTED,
        "struct": ColumnType.NESTED,
        "flag": ColumnType.OTHER,
    }


def test_parquet_rows_say_where_they_stand(engine: DuckDBEngine, tmp_path: Path) -> None:
    for name, values in (("b", ["b1", "b2"]), ("a", ["a1"])):
        pq.write_table(pa.table({"x": values}), tmp_path / f"{name}.parquet")
    rows = engine.parquet_rows([tmp_path / "b.parquet", tmp_path / "a.parquet"], ["x"])
    found = engine.fetch(f"SELECT file, row, c0 FROM ({rows}) ORDER BY 1, 2").to_pylist()
    assert [tuple(r.values()) for r in found] == [(0, 1, "b1"), (0, 2, "b2"), (1, 1, "a1")]
    cut = engine.parquet_rows([tmp_path / "b.parquet"], ["x", None], limit=1)
    assert engine.fetch(cut).to_pylist() == [{"file": 0, "row": 1, "c0": "b1", "c1": None}]


def test_a_column_with_the_readers_own_name_is_refused(engine: DuckDBEngine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"File_Index": [1]}), tmp_path / "a.parquet")
    with pytest.raises(
        InputRefused, match=r"a\.parquet: a column is called 'File_Index', which the reader needs\. Rename"
    ):
        engine.parquet_columns(tmp_path / "a.parquet")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" * 10, bytes(range(256))])
def test_what_is_no_parquet_is_refused(engine: DuckDBEngine, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(InputRefused, match=r"a\.parquet: a file can't be read"):
        engine.parquet_columns(tmp_path / "a.parquet")


def test_a_file_that_is_gone_is_a_fault_of_storage_or_input(engine: DuckDBEngine, tmp_path: Path) -> None:
    with pytest.raises((StorageFault, InputRefused), match=r"gone\.parquet"):
        engine.parquet_columns(tmp_path / "gone.parquet")
    assert Column("a", ColumnType.TEXT) == Column("a", ColumnType.TEXT)
