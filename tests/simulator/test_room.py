from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from linkage.errors import ExitCode, StorageFault
from linkage.simulator import Preset, WorldSpec, simulate
from linkage.simulator.logs import actors_of
from linkage.simulator.population import populate
from linkage.simulator.room import bytes_needed, refuse_without_room
from linkage.simulator.streams import Streams

Usage = namedtuple("Usage", "total used free")


def full_disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10 * free, 9 * free, free))


@pytest.mark.parametrize(
    ("preset", "prompts"), [(Preset.SEED_SCALE, False), (Preset.MARKET, True), (Preset.MIXED_PROXY, False)]
)
def test_a_world_takes_nearly_as_much_as_is_said_and_no_more(preset: Preset, prompts: bool, tmp_path: Path) -> None:
    spec = WorldSpec(3_000, 4, preset=preset, prompts=prompts)
    actors = actors_of(populate(spec, Streams(4)), Streams(4))
    simulate(tmp_path, spec)
    written = sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))
    assert 0.7 < written / bytes_needed(actors.people, actors.life) < 1


def test_a_world_that_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, 1_000_000)
    with pytest.raises(StorageFault) as error:
        simulate(tmp_path / "world", WorldSpec(3_000, 4))
    assert error.value.exit_code == ExitCode.STORAGE
    assert error.value.where == str(tmp_path / "world")
    assert error.value.what.endswith("GB, and 0.0 GB are free.")
    assert not (tmp_path / "world").exists()


def test_the_message_says_how_much_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_disk(monkeypatch, 2_000_000_000)
    with pytest.raises(StorageFault) as error:
        refuse_without_room(tmp_path / "a/b", 3_250_000_000)
    assert str(error.value) == (
        f"{tmp_path}/a/b: this world needs about 3.2 GB, and 2.0 GB are free. "
        "Make room, name a folder on another disk, or ask for fewer --accounts."
    )


def test_files_that_are_replaced_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_disk(monkeypatch, 100)
    (tmp_path / "old").write_bytes(b"x" * 50)
    refuse_without_room(tmp_path, 150, [tmp_path / "old"])
    with pytest.raises(StorageFault):
        refuse_without_room(tmp_path, 151, [tmp_path / "old"])


def test_an_old_world_stays_when_the_new_one_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(tmp_path, WorldSpec(300, 4))
    before = sorted((p.name, p.stat().st_size) for p in tmp_path.rglob("*.parquet"))
    full_disk(monkeypatch, 1_000)
    with pytest.raises(StorageFault):
        simulate(tmp_path, WorldSpec(3_000, 4), replace=True)
    assert sorted((p.name, p.stat().st_size) for p in tmp_path.rglob("*.parquet")) == before
