from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from linkage.cli import app
from linkage.errors import ConfigError


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "world"
    result = call("simulate", path, "--accounts", 400, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert f"Next: linkage run --config {path}/linkage.toml" in result.output
    assert "true rings of" in result.output
    return path


def test_simulate_prints_json_for_programs(tmp_path: Path) -> None:
    result = call("simulate", tmp_path / "w", "--accounts", 300, "--seed", 1, "--evade", 0.5, "--json")
    told = json.loads(result.output)
    assert told["rows"]["accounts"] == 300
    assert json.loads((tmp_path / "w/world.json").read_text())["spec"]["evade"] == 0.5


def test_simulate_replaces_a_world_only_when_forced(world: Path) -> None:
    again = ["simulate", world, "--accounts", 400, "--seed", 3]
    refused = call(*again)
    assert isinstance(refused.exception, ConfigError)
    assert "--force" in str(refused.exception)
    assert call(*again, "--force").exit_code == 0


def test_simulate_refuses_unknown_presets_and_bad_numbers(tmp_path: Path) -> None:
    assert call("simulate", tmp_path / "w", "--preset", "nonsense").exit_code == 2
    assert isinstance(call("simulate", tmp_path / "w", "--evade", 2).exception, ConfigError)
    assert not (tmp_path / "w").exists()


def test_simulate_takes_rates_by_kind_an_attacker_and_prompts(tmp_path: Path) -> None:
    result = call("simulate", tmp_path / "w", "--accounts", 300, "--evade-kind", "ip=0.9", "--evade-kind", "device=0",
                  "--plant", 2, "--plant-victims", 5, "--prompts", "--preset", "market")
    assert result.exit_code == 0, result.output
    spec = json.loads((tmp_path / "w/world.json").read_text())["spec"]
    assert spec["evade_kinds"] == {"ip": 0.9, "device": 0.0}
    assert (spec["plant"], spec["plant_victims"], spec["prompts"]) == (2, 5, True)
    assert 'ignore = ["model", "prompt"]' in (tmp_path / "w/linkage.toml").read_text()


@pytest.mark.parametrize("text", ["ip", "ip=often", "=", "ip="])
def test_simulate_says_how_a_rate_for_a_kind_is_written(tmp_path: Path, text: str) -> None:
    error = call("simulate", tmp_path / "w", "--evade-kind", text).exception
    assert str(error) == f"--evade-kind: `{text}` is not of the form KIND=CHANCE. Write such as ip=0.9."


def test_help_shows_an_example() -> None:
    assert "Example: linkage simulate" in call("simulate", "--help").output
