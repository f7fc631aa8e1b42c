"""A step in a process of its own, forked from one that has the libraries loaded: imports would take most time."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

CONTEXT = multiprocessing.get_context("forkserver")


def apart(words: list[str], seconds: float) -> str:
    """Run :func:`linkage.yardstick.measure.main` with these words; returns its error, '' when it did its work.

    Raises:
        TimeoutError: it was not done after so many seconds; it is ended.
    """
    CONTEXT.set_forkserver_preload(["linkage.yardstick.measure"])
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_run, args=(words, sender))
    process.start()
    sender.close()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError
    if process.exitcode == 0:
        return ""
    try:
        return str(receiver.recv())
    except EOFError:
        return f"its process ended with {process.exitcode}"  # killed, as when memory ran out


def _run(words: list[str], sender: Connection) -> None:
    from linkage.yardstick.measure import main

    try:
        main(words)
    except Exception as error:
        sender.send(f"{type(error).__name__}: {error}")
        raise SystemExit(1) from error
