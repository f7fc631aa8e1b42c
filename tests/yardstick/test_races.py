from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linkage.yardstick.races import AFTERWARDS, PROC, Limits, Tell, race, tree_memory

ROOMY = Limits(seconds=60, memory=4_000_000_000)
LINUX = pytest.mark.skipif(not PROC.is_dir(), reason="only Linux tells the memory of another process")


def steady(world: Path, tell: Tell) -> dict[str, Any]:
    time.sleep(0.3)  # imports are not counted
    for step, seconds in (("read", 0.1), ("count", 0.2), ("read", 0.1), (AFTERWARDS, 0.3)):
        tell(step)
        time.sleep(seconds)
    return {"world": str(world)}


def working(world: Path, tell: Tell) -> dict[str, Any]:
    """Works for half a second in a process that it starts, then sleeps."""
    tell("work")
    code = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    tell("sleep")
    time.sleep(0.5)
    return {}


def failing(world: Path, tell: Tell) -> dict[str, Any]:
    tell("read")
    raise ValueError("no such column")


def vanishing(world: Path, tell: Tell) -> dict[str, Any]:
    tell("read")
    os._exit(3)


def hungry(world: Path, tell: Tell) -> dict[str, Any]:
    """Holds 500 MB in a process that it starts, and that takes them only when its number is written down."""
    tell("small")
    code = "import sys; sys.stdin.readline(); import numpy, time; held = numpy.ones(62_500_000); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as started:
        (world / "started").write_text(str(started.pid))
        tell("large")
        started.communicate(b"go\n")
    return {}


def late_hunger(world: Path, tell: Tell) -> dict[str, Any]:
    tell("work")
    tell(AFTERWARDS)
    held = np.ones(100_000_000)
    time.sleep(0.6)
    return {"sum": float(held.sum())}


def test_steps_are_timed_and_what_comes_afterwards_is_not(tmp_path: Path) -> None:
    found = race(steady, tmp_path, ROOMY)
    assert list(found.steps) == ["read", "count"]
    assert found.steps["read"] == pytest.approx(0.2, abs=0.1)
    assert found.steps["count"] == pytest.approx(0.2, abs=0.1)
    assert found.seconds == sum(found.steps.values())
    assert found.figures == {"world": str(tmp_path)}
    assert found.stopped == ""
    assert 20_000_000 < found.peak < 1_000_000_000


@pytest.mark.parametrize(
    ("task", "why"), [(failing, "ValueError: no such column"), (vanishing, "its process ended with 3")]
)
def test_one_that_breaks_says_where_and_why(task: Any, why: str, tmp_path: Path) -> None:
    found = race(task, tmp_path, ROOMY)
    assert found.stopped == why
    assert list(found.steps) == ["read"]
    assert found.figures == {}


def test_one_that_takes_too_long_is_stopped_in_its_step(tmp_path: Path) -> None:
    found = race(steady, tmp_path, Limits(0.05, ROOMY.memory))
    assert found.stopped == "over 0 s"
    assert found.figures == {}


@LINUX
def test_the_work_of_processors_is_told_apart_from_waiting(tmp_path: Path) -> None:
    found = race(working, tmp_path, ROOMY)
    assert list(found.worked) == ["work", "sleep"]
    assert 0.45 < found.worked["work"] < 0.8
    assert found.worked["sleep"] < 0.1
    assert found.steps["sleep"] > 0.4


@LINUX
def test_memory_is_that_of_all_its_processes_and_all_are_ended_at_the_limit(tmp_path: Path) -> None:
    found = race(hungry, tmp_path, Limits(60, 450_000_000))
    assert found.stopped == "over 0.5 GB"
    assert list(found.steps) == ["small", "large"]
    assert found.seconds < 30
    state = PROC / (tmp_path / "started").read_text() / "stat"
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_memory_that_is_taken_afterwards_is_not_counted(tmp_path: Path) -> None:
    found = race(late_hunger, tmp_path, Limits(60, 700_000_000))
    assert found.stopped == ""
    assert found.figures == {"sum": 100_000_000.0}
    assert found.peak < 700_000_000


@LINUX
def test_the_memory_of_this_process_is_known_and_that_of_none_is_nothing() -> None:
    before = tree_memory(os.getpid())
    held = np.ones(20_000_000)
    assert tree_memory(os.getpid()) - before > 0.8 * held.nbytes
    assert tree_memory(2**30) == 0
    assert tree_memory(2**30, 5) == 5
    assert tree_memory(os.getpid(), 10**15) == 10**15
