"""Who stands where on the action list: the small run, account by account, with labels of every sort."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import model
from linkage.actions.tier import MEANINGS, Tier
from linkage.actions.tiers import COLUMNS, HIGH, listed
from linkage.reports.store import Store
from linkage.review.strata import with_tier
from tests.small_run import BYSTANDER, RING_IDS, A, B, C, D, write_small_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small run without labels, firm in every way that a test may change."""
    path = write_small_run(tmp_path)
    label(path, {})
    change(path, "members.parquet", likelihood=lambda m: 0.97)
    change(path, "rings.parquet", bits_saved=lambda r: 500.0)  # more than any family carries
    return path


def label(folder: Path, said: dict[str, str | list[str]]) -> None:
    rows = [
        {"account_id": account, "label": word}
        for account, words in said.items() for word in ([words] if isinstance(words, str) else words)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema=model.LABELS), folder / "1-sources/labels.parquet")


def change(folder: Path, name: str, **columns: object) -> None:
    path = folder / name
    table = pq.read_table(path)
    frame = table.to_pandas().assign(**columns)
    pq.write_table(pa.Table.from_pandas(frame, table.schema, preserve_index=False), path)


def at(folder: Path) -> pd.DataFrame:
    return listed(Store(folder)).set_index("account_id")


def tiers(folder: Path) -> dict[str, str]:
    return dict(at(folder)["tier"])


def test_every_account_once_and_no_innocent_ring(folder: Path) -> None:
    found = listed(Store(folder))
    assert found["account_id"].is_unique
    assert set(found["account_id"]) == {*A, *B, *D}
    assert not set(found["account_id"]) & set(C)
    assert found.columns.tolist() == [*COLUMNS, "stratum"]
    assert set(found["tier"]) <= set(Tier)
    assert set(MEANINGS) == set(Tier)


def test_the_core_is_first_bystanders_are_watched_and_open_cases_reviewed(folder: Path) -> None:
    told = tiers(folder)
    assert {told[a] for a in A if a != BYSTANDER} == {"1"}
    assert told[BYSTANDER] == "3"
    assert {told[d] for d in D} == {"review"}
    assert at(folder).loc[list(D), "why"].unique().tolist() == ["undetermined ring"]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"role": lambda m: m["role"].replace("core", "periphery")}, "periphery"),
        ({"likelihood": lambda m: HIGH - 0.0001}, f"likelihood under {HIGH}"),
        ({"families": lambda m: "content,device"}, "tied by what can be planted or rented"),
        ({"families": lambda m: "content,network"}, "tied by what can be planted or rented"),
    ],
)
def test_what_is_missing_for_the_first_tier_is_said(folder: Path, columns: dict[str, object], why: str) -> None:
    change(folder, "members.parquet", **columns)
    rows = at(folder).loc[[a for a in A if a != BYSTANDER]]
    assert set(rows["tier"]) == {"2"}
    assert set(rows["why"]) == {why}


def test_who_could_have_been_framed_is_watched(folder: Path) -> None:
    change(folder, "members.parquet", plantable=lambda m: m["account_id"] == A[0])
    rows = at(folder)
    assert (rows.loc[A[0], "tier"], rows.loc[A[0], "why"]) == ("3", "all that ties it could have been planted")
    assert rows.loc[A[1], "tier"] == "1"


def test_a_ring_that_hangs_on_one_family_is_second(folder: Path) -> None:
    change(folder, "rings.parquet", bits_saved=lambda r: 1.0)
    rows = at(folder).loc[[a for a in A if a != BYSTANDER]]
    assert set(rows["why"]) == {"the ring would not stand without its strongest family"}


