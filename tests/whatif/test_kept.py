"""What was measured stands beside the run, and is only quoted of that run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from linkage.errors import StorageFault
from linkage.reports.run import Run, open_run
from linkage.state.manifest import check_hashes
from linkage.whatif.kept import keep, kept, place
from linkage.whatif.stability import MEMBERS, RINGS, Steadiness

NOTHING = Steadiness(RINGS.empty_table(), MEMBERS.empty_table())


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Run:
    """A copy of the run."""
    return open_run(shutil.copytree(run.path, tmp_path / "run"))


def test_it_is_kept_beside_the_run_which_stays_as_it_is(copy: Run) -> None:
    assert kept(copy) is None
    before = sorted(path for path in copy.path.rglob("*"))
    assert keep(copy, [2, 3], NOTHING) == place(copy) == copy.path.with_name("run.stability")
    found = kept(copy)
    assert found is not None
    assert (found.rings, found.members) == (NOTHING.rings, NOTHING.members)
    assert sorted(path for path in copy.path.rglob("*")) == before
    assert check_hashes(copy.path)
    keep(copy, [4], NOTHING)
    assert [path.name for path in sorted(copy.path.parent.iterdir())] == ["run", "run.stability"]


def test_of_another_run_it_is_not_quoted(copy: Run) -> None:
    keep(copy, [2], NOTHING)
    with (copy.path / "manifest.json").open("a") as file:
        file.write("\n")
    assert kept(copy) is None


@pytest.mark.parametrize(("name", "text"), [("about.json", "{"), ("about.json", "[]"), ("rings.parquet", "no")])
def test_a_broken_file_says_what_to_do(copy: Run, name: str, text: str) -> None:
    folder = keep(copy, [2], NOTHING)
    (folder / name).write_text(text)
    with pytest.raises(StorageFault, match=r"can't be read: .*\. Measure again with 'linkage stability'\."):
        kept(copy)


def test_a_place_that_cannot_be_written(copy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linkage.whatif.kept.place", lambda run: run.path / "none" / "x")
    with pytest.raises(StorageFault, match=r"can't write there: No such file or directory\. Check rights and space\."):
        keep(copy, [2], NOTHING)
