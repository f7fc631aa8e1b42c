"""The commands sample and sample-score, as they are typed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from linkage.cli.app import app
from linkage.errors import ConfigError, HashMismatch, LinkageError
from linkage.reports.exhibits import sha256
from tests.small_run import RUN_ID, write_small_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one run."""
    return write_small_run(tmp_path_factory.mktemp("runs")).parent


def call(*words: object) -> Result:
    """What a command prints; linkage's own errors come out as they are."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, LinkageError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def fill(folder: Path) -> None:
    """Answer the sheet in its place: yes to suspects, no to the others."""
    path = folder / "for-reviewers" / "sheet.csv"
    sheet, key = pd.read_csv(path, dtype=str), pd.read_parquet(folder / "key.parquet")
    said = ["yes" if verdict == "suspect" else "no" for verdict in key["verdict"]]
    sheet.assign(answer=said, reviewer="Ann").to_csv(path, index=False)


def test_from_a_run_to_its_precision(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "review"
    lines = call("sample", runs, "--n", 40, "--seed", 3, "--out", folder).stdout.splitlines()
    assert lines == [
        f"40 items, 8 of them controls, in {folder}/for-reviewers.",
        f"Give reviewers that folder alone. {folder}/key.parquet says what is what; its SHA-256 is",
        sha256(folder / "key.parquet"),
        f"Next: put the filled sheets there, then linkage sample-score {folder}",
    ]
    fill(folder)
    told = call("sample-score", folder).stdout
    assert told.startswith(f"40 of 40 items answered, by Ann; run {RUN_ID}.\n\nBy verdict\n")
    line = r"^suspect +20 +16 +0 +0 +yes +100\.0% +\d\d\.\d% to 100\.0% +100\.0%, 100\.0%"
    assert re.search(line, told, re.MULTILINE)
    assert "\nControls, linked but not in one ring: 0 yes, 8 no, 0 unsure; yes 0.0%, 95 % interval 0.0% to" in told
    written, labels = told.splitlines()[-2:]
    assert written == f"Written: {folder}/review.json"
    assert labels.startswith("runs/latest is not the run that was reviewed: name it with --run, so that its reports")
    assert labels.endswith(f'As labels for the next run: path = ["…", "{folder}/labels.parquet"]')
    assert "Error rates of this run may be quoted from this review" in told


def test_json(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "review"
    made = json.loads(call("sample", runs, "--n", 40, "--out", folder, "--json").stdout)
    assert made == {
        "folder": str(folder), "items": 40, "controls": 8, "key_sha256": sha256(folder / "key.parquet")
    }  # fmt: skip
    fill(folder)
    result = json.loads(call("sample-score", folder, folder / "for-reviewers/sheet.csv", "--json").stdout)
    assert result == json.loads((folder / "review.json").read_text(encoding="ascii"))


def test_several_reviewers_and_hostile_names(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "review"
    call("sample", runs, "--n", 40, "--out", folder)
    fill(folder)
    sheet = pd.read_csv(folder / "for-reviewers/sheet.csv", dtype=str)
    sheet.assign(reviewer="\x1b[31mBo").to_csv(folder / "for-reviewers/bo.csv", index=False)
    told = call("sample-score", folder).stdout
    assert "\\x1b[31mBo and Ann: the same answer to 40 of 40 items, Cohen's kappa 1.00." in told
    assert "\x1b" not in told
    sheet.assign(answer="no", reviewer=["Ann", "Bo"] * 20).to_csv(tmp_path / "apart.csv", index=False)
    assert "kappa" not in call("sample-score", folder, tmp_path / "apart.csv").stdout


def test_a_changed_run_is_not_sampled(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs / RUN_ID, tmp_path / "run"))
    (copy / "members.parquet").write_bytes((copy / "rings.parquet").read_bytes())
    with pytest.raises(HashMismatch):
        call("sample", copy, "--out", tmp_path / "review")
    assert not (tmp_path / "review").exists()


def test_answers_are_never_overwritten(runs: Path, tmp_path: Path) -> None:
    call("sample", runs, "--n", 40, "--out", tmp_path / "review")
    with pytest.raises(ConfigError, match="exists already"):
        call("sample", runs, "--n", 40, "--out", tmp_path / "review")


def test_a_review_is_quoted_by_the_run_that_it_is_about(tmp_path: Path) -> None:
    runs = write_small_run(tmp_path / "runs").parent
    folder = tmp_path / "review"
    call("sample", runs, "--n", 40, "--out", folder)
    fill(folder)
    assert "No person has reviewed" in call("show", "R-AAAAAAAAAA", "--run", runs).stdout
    told = call("sample-score", folder, "--run", runs).stdout
    assert "The run's own reports and 'linkage actions' quote it from now on." in told
    assert (runs / "latest" / "review.json").read_bytes() == (folder / "review.json").read_bytes()
    said = "said 'one operator' of 100.0% of the accounts in suspect rings (95 % interval"
    for name in ("R-AAAAAAAAAA", "OP-AAAAAAAAAA"):
        assert said in call("show", name, "--run", runs).stdout
    home = call("show", "R-CCCCCCCCCC", "--run", runs).stdout
    assert "'not one operator' of 100.0% of the accounts in household" in home
    call("export", "OP-AAAAAAAAAA", "--run", runs, "--out", tmp_path / "summary")
    assert "100.0% of the accounts in suspect rings" in (tmp_path / "summary" / "summary.html").read_text()


def test_answers_on_suspects_become_labels(tmp_path: Path) -> None:
    runs = write_small_run(tmp_path / "runs").parent
    folder = tmp_path / "review"
    call("sample", runs, "--n", 40, "--out", folder)
    sheet = pd.read_csv(folder / "for-reviewers" / "sheet.csv", dtype=str)
    key = pd.read_parquet(folder / "key.parquet")
    said = ["yes", "no", "unsure"] * 13 + ["yes"]
    sheet.assign(answer=said, reviewer="Ann").to_csv(folder / "for-reviewers" / "sheet.csv", index=False)
    call("sample-score", folder)
    told = pd.read_parquet(folder / "labels.parquet")
    by_item = dict(zip(sheet["item"], said, strict=True))
    word = {"yes": "reviewed_operator", "no": "reviewed_honest"}
    expected = {row.account_id: word[by_item[row.item]] for row in key.itertuples()
                if row.verdict == "suspect" and by_item[row.item] != "unsure"}  # fmt: skip
    assert dict(zip(told["account_id"], told["label"], strict=True)) == expected
    assert len(set(expected.values())) == 2
