from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.config import EngineSettings
from linkage.engines.duckdb import DuckDBEngine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 2}), tmp_path / "work")
    yield made
    made.close()
