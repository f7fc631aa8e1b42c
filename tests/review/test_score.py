from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from linkage.errors import HashMismatch, InputRefused, StorageFault
from linkage.reports.exhibits import sha256
from linkage.review.draw import CONTROL
from linkage.review.intervals import exact, stratified
from linkage.review.score import READINGS, RESULT, score_review
from linkage.review.sheet import KEY, PAGE, SHEETS, read_key
from tests.small_run import RUN_ID


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A review folder to be filled in."""
    return Path(shutil.copytree(made, tmp_path / "review"))


@pytest.fixture
def key(made: Path) -> pd.DataFrame:
    return read_key(made)[0]


def fill(folder: Path, said: Mapping[str, str], reviewer: str = "Ann") -> Path:
    """Answers by item as a sheet of one reviewer, among the reviewers' files."""
    path = folder / SHEETS / f"{reviewer}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("item", "answer"), *said.items()])
    return path


def answers(key: pd.DataFrame, of: Callable[[Any], str]) -> dict[str, str]:
    return {row.item: of(row) for row in key.itertuples()}


def right(row: Any) -> str:
    return "yes" if row.verdict == "suspect" else "no"


def line(result: dict[str, Any], where: str, **names: str) -> dict[str, Any]:
    (found,) = [one for one in result[where] if all(one[k] == v for k, v in names.items())]
    return dict(found)


def test_a_run_that_is_right_throughout(folder: Path, key: pd.DataFrame) -> None:
    fill(folder, answers(key, right))
    result = score_review(folder)
    for one in (*result["by_verdict"], *result["strata"]):
        share = one["unsure_left_out"]
        assert share["estimate"] == (0 if one["verdict"] == "undetermined" else 1), one
        assert one["share_of"] == ("yes" if one["verdict"] in ("suspect", "undetermined") else "no")
        assert share["low"] < share["high"]
    assert {one["unsure_left_out"]["estimate"] for one in result["by_tier"]} == {1.0}
    assert result["controls"]["estimate"] == 0
    assert (result["answered"], result["items"], result["run_id"]) == (len(key), len(key), RUN_ID)


def test_shares_and_intervals_are_those_of_the_strata(folder: Path, key: pd.DataFrame) -> None:
    """Every third answer is wrong, every fifth unsure: recounted here from the key."""
    said = {
        row.item: "unsure" if i % 5 == 0 else ({"yes": "no", "no": "yes"}[right(row)] if i % 3 == 0 else right(row))
        for i, row in enumerate(key.itertuples())
    }
    fill(folder, said)
    result = score_review(folder)
    asked = key[key["verdict"] != CONTROL].assign(said=key["item"].map(said))
    for verdict, part in asked.groupby("verdict"):
        hit = "yes" if verdict in ("suspect", "undetermined") else "no"
        strata = [stratum for _, stratum in part.groupby("tier")]
        population = [int(s["population"].iloc[0]) for s in strata]
        hits = [int((s["said"] == hit).sum()) for s in strata]
        unsure = [int((s["said"] == "unsure").sum()) for s in strata]
        every = [len(s) for s in strata]
        left_out = stratified(population, hits, [n - u for n, u in zip(every, unsure, strict=True)])
        against, for_it = stratified(population, hits, every), stratified(
            population, [h + u for h, u in zip(hits, unsure, strict=True)], every
        )
        told = line(result, "by_verdict", verdict=str(verdict))
        for reading, share in zip(READINGS, (left_out, against, for_it), strict=True):
            assert told[reading]["estimate"] == pytest.approx(share.estimate)
            assert (told[reading]["low"], told[reading]["high"]) == pytest.approx((share.low, share.high))
        assert told["accounts"] == sum(population)
        assert told["yes"] + told["no"] + told["unsure"] == len(part)
        for stratum, n, x, u in zip(strata, every, hits, unsure, strict=True):
            one = line(result, "strata", verdict=str(verdict), tier=stratum["tier"].iloc[0])
            expected = exact(x, n - u)
            assert (one["unsure_left_out"]["low"], one["unsure_left_out"]["high"]) == (expected.low, expected.high)


