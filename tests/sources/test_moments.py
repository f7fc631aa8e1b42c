from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linkage.config import Source, parse_config, timed_kinds
from linkage.engines.duckdb import DuckDBEngine
from linkage.model import DAYS, STOPS, TURNS
from linkage.sources import read_sources
from linkage.sources.moments import moment_columns
from tests.sources.small_logs import write_csv

MIDNIGHT = 1_775_001_600  # 2026-04-01
LOG = {"path": "log.csv", "account": "a", "time": "t", "epoch": "s", "status": "s",
       "entities": {"e": "prompt_template"}}  # fmt: skip


def moments(engine: DuckDBEngine, folder: Path, *rows: str, **changes: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of turns and stops of a log of account, template, seconds after midnight and status."""
    lines = [f"{a},{e},{MIDNIGHT + int(t)},{s}" for a, e, t, s in (row.split(",") for row in rows)]
    write_csv(folder / "log.csv", "a,e,t,s", *lines)
    source = {key: value for key, value in {**LOG, **changes}.items() if value is not None}
    config = parse_config({"sources": {"log": source}}, "linkage.toml")
    read_sources(engine, config, folder / "linkage.toml")
    assert engine.fetch("turns").schema.equals(TURNS)
    assert engine.fetch("stops").schema.equals(STOPS)
    turns = engine.fetch("SELECT account, entity, first, last FROM turns ORDER BY ALL").to_pylist()
    stops = engine.fetch("SELECT account, entity, time, status, next FROM stops ORDER BY ALL").to_pylist()
    return {"turns": [tuple(_seconds(r)) for r in turns], "stops": [tuple(_seconds(r)) for r in stops]}


def _seconds(row: dict[str, Any]) -> list[Any]:
    times = ("first", "last", "time", "next")
    return [v if k not in times or v is None else v // 1_000_000 - MIDNIGHT for k, v in row.items()]


def test_turns_are_uses_within_a_quarter_of_an_hour_by_the_clock(engine: DuckDBEngine, tmp_path: Path) -> None:
    found = moments(engine, tmp_path, "x,t,10,200", "x,t,899,200", "x,t,900,200", "y,t,20,200", "x,u,30,200")
    assert found["turns"] == [(0, 0, 10, 899), (0, 0, 900, 900), (0, 1, 30, 30), (1, 0, 20, 20)]
    assert engine.fetch("observations").select(["account", "entity", "n"]).to_pylist() == [
        {"account": 0, "entity": 0, "n": 3}, {"account": 0, "entity": 1, "n": 1}, {"account": 1, "entity": 0, "n": 1}
    ]  # fmt: skip


def test_the_first_refusal_of_a_row_of_them_is_the_stop(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = ["x,t,0,200", "x,t,10,429", "x,t,40,429", "x,t,50,403", "x,t,950,200", "x,t,960,429", "x,t,1861,403"]
    found = moments(engine, tmp_path, *rows)
    assert found["stops"] == [(0, 0, 10, 429, 950), (0, 0, 960, 429, None), (0, 0, 1861, 403, None)]


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
    assert (len(found["turns"]), found["stops"]) == (1, [])
    undated = moments(engine, tmp_path, "x,t,10,429", time=None, epoch=None, ignore=["t"])
    assert undated == {"turns": [], "stops": []}
    assert engine.fetch("observations").num_rows == 1


def test_which_columns_are_dated() -> None:
    source = {**LOG, "entities": {"e": "prompt_template", "d": "device", "f": {"kind": "prompt_template"}}}
    kinds = timed_kinds(parse_config({"sources": {"s": source}}, "x")).handed_on
    assert moment_columns(Source.model_validate(source), kinds) == [0, 2]
    untimed = {k: v for k, v in source.items() if k != "time"}
    assert moment_columns(Source.model_validate(untimed), kinds) == []


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
