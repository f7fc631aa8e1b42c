"""One small population and one small world for all tests here; nobody changes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from linkage.simulator import Preset, WorldSpec, WorldSummary, simulate
from linkage.simulator.population import Population, populate
from linkage.simulator.streams import Streams

SPEC = WorldSpec(accounts=4_000, seed=11, evade=0.3, preset=Preset.MARKET)


@dataclass(frozen=True)
class World:
    path: Path
    summary: WorldSummary


@pytest.fixture(scope="session")
def spec() -> WorldSpec:
    return SPEC


@pytest.fixture(scope="session")
def streams() -> Streams:
    return Streams(SPEC.seed)


@pytest.fixture(scope="session")
def people(spec: WorldSpec, streams: Streams) -> Population:
    return populate(spec, streams)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    path = tmp_path_factory.mktemp("worlds") / "small"
    return World(path, simulate(path, SPEC))
