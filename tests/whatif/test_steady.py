"""Steadiness in a table and in sentences."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from linkage.reports.run import Run
from linkage.whatif.stability import MEMBERS, RINGS, Steadiness
from linkage.whatif.steady import UNKNOWN, account_told, ring_told, summary


@pytest.fixture(scope="module")
def found(run: Run) -> Steadiness:
    """Made up: the first ring lost half of its accounts with the second seed, and its last member with both."""
    rows, members = [], []
    for number, row in enumerate(run.rings.itertuples()):
        for seed in (2, 3):
            half = number == 0 and seed == 3
            rows.append({
                "ring_id": row.ring_id, "seed": seed, "accounts": row.accounts, "kept": row.accounts // 2,
                "found": row.accounts, "overlap": 0.25 if half else 0.75,
                "verdict": "household" if half else row.verdict,
            })  # fmt: skip
    first = run.rings["ring_id"].iloc[0]
    for number, account in enumerate(run.ring(first).members["account_id"]):
        members.append({"ring_id": first, "account_id": account, "seeds": 2, "stayed": 0 if number == 0 else 2})
    return Steadiness(pa.Table.from_pylist(rows, RINGS), pa.Table.from_pylist(members, MEMBERS))


def test_the_summary_counts_seeds(run: Run, found: Steadiness) -> None:
    table = summary(run, found)
    assert table["ring_id"].tolist() == run.rings["ring_id"].tolist()
    first, second = table.iloc[0], table.iloc[1]
    assert (first["seeds"], first["again"], first["same_verdict"]) == (2, 1, 1)
    assert (first["overlap"], first["least_overlap"]) == (0.5, 0.25)
    assert (second["again"], second["same_verdict"], second["least_overlap"]) == (2, 2, 0.75)


def test_the_sentences(run: Run, found: Steadiness) -> None:
    first, second = run.rings["ring_id"].iloc[0], run.rings["ring_id"].iloc[1]
    loose = run.ring(first).members["account_id"].iloc[0]
    verdict = run.rings["verdict"].iloc[0]
    assert ring_told(run, found, first) == [
        f"Found again with 1 of 2 other seeds, 1 of these times as {verdict}; overlap 50 % on average, 25 % at least.",
        f"Not in it with every seed: {loose} (0 of 2).",
    ]
    assert len(ring_told(run, found, second)) == 1
    assert ring_told(run, None, first) == [UNKNOWN]


def test_an_account(run: Run, found: Steadiness) -> None:
    ids: pd.Series = run.ring(run.rings["ring_id"].iloc[0]).members["account_id"]
    assert account_told(found, ids.iloc[1]) == (
        "The groups were computed again 2 times with other random choices; in 2 of 2 the account was in this one again."
    )
    assert account_told(found, "nobody") is None
    assert account_told(None, ids.iloc[1]) is None
