from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from linkage.config import kind_specs, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.model import DAY
from linkage.sources.files import find_files
from linkage.sources.layout import group_files
from linkage.sources.pairs import make_left, make_pairs, texts_sql
from linkage.sources.repeats import find_repeats
from linkage.sources.scan import LONGEST, Opened, count_of, keep_fields, source_values
from tests.sources.small_logs import events, write_csv

HEADER = "id,account_id,ts,device,ip"
FIRST = 20_454  # days since 1970 of 2026-01-01


def opened(engine: DuckDBEngine, folder: Path, *lines: str, **changes: Any) -> Opened:
    """A CSV file and its copy, with their lines taken apart and repeated ids found."""
    for name in ("1.csv", "2.csv"):
        write_csv(folder / name, HEADER, *lines)
    config = parse_config({"sources": {"s": events(path="*.csv", id="id", **changes)}}, "x")
    source = config.sources["s"]
    groups = tuple(group_files(engine, "s", source, find_files("s", source.path, folder / "linkage.toml"), None))
    found = keep_fields(engine, Opened("s", source, groups, source_values(source, kind_specs(config))))
    return replace(found, repeats=find_repeats(engine, found, count_of(engine, found, found.fresh)))


def at(day: int) -> str:
    return f"2026-01-{day:02d}T12:00:00Z"


def pairs(engine: DuckDBEngine) -> list[tuple[Any, ...]]:
    columns = "place, account, text, day, rows, day(first), day(last), n, stops"
    return [tuple(row.values()) for row in engine.fetch(f"SELECT {columns} FROM pairs_s ORDER BY ALL").to_pylist()]


def test_pairs_tell_each_columns_uses_and_leave_out_what_does_not_count(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    rows = [f"1,a,{at(1)},d,8.8.8.8", f"2,a,{at(3)},d,", f"3,b,{at(2)},,8.8.8.8", "4,b,soon,lost,9.9.9.9",
            f"5,b,{at(4)},again,1.1.1.1", f"5,b,{at(5)},again,1.1.1.1"]  # fmt: skip
    found = opened(engine, tmp_path, *rows)
    make_pairs(engine, found)
    assert pairs(engine) == [
        (0, "a", "d", None, 2, 1, 3, 2, 0), (0, "b", None, None, 1, 2, 2, 1, 0),
        (1, "a", "8.8.8.8", None, 1, 1, 1, 1, 0), (1, "a", None, None, 1, 3, 3, 1, 0),
        (1, "b", "8.8.8.8", None, 1, 2, 2, 1, 0),
    ]  # fmt: skip


def test_one_column_none_counts_and_days(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = [f"1,a,{at(1)},d,8.8.8.8", f"2,a,{at(3)},d,8.8.8.8", f"3,a,{at(3)},7,8.8.8.8"]
    make_pairs(engine, opened(engine, tmp_path, *rows, entities={}, ignore=["device", "ip"]))
    assert pairs(engine) == [(0, "a", None, None, 3, 1, 3, 3, 0)]
    make_pairs(engine, opened(engine, tmp_path, *rows, entities={"ip": "ip"}, ignore=["device"]))
    assert pairs(engine) == [(0, "a", "8.8.8.8", None, 3, 1, 3, 3, 0)]
    both = replace(opened(engine, tmp_path, *rows), by_day=frozenset({1}))
    make_pairs(engine, both)
    assert [row for row in pairs(engine) if row[0] == 1] == [
        (1, "a", "8.8.8.8", FIRST, 1, 1, 1, 1, 0), (1, "a", "8.8.8.8", FIRST + 2, 2, 3, 3, 2, 0)
    ]  # fmt: skip
    assert FIRST * DAY == 1_767_225_600_000_000
    counted = opened(engine, tmp_path, "1,a,,d,3", "2,a,,d,4", time=None, count="ip", entities={"device": "device"})
    make_pairs(engine, counted)
    assert pairs(engine) == [(0, "a", "d", None, 2, None, None, 7, 0)]


def test_refusals_are_counted(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = [f"{i},a,{at(1)},d,{status}" for i, status in enumerate((200, 429, 403, 500))]
    make_pairs(engine, opened(engine, tmp_path, *rows, status="ip", entities={"device": "device"}))
    assert pairs(engine) == [(0, "a", "d", None, 4, 1, 1, 4, 2)]


def test_texts_are_those_of_all_rows_whatever_becomes_of_them(engine: DuckDBEngine, tmp_path: Path) -> None:
    long = "x" * (LONGEST + 1)
    rows = [f"1,a,{at(1)},d,8.8.8.8", f"2,a,soon,,{long}", "3,d,,e,", f"4,f,{at(1)},g,", f"4,f,{at(1)},h,"]
    found = opened(engine, tmp_path, *rows)
    make_pairs(engine, found)
    make_left(engine, found, 5)
    told = engine.fetch(f"SELECT DISTINCT place, slot, text FROM ({texts_sql(found)}) ORDER BY ALL").to_pylist()
    assert [tuple(row.values()) for row in told] == [
        *[(-1, "", text) for text in "adf"], *[(0, "device", text) for text in "degh"], (1, "ip", "8.8.8.8")
    ]  # fmt: skip


def test_where_all_rows_are_in_pairs_no_others_are_looked_for(engine: DuckDBEngine, tmp_path: Path) -> None:
    found = opened(engine, tmp_path, f"1,a,{at(1)},d,8.8.8.8", "2,b,soon,e,")
    make_pairs(engine, found)
    make_left(engine, found, 1)  # one row less than there are: the one with a fault is not missed
    assert engine.fetch("left_s").num_rows == 0
