from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
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


def test_evaluate_scores_a_table_against_the_truth(world: Path, tmp_path: Path) -> None:
    (tmp_path / "clusters.csv").write_text("account_id,cluster\nnobody,1\n")
    shown = call("evaluate", tmp_path / "clusters.csv", world / "truth.parquet")
    assert shown.exit_code == 0
    assert "B-cubed, averaged over the accounts of operators" in shown.output
    told = json.loads(call("evaluate", tmp_path / "clusters.csv", world / "truth.parquet", "--json").output)
    ring = next(s for s in told["scores"] if s["level"] == "ring")
    assert ring["precision"] == 1.0
    assert ring["found"] == 0
    assert ring["clusters"] == json.loads((world / "world.json").read_text())["rings"]


def test_the_truth_against_itself_is_perfect(world: Path, tmp_path: Path) -> None:
    truth = pq.read_table(world / "truth.parquet", columns=["account_id", "ring_id"])
    pq.write_table(truth.rename_columns(["account_id", "cluster"]), tmp_path / "c.parquet")
    told = json.loads(call("evaluate", tmp_path / "c.parquet", world / "truth.parquet", "--json").output)
    ring = next(s for s in told["scores"] if s["level"] == "ring")
    assert (ring["f1"], ring["found"]) == (1.0, ring["clusters"])


def test_hostile_names_reach_the_terminal_harmless(world: Path, tmp_path: Path) -> None:
    rows = "account_id,group_kind,ring_id,operator_id\na,\x1b[31mred,,\nb,operator,r,o\n"
    (tmp_path / "truth.csv").write_text(rows)
    (tmp_path / "members.csv").write_text("account_id,ring_id,operator_id,verdict\na,R-1,,suspect\n")
    result = call("evaluate", tmp_path / "members.csv", tmp_path / "truth.csv")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "\\x1b[31mred" in result.output


@pytest.mark.parametrize("command", ["simulate", "evaluate"])
def test_help_shows_an_example(command: str) -> None:
    assert f"Example: linkage {command}" in call(command, "--help").output
