from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linkage.config import EngineSettings
from linkage.engines.duckdb import DuckDBEngine
from linkage.graph import account_loads
from linkage.model import ACCOUNTS, LOADS, OBSERVATIONS

START = datetime(2026, 4, 1, tzinfo=UTC)
Use = tuple[int, float | None, float | None]  # account, days of the first and last use


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 2}), tmp_path / "work")
    yield made
    made.close()


def day(number: float | None) -> datetime | None:
    return None if number is None else START + timedelta(days=number)


def load(engine: DuckDBEngine, name: str, schema: pa.Schema, columns: list[Any]) -> None:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    engine.load(name, pa.table(arrays, schema=schema))


def loads(engine: DuckDBEngine, exchanges: list[int | None], uses: list[Use]) -> pa.Table:
    """Accounts created a hundred days before ``START``, with so many exchanges each."""
    created = [day(-100.0)] * len(exchanges)
    number = range(len(exchanges))
    load(engine, "accounts", ACCOUNTS, [number, [f"a{i}" for i in number], created, created, created, exchanges])
    first, last = ([day(use[place]) for use in uses] for place in (1, 2))
    columns = [[a for a, _, _ in uses], range(len(uses)), first, last, [1] * len(uses)]
    load(engine, "observations", OBSERVATIONS, columns)
    made = account_loads(engine)
    assert made.schema.equals(LOADS)
    return made


def test_load_is_exchanges_a_day_from_first_to_last_use(engine: DuckDBEngine) -> None:
    uses: list[Use] = [(0, 10.0, 11.0), (0, 12.0, 14.0), (1, 0.0, 0.25), (2, 3.0, 5.5), (2, None, None)]
    made = loads(engine, [80, 12, 5], uses)
    assert made["load"].to_pylist() == [20.0, 12.0, 2.0], "signing up is no use, and a day is the least"


def test_who_sends_nothing_or_has_no_times_has_no_load(engine: DuckDBEngine) -> None:
    made = loads(engine, [0, None, 7, 7], [(0, 0.0, 1.0), (1, 0.0, 1.0), (2, None, None)])
    assert made["load"].to_pylist() == [None] * 4
    assert [math.isnan(x) for x in made["load"].to_numpy()] == [True] * 4
