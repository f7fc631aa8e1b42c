"""One reading of a value for each kind, so that the same thing has one name; and which values link nobody."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable
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

# IANA special-purpose registries (2024-08): addresses that many networks use at once, or none.
SPECIAL_IPV4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
_SPECIAL = tuple(ipaddress.IPv4Network(network) for network in SPECIAL_IPV4)

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


def ipv4_forms_sql(texts: str) -> str:
    """SELECT of slot, text, value, state for texts that are plain dotted IPv4; special ranges link nobody."""
    special = " OR ".join(f"n BETWEEN {int(r.network_address)} AND {int(r.broadcast_address)}" for r in _SPECIAL)
    return (
        f"SELECT slot, text, text AS value, CASE WHEN {special} THEN '{DULL}' ELSE '{LINKS}' END AS state "
        f"FROM (SELECT slot, text, ipv4_number(text) AS n FROM {texts})"
    )


def usual_ipv6_sql(x: str) -> str:
    """SQL that tells whether a text is plain IPv6 out of 2000::/3, and of none of the special ranges there."""
    first, second = f"ipv6_group({x}, 1)", f"ipv6_group({x}, 2)"
    special = (  # 2001::/23, documentation, 6to4 and what is near it
        f"{first} IN ('2002', '3fff') OR ({first} = '2001' AND "
        f"(length({second}) < 3 OR (length({second}) = 3 AND ({second} < '200' OR {second} = 'db8'))))"
    )
    return f"(is_plain_ipv6({x}) AND regexp_full_match({first}, '[23][0-9a-f]{{3}}') AND NOT ({special}))"


def ipv6_forms_sql(texts: str) -> str:
    """SELECT of slot, text, value, state for texts of :func:`usual_ipv6_sql`: they link, by their /64."""
    return f"SELECT slot, text, ipv6_network(text) AS value, '{LINKS}' AS state FROM {texts}"


def ip_forms(texts: Iterable[str]) -> pa.Table:
    """Canonical form and state of distinct addresses, as IP_FORMS: IPv6 by its /64, mapped IPv4 folded, others invalid.

    A port or a zone id behind the address is cut. Placeholders and addresses that are not global are dull.
    """
    return pa.Table.from_pylist([_ip_form(text) for text in texts], schema=IP_FORMS)


def _ip_form(text: str) -> dict[str, str | None]:
    value, state = _linked_address(text)
    return {"text": text, "value": value, "state": state}


def _linked_address(text: str) -> tuple[str | None, str]:
    text = text.strip().lower()
    if text in PLACEHOLDERS:
        return None, DULL
    try:
        address = ipaddress.ip_address(_bare_address(text))
    except ValueError:
        return None, INVALID
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return _linked_network(int(address) >> 64)
        address = address.ipv4_mapped
    if not address.is_global or any(address in network for network in _SPECIAL):
        return None, DULL
    return str(address), LINKS


@functools.lru_cache(maxsize=1 << 16)
def _linked_network(prefix: int) -> tuple[str | None, str]:
    """The /64 with this prefix; no special range of IPv6 but ::/64 itself is narrower than a /64."""
    network = ipaddress.IPv6Address(prefix << 64)
    if not prefix or not network.is_global or network.is_multicast:
        return None, DULL
    return f"{network}/64", LINKS


def _bare_address(text: str) -> str:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]
