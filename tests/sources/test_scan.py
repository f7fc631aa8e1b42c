from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linkage.config import KindSpec, Source, kind_specs, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.step import ColumnType
from linkage.sources.files import find_files
from linkage.sources.layout import group_files
from linkage.sources.scan import (
    LONGEST,
    Opened,
    count_of,
    keep_fields,
    rows_of,
    shown_value,
    slots,
    source_values,
    text_of,
)
from tests.sources.small_logs import events, read, write_csv, write_parquet

NOON = "2026-01-01T12:00:00Z"
GOOD = [f"good{i},{NOON},d{i},8.8.8.8" for i in range(3)]


@pytest.mark.parametrize(
    ("array", "type_", "text"),
    [
        (pa.array(["x"]), ColumnType.TEXT, "x"),
        (pa.array([7], pa.int8()), ColumnType.WHOLE, "7"),
        (pa.array([7.0]), ColumnType.FRACTION, "7"),
        (pa.array([Decimal("7.50")]), ColumnType.FRACTION, "7.50"),
        (pa.array([b"x"]), ColumnType.BYTES, "x"),
        (pa.array([b"\xff"]), ColumnType.BYTES, "ff"),
        (pa.array([{"a": None, "b": [1]}]), ColumnType.NESTED, '{"a":null,"b":[1]}'),
        (pa.array([True]), ColumnType.OTHER, "true"),
        (pa.array([date(2026, 1, 1)]), ColumnType.LOCAL_TIME, "2026-01-01"),
    ],
)
def test_every_type_has_a_text(engine: DuckDBEngine, array: pa.Array, type_: ColumnType, text: str) -> None:
    engine.load("typed", pa.table({"x": array}))
    assert engine.fetch(f"SELECT {text_of('x', type_)} AS t FROM typed")["t"].to_pylist() == [text]


def test_the_text_columns_of_a_source_and_what_they_name() -> None:
    config = parse_config({"sources": {"s": events(entities={"d": "device", "i": "ip"})}}, "x")
    columns = slots(source_values(config.sources["s"], kind_specs(config)))
    assert columns == [("account", ""), ("v0", "device"), ("v1", "ip")]


def opened(engine: DuckDBEngine, folder: Path, *lines: str) -> Opened:
    """Two like CSV files of which the second is a copy, with their lines taken apart."""
    for name in ("1.csv", "2.csv"):
        write_csv(folder / name, "account_id,ts,device,ip", *lines)
    config = parse_config({"sources": {"s": events(path="*.csv")}}, "x")
    source = config.sources["s"]
    files = find_files("s", source.path, folder / "linkage.toml")
    groups = tuple(group_files(engine, "s", source, files, None))
    return keep_fields(engine, Opened("s", source, groups, source_values(source, kind_specs(config))))


def test_all_rows_are_counted_and_those_of_copies_apart(engine: DuckDBEngine, tmp_path: Path) -> None:
    found = opened(engine, tmp_path, *GOOD, "too,few")
    assert count_of(engine, found) == 8
    assert found.fresh == "file NOT IN (1)"
    assert count_of(engine, found, f"NOT ({found.fresh})") == 4
    rows = engine.fetch(f"SELECT file, row, fault FROM ({rows_of(engine, found)}) WHERE fault IS NOT NULL ORDER BY ALL")
    assert [tuple(row.values()) for row in rows.to_pylist()] == [(0, 4, 0), (1, 4, 0)]


def test_entity_columns_come_in_order_of_the_config_with_their_kind() -> None:
    config = parse_config(
        {
            "sources": {"s": events(entities={"z": "device", "a": {"kind": "ip", "format": "ipv4_number"}})},
            "kinds": {"device": {"family": "gear"}},
        },
        "x",
    )
    first, second = source_values(config.sources["s"], kind_specs(config))
    assert (first.name, first.column.kind, first.spec.family) == ("z", "device", "gear")
    assert (second.name, second.column.format, second.spec.normalise) == ("a", "ipv4_number", "ip")


@pytest.mark.parametrize(
    ("row", "column", "reason", "value"),
    [
        (f",{NOON},d,8.8.8.8", "account_id", "account missing", None),
        (f'"  ",{NOON},d,8.8.8.8', "account_id", "account missing", "  "),
        (f"NULL,{NOON},d,8.8.8.8", "account_id", "account missing", "NULL"),
        (f"{'x' * (LONGEST + 1)},{NOON},d,8.8.8.8", "account_id", f"longer than {LONGEST} characters", "x" * 100),
        ("a,,d,8.8.8.8", "ts", "time missing", None),
        ("a,soon,d,8.8.8.8", "ts", "time not understood: set time_format", "soon"),
        ("a,2026-01-01T12:00:00,d,8.8.8.8", "ts", "time without a zone: set zone", "2026-01-01T12:00:00"),
        ("a,1767268800,d,8.8.8.8", "ts", "time is a number: set epoch", "1767268800"),
        ("a,1999-12-31T23:59:59Z,d,8.8.8.8", "ts", "time out of range (2000 to 2099)", "1999-12-31T23:59:59Z"),
        ("a,2100-01-01T00:00:00Z,d,8.8.8.8", "ts", "time out of range (2000 to 2099)", "2100-01-01T00:00:00Z"),
        (f"a,{NOON},d,8.8.8.8.8", "ip", "no IP address", "8.8.8.8.8"),
        (
            f"a,{NOON},{'p' * (LONGEST + 1)},8.8.8.8",
            "device",
            f"longer than {LONGEST} characters",
            "masked, 1025 characters",
        ),
        (f"a,{NOON},d", None, "wrong number of fields", "3 fields, not 4"),
        (f'a,{NOON},"d,8.8.8.8', None, "quotes not closed", None),
        (f",soon,{'p' * 2000},x", "account_id", "account missing", None),
    ],
)
def test_each_fault_has_its_reason(
    tmp_path: Path, row: str, column: str | None, reason: str, value: str | None
) -> None:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", *GOOD[:2], row, GOOD[2])
    found = read(tmp_path, {"s": events()}, audit={"stop_share": 1.0})
    (told,) = found.arrow["quarantine"].to_pylist()
    assert told == {"source": "s", "file": "events.csv", "row": 3, "column": column, "reason": reason, "value": value}
    counts = found.report.counts[0]
    assert (counts.rows, counts.loaded, counts.quarantined) == (4, 3, 1)
    assert set(found.accounts["account_id"]) == {"good0", "good1", "good2"}


