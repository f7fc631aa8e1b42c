"""The list with its figures, and the files that it is written to."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from linkage.actions.expected import by_likelihood, by_review
from linkage.actions.listing import NOTICE, action_list, check_format, write_list
from linkage.actions.tier import MEANINGS, Tier
from linkage.errors import ConfigError, StorageFault
from linkage.reports.run import Run, open_run
from tests.actions.test_tiers import label
from tests.small_run import FORMULA, A, write_small_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = write_small_run(tmp_path)
    label(folder, {A[9]: "staff", A[10]: "banned", A[11]: "operator"})
    return open_run(folder)


REVIEW = {"strata": [{"verdict": "suspect", "tier": f"core, likelihood {band}", "yes": 9, "no": 1, "unsure": 0}
                     for band in ("under 0.8", "from 0.8", "from 0.95")]}  # fmt: skip


def test_figures_are_of_the_open_accounts_of_tiers_that_claim(run: Run) -> None:
    found = action_list(run, REVIEW)
    assert sum(line.accounts for line in found.lines) == len(found.rows)
    assert [line.tier for line in found.lines] == [t for t in Tier if t in set(found.rows["tier"])]
    for line in found.lines:
        part = found.rows[found.rows["tier"] == line.tier]
        still = part[part["status"] == "open"]
        assert (line.accounts, line.open, line.done) == (len(part), len(still), int((part["status"] == "done").sum()))
        assert line.rings == part["ring_id"].nunique()
        claims = line.tier in (Tier.FIRST, Tier.NEXT)
        assert (line.expected is not None, line.reviewed is not None) == (claims, claims)
        if claims:
            assert line.expected == by_likelihood(still["likelihood"].to_numpy(), still["ring_id"].to_numpy())
            assert line.reviewed == by_review(still["stratum"], REVIEW)
    assert sum(line.done for line in found.lines) == 1


def test_without_a_review_nothing_is_said_of_one(run: Run) -> None:
    found = action_list(run, None)
    assert all(line.reviewed is None for line in found.lines)
    assert found.data()["reviewed"] is False
    assert found.data()["notice"] == NOTICE
    assert found.data()["likelihood"] == "from a run of an earlier version: not calibrated"
    assert json.dumps(found.data())


def test_the_list_is_all_but_the_excluded_ones(run: Run) -> None:
    found = action_list(run, None)
    assert A[9] not in set(found.only(None, 0)["account_id"])
    assert found.only(Tier.EXCLUDED, 0)["account_id"].tolist() == [A[9]]
    assert len(found.only(None, 4)) == 4
    assert set(found.only(Tier.REVIEW, 0)["tier"]) == {"review"}


def test_csv_cells_are_no_formulas_and_parquet_has_the_exact_names(run: Run, tmp_path: Path) -> None:
    rows = action_list(run, None).only(None, 0)
    write_list(rows, tmp_path / "list.csv")
    write_list(rows, tmp_path / "list.parquet")
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    assert FORMULA in set(rows["account_id"])
    assert f"'{FORMULA}" in {row["account_id"] for row in told}
    assert not [cell for row in told for cell in row.values() if cell.startswith(("=", "+", "@"))]
    assert {row["tier_means"] for row in told} == {MEANINGS[Tier(tier)] for tier in set(rows["tier"])}
    exact = pq.read_table(tmp_path / "list.parquet")
    assert exact["account_id"].to_pylist() == rows["account_id"].tolist()
    assert exact.schema.metadata == {b"notice": NOTICE.encode()}


def test_the_same_list_has_the_same_bytes(run: Run, tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        for name in ("a", "b"):
            write_list(action_list(run, None).only(None, 0), tmp_path / f"{name}.{ending}")
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_other_files_and_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the list is written as \.csv or \.parquet\."):
        check_format(tmp_path / "list.xlsx")
    with pytest.raises(StorageFault, match="can't be written"):
        write_list(pd.DataFrame({"tier": ["1"]}), tmp_path / "nowhere" / "list.csv")
