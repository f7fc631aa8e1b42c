from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linkage.config import Source, handed_on, kind_specs, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.model import DAYS, MOMENTS, STOPS, TAKES
from linkage.sources import read_sources
from linkage.sources.moments import moment_columns
from linkage.sources.scan import Opened, source_values
from tests.sources.small_logs import write_csv

MIDNIGHT, HOUR = 1_775_001_600, 3_600  # 2026-04-01
LOG = {"path": "log.csv", "account": "a", "time": "t", "epoch": "s", "status": "s",
       "entities": {"e": "prompt_template"}}  # fmt: skip


def moments(engine: DuckDBEngine, folder: Path, *rows: str, **changes: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of moments, stops and takes of a log of account, template, seconds after midnight and status."""
    lines = [f"{a},{e},{MIDNIGHT + int(t)},{s}" for a, e, t, s in (row.split(",") for row in rows)]
    write_csv(folder / "log.csv", "a,e,t,s", *lines)
    source = {key: value for key, value in {**LOG, **changes}.items() if value is not None}
    config = parse_config({"sources": {"log": source}}, "linkage.toml")
    read_sources(engine, config, folder / "linkage.toml")
    found = {}
    for name, schema in (("moments", MOMENTS), ("stops", STOPS), ("takes", TAKES)):
        assert engine.fetch(name).schema.equals(schema)
        told = engine.fetch(f"SELECT {', '.join(schema.names)} FROM {name} ORDER BY ALL").to_pylist()
        found[name] = [tuple(_seconds(row)) for row in told]
    return found


def _seconds(row: dict[str, Any]) -> list[Any]:
    times = ("first", "last", "time", "next", "stopped", "taken")
    return [v if k not in times or v is None else v // 1_000_000 - MIDNIGHT for k, v in row.items()]


def test_moments_are_told_around_what_was_taken_up(engine: DuckDBEngine, tmp_path: Path) -> None:
    """By hand: y takes t up after x was stopped; nobody takes v up, and u was used by one account."""
    near = [("z", "t", HOUR * h + 5, 200) for h in (17, 42)]
    far = [("z", "t", HOUR * h + 5, 200) for h in (16, 43)]
    taken = [("x", "t", 30 * HOUR, 429), ("x", "t", 30 * HOUR + 1_000, 200), ("y", "t", 30 * HOUR + 20, 200)]
    others = [("x", "v", 30 * HOUR, 403), ("y", "v", 31 * HOUR, 200), ("x", "u", 50, 429), ("x", "u", 60, 200)]
    found = moments(engine, tmp_path, *(",".join(map(str, event)) for event in [*near, *far, *taken, *others]))
    names = {"x": 0, "y": 1, "z": 2}
    assert found["takes"] == [(0, 0, 429, 30 * HOUR, 1, 30 * HOUR + 20)]
    assert sorted(found["moments"], key=str) == sorted(
        ((names[a], 0, t, None if s == 200 else s) for a, _, t, s in [*near, *taken]), key=str
    )
    assert {s[:3] for s in found["stops"]} == {(0, 0, 30 * HOUR), (0, 2, 30 * HOUR), (0, 1, 50)}


def test_moments_of_repeated_ids_are_those_that_count(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = [("x", 10, 429, 1), ("y", 20, 200, 2), ("y", 30, 200, 2), ("y", 40, 200, 3), *[("x", 5, 200, 4)] * 2]
    write_csv(tmp_path / "log.csv", "a,e,t,s,i", *(f"{a},t,{MIDNIGHT + t},{s},{i}" for a, t, s, i in rows))
    config = parse_config({"sources": {"log": {**LOG, "id": "i"}}}, "linkage.toml")
    read_sources(engine, config, tmp_path / "linkage.toml")
    told = engine.fetch("SELECT account, time, status FROM moments ORDER BY ALL").to_pylist()
    assert [tuple(_seconds(row)) for row in told] == [(0, 5, None), (0, 10, 429), (1, 20, None), (1, 40, None)]


def test_the_first_refusal_of_a_row_of_them_is_the_stop(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = ["x,t,0,200", "x,t,10,429", "x,t,40,429", "x,t,50,403", "x,t,910,200", "x,t,960,429", "x,t,1861,403"]
    found = moments(engine, tmp_path, *rows)
    assert found["stops"] == [(0, 0, 10, 429, 910), (0, 0, 960, 429, None), (0, 0, 1861, 403, None)]


def test_a_success_after_more_than_a_turn_is_none_that_follows(engine: DuckDBEngine, tmp_path: Path) -> None:
    assert moments(engine, tmp_path, "x,t,10,429", "x,t,911,200")["stops"] == [(0, 0, 10, 429, None)]


def test_refusals_are_told_by_entity_and_account(engine: DuckDBEngine, tmp_path: Path) -> None:
    found = moments(engine, tmp_path, "x,t,10,429", "x,u,20,200", "y,t,30,200", "x,t,40,200")
    assert found["stops"] == [(0, 0, 10, 429, 40)]


@pytest.mark.parametrize("status", ["429", " 429 ", "429.0"])
def test_a_status_is_read_as_text_or_number(engine: DuckDBEngine, tmp_path: Path, status: str) -> None:
    found = moments(engine, tmp_path, f"x,t,10,{status}", "x,t,20,nonsense")
    assert len(found["stops"]) == (status != "429.0")


def test_without_status_nobody_is_stopped_and_without_time_nothing_is_dated(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    found = moments(engine, tmp_path, "x,t,10,429", status=None, ignore=["s"])
    assert found == {"moments": [], "stops": [], "takes": []}
    undated = moments(engine, tmp_path, "x,t,10,429", time=None, epoch=None, ignore=["t"])
    assert undated == {"moments": [], "stops": [], "takes": []}
    assert engine.fetch("observations").num_rows == 1


def test_which_columns_are_dated() -> None:
    source = {**LOG, "entities": {"e": "prompt_template", "d": "device", "f": {"kind": "prompt_template"}}}
    config = parse_config({"sources": {"s": source}}, "x")
    for changes, expected in (({}, [0, 2]), ({"time": None, "epoch": None}, [])):
        made = Source.model_validate({k: v for k, v in {**source, **changes}.items() if v is not None})
        values = source_values(made, kind_specs(config))
        assert moment_columns(Opened("s", made, (), values), handed_on(config)) == expected


def test_days_hold_the_uses_of_leased_kinds_and_aggregated_rows_their_length(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    day = 86_400
    write_csv(tmp_path / "a.csv", "a,ip,t", *(f"x,8.8.8.8,{MIDNIGHT + t}" for t in (10, 20, day + 5)), "x,9.9.9.9,")
    write_csv(tmp_path / "b.csv", "a,ip,f,l,n", f"x,8.8.8.8,{MIDNIGHT},{MIDNIGHT + 9 * day},4")
    write_csv(tmp_path / "c.csv", "a,ip", "x,8.8.4.4", "x,8.8.4.4")
    shared = {"account": "a", "entities": {"ip": "ip"}}
    sources = {
        "a": {**shared, "path": "a.csv", "time": "t", "epoch": "s"},
        "b": {**shared, "path": "b.csv", "first": "f", "last": "l", "count": "n", "epoch": "s"},
        "c": {**shared, "path": "c.csv"},
    }
    method = {"timing": {"episodes": True}}
    config = parse_config({"sources": sources, "audit": {"stop_share": 1.0}, "method": method}, "linkage.toml")
    read_sources(engine, config, tmp_path / "linkage.toml")
    assert engine.fetch("days").schema.equals(DAYS)
    found = engine.fetch("SELECT value, first, last, n FROM days JOIN entities USING (entity) ORDER BY ALL").to_pylist()
    assert [tuple(_seconds(row)) for row in found] == [
        ("8.8.4.4", None, None, 2), ("8.8.8.8", 0, 9 * day, 6), ("8.8.8.8", day + 5, day + 5, 1)
    ]  # fmt: skip
    assert engine.fetch("SELECT sum(n)::BIGINT AS n FROM observations")["n"].to_pylist() == [9]
