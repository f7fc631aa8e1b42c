from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkage
from linkage.errors import HashMismatch, StorageFault
from linkage.state.manifest import check_hashes, code_hash, sha256, table_hashes, versions, write_manifest

PACKAGE = Path(linkage.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with two tables and its manifest."""
    (tmp_path / "2-graph").mkdir()
    for number, name in enumerate(("rings", "2-graph/links"), start=1):
        pq.write_table(pa.table({"x": range(number)}), tmp_path / f"{name}.parquet")
    (tmp_path / "notes.txt").write_text("no table")
    write_manifest(tmp_path, {"tables": table_hashes(tmp_path)})
    return tmp_path


def test_sha256_is_the_one_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_tables_are_listed_by_their_place_with_hash_and_rows(folder: Path) -> None:
    told = table_hashes(folder)
    assert list(told) == ["2-graph/links.parquet", "rings.parquet"]
    assert {name: t["rows"] for name, t in told.items()} == {"2-graph/links.parquet": 2, "rings.parquet": 1}
    assert all(t["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest() for name, t in told.items())


def test_a_run_as_it_was_written_passes(folder: Path) -> None:
    assert check_hashes(folder) == 2


@pytest.mark.parametrize("name", ["rings.parquet", "2-graph/links.parquet"])
def test_one_changed_byte_is_noticed(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(HashMismatch) as caught:
        check_hashes(folder)
    assert str(caught.value) == (
        f"{folder / name}: its bytes are not those of the manifest. Do not rely on this run; run again."
    )
    assert caught.value.exit_code == 7


def test_a_missing_table_and_a_swapped_one_are_noticed(folder: Path) -> None:
    shutil.copy(folder / "rings.parquet", folder / "2-graph/links.parquet")
    with pytest.raises(HashMismatch, match="links"):
        check_hashes(folder)
    (folder / "2-graph/links.parquet").unlink()
    with pytest.raises(HashMismatch, match="links"):
        check_hashes(folder)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"tables": {"rings.parquet": ', "\xe9"])
def test_a_manifest_that_is_none(folder: Path, text: str | None) -> None:
    (folder / "manifest.json").unlink()
    if text is not None:
        (folder / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(StorageFault) as caught:
        check_hashes(folder)
    assert str(caught.value).startswith(f"{folder}/manifest.json: can't be read: ")
    assert str(caught.value).endswith(" Restore the run folder, or run again.")


def test_a_manifest_is_ascii_json_with_its_keys_in_order(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"b": "\x1b[31mé\u202e\udcff", "a": Path("x")})
    data = (tmp_path / "manifest.json").read_bytes()
    assert data.isascii()
    assert b"\x1b" not in data
    assert list(json.loads(data).items()) == [("a", "x"), ("b", "\x1b[31mé\u202e\udcff")]
    assert data.endswith(b"}\n")


def test_the_hash_of_the_code_covers_every_module_and_its_place(tmp_path: Path) -> None:
    first = shutil.copytree(PACKAGE, tmp_path / "first", ignore=shutil.ignore_patterns("__pycache__"))
    copy = Path(shutil.copytree(first, tmp_path / "second"))
    whole = code_hash(Path(first))
    assert code_hash(copy) == whole
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "x.pyc").write_bytes(b"compiled")
    assert code_hash(copy) == whole
    module = copy / "rings" / "score.py"
    module.write_text(module.read_text() + "\n")
    changed = code_hash(copy)
    module.rename(copy / "rings" / "scored.py")
    assert len({whole, changed, code_hash(copy)}) == 3


def test_versions_are_those_that_are_installed() -> None:
    told = versions()
    assert told["python"] == platform.python_version()
    assert {"duckdb", "igraph", "leidenalg", "numpy", "pyarrow", "scipy"} <= set(told)
    assert all(importlib.metadata.version(name) == told[name] for name in told if name != "python")


def test_a_library_that_is_missing_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.metadata.version

    def without_pandas(name: str) -> str:
        if name == "pandas":
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", without_pandas)
    assert "pandas" not in versions()
    assert "numpy" in versions()
