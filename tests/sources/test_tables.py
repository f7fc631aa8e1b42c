from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linkage.config import Source
from linkage.model import ACCOUNTS, DOSSIERS, ENTITIES, LABELS, OBSERVATIONS, QUARANTINE, SOURCES
from linkage.sources.tables import is_exchange
from tests.sources.small_logs import Read, read, write_csv


@pytest.mark.parametrize(
    ("how", "exchange"),
    [
        ({}, False),
        ({"role": "exchange"}, True),
        ({"status": "code"}, True),
        ({"entities": {"t": "prompt_template"}}, True),
        ({"entities": {"t": {"kind": "prompt_template"}}}, True),
        ({"entities": {"t": "device"}}, False),
        ({"role": "signup", "time": "ts", "entities": {"t": "prompt_template"}}, False),
    ],
)
def test_what_is_an_exchange(how: dict[str, Any], exchange: bool) -> None:
    assert is_exchange(Source.model_validate({"path": "x", "account": "a", **how})) is exchange


@pytest.fixture
def found(tmp_path: Path) -> Read:
    write_csv(
        tmp_path / "signups.csv", "id,at", "a,2026-01-05T00:00:00Z", "b,2026-01-06T00:00:00Z", "b,2026-01-02T00:00:00Z"
    )
    write_csv(
        tmp_path / "use.csv",
        "id,at,tpl",
        "a,2026-01-01T00:00:00Z,t1",
        "a,2026-02-01T00:00:00Z,t1",
        "Z,2026-01-09T00:00:00Z,t2",
    )
    write_csv(tmp_path / "old.csv", "id,n,tpl", "a,10,t2", "é,1,t1")
    return read(
        tmp_path,
        {
            "signups": {"path": "signups.csv", "account": "id", "time": "at", "role": "signup"},
            "use": {"path": "use.csv", "account": "id", "time": "at", "entities": {"tpl": "prompt_template"}},
            "old": {"path": "old.csv", "account": "id", "count": "n", "entities": {"tpl": "prompt_template"}},
        },
    )


def test_accounts_over_all_sources_in_byte_order(found: Read) -> None:
    rows = found.accounts
    assert rows["account_id"].tolist() == ["Z", "a", "b", "é"]
    assert rows["account"].tolist() == [0, 1, 2, 3]
    days = {
        c: [None if t is pd_nat(t) else t.strftime("%m-%d") for t in rows[c]]
        for c in ("created", "first_seen", "last_seen")
    }
    assert days == {
        "created": [None, "01-05", "01-02", None],
        "first_seen": ["01-09", "01-01", "01-02", None],
        "last_seen": ["01-09", "02-01", "01-06", None],
    }
    assert rows["exchanges"].tolist() == [1, 12, 0, 1]


def pd_nat(value: Any) -> Any:
    """The value itself when it is no time."""
    return value if value != value else None


def test_entities_and_observations(found: Read) -> None:
    assert found.entities[["entity", "kind", "value"]].values.tolist() == [
        [0, "prompt_template", "t1"],
        [1, "prompt_template", "t2"],
    ]
    rows = found.observations
    assert rows[["account", "entity", "n"]].values.tolist() == [[0, 1, 1], [1, 0, 2], [1, 1, 10], [3, 0, 1]]
    assert rows["first_seen"].isna().tolist() == [False, False, True, True]


def test_tables_have_the_columns_of_the_model(found: Read) -> None:
    schemas = {
        "accounts": ACCOUNTS,
        "entities": ENTITIES,
        "observations": OBSERVATIONS,
        "quarantine": QUARANTINE,
        "source_counts": SOURCES,
        "labels": LABELS,
        "dossiers": DOSSIERS,
    }
    for name, schema in schemas.items():
        assert found.arrow[name].schema.equals(schema), name


def test_an_entity_only_in_rows_that_are_left_out_is_none(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "id,key,dev", "a,1,kept", "a,1,lost", ",2,broken", "b,3,kept")
    source = {"path": "e.csv", "account": "id", "id": "key", "entities": {"dev": "device"}}
    found = read(tmp_path, {"s": source}, audit={"stop_share": 1.0})
    assert found.entities["value"].tolist() == ["kept"]
    assert found.entities["entity"].tolist() == [0]


def test_kinds_share_values_without_mixing(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "id,x,y", "a,v,v", "b,v,w")
    source = {"path": "e.csv", "account": "id", "entities": {"x": "device", "y": "code"}}
    found = read(tmp_path, {"s": source}, kinds={"code": {}})
    assert found.uses() == {("a", "device", "v"), ("a", "code", "v"), ("b", "device", "v"), ("b", "code", "w")}


def test_two_columns_of_one_kind_meet_in_one_entity(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "id,own,other", "0xA,0xA,0xB", "0xB,0xB,0xC")
    source = {"path": "e.csv", "account": "id", "entities": {"own": "wallet", "other": "wallet"}}
    found = read(tmp_path, {"s": source}, kinds={"wallet": {"normalise": "hash"}})
    assert found.entities["value"].tolist() == ["0xa", "0xb", "0xc"]
    assert found.uses() == {
        ("0xA", "wallet", "0xa"),
        ("0xA", "wallet", "0xb"),
        ("0xB", "wallet", "0xb"),
        ("0xB", "wallet", "0xc"),
    }
