"""A world's portrait in Markdown: what it models, its degree curves, groups and daily volumes beside the real things.

    python -m linkage.simulator.portrait WORLD [DATA]

prints the page of one world. DATA is a folder with the third-party sets ``hop`` and ``ip_context``; without it their
columns are left out. The pages in docs/worlds come from ``--accounts 60000 --seed 5``.
"""

from __future__ import annotations

import ipaddress
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import numpy as np

from linkage.simulator.cases import MODELS, PUBLISHED
from linkage.simulator.presets import MIXES, Preset
from linkage.simulator.streams import Bools, Ints

BUCKETS = ((1, 1), (2, 3), (4, 7), (8, 15), (16, 31), (32, 127), (128, 1_023), (1_024, None))  # accounts to an entity
KINDS = {
    "card": ("payments.parquet", "payment_fingerprint"), "IP": ("sessions-*.parquet", "ip"),
    "device": ("sessions-*.parquet", "device_fingerprint"), "template": ("exchanges/*.parquet", "prompt_template_hash"),
}  # fmt: skip
NETWORKS = {"VPN": "output_vpn_ipv4.txt", "data centre": "output_datacenter_ipv4.txt"}
PLACES = {"exchanges": "exchanges/*.parquet", "truth": "truth.parquet", "accounts": "accounts.parquet"}
Row = Sequence[object]


