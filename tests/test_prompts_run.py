"""A run on raw prompts: what it publishes, what it adds to the catalogue, and what it leaves when it fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from linkage import pipeline
from linkage.errors import LinkageError, RunLocked
from linkage.simulator import Preset, WorldSpec, simulate
from linkage.state import held_catalogue
from linkage.state.manifest import sha256
from linkage.templates.ids import VARIABLE

CATALOGUE = "templates.catalogue"


def manifest_of(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / "manifest.json").read_text(encoding="ascii"))
    return told


def tables_of(run: Path) -> dict[str, str]:
    return {name: told["sha256"] for name, told in manifest_of(run)["tables"].items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world with raw prompts, not run yet."""
    folder = tmp_path_factory.mktemp("prompts") / "world"
    simulate(folder, WorldSpec(accounts=300, seed=5, preset=Preset.MARKET, prompts=True))
    config = (folder / "linkage.toml").read_text()
    config = config.replace('entities = { prompt_template_hash = "prompt_template" }', 'prompt = "prompt"')
    config = config.replace('ignore = ["model", "prompt"]', 'ignore = ["model", "prompt_template_hash"]')
    (folder / "linkage.toml").write_text(config)
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config of a copy of it."""
    monkeypatch.setenv(VARIABLE, "0123456789abcdef" * 4)
    return Path(shutil.copytree(made, tmp_path / "world")) / "linkage.toml"


def test_a_second_run_finds_the_ids_of_the_first_and_another_machine_does(world: Path, tmp_path: Path) -> None:
    first = pipeline.run(world)
    told = manifest_of(first)
    grown = sha256(world.parent / CATALOGUE)
    assert (told["templates"]["catalogue_before"], told["templates"]["catalogue"]) == (None, grown)
    assert told["rows"]["in"] == told["rows"]["loaded"]
    again = pipeline.run(world)
    assert tables_of(again) == tables_of(first)
    assert manifest_of(again)["templates"]["catalogue_before"] == grown == sha256(world.parent / CATALOGUE)
    other = Path(shutil.copytree(world.parent, tmp_path / "other", ignore=shutil.ignore_patterns("runs")))
    assert tables_of(pipeline.run(other / "linkage.toml")) == tables_of(first)


def test_a_run_that_fails_late_leaves_the_catalogue_as_it_was(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise LinkageError("failed late")

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "write_manifest", fail)
        with pytest.raises(LinkageError, match="failed late"):
            pipeline.run(world)
    assert not (world.parent / CATALOGUE).exists()
    assert {path.name for path in world.parent.glob(".*")} == {f".{CATALOGUE}.lock"}


def test_two_runs_with_one_catalogue_take_turns(world: Path) -> None:
    with held_catalogue(world.parent / CATALOGUE), pytest.raises(RunLocked, match="adds to the catalogue"):
        pipeline.run(world)
    assert not (world.parent / CATALOGUE).exists()
