"""A whole world: draw it, and write a service's logs, the configuration, and the truth beside them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from linkage.errors import ConfigError
from linkage.simulator.logs import actors_of, write_logs
from linkage.simulator.population import Group, Population, populate
from linkage.simulator.room import bytes_needed, refuse_without_room
from linkage.simulator.spec import WorldSpec, WorldSummary
from linkage.simulator.streams import Streams

CONFIG = """\
# A simulated world: what each log holds and how its columns are read. Paths are relative to this file.

[sources.accounts]
path = "accounts.parquet"
account = "account_id"
time = "created_at"
role = "signup"  # this time is the account's creation
ignore = ["plan"]  # says nothing about who belongs together

[sources.payments]
path = "payments.parquet"
account = "account_id"
time = "ts"
entities = { payment_fingerprint = "payment_method" }  # column = kind

[sources.sessions]
path = "sessions-*.parquet"
account = "account_id"
time = "ts"
entities = { ip = "ip", device_fingerprint = "device" }

[sources.exchanges]
path = "exchanges/*.parquet"
account = "account_id"
time = "ts"
id = "request_id"  # a repeated one is a duplicate
status = "http_status"  # 429: at its limit; 403: banned
entities = { prompt_template_hash = "prompt_template" }
ignore = ["model"{prompt}]

[output]
dir = "runs"
"""
FILES = (
    "accounts.parquet", "payments.parquet", "sessions-2026-*.parquet", "exchanges/part-*.parquet", "truth.parquet",
    "truth_operators.parquet", "traffic.parquet",
)  # fmt: skip


def simulate(directory: Path, spec: WorldSpec, replace: bool = False) -> WorldSummary:
    """Write the world ``spec`` into the new or empty folder ``directory``; the same spec gives the same bytes.

    Tables: accounts, payments, sessions-*, exchanges/*, truth, truth_operators, traffic (Parquet); also linkage.toml
    and world.json. With ``replace`` the files of an earlier world are removed first; others in the folder, such as its
    runs, stay.

    Raises:
        ConfigError: the folder is a file, or holds something already that is not to be replaced.
        StorageFault: the disk has not the room that the world needs; nothing was written.
    """
    replaced = _replaced(directory, replace)
    streams = Streams(spec.seed)
    actors = actors_of(populate(spec, streams), streams)
    refuse_without_room(directory, bytes_needed(actors.people, actors.life), replaced)
    for path in replaced:
        path.unlink()
    (directory / "exchanges").mkdir(parents=True, exist_ok=True)
    _write_json(directory, {"spec": asdict(spec)})
    summary = _summary(directory, actors.people, write_logs(directory, actors, streams))
    config = CONFIG.replace("{prompt}", ', "prompt"' if spec.prompts else "")
    (directory / "linkage.toml").write_text(config, encoding="utf-8")
    _write_json(directory, {"spec": asdict(spec), **{k: v for k, v in asdict(summary).items() if k != "directory"}})
    return summary


def _replaced(directory: Path, replace: bool) -> list[Path]:
    """The files of an earlier world in the folder, which are to be removed."""
    if not directory.exists():
        return []
    if not directory.is_dir():
        raise ConfigError("this is a file.", where=str(directory), todo="Name a new folder.")
    if not any(directory.iterdir()):
        return []
    if not replace:
        raise ConfigError(
            "the folder is not empty.", where=str(directory), todo="Name a new one, or add --force to replace a world."
        )
    if not (directory / "world.json").is_file():
        raise ConfigError(
            "the folder holds no simulated world to replace.", where=str(directory), todo="Name a new folder."
        )
    return [path for pattern in FILES for path in directory.glob(pattern)]


def _write_json(directory: Path, told: dict[str, Any]) -> None:
    (directory / "world.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _summary(directory: Path, people: Population, rows: dict[str, int]) -> WorldSummary:
    counts = np.bincount(people.kind, minlength=len(Group))
    kinds = {g.name.lower(): int(counts[g]) for g in Group}
    rings = people.rings
    return WorldSummary(str(directory), rows, kinds, len(rings.size), rings.operators, int(rings.size.max(initial=0)))
