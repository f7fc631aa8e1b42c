from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linkage.yardstick.templates import volume as module
from linkage.yardstick.templates.volume import Volume, batches, write_volume


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Volume:
    monkeypatch.setattr(module, "BATCH", 400)
    monkeypatch.setattr(module, "READ", 300)
    return Volume(prompts=1_000, templates=20, accounts=30)


def read(folder: Path) -> pa.Table:
    return pa.Table.from_batches(batches(folder))


def test_a_volume_has_its_prompts_of_a_kilobyte_and_is_read_in_batches(small: Volume, tmp_path: Path) -> None:
    write_volume(tmp_path, small)
    assert [batch.num_rows for batch in batches(tmp_path)] == [300, 100, 300, 100, 200]
    table = read(tmp_path)
    assert pc.count_distinct(table["account"]).as_py() == 30
    assert 850 < pc.mean(pc.binary_length(table["prompt"])).as_py() < 1_100


def test_what_is_there_is_not_written_again_and_the_same_volume_has_the_same_prompts(
    small: Volume, tmp_path: Path
) -> None:
    write_volume(tmp_path / "one", small)
    write_volume(tmp_path / "two", small)
    assert read(tmp_path / "one").equals(read(tmp_path / "two"))
    kept = (tmp_path / "one/part-0000.parquet").stat().st_mtime_ns
    (tmp_path / "one/part-0001.parquet").unlink()
    write_volume(tmp_path / "one", small)
    assert read(tmp_path / "one").equals(read(tmp_path / "two"))
    assert (tmp_path / "one/part-0000.parquet").stat().st_mtime_ns == kept


def test_volumes_of_other_sizes_have_other_folders() -> None:
    assert Volume(10, 2, 3).name == "prompts-10-2-3-7"