def test_limits_are_inclusive(tmp_path: Path) -> None:
    longest = "x" * LONGEST
    write_csv(
        tmp_path / "events.csv",
        "account_id,ts,device,ip",
        f"{longest},2000-01-01T00:00:00Z,{longest},8.8.8.8",
        "b,2099-12-31T23:59:59.999999Z,d,8.8.8.8",
    )
    assert read(tmp_path, {"s": events()}).report.counts[0].loaded == 2


@pytest.mark.parametrize(
    ("first", "last", "count", "column", "reason"),
    [
        ("2026-01-02", "2026-01-01", "1", "f", "first after last"),
        ("", "2026-01-01", "1", "f", "time missing"),
        ("2026-01-01", "", "1", "l", "time missing"),
        ("2026-01-01", "2026-01-01", "0", "n", "count is no positive whole number"),
        ("2026-01-01", "2026-01-01", "-3", "n", "count is no positive whole number"),
        ("2026-01-01", "2026-01-01", "1.5", "n", "count is no positive whole number"),
        ("2026-01-01", "2026-01-01", "1e3", "n", "count is no positive whole number"),
        ("2026-01-01", "2026-01-01", "", "n", "count is no positive whole number"),
        ("2026-01-01", "2026-01-01", "9999999999999", "n", "count is no positive whole number"),
    ],
)
def test_faults_of_aggregated_rows(tmp_path: Path, first: str, last: str, count: str, column: str, reason: str) -> None:
    write_csv(tmp_path / "e.csv", "a,f,l,n,d", f"x,{first},{last},{count},dev", "y,2026-01-01,2026-01-01,7,dev")
    source = {"path": "e.csv", "account": "a", "first": "f", "last": "l", "count": "n", "zone": "UTC"}
    found = read(tmp_path, {"s": {**source, "entities": {"d": "device"}}}, audit={"stop_share": 1.0})
    assert found.quarantine[["column", "reason"]].values.tolist() == [[column, reason]]
    assert found.observations["n"].tolist() == [7]


def test_aggregated_rows_keep_their_span_and_count(tmp_path: Path) -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3, 9)]
    write_parquet(
        tmp_path / "e.parquet", a=["x", "x"], f=[days[1], days[0]], l=[days[2], days[3]], n=[5, 7.0], d=["dev", "dev"]
    )
    source = {"path": "e.parquet", "account": "a", "first": "f", "last": "l", "count": "n", "entities": {"d": "device"}}
    found = read(tmp_path, {"s": source})
    (row,) = found.arrow["observations"].to_pylist()
    assert (row["first_seen"], row["last_seen"], row["n"]) == (days[0], days[3], 12)


@pytest.mark.parametrize("family", ["payment", "content"])
def test_payments_and_prompts_are_shown_by_length_alone(engine: DuckDBEngine, family: str) -> None:
    spec = KindSpec(family=family, forgeable=True, normalise="text")
    engine.load("bad", pa.table({"x": ["secret" * 50]}))
    assert (
        engine.fetch(f"SELECT {shown_value('x', spec.family)} AS v FROM bad")["v"][0].as_py()
        == "masked, 300 characters"
    )
    assert engine.fetch(f"SELECT {shown_value('x', 'device')} AS v FROM bad")["v"][0].as_py() == ("secret" * 50)[:100]


@pytest.mark.parametrize("how", [{"path": "e.ndjson"}, {"path": "e.csv"}])
def test_a_source_needs_neither_time_nor_entities(tmp_path: Path, how: dict[str, Any]) -> None:
    write_csv(tmp_path / "e.csv", "account_id", "b", "a", "b")
    write_csv(tmp_path / "e.ndjson", '{"account_id": "b"}', '{"account_id": "a"}', '{"account_id": "b"}')
    found = read(tmp_path, {"s": {"account": "account_id", **how}})
    assert found.accounts["account_id"].tolist() == ["a", "b"]
    assert found.accounts["first_seen"].isna().all()
    assert len(found.entities) == len(found.observations) == 0


def test_broken_lines_of_json(tmp_path: Path) -> None:
    lines = [
        '{"account_id": "a"}',
        '{"account_id": ',
        "[1]",
        "",
        '"x"',
        '{"account_id": "b"} trailing',
        '{"account_id": "c"}',
    ]
    write_csv(tmp_path / "e.ndjson", *lines)
    found = read(tmp_path, {"s": {"path": "e.ndjson", "account": "account_id"}}, audit={"stop_share": 1.0})
    assert found.quarantine[["row", "reason", "value"]].values.tolist() == [
        [2, "no JSON object", "15 characters"],
        [3, "no JSON object", "3 characters"],
        [5, "no JSON object", "3 characters"],
        [6, "no JSON object", "28 characters"],
    ]
    assert found.accounts["account_id"].tolist() == ["a", "c"]


def test_source_is_what_the_config_says() -> None:
    assert Source.model_validate(events()).entities == {"device": "device", "ip": "ip"}
