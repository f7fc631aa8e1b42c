"""The summary folder: whole or absent, verifiable, the same each time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from linkage.errors import ConfigError, MissingExtra, NotFound, StorageFault
from linkage.reports import extras, page, summary
from linkage.reports.run import Run
from linkage.reports.summary import export_summary
from tests.small_run import OPERATOR, RING_IDS, RUN_ID

AGAIN = "import sys, linkage; from linkage.reports.summary import export_summary; from pathlib import Path\n" \
        "export_summary(linkage.open_run(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))"


@pytest.fixture(scope="module")
def made(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A summary of the operator cluster."""
    return export_summary(run, OPERATOR, tmp_path_factory.mktemp("out") / "summary")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_sums_are_those_of_sha256sum(made: Path) -> None:
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == len(contents(made)) - 1


def test_the_manifest_covers_every_file(run: Run, made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    files = contents(made)
    assert set(manifest["files"]) == set(files) - {"manifest.json", "SHA256SUMS"}
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert entry["bytes"] == len(files[name])
    assert manifest["files"]["members.csv"]["rows"] == 21
    assert manifest["run_id"] == RUN_ID
    assert manifest["run_manifest_sha256"] == hashlib.sha256((run.path / "manifest.json").read_bytes()).hexdigest()


def test_another_process_hash_seed_and_time_zone_give_the_same_bytes(run: Run, made: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", AGAIN, str(run.path), OPERATOR, str(tmp_path / "again")]
    subprocess.run(command, check=True, env=environment)
    assert contents(tmp_path / "again") == contents(made)


def test_a_ring_has_a_summary_too(run: Run, tmp_path: Path) -> None:
    folder = export_summary(run, RING_IDS[3], tmp_path / "ring")
    assert "Ring R-DDDDDDDDDD" in (folder / "summary.html").read_text(encoding="utf-8")


def test_the_folder_is_named_after_its_subject(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert export_summary(run, RING_IDS[2]) == tmp_path / "R-CCCCCCCCCC-summary"
    assert os.listdir(tmp_path) == ["R-CCCCCCCCCC-summary"]


def test_an_earlier_summary_is_replaced_by_force_only(run: Run, tmp_path: Path) -> None:
    folder = export_summary(run, RING_IDS[2], tmp_path / "s")
    with pytest.raises(ConfigError) as caught:
        export_summary(run, RING_IDS[3], folder)
    assert str(caught.value) == f"{folder}: exists already. Replace it with --force, or choose --out."
    export_summary(run, RING_IDS[3], folder, force=True)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["summary_of"] == RING_IDS[3]
    assert os.listdir(tmp_path) == ["s"]


@pytest.mark.parametrize("force", [True, False])
def test_what_is_no_summary_is_never_replaced(run: Run, tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        export_summary(run, RING_IDS[2], tmp_path, force=force)
    assert str(caught.value) == f"{tmp_path}: exists and is no earlier summary. Choose another one with --out."
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_failure_leaves_nothing_behind(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "render", full)
    with pytest.raises(StorageFault, match=r"can't be written: .*No space left.* choose another folder with --out\.$"):
        export_summary(run, RING_IDS[2], tmp_path / "s")
    assert os.listdir(tmp_path) == []


def test_an_earlier_summary_comes_back_when_the_new_one_cannot_take_its_place(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = export_summary(run, RING_IDS[2], tmp_path / "s")
    before, rename = contents(folder), Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if target == folder and not self.name.endswith("-old"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(StorageFault):
        export_summary(run, RING_IDS[3], folder, force=True)
    assert contents(folder) == before


def test_only_operators_and_rings_have_summaries(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        export_summary(run, "casa-0", tmp_path / "s")
    assert str(caught.value) == (
        "export: 'casa-0' is neither an operator cluster nor a ring. 'linkage rings' lists both."
    )
    with pytest.raises(NotFound, match="the nearest are 'OP-AAAAAAAAAA'"):
        export_summary(run, "OP-BBBBBBBBBB", tmp_path / "s")


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(MissingExtra) as caught:
        summary.export_summary(run, OPERATOR, tmp_path / "s")
    assert str(caught.value) == f"this needs {module}, which is not installed. Run: pip install jinja2 matplotlib"
