from __future__ import annotations

import doctest
import os
from pathlib import Path

import pytest

from linkage.errors import InputRefused, StorageFault
from linkage.sources import folders, shapes
from linkage.sources.files import find_files
from linkage.sources.folders import find_logs, glob_beside, paths_of


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_examples() -> None:
    for module in (folders, shapes):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("files", "others", "paths"),
    [
        (["a.csv"], [], ["a.csv"]),
        (["p-0.csv", "p-1.csv"], [], ["p-*.csv"]),
        (["p-00.csv", "p-10.csv", "p-99.csv"], ["q-1.csv"], ["p-*.csv"]),
        (["p-0.csv", "p-1.csv"], ["p-2.csv"], ["p-0.csv", "p-1.csv"]),
        (["p-0.csv", "p-1.csv.gz"], [], ["p-0.csv", "p-1.csv.gz"]),
        (["p-0.csv", "p-1.csv", "p-0.csv.gz", "p-1.csv.gz"], [], ["p-*.csv", "p-*.csv.gz"]),
        (["2026-01-in.csv", "2026-02-in.csv"], ["2026-01-out.csv"], ["*-in.csv"]),
        (["4f.parquet", "a3.parquet"], [], ["*.parquet"]),
        (["s-2026-04.csv", "s-2026-11.csv"], [], ["s-*.csv"]),
        (["d=1/p.csv", "d=2/p.csv"], [], ["d=*/p.csv"]),
        (["x/y=1/d=1/p-0.csv", "x/y=1/d=2/p-0.csv", "x/y=2/d=1/p-7.csv"], ["x/z/p.csv"], ["x/y=*/d=*/p-*.csv"]),
        (["x/p-0.csv", "x/d=1/p-1.csv"], [], ["**/p-*.csv"]),
        (["x/p-0.csv", "x/p-1.csv", "y/p-0.csv"], ["z/p-0.csv"], ["x/p-*.csv", "y/p-0.csv"]),
        (["[x]/p-0.csv", "[x]/p-1.csv"], ["x/p-0.csv"], ["[[]x]/p-*.csv"]),
        (["p*-0.csv", "p*-1.csv"], ["pq-0.csv"], ["p[*]-*.csv"]),
    ],
)
def test_paths_name_just_these_files(tmp_path: Path, files: list[str], others: list[str], paths: list[str]) -> None:
    root = tmp_path / "a [b] c"  # the folder of the config is no part of a glob
    touch(root, *files, *others)
    config = root / "linkage.toml"
    found = [log for log in find_logs([root], config)[0] if log.shown in files]
    named = paths_of(found, config, [root])
    assert [path.replace("x/**", "**") for path in named] == paths
    assert {file.shown for file in find_files("s", named, config)} == set(files)


def test_no_folder_is_searched_that_nobody_named(tmp_path: Path) -> None:
    touch(tmp_path, "x/p-0.csv", "x/d/p-1.csv")
    found, _ = find_logs([tmp_path / "x/p-0.csv", tmp_path / "x/d/p-1.csv"], tmp_path / "linkage.toml")
    assert paths_of(found, tmp_path / "linkage.toml") == ["x/d/p-1.csv", "x/p-0.csv"]


def test_a_folder_gives_its_logs_and_tells_of_what_else_is_there(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "b/c.jsonl.gz", "b/read.me", "x.toml", ".hidden.csv", "_SUCCESS", "_tmp/p.csv", ".g/p.csv")
    touch(tmp_path, "runs/r1/manifest.json", "runs/r1/rings.parquet", "runs/r1/4-rings/rings.parquet")
    touch(tmp_path, "runs/refused/quarantine.parquet", "OP-1-summary/manifest.json", "OP-1-summary/SHA256SUMS")
    touch(tmp_path, "OP-1-summary/members.csv", "mine/manifest.json")
    os.symlink(tmp_path, tmp_path / "b" / "round")
    found, left = find_logs([tmp_path, tmp_path / "a.csv"], tmp_path / "linkage.toml")
    assert [file.shown for file in found] == ["a.csv", "b/c.jsonl.gz", "mine/manifest.json"]
    (told,) = left
    assert str(told).startswith("b/read.me and 1 more: no log by the ending of the name. Known: .parquet")


def test_a_file_that_is_named_and_no_log_is_told_by_itself(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "b.txt", "c/d.txt", "c/e.txt")
    _, left = find_logs([tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c"], tmp_path / "linkage.toml")
    assert [one.shown for one in left] == ["a.txt", "b.txt", "c/d.txt and 1 more"]


def test_globs_are_taken_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a-1.csv", "a-2.csv")
    config = tmp_path / "linkage.toml"
    assert [file.shown for file in find_logs([tmp_path / "a-*.csv"], config)[0]] == ["a-1.csv", "a-2.csv"]
    with pytest.raises(InputRefused, match="matches no file"):
        find_logs([tmp_path / "a-1.csv", tmp_path / "b.csv"], config)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_can_t_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(StorageFault, match="can't be read"):
        find_logs([tmp_path], tmp_path / "linkage.toml")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("part-0.csv", "part-*.csv"), ("x/s-2026-04.csv.gz", "x/s-*.csv.gz"), ("accounts.csv", ""),
     ("[1]/p1.csv", "[[]1]/p*.csv")],
)  # fmt: skip
def test_files_beside_one_are_those_with_other_numbers(tmp_path: Path, name: str, pattern: str) -> None:
    touch(tmp_path, name)
    (file,), _ = find_logs([tmp_path / name], tmp_path / "linkage.toml")
    assert glob_beside(file) == pattern
