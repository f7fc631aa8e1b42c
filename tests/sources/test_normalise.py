from __future__ import annotations

import ipaddress
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.engines.duckdb import DuckDBEngine
from linkage.sources.normalise import (
    DULL,
    INVALID,
    IP_FORMS,
    LINKS,
    NO_ACCOUNT,
    PLACEHOLDERS,
    SPECIAL_IPV4,
    SPECIAL_IPV6,
    account_forms_sql,
    ip_forms,
    ipv4_number_text_sql,
    placeholder_sql,
    value_forms_sql,
)

SOME = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SPECIAL = [ipaddress.ip_network(text) for text in (*SPECIAL_IPV4, *SPECIAL_IPV6)]
EDGES = [
    edge
    for net in SPECIAL
    for n in (int(net[0]) - 1, int(net[0]), int(net[-1]), int(net[-1]) + 1)
    for edge in [type(net[0])(n % 2**net.max_prefixlen)]
]
GROUPS = st.sampled_from([0, 1, 0x1FF, 0x200, 0xDB8, 0x2001, 0x2002, 0x3FFF, 0xFFFF]) | st.integers(0, 0xFFFF)
FIRST = st.sampled_from([0, 0x64, 0x1FFF, 0x2000, 0x2001, 0x2002, 0x2600, 0x3FFE, 0x3FFF, 0x4000, 0xFE80])
WIDE = st.builds(
    lambda first, rest: ipaddress.IPv6Address(int.from_bytes(b"".join(g.to_bytes(2, "big") for g in [first, *rest]))),
    FIRST, st.lists(GROUPS, min_size=7, max_size=7),
)  # fmt: skip
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def forms(engine: DuckDBEngine, sql: str, texts: list[str]) -> dict[str, tuple[str | None, str]]:
    """Value and state by text, from a SELECT over the table ``texts``."""
    engine.load("texts", pa.table({"slot": ["k"] * len(texts), "text": texts}))
    return {r["text"]: (r["value"], r["state"]) for r in engine.fetch(sql).to_pylist()}


def read(*texts: str) -> dict[str, tuple[str | None, str]]:
    return {r["text"]: (r["value"], r["state"]) for r in ip_forms(texts).to_pylist()}


@SOME
@given(st.ip_addresses() | st.sampled_from(EDGES) | WIDE)
def test_addresses_link_outside_the_special_ranges(address: Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    special = any((mapped or address) in network for network in SPECIAL)
    assert read(str(address))[str(address)][1] == (DULL if special else LINKS)


def test_special_ranges_do_not_overlap() -> None:
    for version in (4, 6):
        ranges = [r for r in SPECIAL if r.version == version]
        assert not any(a.overlaps(b) for a in ranges for b in ranges if a is not b)


@SOME
@given(st.ip_addresses() | st.sampled_from(EDGES) | WIDE)
def test_only_global_addresses_link(address: Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if read(str(address))[str(address)][1] == LINKS:
        assert (mapped or address).is_global


@SOME
@given(st.integers(0x2600 << 48, (0x2A10 << 48) - 2), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_ipv6_links_by_its_first_64_bits_however_it_is_written(prefix: int, host: int, other: int) -> None:
    one, two = (ipaddress.IPv6Address(prefix << 64 | n) for n in (host, other))
    written = {str(one), one.exploded, one.exploded.upper(), f"{one}%eth0", f"[{one}]:443", f" {one} ", str(two)}
    found = set(read(*written).values())
    assert found == {(str(ipaddress.IPv6Network((prefix << 64, 64))), LINKS)}
    next_door = str(ipaddress.IPv6Address(prefix + 1 << 64 | host))
    assert read(next_door)[next_door] not in found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8.8.8.8", "8.8.8.8"),
        (" 8.8.8.8\t", "8.8.8.8"),
        ("8.8.8.8:443", "8.8.8.8"),
        ("2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::/64"),
        ("2A00:1450:4001:081B:0:0:0:200E", "2a00:1450:4001:81b::/64"),
        ("[2a00:1450:4001:81b::200e]:443", "2a00:1450:4001:81b::/64"),
        ("2a00:1450:4001:81b::200e%eth0", "2a00:1450:4001:81b::/64"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("::ffff:808:808", "8.8.8.8"),
        ("::FFFF:8.8.8.8", "8.8.8.8"),
        ("[::ffff:8.8.8.8]:443", "8.8.8.8"),
        ("2600::", "2600::/64"),
        ("2600:1:2:3:4:5:6::", "2600:1:2:3::/64"),
        ("2600:0:0:3::1", "2600:0:0:3::/64"),
        ("2600::0:3:0:0:0:1", "2600:0:0:3::/64"),
        ("2a00:1450::8.8.8.8", "2a00:1450::/64"),
    ],
)
def test_one_address_has_one_name(text: str, value: str) -> None:
    assert read(text)[text] == (value, LINKS)


@pytest.mark.parametrize(
    "text",
    [
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.251",
        "240.0.0.1",
        "192.0.2.7",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "2001:0:4136:e378::1",
        "2002:808:808::1",
        "3fff:1::1",
        "64:ff9b::8.8.8.8",
        "fec0::1",
        "::ffff:10.0.0.1",
        "unknown",
        "UNKNOWN",
        "-",
        "null",
        "",
        "  ",
    ],
)
def test_private_reserved_and_placeholder_addresses_link_nobody(text: str) -> None:
    assert read(text)[text] == (None, DULL)


@pytest.mark.parametrize(
    "text",
    [
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "8.8.8.8, 9.9.9.9",
        "8.8.8.8/24",
        "2001:::1",
        ":2600::",
        "2600:",
        "2600::1::2",
        "2600::g",
        "26000::1",
        "2600:1:2:3:4:5:6",
        "2600:1:2:3:4:5:6:7:8",
        "2600:1:2:3:4:5::6:7:8",
        "2600::1/64",
        "host.example",
        "[",
        "[]",
        ":",
        "1:2",
        "12345",
        "8.8.8.8\x00",
        "%eth0",
    ],
)
def test_what_is_no_address_is_invalid(text: str) -> None:
    assert read(text)[text] == (None, INVALID)


def test_no_texts_give_an_empty_table_of_forms() -> None:
    assert ip_forms([]).schema == IP_FORMS
    assert ip_forms([]).num_rows == 0


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("732758368", "43.173.1.96"),
        ("732758368.8", "43.173.1.96"),
        ("0", "0.0.0.0"),
        ("4294967295", "255.255.255.255"),
        ("4294967296", "4294967296"),
        ("-1", "-1"),
        ("7.32758368e8", "43.173.1.96"),
        ("nan", "nan"),
        ("x", "x"),
        ("", ""),
    ],
)
def test_addresses_given_as_numbers(engine: DuckDBEngine, number: str, text: str) -> None:
    engine.load("numbers", pa.table({"x": [number]}))
    assert engine.fetch(f"SELECT {ipv4_number_text_sql('x')} AS y FROM numbers")["y"].to_pylist() == [text]


