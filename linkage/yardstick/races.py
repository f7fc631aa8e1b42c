"""A contender on a world in a process of its own: what each of its steps took, and where it was stopped."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from linkage.engines import peak_memory

CONTEXT = multiprocessing.get_context("spawn")  # a forked process would begin with its parent's memory
GIGABYTE = 1e9
LOOK = 0.5  # seconds between two looks at the memory
ENDED = 60  # seconds to wait for processes that were told to end
AFTERWARDS = "afterwards"  # the step of what is not counted: what was found is compared with the truth
PROC = Path("/proc")
Tell = Callable[[str], None]
Task = Callable[[Path, Tell], dict[str, Any]]
"""Does its work on the world in a folder, tells each step as it begins, and returns figures of its own."""


@dataclass(frozen=True)
class Limits:
    """Seconds, and bytes of memory of all its processes together, that a contender may take."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Race:
    """Seconds by step, in order; the most bytes of memory; why it was stopped in its last step, '' when it was not.

    ``worked`` are the seconds that processors worked for its steps, where the system tells them (Linux).
    """

    steps: dict[str, float] = field(default_factory=dict)
    peak: int = 0
    stopped: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    worked: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Of all steps together."""
        return sum(self.steps.values())


class _Watch:
    """What has been told and seen of a running contender."""

    def __init__(self, process: int, limits: Limits) -> None:
        self.process, self.limits = process, limits
        self.begun: list[tuple[str, float, float]] = []  # step, the clock, seconds of processors
        self.peak = 0
        self.stopped = ""
        self.figures: dict[str, Any] = {}
        self.ended = False

    def hear(self, word: str, told: Any, peak: int) -> None:
        if self.counts:
            self.peak = max(self.peak, peak)
        if word == "step":
            self.begun.append((told, perf_counter(), tree_seconds(self.process)))
        elif word == "done":
            self.figures, self.ended = told, True
        else:
            self.stop(told)

    def look(self) -> None:
        if not self.counts:
            return
        self.peak = tree_memory(self.process, self.peak)
        if self.peak > self.limits.memory:
            self.stop(f"over {self.limits.memory / GIGABYTE:.1f} GB")
        elif self.begun and perf_counter() - self.begun[0][1] > self.limits.seconds:
            self.stop(f"over {self.limits.seconds:,.0f} s")

    def stop(self, why: str) -> None:
        self.stopped, self.ended = why, True

    @property
    def counts(self) -> bool:
        return not self.begun or self.begun[-1][0] != AFTERWARDS

    def race(self) -> Race:
        steps: dict[str, float] = {}
        worked: dict[str, float] = {}
        end = (AFTERWARDS, perf_counter(), tree_seconds(self.process))
        for (name, clock, work), (_, next_clock, next_work) in pairwise([*self.begun, end]):
            steps[name] = steps.get(name, 0.0) + next_clock - clock
            worked[name] = worked.get(name, 0.0) + next_work - work
        steps.pop(AFTERWARDS, None)
        worked.pop(AFTERWARDS, None)
        return Race(steps, self.peak, self.stopped, self.figures, worked)


def race(task: Task, world: Path, limits: Limits) -> Race:
    """Let ``task`` work on ``world`` in a process of its own, and end it with all that it started at a limit.

    Time counts from its first step on, without imports. Memory is that of its processes together, where the system
    tells it (Linux), else the most that the first of them held.
    """
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_run, args=(task, world, sender))
    process.start()
    sender.close()
    watch = _Watch(process.pid or 0, limits)
    while not watch.ended:
        try:
            if receiver.poll(LOOK):
                watch.hear(*receiver.recv())
        except EOFError:
            process.join()
            watch.stop(f"its process ended with {process.exitcode}")
        watch.look()
    found = watch.race()
    _end(process.pid or 0)
    process.join()
    return found


def _run(task: Task, world: Path, sender: Connection) -> None:
    os.setsid()  # so that it and all that it starts can be ended together
    try:
        figures = task(world, lambda step: sender.send(("step", step, peak_memory())))
        sender.send(("done", figures, peak_memory()))
    except Exception as error:
        sender.send(("failed", f"{type(error).__name__}: {error}", peak_memory()))


def _end(leader: int) -> None:
    """End a process and all that it started, and wait until none of them runs: large ones take a while to end."""
    family = list(_family(leader))
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
    latest = perf_counter() + ENDED
    while any(map(_runs, family)) and perf_counter() < latest:
        sleep(LOOK / 10)


def tree_memory(process: int, known: int = 0) -> int:
    """Bytes of memory of a process and all that it started, shared memory counted once; at least ``known``.

    How much is shared takes the system long to say, so it is asked only where the sum of all is above what is known.
    Where /proc is not, nothing is seen.
    """
    family = list(_family(process))
    whole = sum(map(_resident, family))
    if len(family) > 1 and whole > known:
        whole = sum(map(_proportional, family))
    return max(known, whole)


def tree_seconds(process: int) -> float:
    """Seconds that processors worked for a process and all that it started; 0 where /proc is not."""
    return sum(map(_seconds, _family(process)))


def _seconds(process: int) -> float:
    """Of a process and those of its children that have ended: fields 14 to 17 of proc_pid_stat(5), in clock ticks."""
    fields = _read(PROC / str(process) / "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _family(process: int) -> Iterator[int]:
    yield process
    for thread in PROC.glob(f"{process}/task/*/children"):
        for child in _read(thread).split():
            yield from _family(int(child))


def _resident(process: int) -> int:
    words = _read(PROC / str(process) / "statm").split()
    return int(words[1]) * resource.getpagesize() if words else 0


def _proportional(process: int) -> int:
    lines = _read(PROC / str(process) / "smaps_rollup").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _runs(process: int) -> bool:
    """Whether a process is there and has not ended: field 3 of proc_pid_stat(5)."""
    return _read(PROC / str(process) / "stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace")
    except OSError:  # it has ended, or this is no Linux
        return ""
