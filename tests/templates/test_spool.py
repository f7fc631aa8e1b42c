from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from linkage.errors import StorageFault
from linkage.templates.spool import HEAD, Spool


def test_batches_come_back_in_their_order_with_their_columns(tmp_path: Path) -> None:
    batches = [
        pa.record_batch({"a": [1, 2]}).replace_schema_metadata({"group": "0"}),
        pa.record_batch({"b": ["x", None], "c": [b"1", b"2"]}),
        pa.record_batch({"a": pa.array([], pa.int64())}),
    ]
    with Spool(tmp_path) as spool:
        for packed in map(spool.packed, batches):
            spool.put(packed)
        assert not list(tmp_path.iterdir())  # the file has no name
        found = [spool.unpacked(packed) for packed in spool.all()]
    assert found == batches
    assert [batch.schema.metadata for batch in found] == [{b"group": b"0"}, None, None]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    with Spool(tmp_path) as spool:
        packed = spool.packed(pa.record_batch({"a": [1]}))
        monkeypatch.setattr(spool, "_file", SimpleNamespace(write=full, close=spool._file.close))
        with pytest.raises(StorageFault, match="template ids can't be put aside: No space left on device"):
            spool.put(packed)


def test_what_is_on_disk_tells_nothing(tmp_path: Path) -> None:
    batch = pa.record_batch({"the name": np.full(1000, 7, np.uint64)})
    with Spool(tmp_path) as one, Spool(tmp_path) as two:
        packed = [spool.packed(batch) for spool in (one, one, two)]
        words = np.concatenate([np.frombuffer(each[HEAD.size :][:8000], np.uint64) for each in packed])
        assert len(np.unique(words)) == len(words)  # the same thousand words, three times
        assert not any(b"the name" in each for each in packed)
        assert one.unpacked(packed[1]) == one.unpacked(packed[0]) == batch


def test_what_was_changed_on_disk_is_not_taken_for_a_batch(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        packed = bytearray(spool.packed(pa.record_batch({"a": [1, 2, 3]})))
        packed[-20] ^= 1
        with pytest.raises(StorageFault, match="not what was put aside"):
            spool.unpacked(bytes(packed))
