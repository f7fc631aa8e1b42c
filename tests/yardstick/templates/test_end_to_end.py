from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from linkage.config import load_config
from linkage.errors import LinkageError
from linkage.simulator import Preset, WorldSpec, simulate
from linkage.simulator.world import CONFIG
from linkage.yardstick.races import Race
from linkage.yardstick.templates import end_to_end as module
from linkage.yardstick.templates.end_to_end import HASHES, PROMPTS, SCORES, compared, runs_table, with_prompts, worlds
from linkage.yardstick.worlds import World
from tests.yardstick.test_tables import rows

WORLD = World("market", 0.3, 81, 1_000)


def test_the_other_config_reads_prompts_in_place_of_hashes(tmp_path: Path) -> None:
    (tmp_path / "linkage.toml").write_text(CONFIG.replace("{prompt}", ', "prompt"'))
    own, other = load_config(tmp_path / "linkage.toml"), load_config(with_prompts(tmp_path))
    read = other.sources["exchanges"]
    assert (own.sources["exchanges"].prompt, read.prompt) == (None, "prompt")
    assert read.entities == {}
    assert read.ignore == ["model", "prompt_template_hash"]
    assert (read.id, read.status, read.time) == ("request_id", "http_status", "ts")
    assert other.output.dir != own.output.dir
    assert other.templates.catalogue == module.CATALOGUE
    assert {name: source for name, source in other.sources.items() if name != "exchanges"} == {
        name: source for name, source in own.sources.items() if name != "exchanges"
    }


def test_worlds_are_every_preset_with_every_seed() -> None:
    assert worlds((Preset.THIN, Preset.FAT), (1, 2), 5_000) == [
        World("thin", 0.3, 1, 5_000), World("thin", 0.3, 2, 5_000), World("fat", 0.3, 1, 5_000),
        World("fat", 0.3, 2, 5_000),
    ]  # fmt: skip


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was simulated, and then run where. The second race is stopped when the first entry says so."""
    seen: list[Any] = []

    def made(folder: Path, spec: WorldSpec) -> None:
        seen.append((folder.name, spec.prompts))
        folder.mkdir(parents=True)
        (folder / "world.json").write_text("{}")
        (folder / "linkage.toml").write_text(CONFIG.replace("{prompt}", ', "prompt"'))

    def run(task: Any, folder: Path, limits: object) -> Race:
        seen.append(task.__name__)
        assert (folder / "prompts.toml").is_file()
        by = PROMPTS if task is module.run_prompts else HASHES
        stopped = "over 8.0 GB" if by == PROMPTS and seen[0] == "stop" else ""
        return Race({by: 9.0}, 2_000_000_000, stopped, dict.fromkeys(SCORES, 0.9), {by: 4.0})

    monkeypatch.setattr(module, "simulate", made)
    monkeypatch.setattr(module, "race", run)
    return seen


def test_each_world_is_simulated_once_with_prompts_and_run_both_ways(raced: list[Any], tmp_path: Path) -> None:
    found = compared(tmp_path, [WORLD], lambda text: None)
    compared(tmp_path, [WORLD], lambda text: None)
    assert raced == [("prompts-market-0.3-81-1000", True), *["run_hashes", "run_prompts"] * 2]
    assert list(found["by"]) == [HASHES, PROMPTS]
    assert found.loc[0, ["preset", "seed", "ring F1", "seconds", "gigabytes"]].tolist() == ["market", 81, 0.9, 4.0, 2.0]


def test_a_run_that_is_stopped_is_an_error(raced: list[Any], tmp_path: Path) -> None:
    raced.append("stop")
    with pytest.raises(LinkageError, match=r"the run on raw prompts failed: over 8\.0 GB\.$"):
        compared(tmp_path, [WORLD], lambda text: None)


def test_the_table_has_means_and_the_largest_fall_of_a_world() -> None:
    scores = {(1, HASHES): 0.9, (1, PROMPTS): 0.86, (2, HASHES): 0.8, (2, PROMPTS): 0.9}
    found = pd.DataFrame([
        {"preset": "thin", "seed": seed, "by": by, **dict.fromkeys(SCORES, f1), "seconds": 10.0 * seed,
         "gigabytes": float(seed)}
        for (seed, by), f1 in scores.items()
    ])  # fmt: skip
    assert rows(runs_table(found))["thin"] == ["2", *["0.880 / 0.850 (+0.040)"] * 4, "15 / 15", "2.00 / 2.00"]


def test_a_run_tells_its_scores(tmp_path: Path) -> None:
    simulate(tmp_path / "world", WorldSpec(accounts=300, seed=5, preset=Preset.MARKET, prompts=True))
    steps: list[str] = []
    figures = module.run_hashes(tmp_path / "world", steps.append)
    assert steps == [HASHES, "afterwards"]
    assert set(figures) == set(SCORES)
    assert all(0 <= f1 <= 1 for f1 in figures.values())


def test_raw_prompts_begin_with_a_new_catalogue_and_the_key_of_the_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(tmp_path / "world", WorldSpec(accounts=300, seed=5, preset=Preset.MARKET, prompts=True))
    with_prompts(tmp_path / "world")
    (tmp_path / "world" / module.CATALOGUE).write_text("of another run, and broken")
    monkeypatch.setenv(module.VARIABLE, "")
    figures = module.run_prompts(tmp_path / "world", lambda step: None)
    assert set(figures) == set(SCORES)
    assert (tmp_path / "world/runs-prompts/latest").exists()
