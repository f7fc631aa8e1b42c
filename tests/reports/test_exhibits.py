"""Exhibits: harmless in a spreadsheet, exact in Parquet."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.reports.exhibits import FORMULA_STARTS, TABLES, cell, sha256, write_csv, write_exhibits
from linkage.reports.store import Store
from tests.small_run import FORMULA, RING_IDS, USES, A, B, pool


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV file as a spreadsheet reads it."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\ta", "'\ta"),
        ("\ra", "'\ra"),
        ("＝1", "'＝1"),
        ("1=1", "1=1"),
        ("'=1", "'=1"),
        ("", ""),
    ],
)
def test_formulas_get_an_apostrophe(text: str, made: str) -> None:
    assert cell(text) == made


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256(tmp_path / "f") == hashlib.sha256(b"abc").hexdigest()


def test_numbers_and_times_are_no_text() -> None:
    assert cell(-1.5) == -1.5
    assert cell(None) is None


@given(st.lists(st.text(), min_size=1))
def test_any_text_comes_back_and_none_is_a_formula(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(pa.table({"text": texts, "end": ["."] * len(texts)}), path)
    back = [row["text"] for row in rows_of(path)]
    assert [b[1:] if t.startswith(FORMULA_STARTS) else b for b, t in zip(back, texts, strict=True)] == texts
    assert not [b for b in back if b.startswith(FORMULA_STARTS)]


def test_every_table_in_both_forms_with_the_same_rows(store: Store, tmp_path: Path) -> None:
    rows = write_exhibits(store, list(RING_IDS[:2]), tmp_path)
    assert set(rows) == {f"{name}.{form}" for name in TABLES for form in ("csv", "parquet")}
    for name in TABLES:
        table = pq.read_table(tmp_path / f"{name}.parquet")
        assert (
            rows[f"{name}.csv"] == rows[f"{name}.parquet"] == table.num_rows == len(rows_of(tmp_path / f"{name}.csv"))
        )
        assert set(table["ring_id"].to_pylist()) <= set(RING_IDS[:2])


def test_the_exhibits_hold_what_the_rings_hold(store: Store, tmp_path: Path) -> None:
    write_exhibits(store, list(RING_IDS[:2]), tmp_path)
    links = pq.read_table(tmp_path / "links.parquet").to_pylist()
    assert {(r["account_id"], r["kind"], r["entity"]) for r in links} == {(a, *e) for a in (*A, *B) for e in USES[a]}
    members = pq.read_table(tmp_path / "members.parquet").to_pylist()
    assert sorted(r["account_id"] for r in members) == sorted((*A, *B))
    marked = {r["account_id"]: r["labels"] for r in members if r["labels"]}
    assert marked == {"alpha-00": "banned", "alpha-01": "confirmed honest"}
    evidence = pq.read_table(tmp_path / "evidence.parquet").to_pylist()
    assert {r["entity"]: r["context"] for r in evidence if r["context"]} == {"198.51.100.7": "vpn"}
    assert sorted(pq.read_table(tmp_path / "pools.parquet")["entity"].to_pylist()) == [v for _, v in pool()]


def test_hostile_names_in_csv_and_exact_in_parquet(store: Store, tmp_path: Path) -> None:
    write_exhibits(store, [RING_IDS[0]], tmp_path)
    ids = {row["account_id"] for row in rows_of(tmp_path / "members.csv")}
    assert "'" + FORMULA in ids
    assert FORMULA not in ids
    assert set(pq.read_table(tmp_path / "members.parquet")["account_id"].to_pylist()) == set(A)
    bounds = [row["log2_p_bound"] for row in rows_of(tmp_path / "rings.csv")]
    assert float(bounds[0]) < 0  # a negative number is no formula
