from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from linkage.config import kind_specs, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.sources import forms as forms_module
from linkage.sources.forms import make_forms
from tests.sources.small_logs import events, read, write_csv

CONFIG = parse_config(
    {
        "sources": {
            "one": {"path": "x.csv", "account": "a", "entities": {"d": "device", "i": "ip"}},
            "two": {"path": "y.csv", "account": "a", "entities": {"c": "code"}},
        },
        "kinds": {"code": {"normalise": "text"}},
    },
    "x",
)
SPECS = kind_specs(CONFIG)


@pytest.fixture
def forms(engine: DuckDBEngine) -> list[dict[str, object]]:
    texts = {
        "": ["b", " b", "null"], "device": ["D ", "d", "unknown"],
        "ip": ["8.8.8.8", "::1", "x", "2600:0:0:7::1", "2600:0:0:7::2"],
    }  # fmt: skip
    rows = [{"slot": slot, "text": text} for slot, of_slot in texts.items() for text in of_slot]
    engine.load("one", pa.Table.from_pylist(rows))
    engine.load("two", pa.table({"slot": ["", "code", "code", "device"], "text": ["a", "D", "d", "d"]}))
    make_forms(engine, ["FROM one", "FROM two"], SPECS)
    return engine.fetch("SELECT slot, text, value, state, key FROM forms ORDER BY slot, text").to_pylist()  # type: ignore[no-any-return]  # Arrow has no stubs


def test_each_text_of_each_slot_once_with_its_reading(forms: list[dict[str, object]]) -> None:
    assert [(f["slot"], f["text"], f["value"], f["state"]) for f in forms] == [
        ("", " b", "b", "links"),
        ("", "a", "a", "links"),
        ("", "b", "b", "links"),
        ("", "null", "null", "invalid"),
        ("code", "D", "D", "links"),
        ("code", "d", "d", "links"),
        ("device", "D ", "d", "links"),
        ("device", "d", "d", "links"),
        ("device", "unknown", "unknown", "dull"),
        ("ip", "2600:0:0:7::1", "2600:0:0:7::/64", "links"),
        ("ip", "2600:0:0:7::2", "2600:0:0:7::/64", "links"),
        ("ip", "8.8.8.8", "8.8.8.8", "links"),
        ("ip", "::1", None, "dull"),
        ("ip", "x", None, "invalid"),
    ]


def test_keys_number_what_links_in_byte_order_of_slot_and_value(forms: list[dict[str, object]]) -> None:
    keyed = {(f["slot"], f["value"]): f["key"] for f in forms if f["state"] == "links"}
    assert [keyed[thing] for thing in sorted(keyed, key=str)] == list(range(1, len(keyed) + 1))
    assert all(f["key"] is None for f in forms if f["state"] != "links")


def test_rows_find_a_text_by_a_number_of_its_own(engine: DuckDBEngine, forms: list[dict[str, object]]) -> None:
    told = engine.fetch("SELECT count(*) AS n, bool_and(short = short_digest(text)) AS same FROM forms").to_pylist()
    assert told == [{"n": len(forms), "same": True}]


def test_where_two_texts_have_one_number_rows_find_them_by_themselves(tmp_path: Path) -> None:
    """The engine's hash is made so short that texts collide; what is read is the same."""
    noon = "2026-01-01T12:00:00Z"
    rows = [f"a{i % 7},{noon},d{i % 11},8.8.{i % 5}.8" for i in range(80)]
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", *rows, f",{noon},d,")
    usual, colliding = (
        read(tmp_path, {"s": events()}, macros=macros)
        for macros in ((), ("short_digest(x) AS CASE WHEN x IS NOT NULL THEN hash(x) % 5 END",))
    )
    assert usual.uses() == colliding.uses()
    assert len(usual.uses()) == 7 * 11 + 7 * 5
    assert usual.report.counts == colliding.report.counts


def test_addresses_are_one_by_any_spelling_and_junk_goes_to_the_quarantine(tmp_path: Path) -> None:
    same = ["2600:0:0:7::1", "2600:0000:0000:0007:FFFF::", "[2600::7:0:0:0:2]:443", "2600:0:0:7::3%eth0"]
    folded = ["::ffff:8.8.8.8", "8.8.8.8", "8.8.8.8:443"]
    junk = ["2600::1::2", "2600:", "8.8.8", "08.8.8.8", "nowhere"]
    rows = [f"a{i},2026-01-01T12:00:00Z,,{ip}" for i, ip in enumerate([*same, *folded, "fe80::1", *junk])]
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", *rows)
    found = read(tmp_path, {"s": events()}, audit={"stop_share": 1.0})
    assert found.uses() == {
        (f"a{i}", "ip", "2600:0:0:7::/64" if i < len(same) else "8.8.8.8") for i in range(len(same + folded))
    }
    assert found.quarantine["value"].tolist() == junk
    assert found.reasons() == {"no IP address": len(junk)}


def test_more_addresses_than_are_read_at_a_time(engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms_module, "ADDRESSES", 3)
    texts = [f"8.8.{i // 250}.{i % 250 + 1}" for i in range(5000)]
    engine.load("many", pa.table({"slot": ["ip"] * len(texts), "text": texts}))
    forms_module.normalise_texts(engine, "read_many", "many", SPECS)
    assert engine.fetch("SELECT value FROM read_many ORDER BY value")["value"].to_pylist() == sorted(texts)
