"""Loops over arrays that numba compiles on their first use.

What is compiled is kept on disk: beside the module, or in the user's cache folder where that can't be written. Where
neither can, each process compiles anew. numba compiles again what changed in a function's own module, and no more:
who calls compiled functions of other modules gives ``version``, which changes with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; while it runs, other threads run, too."""
    return cast(Callable[P, R], kept(numba.njit, loop, nogil=True, error_model="numpy"))


def kept(way: Callable[..., Any], function: Callable[..., Any], version: str = "", **options: Any) -> Any:
    """Compile ``function`` in numba's ``way``, and keep the result on disk where there is room for it."""
    if version:
        function.__qualname__ += f".{version}"  # part of the name under which numba keeps it
    try:
        return way(cache=True, **options)(function)
    except RuntimeError:  # there is no folder to keep it in
        return way(**options)(function)