def is_placeholder(engine: DuckDBEngine, texts: list[str]) -> list[Any]:
    engine.load("cleaned", pa.table({"i": range(len(texts)), "x": texts}))
    return engine.fetch(f"SELECT {placeholder_sql('x')} AS y FROM cleaned ORDER BY i")["y"].to_pylist()  # type: ignore[no-any-return]  # Arrow has no stubs


def test_words_for_nothing_are_placeholders_in_any_case(engine: DuckDBEngine) -> None:
    texts = [form for word in PLACEHOLDERS for form in (word, word.upper(), word.title())]
    assert is_placeholder(engine, texts) == [True] * len(texts)


@pytest.mark.parametrize(
    ("text", "says_nothing"),
    [
        ("00000000-0000-0000-0000-000000000000", True),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", True),
        ("0x0000000000000000", True),
        ("0000", True),
        ("FFFFFFFFFFFFFFFF", True),
        ("aaaaaaaa", True),
        ("00:00:00:00:00:00", True),
        ("000", False),
        ("0", False),
        ("aaaaaaa", False),
        ("1111", False),
        ("00000001", False),
        ("0000000000000000000000000000000a", False),
        ("nullable", False),
        ("unknown-7", False),
    ],
)
def test_zeros_and_one_repeated_character_say_nothing(engine: DuckDBEngine, text: str, says_nothing: bool) -> None:
    assert is_placeholder(engine, [text]) == [says_nothing]


@SOME
@given(st.lists(st.text(max_size=20), min_size=1, unique=True))
@pytest.mark.parametrize("normalise", ["text", "hash"])
def test_normalising_twice_is_normalising_once(engine: DuckDBEngine, normalise: Any, texts: list[str]) -> None:
    once = forms(engine, value_forms_sql(normalise, "texts"), texts)
    values = sorted({value for value, _ in once.values() if value is not None})
    twice = forms(engine, value_forms_sql(normalise, "texts"), values)
    assert {value: twice[value] for value in values} == {v: (v, s) for v, s in once.values() if v is not None}


def test_case_counts_in_texts_and_not_in_hashes(engine: DuckDBEngine) -> None:
    texts = [" AbC ", "aBc"]
    assert forms(engine, value_forms_sql("text", "texts"), texts) == {" AbC ": ("AbC", LINKS), "aBc": ("aBc", LINKS)}
    assert forms(engine, value_forms_sql("hash", "texts"), texts) == {" AbC ": ("abc", LINKS), "aBc": ("abc", LINKS)}


def test_an_account_without_a_name_is_no_account(engine: DuckDBEngine) -> None:
    found = forms(engine, account_forms_sql("texts"), [*NO_ACCOUNT, "NULL", " x ", "0", "0000"])
    assert {text for text, (_, state) in found.items() if state == INVALID} == {*NO_ACCOUNT, "NULL"}
    assert found[" x "] == ("x", LINKS)
    assert found["0000"] == ("0000", LINKS)
