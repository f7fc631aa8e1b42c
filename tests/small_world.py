"""A simulated world small enough for tests, ways to rewrite its logs, and what pandas alone counts in them.

The counting here shares no code with linkage: it is the oracle for what a run publishes.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from linkage.simulator import Preset, WorldSpec, simulate

SPEC = WorldSpec(accounts=1_200, seed=2, preset=Preset.MARKET)
TINY = WorldSpec(accounts=300, seed=5, preset=Preset.MARKET)
LOGS = {  # source: files, columns that name entities with their kinds
    "accounts": ("accounts.parquet", {}),
    "payments": ("payments.parquet", {"payment_fingerprint": "payment_method"}),
    "sessions": ("sessions-*.parquet", {"ip": "ip", "device_fingerprint": "device"}),
    "exchanges": ("exchanges/*.parquet", {"prompt_template_hash": "prompt_template"}),
}
KINDS = sorted(kind for _, entities in LOGS.values() for kind in entities.values())
FAMILIES = {
    "payment_method": "payment", "ip": "network", "device": "device", "prompt_template": "content", "hand_off": "timing"
}  # fmt: skip
NUMBERED = ("1-sources", "2-graph", "3-communities", "4-rings", "5-operators")
TIME_COLUMN = {"accounts": "created_at"}  # `ts` in the others


def make_world(folder: Path, spec: WorldSpec = SPEC) -> Path:
    """Simulate a world into a new folder; returns its config."""
    simulate(folder, spec)
    return folder / "linkage.toml"


def read_log(world: Path, source: str) -> pa.Table:
    """One log of a world as a single table."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(world.glob(LOGS[source][0]))])


def shuffle_world(world: Path, target: Path, seed: int) -> Path:
    """The same rows in another order and in other files; returns the config of the copy."""
    rng = np.random.default_rng(seed)
    (target / "exchanges").mkdir(parents=True)
    for source, (pattern, _) in LOGS.items():
        table = read_log(world, source)
        table = table.take(rng.permutation(table.num_rows))
        files = 1 if "*" not in pattern else int(rng.integers(2, 6))
        ends = [0, *sorted(rng.integers(0, table.num_rows, files - 1).tolist()), table.num_rows]
        for number, (first, past) in enumerate(itertools.pairwise(ends)):
            pq.write_table(table.slice(first, past - first), target / pattern.replace("*", f"{files - number}"))
    (target / "linkage.toml").write_text((world / "linkage.toml").read_text())
    return target / "linkage.toml"


@dataclass
class Broken:
    """A world as CSV files of which some rows were broken or repeated, and where."""

    config: Path
    rows: dict[str, int] = field(default_factory=dict)
    bad: dict[str, set[int]] = field(default_factory=dict)  # numbers of the broken rows, from 1, by source
    repeated: int = 0  # exchanges with the id of another one


def break_world(world: Path, target: Path, share: float, seed: int = 1) -> Broken:
    """The world as CSV, with this share of the rows of each log broken in one of several ways; every sort occurs."""
    rng = np.random.default_rng(seed)
    target.mkdir(parents=True)
    broken = Broken(target / "linkage.toml")
    config = (world / "linkage.toml").read_text()
    for source, (pattern, _) in LOGS.items():
        table = read_log(world, source)
        if source == "exchanges" and share:
            again = table.slice(0, 50).take(rng.permutation(50))
            table, broken.repeated = pa.concat_tables([table, again]), 50
        lines = _csv_lines(table)
        bad = rng.choice(np.arange(100, len(lines) - 100), round(share * (len(lines) - 1)), replace=False)
        for turn, place in enumerate(sorted(bad.tolist())):
            lines[place] = _break(lines[place], table.column_names, source, turn)
        (target / f"{source}.csv").write_bytes(b"\n".join(lines) + b"\n")
        broken.rows[source] = len(lines) - 1
        broken.bad[source] = set(bad.tolist())
        config = config.replace(f'"{pattern}"', f'"{source}.csv"')
    broken.config.write_text(config)
    return broken


def _csv_lines(table: pa.Table) -> list[bytes]:
    """Lines of the table as CSV; times as ISO 8601 in UTC."""
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(quoting_style="none"))
    return sink.getvalue().to_pybytes().splitlines()


def _break(line: bytes, columns: list[str], source: str, turn: int) -> bytes:
    """One of the ways in which a row of CSV goes wrong."""
    cells = line.split(b",")
    time = columns.index(TIME_COLUMN.get(source, "ts"))
    account = columns.index("account_id")
    ways: list[tuple[int, bytes]] = [
        (account, b""),
        (account, b"NULL"),
        (time, b"yesterday"),
        (time, b"2026-05-01 10:00:00"),
        (time, b"1970-01-01 00:00:00Z"),
        (account, b"a\xff\xfe"),
        (account, b"x" * 2_000),
        (account, b"one,too,many"),
        *([(columns.index("ip"), b"999.1.1.1")] if source == "sessions" else []),
    ]
    place, value = ways[turn % len(ways)]
    cells[place] = value
    return b",".join(cells)


def hashes(manifest: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of every table that must not change with row order; the quarantine names row numbers."""
    tables: dict[str, dict[str, str]] = manifest["tables"]
    return {name: t["sha256"] for name, t in tables.items() if not name.endswith("quarantine.parquet")}


def linkage_process(*words: object, **environment: str) -> subprocess.Popen[str]:
    """The command in a process of its own, as a user starts it."""
    script = [sys.executable, "-c", "from linkage.cli import main; main()"]
    return subprocess.Popen(
        [*script, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it printed."""

    code: int
    out: str
    err: str


def linkage_command(*words: object, **environment: str) -> Ended:
    """Run the command to its end."""
    process = linkage_process(*words, **environment)
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err)


# What pandas counts


def uses(world: Path) -> pd.DataFrame:
    """Every use of an entity that can link: account_id, kind, value, time; one row an event."""
    parts = []
    for source, (_, entities) in LOGS.items():
        frame = read_log(world, source).to_pandas()
        for column, kind in entities.items():
            part = frame[["account_id", column, "ts"]].set_axis(["account_id", "value", "time"], axis=1)
            links = part["value"].notna() if kind != "ip" else part["value"].map(_is_global)
            part = part[links].assign(kind=kind)
            parts.append(part if kind != "ip" else part.assign(value=part["value"].map(_network)))
    return pd.concat(parts, ignore_index=True)


def activity(world: Path) -> pd.DataFrame:
    """By account_id: created, first_seen and last_seen over all logs, and exchanges."""
    logs = {source: read_log(world, source).to_pandas() for source in LOGS}
    times = [(source, TIME_COLUMN.get(source, "ts")) for source in LOGS]
    seen = pd.concat([logs[s][["account_id", c]].set_axis(["account_id", "time"], axis=1) for s, c in times])
    table = seen.groupby("account_id")["time"].agg(first_seen="min", last_seen="max")
    table["created"] = logs["accounts"].groupby("account_id")["created_at"].min()
    table["exchanges"] = logs["exchanges"].groupby("account_id").size()
    return table.fillna({"exchanges": 0}).astype({"exchanges": "int64"})


def _network(address: str) -> str:
    """An IPv6 address by its /64, an IPv4 address as it is."""
    parsed = ipaddress.ip_address(address)
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


def _is_global(address: str) -> bool:
    return ipaddress.ip_address(address).is_global
