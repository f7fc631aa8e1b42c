from __future__ import annotations

import gzip
import hashlib
import io
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.config import load_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.errors import InputRefused
from linkage.sources import read_sources
from tests.sources.small_logs import events, read, write_csv

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 30
CSV = b"account_id,ts,device,ip\n" + b"".join(
    b'a%d,2026-01-01T00:00:%02dZ,"d%d",9.9.9.%d\n' % (i, i, i % 7, i % 9) for i in range(ROWS)
)
NDJSON = b"".join(
    b'{"account_id":"a%d","ts":"2026-01-01T00:00:%02dZ","device":"d%d","ip":"9.9.9.%d"}\n' % (i, i, i % 7, i % 9)
    for i in range(ROWS)
)


def _parquet() -> bytes:
    columns = {
        "account_id": [f"a{i}" for i in range(ROWS)],
        "ts": [START + timedelta(seconds=i) for i in range(ROWS)],
        "device": [f"d{i % 7}" for i in range(ROWS)],
        "ip": [f"9.9.9.{i % 9}" for i in range(ROWS)],
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


FILES: dict[str, bytes] = {
    "e.csv": CSV,
    "e.ndjson": NDJSON,
    "e.parquet": _parquet(),
    "e.csv.gz": gzip.compress(CSV, mtime=0),
    "e.ndjson.zst": bytes(pa.Codec("zstd").compress(NDJSON)),
}


def balanced(folder: Path, name: str, data: bytes) -> None:
    """Reading gives an error of ours, or accounts for every row."""
    (folder / name).write_bytes(data)
    try:
        found = read(folder, {"s": events(path=name)}, audit={"stop_share": 1.0})
    except InputRefused:
        return
    counts = found.report.counts[0]
    assert counts.rows == counts.loaded + counts.duplicate + counts.quarantined > 0
    assert len(found.quarantine) == counts.quarantined
    assert found.observations["n"].sum() <= 2 * counts.loaded
    assert not found.quarantine["reason"].isna().any()
    assert (found.quarantine["row"] >= 1).all()


@pytest.mark.parametrize("name", FILES)
def test_the_sound_files_that_are_damaged_below_are_sound(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    found = read(tmp_path, {"s": events(path=name)})
    assert found.report.counts[0].loaded == ROWS
    assert len(found.uses()) == 2 * ROWS


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
@pytest.mark.parametrize("name", FILES)
def test_any_bytes_give_an_error_of_ours_or_a_balance(tmp_path: Path, name: str, data: bytes) -> None:
    balanced(tmp_path, name, data)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damage=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(min_size=1, max_size=4)), min_size=1, max_size=8
    )
)
@pytest.mark.parametrize("name", FILES)
def test_damaged_files_give_an_error_of_ours_or_a_balance(
    tmp_path: Path, name: str, damage: list[tuple[float, int, bytes]]
) -> None:
    data = bytearray(FILES[name])
    for place, cut, put in damage:
        at = int(place * len(data))
        data[at : at + cut] = put
    balanced(tmp_path, name, bytes(data))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", " a", "", "null"]),
            st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-03T01:00:00+02:00", "", "x", "1970-01-01T00:00:00Z"]),
            st.sampled_from(["D", "d", "e", "", "unknown", "0000"]),
            st.sampled_from(["8.8.8.8", "9.9.9.9", "10.0.0.1", "2a00:1450::1", "2a00:1450::2", "", "bad"]),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_against_a_naive_reading_with_pandas(tmp_path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", *(",".join(row) for row in rows))
    found = read(tmp_path, {"s": events()}, audit={"stop_share": 1.0})
    accounts, uses, quarantined = _naive(rows)
    assert found.report.counts[0].quarantined == quarantined
    assert found.accounts.set_index("account_id")[["first_seen", "last_seen"]].to_dict("index") == accounts
    table = found.observations.merge(found.accounts[["account", "account_id"]], on="account").merge(
        found.entities, on="entity"
    )
    assert {(r.account_id, r.kind, r.value): (r.first_seen, r.last_seen, r.n) for r in table.itertuples()} == uses


def _naive(rows: list[tuple[str, str, str, str]]) -> tuple[dict[str, Any], dict[Any, Any], int]:
    """Accounts, uses and quarantined rows, row by row."""
    names = {
        "8.8.8.8": "8.8.8.8",
        "9.9.9.9": "9.9.9.9",
        "2a00:1450::1": "2a00:1450::/64",
        "2a00:1450::2": "2a00:1450::/64",
    }
    good = [
        {"account_id": account.strip(), "t": pd.Timestamp(time).tz_convert("UTC"), "device": device, "ip": ip}
        for account, time, device, ip in rows
        if account.strip() not in ("", "null") and time.startswith("2026") and ip != "bad"
    ]
    accounts: dict[str, Any] = {}
    uses: dict[Any, Any] = {}
    for row in good:
        span = accounts.setdefault(row["account_id"], {"first_seen": row["t"], "last_seen": row["t"]})
        span["first_seen"], span["last_seen"] = min(span["first_seen"], row["t"]), max(span["last_seen"], row["t"])
        device = str(row["device"]).lower()
        values = [("device", None if device in ("", "unknown", "0000") else device), ("ip", names.get(str(row["ip"])))]
        for kind, value in values:
            if value:
                key = (row["account_id"], kind, value)
                first, last, n = uses.get(key, (row["t"], row["t"], 0))
                uses[key] = (min(first, row["t"]), max(last, row["t"]), n + 1)
    return accounts, uses, len(rows) - len(good)


def _digest(folder: Path, threads: int, order: Callable[[list[str]], None]) -> dict[str, str]:
    """SHA-256 of each table of a reading of 3,000 rows, in a given order and over two files."""
    dice = random.Random(1)
    rows = [
        f"r{dice.randrange(2900)},acc{dice.randrange(200)},2026-01-{dice.randrange(1, 29):02d}T00:00:00Z,"
        f"dev{dice.randrange(300)},{dice.randrange(1, 224)}.1.2.{dice.randrange(4)}"
        for _ in range(3000)
    ]
    order(rows)
    folder.mkdir()
    for name, part in (("1.csv", rows[:1400]), ("2.csv", rows[1400:])):
        write_csv(folder / name, "id,account_id,ts,device,ip", *part)
    found = read(folder, {"s": events(path="*.csv", id="id")}, threads=threads)
    return {name: hashlib.sha256(repr(found.arrow[name].to_pylist()).encode()).hexdigest() for name in found.arrow}


def test_order_of_rows_threads_and_files_change_nothing(tmp_path: Path) -> None:
    plain = _digest(tmp_path / "plain", 2, lambda rows: None)
    assert _digest(tmp_path / "one", 1, lambda rows: None) == plain
    assert _digest(tmp_path / "shuffled", 2, random.Random(2).shuffle) == plain
    assert _digest(tmp_path / "reversed", 1, list.reverse) == plain


def test_formats_of_the_same_rows_give_the_same_tables(tmp_path: Path) -> None:
    tables = []
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
        found = read(tmp_path, {"s": events(path=name)})
        tables.append(
            {t: found.arrow[t].to_pylist() for t in ("accounts", "entities", "observations", "source_counts")}
        )
    assert all(table == tables[0] for table in tables)


def test_inputs_are_listed_with_their_hashes(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/b.csv").write_bytes(CSV)
    (tmp_path / "logs/a.csv").write_bytes(CSV.replace(b"a1,", b"z1,"))
    (one, two) = read(tmp_path, {"s": events(path="logs/*.csv")}).report.inputs
    assert (one.path, two.path) == ("logs/a.csv", "logs/b.csv")
    assert (two.source, two.bytes, two.sha256) == ("s", len(CSV), hashlib.sha256(CSV).hexdigest())


def test_a_sample_reads_few_rows_and_refuses_none(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(CSV + b"broken\n" * 100)
    found = read(tmp_path, {"s": events()}, sample=40)
    counts = found.report.counts[0]
    assert (counts.rows, counts.loaded, counts.quarantined) == (40, ROWS, 10)
    assert found.report.refusal is not None
    assert "10 of 40 rows can't be used" in str(found.report.refusal)


def test_hostile_names_and_values_are_text_and_nothing_else(tmp_path: Path) -> None:
    nasty = ["'; DROP TABLE accounts; --", '"', "\x1b[31m", "=1+1", "<script>", "‮", "{{7*7}}", "%s", "\\"]
    columns = {"acc'ou\"nt": nasty, 'de"v;--': nasty, "ts": [START] * len(nasty)}
    pq.write_table(pa.table(columns), tmp_path / 'it\'s [a] "file".parquet')
    source = {
        "path": 'it\'s [[]a] "file".parquet',
        "account": "acc'ou\"nt",
        "time": "ts",
        "entities": {'de"v;--': "code"},
    }
    found = read(tmp_path, {"s": source}, kinds={"code": {}})
    assert set(found.accounts["account_id"]) == set(nasty)
    assert found.uses() == {(n, "code", n) for n in nasty}


@pytest.mark.parametrize("name", ["hop", "fraud_ecommerce"])
def test_the_examples_of_the_docs_are_sound_configs(name: str) -> None:
    config = load_config(Path(__file__).parents[2] / "docs" / "examples" / f"{name}.toml")
    assert config.sources


def test_numbers_of_addresses_and_american_times_as_in_the_example_of_the_shop(
    tmp_path: Path, engine: DuckDBEngine
) -> None:
    text = (Path(__file__).parents[2] / "docs/examples/fraud_ecommerce.toml").read_text()
    (tmp_path / "linkage.toml").write_text(text)
    header = "user_id,signup_time,purchase_time,purchase_value,device_id,source,browser,sex,age,ip_address,class"
    row = "22058,2/24/2015 22:55,4/18/2015 2:47,34.0,QVPSPJUOCKZAR,SEO,Chrome,M,39.0,732758368.8,0.0"
    write_csv(tmp_path / "fraud_data.csv.gz", header, row)
    report = read_sources(engine, load_config(tmp_path / "linkage.toml"), tmp_path / "linkage.toml")
    assert report.warnings == ()
    assert engine.fetch("entities")["value"].to_pylist() == ["qvpspjuockzar", "43.173.1.96"]
    assert engine.fetch("accounts")["created"].to_pylist() == [datetime(2015, 2, 24, 22, 55, tzinfo=UTC)]