class World:
    """A world's tables, by query: {exchanges}, {truth}, {accounts} stand for theirs."""

    def __init__(self, directory: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.directory, self.connection = directory, connection
        self.told = json.loads((directory / "world.json").read_text(encoding="utf-8"))

    def rows(self, sql: str, **paths: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        places = {name: quoted(self.directory / path) for name, path in {**PLACES, **paths}.items()}
        return self.connection.execute(sql.format(**places)).fetchall()


def quoted(path: Path | str) -> str:
    """A path as a string of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def portrait(directory: Path, data: Path | None = None) -> str:
    """The page of the world in ``directory``, beside the third-party sets in ``data``."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        world = World(directory, connection)
        spec = world.told["spec"]
        preset = Preset(spec["preset"])
        evade = "" if preset == Preset.HONEST else f", evade {spec['evade']}"
        parts = [
            f"# `{preset}`", MODELS[preset],
            f"World of {spec['accounts']:,} accounts, seed {spec['seed']}{evade}.",
            *_sections(world, data),
        ]
    return "\n\n".join(parts) + "\n"


def _sections(world: World, data: Path | None) -> Iterable[str]:
    rings = world.rows("select count(*) from {truth} where ring_id is not null") != [(0,)]
    head: Sequence[str] = ("group", "accounts", "groups", "largest", "exchanges: median", "mean", "99 %")
    yield "## Groups\n\n" + table(head, _groups(world))
    if rings:
        dates = ("exchanges", "first", "last", "an account and day, unscaled")
        head = ("operator", "accounts", "rings", "largest", *dates)
        yield "## Operators\n\nThe twelve largest.\n\n" + table(head, _operators(world)) + "\n\n" + PUBLISHED
    hub = _hub_curve(data, world.connection) if data else None
    yield _degrees(world, hub)
    head = ("week of", "exchanges", "a day: fewest", "most", "operators' share", "429", "403", "on the new model")
    yield "## Volumes\n\n" + table(head, _weeks(world))
    head = ("exchanges of an account on a day it is used", "accounts", "median", "90 %", "99 %", "99.9 %", "most")
    yield table(head, _days(world))
    if data:
        yield _networks(world, data)


def table(head: Sequence[str], rows: Iterable[Row]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def _groups(world: World) -> list[tuple[object, ...]]:
    return world.rows("""
        with counted as (select account_id, count(*) n from {exchanges} group by 1),
             done as (select account_id, coalesce(n, 0) n from {truth} left join counted using (account_id)),
             sizes as (select group_kind, group_id, count(*) size from {truth} group by all)
        select group_kind, count(*), (select count(*) from sizes s where s.group_kind = t.group_kind),
               (select max(size) from sizes s where s.group_kind = t.group_kind),
               quantile_disc(n, 0.5), round(avg(n))::bigint, quantile_disc(n, 0.99)
        from {truth} t join done using (account_id) group by 1 order by 2 desc""")


def _operators(world: World) -> list[tuple[object, ...]]:
    scale = MIXES[Preset(world.told["spec"]["preset"])].scale
    return world.rows("""
        with worked as (select account_id, count(*) n, min(ts)::date first_day, max(ts)::date last_day
                        from {exchanges} group by 1),
             sizes as (select operator_id, ring_id, count(*) size from {truth} where ring_id is not null group by all)
        select operator_id, count(*), (select count(*) from sizes s where s.operator_id = t.operator_id),
               (select max(size) from sizes s where s.operator_id = t.operator_id), sum(n)::bigint,
               min(first_day)::varchar, max(last_day)::varchar,
               printf('%.1f', sum(n) / count(*) / (max(last_day) - min(first_day) + 1) / {scale})
        from {truth} t left join worked using (account_id) where ring_id is not null group by 1 order by 2 desc, 1
        limit 12""".replace("{scale}", str(scale)))


def _counts(world: World, path: str, column: str) -> str:
    return (f"select {column} entity, count(distinct account_id) d from {quoted(world.directory / path)} "
            f"where {column} is not null group by 1")


def _degrees(world: World, hub: list[object] | None) -> str:
    columns = [_curve(world.connection, _counts(world, *place)) for place in KINDS.values()]
    names = [*KINDS, "hop wallets"] if hub else [*KINDS]
    columns += [hub] if hub else []
    labels = [_bucket(*bucket) for bucket in BUCKETS]
    rows = zip([*labels, "entities", "most"], *columns, strict=True)
    text = "Share of a kind's entities by the number of accounts that use them"
    text += "; at the right the real hub curve of wallets that airdrop accounts traded with." if hub else "."
    return f"## Degrees\n\n{text}\n\n" + table(["accounts", *names], rows)


def _bucket(low: int, high: int | None) -> str:
    if high is None:
        return f"{low:,} and more"
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _curve(connection: duckdb.DuckDBPyConnection, counts: str) -> list[object]:
    """Shares of entities by bucket, then how many there are, and the accounts of the most used one."""
    parts = ", ".join(f"count(*) filter (d >= {low} and d <= {high or 1 << 60})" for low, high in BUCKETS)
    (row,) = connection.execute(f"select {parts}, count(*), max(d) from ({counts})").fetchall()
    *inside, entities, most = row
    return [*(_share(part / entities) for part in inside), entities, most]


def _share(share: float) -> str:
    return "" if share == 0 else f"{share:.1%}" if share >= 0.01 else f"{share:.2%}" if share >= 0.0001 else "< 0.01%"


def _hub_curve(data: Path, connection: duckdb.DuckDBPyConnection) -> list[object]:
    path = quoted(data / "hop/transfers.parquet")
    return _curve(connection, f"select counterparty entity, count(distinct account_id) d from {path} group by 1")


def _weeks(world: World) -> list[tuple[object, ...]]:
    return world.rows("""
        with days as (
            select ts::date as day, count(*) n, count(ring_id) operated, count(*) filter (http_status = 429) limited,
                   count(*) filter (http_status = 403) banned, count(*) filter (model = 'large-2') on_new
            from {exchanges} join {truth} using (account_id) group by 1)
        select (date '2026-04-01' + 7 * ((day - date '2026-04-01') // 7)::int)::varchar, sum(n)::bigint, min(n), max(n),
               printf('%.1f %%', 100 * sum(operated) / sum(n)), sum(limited)::bigint, sum(banned)::bigint,
               printf('%.0f %%', 100 * sum(on_new) / sum(n))
        from days group by 1 order by 1""")


def _days(world: World) -> list[tuple[object, ...]]:
    return world.rows("""
        with days as (select account_id, ts::date, count(*) n from {exchanges} group by all)
        select if(ring_id is null, 'honest', 'operators'), count(distinct account_id), quantile_disc(n, 0.5),
               quantile_disc(n, 0.9), quantile_disc(n, 0.99), quantile_disc(n, 0.999), max(n)
        from days join {truth} using (account_id) group by 1 order by 1""")


def _networks(world: World, data: Path) -> str:
    """How many accounts come from networks that real lists name, people and operators apart."""
    rows = world.rows("""
        select split_part(ip, '.', 1)::bigint * 16777216 + split_part(ip, '.', 2)::bigint * 65536
               + split_part(ip, '.', 3)::bigint * 256 + split_part(ip, '.', 4)::bigint, account_id,
               account_id in (select account_id from {truth} where ring_id is not null)
        from {sessions} where ip not like '%:%' group by all""", sessions="sessions-*.parquet")
    address = np.array([row[0] for row in rows], dtype=np.int64)
    account = np.unique([row[1] for row in rows], return_inverse=True)[1]
    operated = np.array([row[2] for row in rows], dtype=bool)
    lines = []
    for name, file in NETWORKS.items():
        networks = (data / "ip_context" / file).read_text(encoding="ascii").split()
        listed = _inside(address, networks)
        shares = [_share_of(account, listed, who) for who in (~operated, operated)]
        lines.append((name, len(networks), *shares))
    head = ("list", "networks on it", "honest accounts seen there", "operators' accounts seen there")
    return ("## Networks\n\nReal public lists, and how many accounts of the world use an address on them.\n\n"
            + table(head, lines))


def _share_of(account: Ints, listed: Bools, who: Bools) -> str:
    everybody = len(np.unique(account[who]))
    return f"{len(np.unique(account[who & listed])) / everybody:.1%}" if everybody else ""


def _inside(address: Ints, networks: Sequence[str]) -> Bools:
    """Whether each address lies in one of the networks."""
    parsed = list(ipaddress.collapse_addresses(map(ipaddress.IPv4Network, networks)))
    first = np.array([int(network.network_address) for network in parsed])
    last = np.array([int(network.broadcast_address) for network in parsed])
    row = np.searchsorted(first, address, side="right") - 1
    found: Bools = (row >= 0) & (address <= last[np.maximum(row, 0)])
    return found


if __name__ == "__main__":
    sys.stdout.write(portrait(*map(Path, sys.argv[1:3])))
