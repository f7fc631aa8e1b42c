from __future__ import annotations

import importlib
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable

import joblib
import numpy as np
import pytest

from linkage.engines import Workers, cores, dealt, peak_memory
from linkage.errors import StorageFault


def doubled(values: np.ndarray, number: int) -> tuple[int, int, int]:
    """Writes where it may, and tells where it ran."""
    values *= 2
    return os.getpid(), int(values[number]), number


def asked(count: int) -> tuple[np.ndarray, list[tuple[np.ndarray, int]]]:
    values = np.arange(300_000)  # 2.4 MB: mapped
    return values, [(values, number) for number in range(count)]


def test_tasks_run_elsewhere_and_answer_in_order() -> None:
    values, tasks = asked(5)
    workers = Workers(2)
    made = workers.each(doubled, tasks)
    assert [number for _, _, number in made] == list(range(5))
    assert os.getpid() not in {process for process, _, _ in made}
    assert values[4] == 4, "what a worker writes stays its own"


def test_one_worker_one_task_or_little_work_stay_here() -> None:
    for workers, count, enough in ((1, 2, True), (2, 1, True), (2, 2, False)):
        _, tasks = asked(count)
        made = Workers(workers).each(doubled, tasks, enough)
        assert {process for process, _, _ in made} == {os.getpid()}


def import_colorsys() -> None:
    importlib.import_module("colorsys")  # no worker imports it for anything else


def imported(module: str) -> tuple[int, bool]:
    return os.getpid(), module in sys.modules


def test_workers_that_have_begun_are_ready() -> None:
    workers, known = Workers(2), "colorsys" in sys.modules  # libraries of other tests may import it here
    workers.begin(import_colorsys)
    made = workers.each(imported, [("colorsys",)] * 6)
    assert os.getpid() not in {process for process, _ in made}
    assert any(there for _, there in made)
    assert ("colorsys" in sys.modules) == known


def failing() -> None:
    raise ValueError("not ready")


def test_what_goes_wrong_in_beginning_shows_when_there_is_work() -> None:
    workers = Workers(2)
    workers.begin(failing)
    assert workers.each(os.getppid, [(), ()]) == [os.getpid()] * 2


def test_one_worker_begins_nothing() -> None:
    workers = Workers(1)
    workers.begin(failing)
    assert workers.starting is None


def test_workers_that_are_beginning_can_be_sent_with_a_task() -> None:
    workers = Workers(2)
    workers.begin(import_colorsys)
    assert workers.each(number_of, [(workers,), (workers,)]) == [2, 2]


def number_of(workers: Workers) -> int:
    return workers.number


def test_the_memory_of_workers_is_added_up_over_processes() -> None:
    workers = Workers(2)
    assert workers.peak == 0
    workers.each(held, [(40_000_000,), (40_000_000,)])
    assert 40_000_000 < workers.peak < 20 * peak_memory()
    before = workers.peak
    workers.each(held, [(8,), (8,)])
    assert workers.peak >= before


def held(size: int) -> int:
    return len(np.ones(size // 8))


def killed(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_told_with_what_to_do() -> None:
    with pytest.raises(StorageFault, match="a worker process was killed") as told:
        Workers(2).each(killed, [(0,), (1,)])
    assert "engine.threads = 1" in str(told.value.todo)


def failed(number: int) -> None:
    raise StorageFault(f"no {number}", where="here", todo="Nothing.")


def test_an_error_comes_through_as_it_is() -> None:
    with pytest.raises(StorageFault, match="no 0"):
        Workers(2).each(failed, [(0,), (0,)])


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_a_worker_is_not_charged_for_what_this_process_held() -> None:
    large = np.ones(150_000_000 // 8)
    workers = Workers(2)
    workers.each(held, [(8,), (16,)])
    assert peak_memory() > large.nbytes
    assert workers.peak < 2 * (peak_memory() - large.nbytes // 2)


def idle(number: int) -> int:
    warnings.warn("A worker stopped while some jobs were given to the executor. This can be caused by …", stacklevel=1)
    return number


def test_what_joblib_says_of_workers_that_went_idle_is_not_told(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    class Pool:
        def __init__(self, **options: object) -> None:
            pass

        def __call__(self, tasks: Iterable[tuple[Callable[..., object], tuple[object, ...], object]]) -> list[object]:
            return [work(*given) for work, given, _ in tasks]

    monkeypatch.setattr(joblib, "Parallel", Pool)
    assert Workers(2).each(idle, [(0,), (1,)]) == [0, 1]
    assert not recwarn.list


def test_items_are_dealt_to_the_hand_that_holds_least() -> None:
    assert dealt(np.array([3, 9, 5, 4, 4]), 2).tolist() == [1, 0, 1, 1, 0]
    assert dealt(np.array([], dtype=np.int64), 2).tolist() == []
