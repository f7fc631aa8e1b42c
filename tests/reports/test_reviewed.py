"""What reports quote of a review: only one of this very run, with its interval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from linkage.errors import StorageFault
from linkage.reports.exhibits import sha256
from linkage.reports.reviewed import EARLIER, NO_REVIEW, quoted, read_review, rests_on, review_of, stated_from
from tests.small_run import write_small_run

SHARE = {"estimate": 0.9412, "low": 0.86, "high": 0.982}


def line(verdict: str, share_of: str, **changed: Any) -> dict[str, Any]:
    counts = {"yes": 79, "no": 5, "unsure": 2}
    return {"verdict": verdict, "share_of": share_of, **counts, "unsure_left_out": SHARE, **changed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_run(tmp_path)


def put(folder: Path, **changed: Any) -> None:
    told = {"run_manifest_sha256": sha256(folder / "manifest.json"), "by_verdict": [line("suspect", "yes")], **changed}
    (folder / "review.json").write_text(json.dumps(told), encoding="ascii")


def test_a_sentence_has_the_share_its_interval_and_the_answers(folder: Path) -> None:
    put(folder)
    assert quoted(review_of(folder), "suspect") == (
        "People who reviewed a blind sample of this run said 'one operator' of 94.1% of the accounts in suspect rings "
        "(95 % interval 86.0% to 98.2%; 84 answers, 2 unsure)."
    )
    assert quoted(review_of(folder), "campus") == ""
    clear = {"by_verdict": [line("household", "no", yes=0, no=1, unsure=0)]}
    assert "said 'not one operator' of 94.1% of the accounts in household rings" in quoted(clear, "household")
    assert quoted(clear, "household").endswith("; 1 answer).")


def test_what_nobody_answered_is_not_quoted() -> None:
    silent = {"by_verdict": [line("suspect", "yes", unsure_left_out={"estimate": None, "low": 0.0, "high": 1.0})]}
    assert quoted(silent, "suspect") == quoted(None, "suspect") == ""


def test_a_review_of_another_run_is_not_quoted(folder: Path) -> None:
    put(folder, run_manifest_sha256="0" * 64)
    assert review_of(folder) is None
    assert rests_on(folder, "suspect")[1] == NO_REVIEW


def test_what_figures_rest_on(folder: Path) -> None:
    assert rests_on(folder, "suspect") == [f"Likelihood: {EARLIER}.", NO_REVIEW]
    manifest = json.loads((folder / "manifest.json").read_text())
    told = {**manifest, "likelihood": {"statement": "calibrated somehow"}}
    (folder / "manifest.json").write_text(json.dumps(told))
    put(folder)
    first, second = rests_on(folder, "suspect")
    assert first == "Likelihood: calibrated somehow."
    assert second.startswith("People who reviewed")
    assert stated_from(told) == "calibrated somehow"


def test_a_broken_review_is_said_to_be_one(folder: Path) -> None:
    (folder / "review.json").write_text("{")
    with pytest.raises(StorageFault, match=r"review\.json: can't be read"):
        review_of(folder)
    (folder / "review.json").write_text("[]")
    with pytest.raises(StorageFault, match="Score the review again"):
        read_review(folder / "review.json", folder)
