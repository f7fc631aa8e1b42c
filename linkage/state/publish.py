"""A run is written to a hidden folder and published whole: files synced, one rename, then ``latest`` is moved.

Until the rename a reader sees nothing of the run; ``latest`` is a symbolic link that one rename replaces, so it names
either the run before or the new one, and both are complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.errors import StorageFault

LATEST = "latest"
ROW_GROUP = 1 << 17  # rows; fixed, so that bytes do not depend on a library's default
_PREFIX = ".unfinished-"


@dataclass(frozen=True)
class Unfinished:
    """A run folder that nobody sees yet."""

    output: Path
    run_id: str

    @property
    def folder(self) -> Path:
        """Where its files go."""
        return self.output / f"{_PREFIX}{self.run_id}"

    def publish(self) -> Path:
        """Sync every file, rename the folder to its run id, and move ``latest``; returns the published folder.

        Raises:
            StorageFault: the disk refused; ``latest`` is as it was.
        """
        target = self.output / self.run_id
        try:
            sync_tree(self.folder)
            os.rename(self.folder, target)
            sync(self.output)
            _point_latest(self.output, self.run_id)
        except OSError as error:
            raise StorageFault(
                f"can't publish the run: {error.strerror}.", where=str(self.output), todo="Free space, then run again."
            ) from error
        return target


@contextmanager
def unfinished_run(output: Path, run_id: str) -> Iterator[Unfinished]:
    """A hidden folder for a run; removed at the end unless it was published. Call it with the lock held.

    Leftovers of runs that were killed are removed first: under the lock nobody else can be writing them.

    Raises:
        StorageFault: the folder can't be made.
    """
    run = Unfinished(output, run_id)
    try:
        for leftover in sorted(output.glob(f"{_PREFIX}*")):
            shutil.rmtree(leftover)
        run.folder.mkdir(parents=True)
    except OSError as error:
        raise StorageFault(
            f"can't write there: {error.strerror}.", where=str(output), todo="Check rights and space."
        ) from error
    try:
        yield run
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)


def latest(output: Path) -> Path | None:
    """The run folder that ``latest`` names, or None before the first run."""
    link = output / LATEST
    return link.resolve() if link.is_dir() else None


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below to the disk."""
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Flush one file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _point_latest(output: Path, run_id: str) -> None:
    new = output / f".{LATEST}.new"
    new.unlink(missing_ok=True)
    new.symlink_to(run_id, target_is_directory=True)
    os.replace(new, output / LATEST)
    sync(output)


def write_table(table: pa.Table, path: Path) -> None:
    """Write one Parquet file; the same rows give the same bytes.

    Raises:
        StorageFault: the disk refused.
    """
    try:
        pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)
    except OSError as error:
        raise StorageFault(
            f"can't write the table: {error}.", where=str(path), todo="Free space, then run again."
        ) from error
