from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from linkage.errors import RunLocked, StorageFault
from linkage.state import hold_lock

HOLDER = ".lock-holder.json"
HOLD = """
import sys, time
from pathlib import Path
from linkage.state import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_elsewhere(output: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(output)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def refusal(output: Path) -> str:
    with pytest.raises(RunLocked) as caught, hold_lock(output):
        pytest.fail("the lock was given twice")
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_the_lock_is_held_by_one_and_free_afterwards(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "runs"
    for _ in range(2):
        with hold_lock(output):
            assert refusal(output).startswith(f"{output}: another run holds the lock (process {os.getpid()} on ")
        assert sorted(path.name for path in output.iterdir()) == [".lock"]


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(tmp_path):
        raise ZeroDivisionError
    with hold_lock(tmp_path):
        pass


def test_each_output_folder_has_a_lock_of_its_own(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "a"), hold_lock(tmp_path / "b"):
        assert "another run" in refusal(tmp_path / "a")


def test_the_refusal_names_process_host_and_start_of_the_holder(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path) as process:
        since = json.loads((tmp_path / HOLDER).read_text())["since"]
        assert refusal(tmp_path) == (
            f"{tmp_path}: another run holds the lock (process {process.pid} on {socket.gethostname()}, since {since}). "
            "Wait until it ends, or stop it."
        )
        assert abs(datetime.now(UTC) - datetime.fromisoformat(since)) < timedelta(minutes=2)


def test_the_lock_is_free_after_a_crash(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert json.loads((tmp_path / HOLDER).read_text())["pid"] == process.pid
        with hold_lock(tmp_path):
            assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("written", [None, "", "[]", "7", "{}", '{"pid": 1}', "\x00"])
def test_a_holder_that_has_not_signed_is_not_named(tmp_path: Path, written: str | None) -> None:
    with hold_lock(tmp_path):
        (tmp_path / HOLDER).unlink()
        if written is not None:
            (tmp_path / HOLDER).write_text(written)
        assert "(its holder has not signed yet)" in refusal(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output, why in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "runs", "Not a directory")):
        with pytest.raises(StorageFault) as caught, hold_lock(output):
            pytest.fail("a file was taken for a folder")
        assert str(caught.value) == f"{output}: can't write there: {why}. Free space, or choose another output.dir."
        assert caught.value.exit_code == 5


def test_a_full_disk_gives_the_lock_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(StorageFault, match="No space left on device"), hold_lock(tmp_path):
            pytest.fail("the holder could not sign")
    with hold_lock(tmp_path):
        pass
