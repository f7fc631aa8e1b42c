from __future__ import annotations

import csv
import ipaddress
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.duckdb_macros import BLANKS
from linkage.engines.step import literal

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def value(engine: DuckDBEngine, sql: str) -> Any:
    return engine.fetch(f"SELECT {sql} AS x")["x"].to_pylist()[0]


def values(engine: DuckDBEngine, sql: str, arguments: list[Any]) -> list[Any]:
    """The expression over each argument, which it calls x."""
    engine.load("given", pa.table({"i": range(len(arguments)), "x": arguments}))
    return engine.fetch(f"SELECT {sql} AS y FROM given ORDER BY i")["y"].to_pylist()  # type: ignore[no-any-return]  # Arrow has no stubs


@FEW
@given(st.lists(st.text(st.sampled_from([*BLANKS, "a", "0", "é"])), min_size=1))
def test_trimmed_cuts_blanks_of_any_script_and_nothing_else(engine: DuckDBEngine, texts: list[str]) -> None:
    assert values(engine, "trimmed(x)", texts) == [text.strip(BLANKS) for text in texts]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("123.0::DOUBLE", "123"),
        ("-5.0::FLOAT", "-5"),
        ("1.5::DOUBLE", "1.5"),
        ("12.00::DECIMAL(9,2)", "12"),
        ("12.50::DECIMAL(9,2)", "12.50"),
        ("'nan'::DOUBLE", "nan"),
        ("1e300::DOUBLE", "1e+300"),
        ("NULL::DOUBLE", None),
    ],
)
def test_whole_floats_lose_their_fraction(engine: DuckDBEngine, number: str, text: str | None) -> None:
    assert value(engine, f"number_text({number})") == text


def test_bytes_are_text_where_they_can_be_and_hex_otherwise(engine: DuckDBEngine) -> None:
    assert values(engine, "bytes_text(x)", [b"abc", "é".encode(), b"\xff\x00", None]) == ["abc", "é", "ff00", None]


def test_nested_values_are_json(engine: DuckDBEngine) -> None:
    assert values(engine, "nested_text(x)", [{"a": [1, 2]}, None]) == ['{"a":[1,2]}', None]


@FEW
@given(st.lists(st.lists(st.text(st.sampled_from('ab,;" \n'), max_size=6), min_size=1, max_size=4), min_size=1))
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_fields_of_a_line_that_the_csv_library_wrote(
    engine: DuckDBEngine, delimiter: str, rows: list[list[str]]
) -> None:
    lines = [_as_csv(row, delimiter) for row in rows]
    assert values(engine, f"csv_fields(x, {literal(delimiter)})", lines) == rows


@pytest.mark.parametrize("line", ['a,"b', 'a,b"', 'a,b"c', '"a"b,c', '"a" ,b', ',"'])
def test_a_line_with_quotes_in_the_wrong_place_has_no_fields(engine: DuckDBEngine, line: str) -> None:
    assert values(engine, "csv_fields(x, ',')", [line]) == [None]


@pytest.mark.parametrize(
    ("text", "is_object"),
    [
        ('{"a":1}', True),
        ('  {"a":1} ', True),
        ("{}", True),
        ("[1]", False),
        ("1", False),
        ('"{"', False),
        ('{"a":', False),
        ("", False),
        ("{} {}", False),
        ("nan", False),
        ('{"a":1}x', False),
    ],
)
def test_a_json_object_is_told_from_what_is_none(engine: DuckDBEngine, text: str, is_object: bool) -> None:
    assert values(engine, "json_object_text(x)", [text]) == [text if is_object else None]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r'{"a": "x\ud83d y"}', "x y"), (r'{"a": "x\uDE00"}', "x"), (r'{"a": "\ud83d\ud83d\ude00!\ud83d"}', "😀!"),
        (r'{"a": "\\ud83d\ud83d"}', r"\ud83d"), (r'{"a": "\ud83d\n\u00e9"}', "\né"),
    ],
)  # fmt: skip
def test_half_characters_of_an_object_are_left_out(engine: DuckDBEngine, text: str, read: str) -> None:
    assert values(engine, "json_fields(json_object_text(x), ['/a'])", [text]) == [[read]]


