from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from linkage.rings import compiled as module
from linkage.rings.compiled import FORMULAS, at_once, zeros
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.score import score
from tests.rings.graphs import PAYMENT, graph_of

FOLDER = str(Path(__file__).parents[2])


def test_results_stand_in_the_order_of_the_items_whichever_is_done_first() -> None:
    def work(item: int) -> int:
        time.sleep(0.03 * (item == 0))
        return 10 * item

    assert at_once(work, iter(range(4)), 3) == [0, 10, 20, 30]
    assert at_once(work, [], 3) == []


def test_one_thread_or_one_item_needs_no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ThreadPoolExecutor", None)
    assert at_once(str, [1, 2], 1) == ["1", "2"]
    assert at_once(str, [1], 2) == ["1"]


def test_each_thread_has_zeros_of_its_own() -> None:
    both = Barrier(2, timeout=60)

    def work(item: int) -> np.ndarray:
        both.wait()
        return zeros(item)

    assert zeros(5) is zeros(3)
    assert len(zeros(5_000)) >= 5_000
    assert not zeros(5_000).any()
    first, second = at_once(work, [7, 7], 2)
    assert first is not second


def test_counting_puts_the_zeros_back() -> None:
    """Else the next group would find what the last one used."""
    pairs = [(a, a % 7) for a in range(40)] + [(a, 7 + a) for a in range(40)]
    world = world_of(graph_of(40, [(PAYMENT, pairs)]))
    groups = groups_of(np.arange(40) % 3, 3)
    first, second = (score(world, count(world, groups)).saved.tolist() for _ in range(2))
    assert first == second
    assert not zeros(47).any()


def run(program: str, **environment: str) -> str:
    made = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": FOLDER, "PATH": "", **environment},
    )  # fmt: skip
    return made.stdout.strip()


def test_what_is_compiled_is_kept_and_the_formulas_are_part_of_its_name(tmp_path: Path) -> None:
    program = "from linkage.rings.codelength import log2_binomial; print(log2_binomial(4.0, 2.0))"
    first, second = (run(program, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert first == second == "2.584962844848633"
    kept = [path.name for path in tmp_path.rglob("*.nbi")]
    assert len(kept) == len([name for name in kept if FORMULAS in name]) == 3


def test_without_a_folder_to_keep_it_in_it_is_compiled_anew() -> None:
    """numba then says that there is no locator for a cache."""
    program = (
        "from numba.core.caching import CacheImpl; CacheImpl._locator_classes = []\n"
        "from linkage.rings.codelength import kl_bits; print(kl_bits(1.0, 0.25))"
    )
    assert run(program) == "2.0"
