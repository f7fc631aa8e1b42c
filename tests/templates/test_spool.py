from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from linkage.errors import StorageFault
from linkage.templates.spool import Spool


def test_batches_come_back_in_their_order_with_their_columns(tmp_path: Path) -> None:
    batches = [
        pa.record_batch({"a": [1, 2]}).replace_schema_metadata({"group": "0"}),
        pa.record_batch({"b": ["x", None], "c": [b"1", b"2"]}),
        pa.record_batch({"a": pa.array([], pa.int64())}),
    ]
    with Spool(tmp_path) as spool:
        for batch in batches:
            spool.put(batch)
        assert not list(tmp_path.iterdir())  # the file has no name
        found = list(spool.all())
    assert found == batches
    assert [batch.schema.metadata for batch in found] == [{b"group": b"0"}, None, None]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    with Spool(tmp_path) as spool:
        monkeypatch.setattr(pa.ipc, "new_stream", full)
        with pytest.raises(StorageFault, match="template ids can't be put aside: No space left on device"):
            spool.put(pa.record_batch({"a": [1]}))
