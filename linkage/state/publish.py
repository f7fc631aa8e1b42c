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
            StorageFault: the disk refused; ``latest`` is as it was, and the run is hidden again.
        """
        target = self.output / self.run_id
        _refuse_foreign(self.output / LATEST)
        try:
            sync_tree(self.folder)
            os.rename(self.folder, target)
            try:
                sync(self.output)
                _point_latest(self.output, self.run_id)
            except OSError:
                os.rename(target, self.folder)
                raise
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
        StorageFault: ``latest`` is no link, or a file of the run can't be read or written.
    """
    run = Unfinished(output, run_id)
    _refuse_foreign(output / LATEST)
    try:
        _make_room(run)
        yield run
    except OSError as error:
        raise StorageFault(
            f"{error.strerror or error}.", where=str(error.filename or output), todo="Check rights and space."
        ) from error
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)


def _make_room(run: Unfinished) -> None:
    try:
        for leftover in sorted(run.output.glob(f"{_PREFIX}*")):
            shutil.rmtree(leftover)
        run.folder.mkdir(parents=True)
    except OSError as error:
        raise StorageFault(
            f"can't write there: {error.strerror}.", where=str(run.output), todo="Check rights and space."
        ) from error


def _refuse_foreign(link: Path) -> None:
    """Whoever made a file or folder of this name should not lose it, nor learn of it after an hour's work."""
    if os.path.lexists(link) and not link.is_symlink():
        raise StorageFault(
            "this is no link, so it can't be moved to the new run.", where=str(link), todo="Give it another name."
        )


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
    link = output / LATEST
    before = os.readlink(link) if link.is_symlink() else None
    _relink(link, run_id)
    try:
        sync(output)
    except OSError:
        if before is None:
            link.unlink()
        else:
            _relink(link, before)
        raise


def _relink(link: Path, target: str) -> None:
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target, target_is_directory=True)
    os.replace(new, link)


def write_table(table: pa.Table, path: Path) -> None:
    """Write one Parquet file; the same rows give the same bytes, however they lie in memory.

    Raises:
        StorageFault: the disk refused.
    """
    try:
        # pages end where chunks do, and chunks come as the engine's threads made them
        pq.write_table(table.combine_chunks(), path, compression="zstd", row_group_size=ROW_GROUP)
    except OSError as error:
        raise StorageFault(
            f"can't write the table: {error}.", where=str(path), todo="Free space, then run again."
        ) from error
