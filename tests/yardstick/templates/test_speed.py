from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linkage.yardstick.races import AFTERWARDS, Race, Tell
from linkage.yardstick.templates import speed as module
from linkage.yardstick.templates.speed import FAST, LARGEST, Contender, speed_table, speeds
from linkage.yardstick.templates.volume import Volume, write_volume
from tests.yardstick.test_tables import rows

SMALL = Volume(prompts=1_200, templates=10, accounts=40)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    write_volume(tmp_path / SMALL.name, SMALL)
    return tmp_path / SMALL.name


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The levels that were asked for, call by call; the ids are the prompts."""
    seen: list[tuple[str, ...]] = []

    def ids_of(read: Any, levels: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        seen.append(levels)
        return read()

    monkeypatch.setattr(module, "ids_of", ids_of)
    return seen


def test_what_is_measured_is_what_is_aimed_at() -> None:
    tasks = {contender.task: contender for contender in FAST}
    assert [(it.task, it.volume.prompts, it.volume.templates) for it in LARGEST] == [
        (module.streamed, 1_000_000, 100_000), (module.streamed, 10_000_000, 100_000)
    ]  # fmt: skip
    assert tasks[module.drain].volume == tasks[module.every_level].volume == tasks[module.exact_and_masked].volume
    assert tasks[module.drain].cores == 1


@pytest.mark.parametrize(
    ("task", "levels"),
    [
        (module.exact_and_masked, ("exact", "masked")), (module.every_level, ("exact", "masked", "skeleton", "family")),
    ],
)
def test_only_ids_are_counted_after_a_first_try(
    task: Any, levels: tuple[str, ...], volume: Path, asked: list[tuple[str, ...]]
) -> None:
    steps: list[str] = []
    assert task(volume, lambda step: steps.append(f"{step} {len(asked)}")) == {"prompts": 1_200}
    assert asked == [levels, levels]
    assert steps == [f"{module.COUNTED} 1", f"{AFTERWARDS} 2"]


def test_prompts_are_streamed_from_files(volume: Path, asked: list[tuple[str, ...]]) -> None:
    assert module.streamed(volume, lambda step: None) == {"prompts": 1_200}
    assert len(asked) == 1


def test_drain_has_the_same_lines(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(module, "drain_groups", seen.append)
    monkeypatch.setattr(module, "DRAIN_PROMPTS", 700)
    assert module.drain(volume, lambda step: None) == {"prompts": 700}
    assert len(seen[-1]) == 700
    assert all(len(set(line.split())) > 20 for line in seen[-1])


def toy(folder: Path, tell: Tell) -> dict[str, Any]:
    tell(module.COUNTED)
    tell(AFTERWARDS)
    return {"prompts": len(list(folder.iterdir()))}


def test_a_row_has_rates_by_clock_and_by_processors_and_the_peak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def race(task: Any, folder: Path, limits: object) -> Race:
        return Race({"read": 9.0, "ids": 2.0}, 1_500_000_000, "", task(folder, lambda s: None), {"ids": 0.5})

    monkeypatch.setattr(module, "race", race)
    told: list[str] = []
    found = speeds(tmp_path, told.append, [Contender("toy", toy, SMALL), Contender("alone", toy, SMALL, 1)])
    assert found[0] == ["toy", "1", "10", "0", "4", "1.50"]  # one file is written: it tells one prompt
    assert found[1][4] == "2"
    assert rows(speed_table(found))["toy"] == found[0][1:]
    assert told[0] == f"toy: writing {tmp_path / SMALL.name}"


def test_one_that_was_stopped_has_no_rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "race", lambda *_: Race({}, 9_000_000_000, "over 8.0 GB"))
    assert speeds(tmp_path, lambda text: None, [replace(FAST[0], volume=SMALL)]) == [
        ["exact and masked", "–", "10", "–", "–", "9.00, over 8.0 GB"]
    ]