def test_tiers_are_told_for_verdicts_that_claim_something(folder: Path, key: pd.DataFrame) -> None:
    fill(folder, answers(key, right))
    result = score_review(folder)
    claimed = key[~key["verdict"].isin([CONTROL, "undetermined"])]
    assert {one["tier"] for one in result["by_tier"]} == set(claimed["tier"])
    assert sum(one["yes"] + one["no"] for one in result["by_tier"]) == len(claimed)


def test_half_filled_sheets_are_scored_and_say_so(folder: Path, key: pd.DataFrame) -> None:
    half = dict(list(answers(key, right).items())[::2])
    fill(folder, half)
    result = score_review(folder)
    assert result["answered"] == len(half) < result["items"]
    assert sum(one["unanswered"] for one in result["by_verdict"]) == (
        len(key[key["verdict"] != CONTROL]) - len(set(half) & set(key[key["verdict"] != CONTROL]["item"]))
    )


def test_reviewers_who_differ_are_unsure_and_told(folder: Path, key: pd.DataFrame) -> None:
    first = answers(key, right)
    second = {item: ("no" if i % 4 == 0 else said) for i, (item, said) in enumerate(first.items())}
    paths = [fill(folder, first), fill(folder, second, "Bo")]
    result = score_review(folder)
    differ = sum(first[item] != second[item] for item in first)
    told = result["agreement"][0]
    assert (told["a"], told["b"], told["items"], told["same"]) == ("Ann", "Bo", len(first), len(first) - differ)
    assert 0 < told["kappa"] < 1
    assert differ == sum(one["unsure"] for one in result["by_verdict"]) + result["controls"]["unsure"]
    assert result["reviewers"] == ["Ann", "Bo"]
    listed = {sheet["name"]: sheet["sha256"] for sheet in result["sheets"]}
    assert {path.name: sha256(path) for path in paths}.items() <= listed.items()


def test_the_sheets_may_be_named(folder: Path, key: pd.DataFrame, tmp_path: Path) -> None:
    fill(folder, answers(key, lambda row: "no"))
    apart = shutil.move(fill(folder, answers(key, right), "Bo"), tmp_path / "bo.csv")
    result = score_review(folder, [Path(apart)])
    assert result["reviewers"] == ["bo"]
    assert line(result, "by_verdict", verdict="suspect")["no"] == 0


def test_the_result_is_a_file_that_says_what_may_be_quoted(folder: Path, key: pd.DataFrame) -> None:
    fill(folder, answers(key, right))
    result = score_review(folder)
    written = (folder / RESULT).read_text(encoding="ascii")
    assert json.loads(written) == result
    assert "Error rates of this run may be quoted from this review" in result["statement"]
    assert result["key_sha256"] == sha256(folder / KEY)
    assert score_review(folder) == result
    assert (folder / RESULT).read_text(encoding="ascii") == written


def test_nothing_is_written_when_a_sheet_is_refused_or_the_disk_is_full(
    folder: Path, key: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, {"item-9999": "yes"})
    with pytest.raises(InputRefused):
        score_review(folder)
    assert not (folder / RESULT).exists()
    fill(folder, answers(key, right))
    before = sorted(folder.iterdir())

    def full(path: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("linkage.review.score.sync", full)
    with pytest.raises(StorageFault, match=r"review\.json: can't be written: No space left on device"):
        score_review(folder)
    assert sorted(folder.iterdir()) == before


def test_a_page_that_was_changed_is_noticed(folder: Path, key: pd.DataFrame) -> None:
    fill(folder, answers(key, right))
    page = folder / SHEETS / PAGE
    page.write_text(page.read_text(encoding="utf-8").replace("B is the", "C is the"), encoding="utf-8")
    with pytest.raises(HashMismatch, match=r"sheet\.html: its bytes are not those of the key\. Sample and"):
        score_review(folder)
    page.unlink()
    assert score_review(folder)["answered"] == len(key)
