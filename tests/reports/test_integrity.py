"""Hashes of a run's tables."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from linkage.errors import HashMismatch, StorageFault
from linkage.reports.integrity import check_tables, sha256
from linkage.reports.run import Run


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256(tmp_path / "f") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(StorageFault, match=r"none: can't be read: .* Restore the file\.$"):
        sha256(tmp_path / "none")


def test_a_run_as_published_passes(run: Run) -> None:
    check_tables(run.path, run.manifest)


def test_one_changed_byte_is_found(run: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "run"))
    table = copy / "4-rings/pools.parquet"
    table.write_bytes(table.read_bytes()[:-1] + b"2")
    with pytest.raises(HashMismatch) as caught:
        check_tables(copy, run.manifest)
    assert str(caught.value) == (
        f"{copy}: 4-rings/pools.parquet does not match its SHA-256 in manifest.json. "
        "Restore the run folder, or run again; nothing was written."
    )
    assert caught.value.exit_code == 7