def test_fields_of_json_as_text(engine: DuckDBEngine) -> None:
    doc = '{"a": "x", "n": 1.5, "t": true, "z": null, "o": {"k": [1, 2]}, "u": "\\u00e9", "p/q~": 3, "i": 12345678901}'
    pointers = "['/a', '/n', '/t', '/z', '/o', '/u', '/p~1q~0', '/i', '/none']"
    found = values(engine, f"json_fields(x, {pointers})", [doc])[0]
    assert found == ["x", "1.5", "true", None, '{"k":[1,2]}', "é", "3", "12345678901", None]


def test_a_digest_is_two_hashes_that_differ_from_text_to_text(engine: DuckDBEngine) -> None:
    halves = "digest(x) >> 64 AS a, digest(x) & 18446744073709551615 AS b"
    made = "(SELECT unnest(['', 'x'], recursive := false) || i AS x FROM range(100000) t(i))"
    found = engine.fetch(f"SELECT count(DISTINCT a) AS a, count(DISTINCT b) AS b FROM (SELECT {halves} FROM {made})")
    assert found.to_pylist() == [{"a": 200_000, "b": 200_000}]
    assert value(engine, "digest(NULL::VARCHAR)") is None
    assert value(engine, "digest('abc') = digest('ab' || 'c')")


@pytest.mark.parametrize(
    ("text", "carries_offset", "carries_none"),
    [
        ("2026-01-02T03:04:05Z", True, False),
        ("2026-01-02 03:04:05+05:30", True, False),
        ("2026-01-02T03:04+05", True, False),
        ("2026-01-02T03:04:05.123456789Z", True, False),
        ("2026-01-02 03:04:05 UTC", True, False),
        ("2026-01-02T03:04:05", False, True),
        ("2026-01-02", False, True),
        ("2026-1-2 3:04", False, True),
        ("2026-01-02 03:04:05 Europe/Berlin", False, False),
        ("1700000000", False, False),
        ("infinity", False, False),
        ("now", False, False),
        ("2026/01/02 03:04", False, False),
        ("epoch", False, False),
        ("", False, False),
    ],
)
def test_only_iso_8601_is_a_time(engine: DuckDBEngine, text: str, carries_offset: bool, carries_none: bool) -> None:
    assert values(engine, "is_instant(x)", [text]) == [carries_offset]
    assert values(engine, "is_local_time(x)", [text]) == [carries_none]


@FEW
@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.timezones()))
def test_an_instant_is_the_one_that_python_means(engine: DuckDBEngine, moment: datetime) -> None:
    text = moment.isoformat()
    if text[-9:-8] in "+-" and text.count(":") == 4:  # an offset with seconds, of times before railways
        return
    assert values(engine, "instant(x)", [text]) == [moment.astimezone(UTC)]


def test_micros_since_1970(engine: DuckDBEngine) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    assert values(engine, "instant_of_micros(x)", [int(moment.timestamp() * 1e6 + 0.5), None]) == [moment, None]


@FEW
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1))
def test_ipv4_text_is_that_of_the_library(engine: DuckDBEngine, numbers: list[int]) -> None:
    assert values(engine, "ipv4_text(x::BIGINT)", numbers) == [str(ipaddress.IPv4Address(n)) for n in numbers]


@pytest.mark.parametrize(
    ("digits", "passes"),
    [
        ("4111111111111111", True),
        ("4111111111111112", False),
        ("378282246310005", True),
        ("79927398713", True),
        ("79927398710", False),
        ("0", True),
    ],
)
def test_luhn_on_known_numbers(engine: DuckDBEngine, digits: str, passes: bool) -> None:
    assert values(engine, "luhn(x)", [digits]) == [passes]


def _as_csv(row: list[str], delimiter: str) -> str:
    class Collected(list[str]):
        write = list[str].append

    out = Collected()
    csv.writer(out, delimiter=delimiter, lineterminator="", quoting=csv.QUOTE_MINIMAL).writerow(row)
    return "".join(out)
