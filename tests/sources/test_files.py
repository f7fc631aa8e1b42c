from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from linkage.errors import ConfigError, InputRefused, StorageFault
from linkage.sources.files import Format, file_sha256, find_files, shown_path


def found(folder: Path, paths: Any, **how: Any) -> list[tuple[str, Format, bool]]:
    files = find_files("s", paths, folder / "linkage.toml", **how)
    return [(file.shown, file.format, file.copy) for file in files]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_a_file_a_glob_a_list_each_file_once_in_order_of_path(tmp_path: Path) -> None:
    touch(tmp_path, "b.csv", "a.csv", "deep/er/c.csv", "a.txt")
    assert found(tmp_path, "a.csv") == [("a.csv", Format.CSV, False)]
    assert [name for name, _, _ in found(tmp_path, "*.csv")] == ["a.csv", "b.csv"]
    assert [name for name, _, _ in found(tmp_path, ["b.csv", "*.csv", "./a.csv"])] == ["a.csv", "b.csv"]
    assert [name for name, _, _ in found(tmp_path, "**/*.csv")] == ["a.csv", "b.csv", "deep/er/c.csv"]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.parquet", Format.PARQUET),
        ("a.csv", Format.CSV),
        ("a.tsv", Format.CSV),
        ("a.CSV", Format.CSV),
        ("a.csv.gz", Format.CSV),
        ("a.2026.csv.zst", Format.CSV),
        ("a.ndjson", Format.NDJSON),
        ("a.jsonl.gz", Format.NDJSON),
        ("a.json", Format.NDJSON),
        ("a.b.parquet", Format.PARQUET),
    ],
)
def test_the_ending_says_how_a_file_is_read(tmp_path: Path, name: str, form: Format) -> None:
    touch(tmp_path, name)
    assert found(tmp_path, name) == [(name, form, False)]


@pytest.mark.parametrize("name", ["a.txt", "a", "a.gz", "a.parquet.gz", "a.csv.bz2", "a.xlsx", ".csv", "a.csv.GZ"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    with pytest.raises(
        InputRefused, match=rf"sources\.s\.path: the ending of '{name}' is not known\. Known: \.parquet,"
    ):
        found(tmp_path, name)


def test_no_match_and_a_folder_leave_the_source_empty(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with pytest.raises(InputRefused) as caught:
        found(tmp_path, "no-*.csv")
    assert str(caught.value) == (
        "sources.s.path: source 's' is empty: 'no-*.csv' matches no file. "
        "Check the path (it is relative to the config)."
    )
    with pytest.raises(InputRefused, match=r"'logs/' is a folder\. Write 'logs/\*\.parquet' or such\.$"):
        found(tmp_path, "logs/")
    with pytest.raises(ConfigError, match=r"sources\.s\.path: the list of files is empty"):
        found(tmp_path, [])


def test_a_name_with_glob_characters_is_itself_when_it_exists(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].csv", "a1.csv")
    assert [name for name, _, _ in found(tmp_path, "a[1].csv")] == ["a[1].csv"]
    os.remove(tmp_path / "a[1].csv")
    assert [name for name, _, _ in found(tmp_path, "a[1].csv")] == ["a1.csv"]


def test_the_second_file_with_the_same_bytes_is_a_copy(tmp_path: Path) -> None:
    for name in ("c.csv", "a.csv", "b.csv"):
        (tmp_path / name).write_text("same" if name != "b.csv" else "other")
    assert [(name, copy) for name, _, copy in found(tmp_path, "*.csv")] == [
        ("a.csv", False),
        ("b.csv", False),
        ("c.csv", True),
    ]
    assert not any(copy for _, _, copy in found(tmp_path, "*.csv", hashed=False))


def test_sizes_and_hashes_are_those_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"abc")
    (file,) = find_files("s", "a.csv", tmp_path / "linkage.toml")
    assert (file.bytes, file.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert find_files("s", "a.csv", tmp_path / "linkage.toml", hashed=False)[0].sha256 == ""


def test_a_file_that_cannot_be_read_is_a_storage_fault(tmp_path: Path) -> None:
    with pytest.raises(StorageFault, match=r"gone\.csv: No such file or directory\. Check the file"):
        file_sha256(tmp_path / "gone.csv")


def test_paths_are_shown_relative_to_the_config(tmp_path: Path) -> None:
    assert shown_path(tmp_path / "x/a.csv", tmp_path / "linkage.toml") == "x/a.csv"
    assert shown_path(tmp_path / "a.csv", tmp_path / "conf/linkage.toml") == "../a.csv"
