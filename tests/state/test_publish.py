"""Publishing: whole or not at all, whatever fails and whenever the process dies."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.errors import InputRefused, StorageFault
from linkage.state import Unfinished, unfinished_run, write_table
from linkage.state.publish import sync_tree

CALLS = ("fsync", "rename", "symlink", "replace")  # all that publishing asks of the system
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fill(run: Unfinished, text: str = "rows") -> None:
    """Two files, one of them in a numbered folder."""
    (run.folder / "1-sources").mkdir()
    (run.folder / "1-sources" / "accounts").write_text(text)
    (run.folder / "manifest").write_text(text)


def publish(output: Path, run_id: str) -> Path:
    with unfinished_run(output, run_id) as run:
        fill(run, run_id)
        return run.publish()


def is_whole(folder: Path) -> bool:
    texts = {folder.joinpath(name).read_text() for name in ("manifest", "1-sources/accounts")}
    return texts == {folder.name}


def names(output: Path) -> list[str]:
    return sorted(path.name for path in output.iterdir())


def failing_at(patch: pytest.MonkeyPatch, number: int, fail: Callable[[], Any]) -> list[str]:
    """The ``number``-th call of those in CALLS fails; returns the list of calls as they come."""
    made: list[str] = []

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            made.append(name)
            return fail() if len(made) == number else real(*words, **more)

        return call

    for name in CALLS:
        patch.setattr(os, name, watched(name, getattr(os, name)))
    return made


def full() -> None:
    raise FULL


def test_a_published_run_is_whole_and_latest_names_it(tmp_path: Path) -> None:
    for run_id in ("one", "two"):
        folder = publish(tmp_path, run_id)
        assert folder == tmp_path / run_id
        assert is_whole(folder)
        assert os.readlink(tmp_path / "latest") == run_id  # relative: the output folder may be moved
    assert names(tmp_path) == ["latest", "one", "two"]
    moved = tmp_path.rename(tmp_path.with_name("elsewhere"))
    assert is_whole((moved / "latest").resolve())


def test_nobody_sees_a_run_before_it_is_published(tmp_path: Path) -> None:
    publish(tmp_path, "one")
    with unfinished_run(tmp_path, "two") as run:
        fill(run)
        assert [name for name in names(tmp_path) if not name.startswith(".")] == ["latest", "one"]
    assert names(tmp_path) == ["latest", "one"]


def test_files_are_synced_before_the_rename_and_names_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        calls = failing_at(patch, 0, full)
        publish(tmp_path, "one")
    assert calls == [*["fsync"] * 4, "rename", "fsync", "symlink", "replace", "fsync"]  # two files, two folders


def test_every_file_and_folder_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("")
    (tmp_path / "file").write_text("")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.readlink(f"/proc/self/fd/{handle}")))
    sync_tree(tmp_path)
    assert sorted(synced) == sorted(map(str, [tmp_path, *tmp_path.rglob("*")]))


@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
@pytest.mark.parametrize("number", range(1, 10))
def test_a_fault_at_any_step_leaves_latest_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, first: bool
) -> None:
    if not first:
        publish(tmp_path, "one")
    before = names(tmp_path)
    with monkeypatch.context() as patch:
        calls = failing_at(patch, number, full)
        with pytest.raises(StorageFault) as caught:
            publish(tmp_path, "two")
    assert len(calls) >= number
    assert str(caught.value) == (
        f"{tmp_path}: can't publish the run: No space left on device. Free space, then run again."
    )
    assert [name for name in names(tmp_path) if name != ".latest.new"] == before
    assert first or os.readlink(tmp_path / "latest") == "one"
    assert is_whole(publish(tmp_path, "three"))
    assert os.readlink(tmp_path / "latest") == "three"


DIES = """
import os, sys
from pathlib import Path
from tests.state.test_publish import failing_at, publish
import pytest
base = Path(sys.argv[1])
for number in range(1, 10):
    output = base / str(number)
    output.mkdir()
    publish(output, "one")
    child = os.fork()
    if not child:
        failing_at(pytest.MonkeyPatch(), number, lambda: os._exit(9))
        publish(output, "two")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9, number
