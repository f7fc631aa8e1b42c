"""One run at a time in an output folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from linkage.errors import RunLocked, StorageFault


@contextmanager
def hold_lock(output: Path) -> Iterator[None]:
    """Hold the output folder's lock; the system frees it when the process ends, however it ends.

    Raises:
        RunLocked: another run holds it; the message names process, host and start.
        StorageFault: the folder can't be written.
    """
    holder = output / ".lock-holder.json"
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / ".lock")
        lock.acquire(blocking=False)
    except Timeout:
        raise RunLocked(
            f"another run holds the lock ({_describe(holder)}).",
            where=str(output),
            todo="Wait until it ends, or stop it.",
        ) from None
    except OSError as error:
        raise _cannot_write(output, error) from error
    try:
        _sign(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _sign(holder: Path) -> None:
    try:
        holder.write_text(json.dumps(_self()), encoding="utf-8")
    except OSError as error:
        raise _cannot_write(holder.parent, error) from error


def _cannot_write(output: Path, error: OSError) -> StorageFault:
    return StorageFault(
        f"can't write there: {error.strerror}.", where=str(output), todo="Free space, or choose another output.dir."
    )


def _self() -> dict[str, str | int]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat(timespec="seconds")}


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its holder has not signed yet"
