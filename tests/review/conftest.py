"""One fabricated run and one review of it, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkage.reports.run import Run, open_run
from linkage.review.draw import Plan
from linkage.review.sheet import write_sample
from tests.small_run import write_small_run

PLAN = Plan(40, 1)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The small run, opened."""
    return open_run(write_small_run(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="session")
def made(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review folder of it; tests that change files copy it first."""
    return write_sample(run, PLAN, tmp_path_factory.mktemp("made") / "review").folder
