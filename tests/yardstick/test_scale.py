from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from linkage.pipeline import STAGES
from linkage.simulator import WorldSpec, simulate
from linkage.yardstick import scale as module
from linkage.yardstick.races import AFTERWARDS, Limits, Race, Task
from linkage.yardstick.scale import FLOOR, LINKAGE, SIZES, Scale, by_processors, engine, kept, measure

LIMITS = Limits(1, 1)


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The races that were run: world and contender. The second contender is stopped on the quarter."""
    seen: list[tuple[str, str]] = []
    tasks: dict[Task, str] = {lambda world, tell: {}: name for name in ("one", "two")}

    def run(task: Task, world: Path, limits: Limits) -> Race:
        assert limits is LIMITS
        seen.append((world.name, tasks[task]))
        stopped = "over 1 s" if seen[-1] == ("scale-4", "two") else ""
        return Race({"read": 1.0}, 5, stopped)

    monkeypatch.setattr(module, "race", run)
    monkeypatch.setattr(module, "CONTENDERS", {name: task for task, name in tasks.items()})
    monkeypatch.setattr(module, "usual_accounts", lambda preset: 4_000)
    return seen


def told(folder: Path, sizes: Sequence[str] = tuple(SIZES)) -> tuple[Scale, list[str]]:
    lines: list[str] = []
    return measure(folder, sizes, ["one", "two"], LIMITS, lines.append), lines


def test_sizes_are_parts_of_the_known_cases() -> None:
    assert {name: 1 / part for name, part in SIZES.items()} == {"1/16": 0.0625, "1/4": 0.25, "1": 1.0}


def test_who_was_stopped_is_not_tried_on_more(raced: list[tuple[str, str]], tmp_path: Path) -> None:
    found, _ = told(tmp_path)
    assert raced == [
        ("scale-16", "one"), ("scale-16", "two"), ("scale-4", "one"), ("scale-4", "two"), ("scale-1", "one")
    ]  # fmt: skip
    assert found.sizes == ["1/16", "1/4", "1"]
    assert [found.seconds(size, "two") for size in found.sizes] == [1.0, None, None]


def test_what_was_measured_last_is_kept_and_is_whole_with_those_who_were_stopped(
    raced: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert kept(tmp_path).races == {}
    found, _ = told(tmp_path)
    assert kept(tmp_path) == found
    assert found.whole
    assert not Scale({size: races for size, races in found.races.items() if size != "1/4"}).whole
    assert not Scale({**found.races, "1/16": {"one": Race()}}).whole
    measure(tmp_path, ["1"], ["one"], LIMITS, lambda text: None)
    assert kept(tmp_path) == found


def test_worlds_are_made_once_and_a_half_written_one_anew(raced: list[tuple[str, str]], tmp_path: Path) -> None:
    _, lines = told(tmp_path, ["1/16"])
    world = tmp_path / "scale-16"
    assert lines[0] == f"1/16: simulating {world}"
    assert lines[1] == "1/16: one: 1.0 s, 0.00 GB "
    whole = (world / "world.json").read_text()
    assert len(told(tmp_path, ["1/16"])[1]) == 2
    (world / "world.json").write_text('{"spec": {}}')
    assert told(tmp_path, ["1/16"])[1][0] == lines[0]
    assert (world / "world.json").read_text() == whole


def test_of_the_floor_only_the_query_and_leiden_count() -> None:
    race = Race({"query": 3.0, "graph": 100.0, "Leiden": 4.0})
    assert Scale({"1": {FLOOR: race, LINKAGE: race}}).seconds("1", FLOOR) == 7.0
    assert Scale({"1": {FLOOR: race, LINKAGE: race}}).seconds("1", LINKAGE) == 107.0


def test_seconds_of_processors_stand_in_place_of_the_clocks() -> None:
    race = Race({"query": 3.0, "Leiden": 4.0}, 5, worked={"query": 6.0, "Leiden": 3.5})
    found = by_processors(Scale({"1": {FLOOR: race}}))
    assert found.seconds("1", FLOOR) == 9.5
    assert found.races["1"][FLOOR].peak == 5


def test_the_engine_tells_its_stages_and_leaves_no_run_behind(tmp_path: Path) -> None:
    simulate(tmp_path, WorldSpec(600, 3))
    steps: list[str] = []
    found = engine(tmp_path, steps.append)
    assert steps == [*STAGES, AFTERWARDS]
    assert list(found["stages"]) == list(STAGES)
    assert {"seconds", "rows", "peak_bytes", "spilled_bytes"} <= set(found["stages"]["rings"])
    assert 0 <= found["f1"] <= 1
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]
