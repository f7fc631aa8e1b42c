from __future__ import annotations

import pyarrow as pa
import pytest

from linkage.config import kind_specs, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.sources.forms import make_forms, slots
from linkage.sources.scan import LONGEST, source_values

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
VALUES = {name: source_values(source, SPECS) for name, source in CONFIG.sources.items()}


@pytest.fixture
def forms(engine: DuckDBEngine) -> list[dict[str, object]]:
    one = {
        "account": ["b", " b", "null", None],
        "v0": ["D ", "d", None, "unknown"],
        "v1": ["8.8.8.8", "::1", "x", None],
    }
    engine.load("scan_one", pa.table({k: pa.array(v, pa.string()) for k, v in one.items()}))
    engine.load("scan_two", pa.table({"account": ["a", "z" * (LONGEST + 1)], "v0": ["D", "d"]}))
    make_forms(engine, VALUES, SPECS)
    return engine.fetch("SELECT slot, text, value, state, key FROM forms ORDER BY slot, text").to_pylist()  # type: ignore[no-any-return]  # Arrow has no stubs


def test_the_text_columns_of_a_scan_and_what_they_name() -> None:
    assert slots(VALUES["one"]) == [("account", ""), ("v0", "device"), ("v1", "ip")]


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
        ("ip", "8.8.8.8", "8.8.8.8", "links"),
        ("ip", "::1", None, "dull"),
        ("ip", "x", None, "invalid"),
    ]


def test_keys_number_what_links_in_byte_order_of_slot_and_value(forms: list[dict[str, object]]) -> None:
    keyed = {(f["slot"], f["value"]): f["key"] for f in forms if f["state"] == "links"}
    assert [keyed[thing] for thing in sorted(keyed, key=str)] == list(range(1, len(keyed) + 1))
    assert all(f["key"] is None for f in forms if f["state"] != "links")
