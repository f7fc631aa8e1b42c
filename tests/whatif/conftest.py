"""The run of the simulated world, as the rings stage saw it."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkage.reports.run import Run, open_run
from linkage.whatif.world import RunWorld, load_world
from tests.small_run import write_small_run


@pytest.fixture(scope="session")
def run(published: Path) -> Run:
    """The run, opened."""
    return open_run(published)


@pytest.fixture(scope="session")
def world(run: Run) -> RunWorld:
    """Its graph and rings."""
    return load_world(run)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The fabricated run with hostile names."""
    return open_run(write_small_run(tmp_path_factory.mktemp("small")))
