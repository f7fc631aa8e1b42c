"""Ctrl-C waits for igraph: interrupted in the middle of Leiden, igraph 1.0 frees a bad pointer and the process dies."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Let what is inside come to its end before Ctrl-C stops the program.

    Does nothing where Ctrl-C is handled by somebody else's rules, or in another thread, which it never reaches. When
    what is inside fails, that error is raised, and the Ctrl-C is forgotten.

    Raises:
        KeyboardInterrupt: at the end, when Ctrl-C came meanwhile.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
