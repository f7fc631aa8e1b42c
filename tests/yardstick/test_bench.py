from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from linkage.errors import LinkageError
from linkage.yardstick import bench as module
from linkage.yardstick.bench import Bench, code, method_code
from linkage.yardstick.results import Result, load, save
from linkage.yardstick.worlds import World
from tests.yardstick.toys import WORLD, line


class Steps:
    """Stands in for the processes: writes what a step would leave, and remembers which steps were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.broken: set[str] = set()
        self.endless: set[str] = set()

    def __call__(self, words: list[str], seconds: float) -> str:
        step, folder, world, out = words
        self.asked.append((World(**json.loads(world)).name, step))
        if step in self.endless:
            raise TimeoutError
        if step in self.broken:
            return "ValueError: too bad"
        place = Path(folder)
        if step == "simulate":
            place.mkdir(parents=True)
            (place / "payments.parquet").touch()
            (place / "truth.parquet").touch()
        if step == "linkage":
            (place / "runs" / "latest").mkdir(parents=True)
            (place / "runs" / "latest" / "members.parquet").touch()
        save(Result([line(0.5)], seconds=1.0), Path(out))
        return ""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    stand_in = Steps()
    monkeypatch.setattr(module, "apart", stand_in)
    return stand_in


def measure(folder: Path) -> Bench:
    return Bench(folder, 1, lambda text: None)


def test_a_bench_does_each_step_once_and_a_second_one_nothing(steps: Steps, tmp_path: Path) -> None:
    second = replace(WORLD, seed=1002)
    found = measure(tmp_path).run([WORLD, second], ("linkage", "Leiden, plain"))
    assert list(found) == [WORLD, second]
    assert steps.asked == [(w.name, step) for w in (WORLD, second) for step in ("simulate", "linkage", "Leiden, plain")]
    steps.asked.clear()
    assert measure(tmp_path).run([WORLD, second], ("linkage", "Leiden, plain")) == found
    assert steps.asked == []


def test_a_new_method_needs_no_new_world(steps: Steps, tmp_path: Path) -> None:
    measure(tmp_path).world(WORLD, ("linkage",))
    steps.asked.clear()
    measure(tmp_path).world(WORLD, ("linkage", "Louvain, plain"))
    assert [step for _, step in steps.asked] == ["Louvain, plain"]


def test_where_nothing_is_to_be_found_only_linkage_runs(steps: Steps, tmp_path: Path) -> None:
    found = measure(tmp_path).world(replace(WORLD, preset="honest"), ("linkage", "ceiling", "Leiden, plain"))
    assert list(found) == ["linkage"]
    assert [step for _, step in steps.asked] == ["simulate", "linkage"]


def test_logs_are_removed_when_a_world_is_done_and_its_truth_stays(steps: Steps, tmp_path: Path) -> None:
    measure(tmp_path).world(WORLD, ("linkage",))
    (folder,) = (tmp_path / "worlds").iterdir()
    assert sorted(p.name for p in folder.iterdir()) == ["runs", "truth.parquet"]


def test_changed_code_is_measured_again(steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(tmp_path).world(WORLD, ("linkage", "Leiden, plain"))
    steps.asked.clear()
    before = module.method_code
    monkeypatch.setattr(module, "method_code", lambda m: "changed" if m == "linkage" else before(m))
    measure(tmp_path).world(WORLD, ("linkage", "Leiden, plain"))
    assert [step for _, step in steps.asked] == ["simulate", "linkage"]


def test_a_broken_step_says_what_and_the_next_bench_goes_on(steps: Steps, tmp_path: Path) -> None:
    steps.broken = {"Leiden, plain"}
    with pytest.raises(LinkageError, match=r"Leiden, plain broke: ValueError: too bad\. Mend it and run"):
        measure(tmp_path).world(WORLD, ("linkage", "Leiden, plain"))
    steps.asked.clear()
    steps.broken = set()
    measure(tmp_path).world(WORLD, ("linkage", "Leiden, plain"))
    assert [step for _, step in steps.asked] == ["Leiden, plain"]


def test_a_method_that_takes_too_long_did_not_run(steps: Steps, tmp_path: Path) -> None:
    steps.endless = {"Leiden, plain"}
    found = measure(tmp_path).world(WORLD, ("linkage", "Leiden, plain"))
    assert found["Leiden, plain"].not_run == "it took more than 600 seconds"


@pytest.mark.parametrize(
    ("file", "linkage_changes", "peers_change"),
    [
        ("rings/score.py", True, False),
        ("graph/links.py", True, True),
        ("simulator/world.py", True, True),
        ("evaluation/scores.py", True, True),
        ("evaluation/peers/dense.py", False, True),
        ("cli/app.py", False, False),
        ("yardstick/bench.py", False, False),
    ],
)
def test_a_result_hangs_on_the_code_that_can_touch_it(
    file: str, linkage_changes: bool, peers_change: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def codes() -> tuple[str, str]:
        code.cache_clear()
        return method_code("linkage"), method_code("Leiden, plain")

    before = codes()
    hashed = module.sha256
    monkeypatch.setattr(module, "sha256", lambda p: "changed" if p == module.PACKAGE / file else hashed(p))
    after = codes()
    monkeypatch.undo()
    assert codes() == before
    assert (after[0] != before[0], after[1] != before[1]) == (linkage_changes, peers_change)


def test_a_real_world_from_end_to_end(tmp_path: Path) -> None:
    world = World("campaign", 0.3, 1001, 600)
    found = Bench(tmp_path, 1, lambda text: None).world(world, ("linkage", "ceiling", "components, degree <= 50"))
    assert [line.level for line in found["linkage"].lines] == ["ring", "operator"] * 2
    assert found["linkage"].honest is not None
    assert 0 < found["linkage"].honest.accounts < 600
    assert found["linkage"].peak_mb > 50
    assert found["linkage"].seconds > 0.1
    assert found["components, degree <= 50"].lines[0].setting == "cap 50"
    assert found["ceiling"].lines[0].f1 >= found["components, degree <= 50"].lines[0].f1
    (kept,) = (tmp_path / "results" / world.name).glob("linkage-*.json")
    assert load(kept) == found["linkage"]
