"""Work in several processes at once; what comes out does not depend on how many."""

from __future__ import annotations

import os
import resource
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from linkage.errors import StorageFault

Made = TypeVar("Made")
OPTIONS: dict[str, Any] = {"batch_size": 1, "max_nbytes": "1M", "mmap_mode": "c"}  # arrays from 1 MB on are mapped
KB = 1024
MAXRSS_UNIT = 1 if sys.platform == "darwin" else KB  # bytes; getrusage(2)


@dataclass
class Workers:
    """As many processes as may work at once; ``peak``: the most bytes that those beside this one have held together.

    Memory that processes share counts in each. ``starting`` is who sees to it that they start (:meth:`begin`).
    """

    number: int = 1
    peak: int = 0
    starting: Thread | None = field(default=None, compare=False)

    def begin(self, ready: Callable[[], None]) -> None:
        """Have the processes start, unless they have, and get ready, while this one goes on; nothing for one.

        What goes wrong there shows when there is work.
        """
        if self.number > 1:
            self._wait()
            self.starting = Thread(target=_begin, args=(self.number, ready), daemon=True)
            self.starting.start()

    def each(self, work: Callable[..., Made], tasks: Sequence[tuple[Any, ...]], enough: bool = True) -> list[Made]:
        """``work`` of each task, in their order; in this process unless there are several of both, and ``enough`` work.

        Tasks reach the others pickled, large arrays as mapped memory: what a worker writes there nobody else sees.

        Raises:
            StorageFault: a worker was killed, as systems do that run out of memory.
        """
        if self.number < 2 or len(tasks) < 2 or not enough:
            return [work(*task) for task in tasks]
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        pool = Parallel(n_jobs=self.number, **OPTIONS)
        try:
            self._wait()
            with warnings.catch_warnings():  # workers that had nothing to do for minutes go, and others come
                warnings.filterwarnings("ignore", "A worker stopped while some jobs were given to the executor")
                done = list(pool(delayed(_measured)(work, task) for task in tasks))
        except TerminatedWorkerError as error:
            raise StorageFault(
                "a worker process was killed; most often that is for want of memory.",
                where="the search on the graph",
                todo="Set engine.threads = 1 in linkage.toml: one process needs the least.",
            ) from error
        held = {process: memory for process, memory, _ in sorted(done, key=lambda d: d[1])}
        self.peak = max(self.peak, sum(held.values()))
        return [made for _, _, made in done]

    def _wait(self) -> None:
        """Until the processes have started; tasks may hold these workers, and no thread can be sent."""
        if self.starting:
            self.starting.join()
            self.starting = None


def _begin(number: int, ready: Callable[[], None]) -> None:
    from joblib import Parallel, delayed  # takes a while to import, and small runs need none

    with suppress(Exception):
        Parallel(n_jobs=number, **OPTIONS)(delayed(ready)() for _ in range(number))


def dealt(sizes: npt.NDArray[np.int64], hands: int) -> npt.NDArray[np.int64]:
    """The hand that each item is dealt to: the largest first, always to the hand that holds least."""
    hand, load = np.zeros(len(sizes), dtype=np.int64), np.zeros(hands)
    for item in np.argsort(-sizes, kind="stable"):
        hand[item] = load.argmin()
        load[hand[item]] += sizes[item]
    return hand


def _measured(work: Callable[..., Made], task: tuple[Any, ...]) -> tuple[int, int, Made]:
    """The process that did it, the most bytes that it has held so far, and what it made."""
    made = work(*task)
    return os.getpid(), peak_memory(), made


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory() -> int:
    """The most bytes of memory that this process has held so far.

    Where there is a /proc it says so; getrusage counts, for a new process, what its parent held when it was made.
    """
    status = Path("/proc/self/status")
    for line in status.read_text("ascii").splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):  # 'VmHWM:   123456 kB', proc(5)
            return int(line.split()[1]) * KB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT
