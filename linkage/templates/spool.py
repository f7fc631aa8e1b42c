"""Batches put aside on disk until all have been read; no text is among them, and what is there can't be read there."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.errors import StorageFault
from linkage.templates.siphash import enciphered

Packed = npt.NDArray[np.uint64]  # a number of its own, how many bytes it has, and these under the cipher


class Spool:
    """A file without a name: it is gone when it is closed, and when the process ends, however it ends.

    What is in it is enciphered under a key that only this process's memory holds: hashes of words in their order
    would be text to whoever counts how often each comes.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """``folder`` is where its disk is; None: where the system has temporary files."""
        self._folder, self._batches, self._numbers = folder, 0, count()
        self._key = np.frombuffer(secrets.token_bytes(16), np.uint64)

    def __enter__(self) -> Spool:
        self._file = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def packed(self, batch: pa.RecordBatch) -> Packed:
        """A batch, of any columns, as :meth:`put` takes it. For any thread."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        data = np.frombuffer(sink.getvalue(), np.uint8)
        out = np.zeros(2 + -(-len(data) // 8), np.uint64)
        out[:2] = next(self._numbers), len(data)
        out[2:].view(np.uint8)[: len(data)] = data
        enciphered(out[2:], out[0], *self._key)
        return out

    def put(self, packed: Packed) -> None:
        """Put a batch aside.

        Raises:
            StorageFault: the disk is full.
        """
        try:
            self._file.write(packed.data)
        except OSError as error:
            raise StorageFault(
                f"template ids can't be put aside: {error.strerror or error}.",
                where=str(self._folder or tempfile.gettempdir()), todo="Free space, then run again.",
            ) from error  # fmt: skip
        self._batches += 1

    def all(self) -> Iterator[Packed]:
        """What was put aside, in that order."""
        self._file.seek(0)
        for _ in range(self._batches):
            head = np.frombuffer(self._file.read(16), np.uint64)
            rest = np.frombuffer(self._file.read(-(-int(head[1]) // 8) * 8), np.uint64)
            yield np.concatenate([head, rest])

    def unpacked(self, packed: Packed) -> pa.RecordBatch:
        """The batch that was packed. For any thread, once: it lies where the packed one lay."""
        enciphered(packed[2:], packed[0], *self._key)
        with pa.ipc.open_stream(pa.py_buffer(packed[2:].view(np.uint8)[: int(packed[1])])) as stream:
            return stream.read_next_batch()
