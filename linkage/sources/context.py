"""What lists of networks say about an address: VPN exit, data centre, or what the user's list is called."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from linkage.engines.step import Engine, Step
from linkage.errors import InputRefused
from linkage.sources.forms import ADDRESSES

NETWORKS = pa.schema([("context", pa.string()), ("version", pa.int8()), ("bits", pa.int64()), ("start", pa.uint64())])
STARTS = pa.schema([("value", pa.string()), ("version", pa.int8()), ("bits", pa.int64()), ("start", pa.uint64())])
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def make_entities(engine: Engine, lists: Mapping[str, Path], address_kinds: list[str]) -> None:
    """Make ``entities`` (ENTITIES) from ``names``, with the context of addresses.

    That is the name of the list whose smallest network holds the address; of equally small ones the first name counts.
    ``address_kinds`` are the kinds whose values are addresses.

    Raises:
        InputRefused: a list can't be read, or a line is no network.
    """
    rows = [row for name, path in lists.items() for row in _networks(name, path)]
    engine.load("networks", pa.Table.from_pylist(rows, schema=NETWORKS))
    engine.load("address_kinds", pa.table({"kind": pa.array(address_kinds, pa.string())}))
    wanted = "SELECT DISTINCT value FROM names SEMI JOIN address_kinds USING (kind) WHERE EXISTS (FROM networks)"
    engine.load("address_starts", _starts(engine.fetch(wanted)))
    engine.run(Step("ip_contexts", _CONTEXTS_SQL, ("names", "address_kinds", "networks", "address_starts")))
    engine.run(
        Step(
            "entities",
            "SELECT n.entity, n.kind, n.value, c.context FROM names n LEFT JOIN ip_contexts c USING (entity) "
            "ORDER BY n.entity",
            ("names", "ip_contexts"),
        )
    )
    for table in ("networks", "address_kinds", "address_starts", "ip_contexts"):
        engine.drop(table)


# Addresses are compared by their first 64 bits (IPv4: all 32): each length of network is one equality join.
_CONTEXTS_SQL = """
    WITH addresses AS (
        SELECT n.entity, s.version, s.bits AS width, s.start AS number
        FROM names n SEMI JOIN address_kinds USING (kind) JOIN address_starts s USING (value)),
    lengths AS (SELECT DISTINCT version, bits FROM networks),
    cut AS (
        SELECT a.entity, version, l.bits,
               CASE WHEN l.bits = 0 THEN 0::UBIGINT
                    ELSE (a.number >> (a.width - l.bits)::UBIGINT) << (a.width - l.bits)::UBIGINT END AS start
        FROM addresses a JOIN lengths l USING (version))
    SELECT entity, arg_min(context, (-bits, context)) AS context
    FROM cut JOIN networks USING (version, bits, start) GROUP BY entity
"""


def _networks(name: str, path: Path) -> list[dict[str, object]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(
            f"can't be read: {error}.", where=str(path), todo="Check context.ip in the config."
        ) from error
    rows = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            rows += _network_row(name, _network(text, path, number))
    return rows


def _network(text: str, path: Path, number: int) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InputRefused(
            f"'{text[:60]}' is no network.", where=f"{path}, line {number}", todo="One a line, such as 192.0.2.0/24."
        ) from error


def _network_row(name: str, network: Network) -> list[dict[str, object]]:
    if network.version == 6 and network.prefixlen > 64:
        return []  # inside one /64, which is the entity: the rest of it is not in the list
    return [{"context": name, "version": network.version, "bits": network.prefixlen, "start": _start(network)}]


def _starts(values: pa.Table) -> pa.Table:
    """Version, bits and start of each address (IPv6: of its /64), as STARTS."""
    read = [_starts_of(batch["value"].to_pylist()) for batch in values.to_batches(max_chunksize=ADDRESSES)]
    return pa.concat_tables([STARTS.empty_table(), *read])


def _starts_of(values: list[str]) -> pa.Table:
    networks = [ipaddress.ip_network(value) for value in values]
    columns = [values, [n.version for n in networks], [n.prefixlen for n in networks], [_start(n) for n in networks]]
    return pa.table(columns, schema=STARTS)


def _start(network: Network) -> int:
    return int(network.network_address) >> 64 if network.version == 6 else int(network.network_address)
