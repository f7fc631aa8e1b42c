"""One simulated world and one run of it, for every test that reads them; whoever changes files copies them first."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkage import pipeline
from tests.small_world import make_world


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated world; its ``runs`` is filled by :func:`published`."""
    return make_world(tmp_path_factory.mktemp("simulated") / "world").parent


@pytest.fixture(scope="session")
def published(simulated: Path) -> Path:
    """The folder of a run of that world."""
    return pipeline.run(simulated / "linkage.toml")
