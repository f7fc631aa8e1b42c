"""Batches put aside on disk until all have been read; no text is among them, and what is there can't be read there."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from linkage.errors import StorageFault

HEAD = struct.Struct("<QQ")  # of what was put aside: a number that no other has, and how many bytes come


class Spool:
    """A file without a name: it is gone when it is closed, and when the process ends, however it ends.

    What is in it is enciphered under a key that only this process's memory holds: hashes of words in their order
    would be text to whoever counts how often each comes.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """``folder`` is where its disk is; None: where the system has temporary files."""
        self._folder, self._batches, self._numbers = folder, 0, count()
        self._cipher = AESGCM(AESGCM.generate_key(128))

    def __enter__(self) -> Spool:
        self._file = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def packed(self, batch: pa.RecordBatch) -> bytes:
        """A batch, of any columns, as :meth:`put` takes it. For any thread."""
        sink, number = pa.BufferOutputStream(), next(self._numbers)
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        data = self._cipher.encrypt(_nonce(number), memoryview(sink.getvalue()).cast("B"), None)
        return HEAD.pack(number, len(data)) + data

    def put(self, packed: bytes) -> None:
        """Put a batch aside.

        Raises:
            StorageFault: the disk is full.
        """
        try:
            self._file.write(packed)
        except OSError as error:
            raise StorageFault(
                f"template ids can't be put aside: {error.strerror or error}.",
                where=str(self._folder or tempfile.gettempdir()), todo="Free space, then run again.",
            ) from error  # fmt: skip
        self._batches += 1

    def all(self) -> Iterator[bytes]:
        """What was put aside, in that order."""
        self._file.seek(0)
        for _ in range(self._batches):
            head = self._file.read(HEAD.size)
            yield head + self._file.read(HEAD.unpack(head)[1])

    def unpacked(self, packed: bytes) -> pa.RecordBatch:
        """The batch that was packed. For any thread.

        Raises:
            StorageFault: the disk gave back something else.
        """
        number, _ = HEAD.unpack_from(packed)
        try:
            data = self._cipher.decrypt(_nonce(number), memoryview(packed)[HEAD.size :], None)
        except InvalidTag as error:
            raise StorageFault(
                "what the disk gave back is not what was put aside for template ids.",
                where=str(self._folder or tempfile.gettempdir()), todo="Check the disk, then run again.",
            ) from error  # fmt: skip
        with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
            return stream.read_next_batch()


def _nonce(number: int) -> bytes:
    """What makes a message under one key unlike every other: its number."""
    return number.to_bytes(12, "little")
