"""The command actions, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linkage.errors import ConfigError, HashMismatch
from tests.cli.test_review import call, fill
from tests.small_run import RING_IDS, write_small_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_run(tmp_path_factory.mktemp("runs")).parent


def test_people_read_what_it_is_before_the_list(runs: Path) -> None:
    said = call("actions", runs).stdout.splitlines()
    assert said[0].startswith("Linked is not guilty: this is the order in which to look, no list of culprits.")
    assert said[1] == "Likelihood: from a run of an earlier version: not calibrated."
    assert said[2].startswith("No review of this run is at hand")
    assert any(line.startswith("tier ") and "honest among the open" in line for line in said)
    left = said.index("Left out: your labels know these accounts")
    assert any("confirmed honest" in line for line in said[left:])
    assert "\x1b" not in "".join(said)


def test_options_bound_the_list(runs: Path) -> None:
    rows = json.loads(call("actions", runs, "--json").stdout)
    assert {row["tier"] for row in rows["accounts"]} == {"2", "3", "review"}
    assert [row["tier"] for row in rows["excluded"]] == ["excluded"] * len(rows["excluded"])
    assert not {r["account_id"] for r in rows["accounts"]} & {r["account_id"] for r in rows["excluded"]}
    assert len(json.loads(call("actions", runs, "--json", "--top", 3).stdout)["accounts"]) == 3
    only = json.loads(call("actions", runs, "--json", "--tier", "review").stdout)["accounts"]
    assert {row["tier"] for row in only} == {"review"}
    assert {row["ring_id"] for row in only} == {RING_IDS[3]}
    told = call("actions", runs, "--top", 2).stdout
    assert f"… and {len(rows['accounts']) - 2} more; --top 0 shows all" in told


def test_the_list_is_written_whole(runs: Path, tmp_path: Path) -> None:
    told = call("actions", runs, "--out", tmp_path / "list.csv").stdout
    rows = json.loads(call("actions", runs, "--json").stdout)["accounts"]
    assert told.splitlines()[-1] == f"Written: {tmp_path}/list.csv, {len(rows)} accounts."
    assert (tmp_path / "list.csv").read_bytes().count(b"\r\n") == len(rows) + 1
    with pytest.raises(ConfigError, match=r"\.csv or \.parquet"):
        call("actions", runs, "--out", tmp_path / "list.txt")


def test_a_review_of_the_run_is_used_and_one_of_another_refused(tmp_path: Path) -> None:
    runs, review = write_small_run(tmp_path / "runs").parent, tmp_path / "review"
    call("sample", runs, "--n", 40, "--out", review)
    fill(review)
    call("sample-score", review)
    assert json.loads(call("actions", runs, "--json").stdout)["reviewed"] is False
    told = json.loads(call("actions", runs, "--review", review, "--json").stdout)
    first = told["tiers"][0]
    assert told["reviewed"] is True
    assert first["reviewed"]["honest"] == 0.0
    assert 0 < first["reviewed"]["high"] < first["open"]
    call("sample-score", review, "--run", runs)
    assert json.loads(call("actions", runs, "--json").stdout)["reviewed"] is True
    manifest = runs / "latest" / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(ConfigError, match="this review is of another run"):
        call("actions", runs, "--review", review / "review.json")
    assert json.loads(call("actions", runs, "--json").stdout)["reviewed"] is False


def test_changed_tables_are_no_ground_for_a_list(tmp_path: Path) -> None:
    folder = write_small_run(tmp_path)
    (folder / "members.parquet").write_bytes(b"other")
    with pytest.raises(HashMismatch):
        call("actions", folder)
