"""One fabricated run, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkage.reports.run import Run, open_run
from linkage.reports.store import Store
from tests.small_run import write_small_run


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run; tests that change files copy it first."""
    return write_small_run(tmp_path_factory.mktemp("runs [1]"))  # a glob character: no file name is a pattern


@pytest.fixture(scope="session")
def run(folder: Path) -> Run:
    """The run, opened."""
    return open_run(folder)


@pytest.fixture(scope="session")
def store(run: Run) -> Store:
    """Its tables."""
    return run.store
