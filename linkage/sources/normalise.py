"""One reading of a value for each kind, so that the same thing has one name; and which values link nobody."""

from __future__ import annotations

import bisect
import functools
import ipaddress
import socket
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa

from linkage.engines.step import literal

PLACEHOLDERS = (
    "", "-", "--", "---", ".", "?", "*", "unknown", "null", "(null)", "<null>", "nil", "none", "(none)", "<none>",
    "n/a", "na", "n.a.", "nan", "undefined", "empty", "(empty)", "not set", "(not set)", "not available", "missing",
    "default", "anonymous", "redacted", "[redacted]", "0.0.0.0", "::", "\\n",
)  # fmt: skip
NO_ACCOUNT = ("", "-", "null", "(null)", "none", "nil", "nan", "undefined", "n/a", "unknown", "anonymous")
ALL_ZEROS, ONE_CHARACTER = 4, 8  # shortest all-zero value, shortest value of one repeated character, that say nothing

# IANA special-purpose registries (2024-08): addresses that many networks use at once, or none. Named here, not asked of
# the library, whose answer changes from release to release. Of IPv6 only 2000::/3 is given out.
SPECIAL_IPV4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
SPECIAL_IPV6 = ("::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1")

IP_FORMS = pa.schema([("text", pa.string()), ("value", pa.string()), ("state", pa.string())])
LINKS, DULL, INVALID = "links", "dull", "invalid"


def text_sql(x: str) -> str:
    """Kinds with ``normalise = "text"``: blanks at both ends cut."""
    return f"trimmed({x})"


def hash_sql(x: str) -> str:
    """Kinds with ``normalise = "hash"``: blanks at both ends cut, lower case."""
    return f"lower(trimmed({x}))"


def account_forms_sql(texts: str) -> str:
    """SELECT of slot, text, value, state for account ids: blanks cut; a blank or a word for `no account` is invalid."""
    words = ", ".join(literal(word) for word in NO_ACCOUNT)
    return (
        f"SELECT slot, text, value, CASE WHEN lower(value) IN ({words}) THEN '{INVALID}' ELSE '{LINKS}' END AS state "
        f"FROM (SELECT slot, text, {text_sql('text')} AS value FROM {texts})"
    )


def value_forms_sql(normalise: Literal["text", "hash"], texts: str) -> str:
    """SELECT of slot, text, value, state for values of kinds that are normalised as ``text`` or ``hash``."""
    clean = {"text": text_sql, "hash": hash_sql}[normalise]
    return (
        f"SELECT slot, text, value, CASE WHEN {placeholder_sql('value')} THEN '{DULL}' ELSE '{LINKS}' END AS state "
        f"FROM (SELECT slot, text, {clean('text')} AS value FROM {texts})"
    )


def ipv4_number_text_sql(x: str) -> str:
    """SQL of the dotted text of an IPv4 address that is given as a number; what is none stays as it is."""
    number = f"TRY_CAST(trunc(TRY_CAST({x} AS DECIMAL(28, 6))) AS BIGINT)"
    return f"CASE WHEN {number} BETWEEN 0 AND 4294967295 THEN ipv4_text({number}) ELSE {x} END"


def placeholder_sql(x: str) -> str:
    """SQL that tells whether a cleaned value stands for no value: `unknown`, zeros, one character repeated."""
    words = ", ".join(literal(word) for word in PLACEHOLDERS)
    bare = f"replace(replace({x}, '-', ''), ':', '')"
    zeros = f"(length({bare}) >= {ALL_ZEROS} AND ltrim({bare}, '0x') = '')"
    repeated = f"(length({bare}) >= {ONE_CHARACTER} AND ltrim({bare}, left({bare}, 1)) = '')"
    return f"(lower({x}) IN ({words}) OR {zeros} OR {repeated})"


def ip_forms(texts: Sequence[str]) -> pa.Table:
    """Canonical form and state of distinct addresses, as IP_FORMS: IPv6 by its /64, mapped IPv4 folded, others invalid.

    A port or a zone id behind the address is cut. Placeholders and addresses that are not global are dull.
    """
    forms = [_linked_address(text.strip().lower()) for text in texts]
    return pa.table([texts, [value for value, _ in forms], [state for _, state in forms]], schema=IP_FORMS)


def _linked_address(text: str) -> tuple[str | None, str]:
    """By the C library, which reads plain spellings alone and five times as fast; the others by Python's."""
    try:
        if ":" in text:
            return _linked_prefix(socket.inet_pton(socket.AF_INET6, text)[:8]) or _by_ipaddress(text)
        number = int.from_bytes(socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        return _by_ipaddress(text)
    return (None, DULL) if _is_special(4, number) else (text, LINKS)


@functools.lru_cache(maxsize=1 << 16)
def _linked_prefix(prefix: bytes) -> tuple[str | None, str] | None:
    """The /64 with these first bytes; a log has many addresses of one. None where IPv4 may be inside."""
    if not any(prefix):
        return None
    if _is_special(6, int.from_bytes(prefix) << 64):
        return None, DULL
    return f"{socket.inet_ntop(socket.AF_INET6, prefix + bytes(8))}/64", LINKS


def _by_ipaddress(text: str) -> tuple[str | None, str]:
    if text in PLACEHOLDERS:
        return None, DULL
    try:
        address = ipaddress.ip_address(_bare_address(text))
    except ValueError:
        return None, INVALID
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if _is_special(address.version, int(address)):
        return None, DULL
    if isinstance(address, ipaddress.IPv4Address):
        return str(address), LINKS
    return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64", LINKS


def _is_special(version: int, number: int) -> bool:
    return bisect.bisect(_EDGES[version], number) % 2 == 1  # behind an odd number of edges: inside a range


def _edges(networks: Sequence[str]) -> list[int]:
    """Where each of the ranges, which do not overlap, begins and where what is behind it does, in order."""
    ranges = map(ipaddress.ip_network, networks)
    return sorted(edge for r in ranges for edge in (int(r.network_address), int(r.broadcast_address) + 1))


_EDGES = {4: _edges(SPECIAL_IPV4), 6: _edges(SPECIAL_IPV6)}


def _bare_address(text: str) -> str:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]
