"""Batches of ids put aside on disk until families are known; no text is among them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from linkage.errors import StorageFault


class Spool:
    """A file without a name: it is gone when it is closed, and when the process ends, however it ends."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder`` is where its disk is; None: where the system has temporary files."""
        self._folder, self._batches = folder, 0

    def __enter__(self) -> Spool:
        self._file = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def put(self, batch: pa.RecordBatch) -> None:
        """Put a batch aside, of any columns.

        Raises:
            StorageFault: the disk is full.
        """
        try:
            with pa.ipc.new_stream(self._file, batch.schema) as stream:
                stream.write_batch(batch)
        except OSError as error:
            raise StorageFault(
                f"template ids can't be put aside: {error.strerror or error}.",
                where=str(self._folder or tempfile.gettempdir()), todo="Free space, then run again.",
            ) from error  # fmt: skip
        self._batches += 1

    def all(self) -> Iterator[pa.RecordBatch]:
        """What was put aside, in that order."""
        self._file.seek(0)
        for _ in range(self._batches):
            with pa.ipc.open_stream(self._file) as stream:
                yield stream.read_next_batch()
                for _ in stream:  # to the mark of its end
                    pass
