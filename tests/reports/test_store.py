"""Reading the tables of a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from linkage.errors import StorageFault
from linkage.reports.store import TABLES, Store
from tests.small_run import ALL, LINKS


def test_every_table_answers_with_its_rows(store: Store) -> None:
    for name in TABLES:
        counted = store.query(f"SELECT count(*) AS n FROM {name}")["n"].iloc[0]
        assert counted == store.table(name).num_rows == len(store.frame(name))
    assert store.table("accounts").num_rows == len(ALL)
    assert store.table("links").num_rows == len(LINKS)


def test_parameters_are_values_and_never_sql(store: Store) -> None:
    hostile = "x' OR '1'='1"
    assert store.query("SELECT * FROM accounts WHERE account_id = $id", id=hostile).empty
    assert store.query("SELECT $text AS said", text=hostile)["said"].tolist() == [hostile]


def test_times_are_utc_whatever_the_zone_of_the_machine(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    seen = Store(store.root).query("SELECT first_seen FROM accounts LIMIT 1")["first_seen"]
    assert str(seen.dt.tz) == "UTC"
    assert seen.iloc[0] == store.query("SELECT first_seen FROM accounts LIMIT 1")["first_seen"].iloc[0]


def test_arrow_keeps_the_stored_types(store: Store) -> None:
    table = store.arrow("SELECT account_id, created, exchanges FROM accounts ORDER BY account_id")
    assert table.schema.types == [pa.string(), pa.timestamp("us", tz="UTC"), pa.int64()]


def test_a_missing_table_is_named(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "run"))
    (copy / "4-rings/pools.parquet").unlink()
    with pytest.raises(StorageFault) as caught:
        Store(copy).query("SELECT 1")
    todo = "Restore the run folder, or run again."
    assert str(caught.value) == f"{copy}: the run folder lacks 4-rings/pools.parquet. {todo}"


@pytest.mark.parametrize("read", [lambda s: s.frame("rings"), lambda s: s.query("SELECT * FROM rings")])
def test_a_broken_table_is_an_error(folder: Path, tmp_path: Path, read: Callable[[Store], object]) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "run"))
    (copy / "rings.parquet").write_bytes(b"PAR1 this is no table PAR1")
    with pytest.raises(StorageFault, match=r"Restore the run folder, or run again\.$"):
        read(Store(copy))