"""


def test_a_death_at_any_step_leaves_latest_whole_and_the_next_run_free(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=True, timeout=60, cwd=Path(__file__).parents[2])
    named = []
    for number in range(1, 10):
        output = tmp_path / str(number)
        named.append(os.readlink(output / "latest"))
        assert is_whole(output / named[-1])
        assert is_whole(publish(output, "three"))
        assert os.readlink(output / "latest") == "three"
        assert not [name for name in names(output) if name.startswith(".")]
    assert named == ["one"] * 8 + ["two"]  # the last step only syncs the new name


@pytest.mark.parametrize("made", ["file", "folder"])
def test_what_a_user_called_latest_is_not_touched(tmp_path: Path, made: str) -> None:
    link = tmp_path / "latest"
    if made == "file":
        link.write_text("mine")
    else:
        (link / "mine").mkdir(parents=True)
    with pytest.raises(StorageFault) as caught, unfinished_run(tmp_path, "one"):
        pytest.fail("the run began")
    assert str(caught.value) == f"{link}: this is no link, so it can't be moved to the new run. Give it another name."
    assert names(tmp_path) == ["latest"]
    assert link.read_text() == "mine" if made == "file" else (link / "mine").is_dir()


def test_latest_made_while_the_run_goes_on(tmp_path: Path) -> None:
    with unfinished_run(tmp_path, "one") as run:
        fill(run)
        (tmp_path / "latest").mkdir()
        with pytest.raises(StorageFault, match="no link"):
            run.publish()
    assert names(tmp_path) == ["latest"]


def test_a_link_to_nowhere_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("gone")
    (tmp_path / ".latest.new").symlink_to("gone too")
    publish(tmp_path, "one")
    assert names(tmp_path) == ["latest", "one"]
    assert os.readlink(tmp_path / "latest") == "one"


def test_a_run_of_the_same_id_is_kept(tmp_path: Path) -> None:
    publish(tmp_path, "one")
    (tmp_path / "one" / "more").write_text("")
    with pytest.raises(StorageFault, match="can't publish the run: Directory not empty"):
        publish(tmp_path, "one")
    assert (tmp_path / "one" / "more").exists()
    assert names(tmp_path) == ["latest", "one"]


def test_leftovers_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".unfinished-old" / "1-sources").mkdir(parents=True)
    (tmp_path / ".unfinished-old" / "1-sources" / "half").write_text("half")
    publish(tmp_path, "one")
    assert names(tmp_path) == ["latest", "one"]


def _run_until(output: Path, stop: BaseException) -> None:
    with unfinished_run(output, "one") as run:
        fill(run)
        raise stop


@pytest.mark.parametrize("stop", [ZeroDivisionError(), KeyboardInterrupt(), InputRefused("no rows.")])
def test_whatever_ends_a_run_early_leaves_nothing(tmp_path: Path, stop: BaseException) -> None:
    with pytest.raises(type(stop)) as caught:
        _run_until(tmp_path, stop)
    assert caught.value is stop
    assert names(tmp_path) == []


def test_a_fault_of_the_system_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(StorageFault) as caught, unfinished_run(tmp_path, "one") as run:
        (run.folder / "no" / "file").write_text("")
    missing = tmp_path / ".unfinished-one" / "no" / "file"
    assert str(caught.value) == f"{missing}: No such file or directory. Check rights and space."
    with pytest.raises(StorageFault, match="No space left on device"), unfinished_run(tmp_path, "one"):
        raise FULL


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = pytest.raises(StorageFault, match="can't write there: Not a directory")
    with refused, unfinished_run(tmp_path / "file", "one"):
        pytest.fail("a file was taken for a folder")


TABLE = pa.table({"id": [f"account-{i:07d}" for i in range(300_000)], "x": range(300_000)})


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, TABLE.num_rows), max_size=60))
def test_a_table_has_the_same_bytes_however_it_lies_in_memory(tmp_path_factory: pytest.TempPathFactory,
                                                              cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    ends = sorted({0, *cuts, TABLE.num_rows})
    parts = [TABLE.slice(a, b - a) for a, b in itertools.pairwise(ends)]
    write_table(pa.concat_tables(parts), folder / "cut")
    write_table(TABLE, folder / "whole")
    assert (folder / "cut").read_bytes() == (folder / "whole").read_bytes()


def test_a_table_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x.parquet"
    with pytest.raises(StorageFault) as caught:
        write_table(TABLE, path)
    assert str(caught.value).startswith(f"{path}: can't write the table: ")
    assert str(caught.value).endswith(" Free space, then run again.")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # bytes a file; stands for a disk that fills up
    try:
        with pytest.raises(StorageFault, match="can't write the table"):
            write_table(TABLE, tmp_path / "x.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