def test_known_good_accounts_are_named_and_left_out(folder: Path) -> None:
    label(folder, {A[0]: "Confirmed honest", A[1]: "staff", A[2]: "red-team", D[0]: "staff", C[0]: "staff"})
    rows = at(folder)
    assert rows.loc[[A[0], A[1], A[2], D[0]], "tier"].tolist() == ["excluded"] * 4
    assert rows.loc[[A[0], A[1], A[2]], "why"].tolist() == ["confirmed honest", "staff", "red team"]
    assert C[0] not in rows.index
    others = rows.loc[[a for a in A[3:] if a != BYSTANDER]]
    assert set(others["tier"]) == {"2"}  # their ring holds accounts that labels clear
    assert set(others["why"]) == {"the ring holds accounts that labels clear"}
    assert "1" in {tiers(folder)[b] for b in B}  # another ring


def test_banned_accounts_are_done_and_confirmed_ones_marked(folder: Path) -> None:
    label(folder, {A[0]: "BANNED", A[1]: "confirmed operator", A[2]: "vip", A[4]: "reviewed_operator"})
    rows = at(folder)
    assert rows.loc[list(A[:5]), "status"].tolist() == ["done", "confirmed", "open", "open", "open"]
    assert set(rows.loc[list(A[:5]), "tier"]) == {"1"}
    assert rows.loc[A[2], "labels"] == "vip"


def test_a_reviewer_who_sees_no_operator_sends_the_account_to_review_and_no_other(folder: Path) -> None:
    label(folder, {A[0]: "reviewed_honest"})
    rows = at(folder)
    assert (rows.loc[A[0], "tier"], rows.loc[A[0], "why"]) == ("review", "reviewed as honest")
    assert rows.loc[A[1], "tier"] == "1"


def test_where_labels_disagree_the_one_that_clears_counts(folder: Path) -> None:
    label(folder, {A[0]: ["banned", "staff"], A[1]: ["operator", "reviewed_honest"], A[2]: ["operator", "banned"]})
    rows = at(folder)
    assert rows.loc[[A[0], A[1]], "tier"].tolist() == ["excluded", "review"]
    assert rows.loc[A[0], "labels"] == "banned, staff"
    assert rows.loc[A[2], "status"] == "done"


def test_an_affiliated_account_is_watched_for_the_suspect_ring_it_is_likeliest_of(folder: Path) -> None:
    rows = [(C[0], RING_IDS[0], 0.5), (C[0], RING_IDS[1], 0.7), (C[1], RING_IDS[0], 0.49), (C[2], RING_IDS[3], 0.9),
            (B[0], RING_IDS[0], 0.99)]  # fmt: skip
    made = [{"account_id": a, "ring_id": r, "role": "periphery", "likelihood": p} for a, r, p in rows]
    path = folder / "affiliations.parquet"
    pq.write_table(pa.Table.from_pylist(made, schema=model.PUBLISHED["affiliations"]), path)
    found = at(folder)
    assert found.index.is_unique
    row = found.loc[C[0]]
    assert (row["tier"], row["ring_id"], row["likelihood"], row["role"]) == ("3", RING_IDS[1], 0.7, "periphery")
    assert row["why"] == f"in the household ring {RING_IDS[2]}, also linked to this one"
    assert row["verdict"] == "household"
    assert not {C[1], C[2]} & set(found.index)
    assert found.loc[B[0], "ring_id"] == RING_IDS[1]


def test_the_order_is_tier_then_likelihood_then_bits_then_name(folder: Path, tmp_path: Path) -> None:
    change(folder, "members.parquet", likelihood=lambda m: [0.96 + 0.01 * (i % 3) for i in range(len(m))])
    found = listed(Store(folder))
    keys = [(list(Tier).index(t), -p, -b, a) for t, p, b, a in
            zip(found["tier"], found["likelihood"], found["log_odds_bits"], found["account_id"], strict=True)]
    assert keys == sorted(keys)
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    members = pq.read_table(other / "members.parquet")
    pq.write_table(members.take(list(range(members.num_rows))[::-1]), other / "members.parquet")
    assert listed(Store(other)).equals(found)


def test_strata_are_those_of_a_review(folder: Path) -> None:
    members = pq.read_table(folder / "members.parquet").to_pandas().set_index("account_id")
    strata = with_tier(members)
    found = at(folder)
    told = [(strata.loc[a, "verdict"], strata.loc[a, "tier"]) for a in found.index]
    assert found["stratum"].tolist() == told
