"""Loops that numba compiles on their first use, alone or in several threads.

A compiled function calls compiled functions of its own module and of :mod:`linkage.rings.codelength` only: with these
numba and :data:`FORMULAS` see when what is kept on disk (:mod:`linkage.engines.compiled`) is out of date.

A call with a tuple of arrays counts references to each of them, which takes longer than to read a link: in innermost
loops calls have single arrays and numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

import numba
import numpy as np
import numpy.typing as npt

from linkage.engines.compiled import kept

Int32s = npt.NDArray[np.int32]
P = ParamSpec("P")
R = TypeVar("R")
Item = TypeVar("Item")

FORMULAS = sha256(Path(__file__).with_name("codelength.py").read_bytes()).hexdigest()[:12]


def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; while it runs, other threads run, too."""
    return cast(Callable[P, R], kept(numba.njit, loop, FORMULAS, nogil=True, error_model="numpy"))


class Formula(Protocol):
    """A formula of numbers: compiled loops call it with numbers, all others with arrays, as a function of numpy."""

    @overload
    def __call__(self, *values: float) -> float: ...
    @overload
    def __call__(self, *values: Any) -> npt.NDArray[np.float64]: ...


def elementwise(formula: Callable[..., float]) -> Formula:
    """Compile a formula of numbers."""
    return cast(Formula, kept(numba.vectorize, formula, FORMULAS))


_own = threading.local()


def zeros(size: int) -> Int32s:
    """This thread's array of ``size`` zeros and more; whoever writes to it puts the zeros back."""
    held: Int32s | None = getattr(_own, "zeros", None)
    if held is None or len(held) < size:
        held = _own.zeros = np.zeros(size, dtype=np.int32)
    return held


def at_once(work: Callable[[Item], R], items: Iterable[Item], threads: int) -> list[R]:
    """The results of compiled work on each item, in their order, whichever is done first."""
    items = list(items)
    if min(threads, len(items)) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
