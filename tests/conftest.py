"""One simulated world and one run of it, for every test that reads them; whoever changes files copies them first.

And the third-party data, where they are at hand.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from linkage import pipeline
from tests.small_world import make_world

# A job that a shell runs in the background, and all that it starts, is deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and on its first one whether a loop had to be compiled.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated world; its ``runs`` is filled by :func:`published`."""
    return make_world(tmp_path_factory.mktemp("simulated") / "world").parent


@pytest.fixture(scope="session")
def published(simulated: Path) -> Path:
    """The folder of a run of that world."""
    return pipeline.run(simulated / "linkage.toml")


@pytest.fixture(scope="session")
def third_party() -> Path:
    """The folder of third-party data with known truth (docs/validation.md); tests that need it skip without."""
    folder = Path(os.environ.get("LINKAGE_DATA") or Path(__file__).parents[1] / "../shared/data")
    if not folder.is_dir():
        pytest.skip("needs the third-party data of docs/validation.md: set LINKAGE_DATA to their folder")
    return folder
