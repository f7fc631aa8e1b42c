from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from linkage import room
from linkage.config import EngineSettings
from linkage.errors import StorageFault
from linkage.pipeline import run
from linkage.room import bytes_to_read, memory_limit, refuse_without_memory, refuse_without_room
from linkage.sources import Amount

Usage = namedtuple("Usage", "total used free")
SMALL = EngineSettings.model_validate({"memory_limit": "1GB"})


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gigabytes free on the disk, and ten of memory."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 2 * 10**9))
    monkeypatch.setattr(room, "memory", lambda: 10 * 10**9)


@pytest.mark.parametrize(
    ("said", "number"),
    [("4GB", 4 * 10**9), ("1.5 GiB", 3 << 29), ("300MB", 3 * 10**8), ("12KiB", 12 << 10), ("7 TB", 7 * 10**12)],
)
def test_every_unit_of_the_memory_limit_is_read(said: str, number: int) -> None:
    assert memory_limit(EngineSettings.model_validate({"memory_limit": said})) == number


def test_without_a_limit_the_engine_takes_most_of_the_memory(machine: None) -> None:
    assert memory_limit(EngineSettings()) == 8 * 10**9


def test_more_of_anything_needs_more_room() -> None:
    needed = [bytes_to_read(Amount(**{name: 100})) for name in ("uses", "text", "packed")]
    assert min(needed) > 0
    assert bytes_to_read(Amount(100, 0, 100, 100)) == sum(needed)


def test_logs_that_fit_neither_memory_nor_disk_are_refused(machine: None, tmp_path: Path) -> None:
    fitting = 3 * 10**9 // room.PER_USE
    refuse_without_room(Amount(uses=fitting), SMALL, tmp_path)
    with pytest.raises(StorageFault) as caught:
        refuse_without_room(Amount(uses=2 * fitting), SMALL, tmp_path / "runs")
    assert str(caught.value) == (
        f"{tmp_path}/runs: reading these logs needs about 6.0 GB: 1.0 GB are the engine's memory, and of the 5.0 GB "
        "that it must spill 2.0 GB are free. "
        "Make room, move engine.spill_dir to another disk, or raise engine.memory_limit in linkage.toml."
    )
    with pytest.raises(StorageFault, match=r"^/elsewhere: "):
        refuse_without_room(Amount(uses=2 * fitting), SMALL.model_copy(update={"spill_dir": "/elsewhere"}), tmp_path)


def test_ids_are_compared_in_memory(machine: None, tmp_path: Path) -> None:
    refuse_without_room(Amount(ids=10**9), SMALL, tmp_path)
    with pytest.raises(StorageFault) as caught:
        refuse_without_room(Amount(ids=2 * 10**9), SMALL, tmp_path)
    assert str(caught.value) == (
        "sources: to find repeated ids among 2,000,000,000 rows 16.0 GB of memory are needed, and there are 10.0 GB. "
        "Read fewer days of logs at a time, or take out 'id' if no event is logged twice."
    )


def test_links_that_memory_cannot_hold_are_refused_before_the_search(machine: None) -> None:
    refuse_without_memory(10 * 10**9 // room.PER_LINK)
    with pytest.raises(StorageFault) as caught:
        refuse_without_memory(10**8)
    assert str(caught.value) == (
        "communities: communities and rings of 100,000,000 links need at least 25.0 GB of memory, and there are "
        "10.0 GB. Use a machine with more memory, or read fewer days of logs at a time."
    )


def test_a_run_without_room_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("a,d\n" + "x,y\n" * 1000)
    (tmp_path / "linkage.toml").write_text(
        '[sources.log]\npath = "log.csv"\naccount = "a"\nentities = { d = "device" }\n[engine]\nmemory_limit = "1KB"\n'
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 0))
    with pytest.raises(StorageFault, match="reading these logs needs about"):
        run(tmp_path / "linkage.toml")
    assert not list((tmp_path / "runs").glob("*/*"))
