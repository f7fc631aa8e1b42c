"""Prompts a second, by level and beside Drain, and the memory that many prompts take; each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from linkage.yardstick.races import AFTERWARDS, GIGABYTE, Limits, Race, Task, Tell, race
from linkage.yardstick.tables import NOTHING, markdown
from linkage.yardstick.templates.assigned import ids_of
from linkage.yardstick.templates.drain import drain_groups
from linkage.yardstick.templates.levels import EXACT, LEVELS, MASKED
from linkage.yardstick.templates.volume import READ, Volume, batches, write_volume

QUICK = Volume(prompts=200_000, templates=2_000, accounts=20_000)
SOME = Volume(prompts=1_000_000, templates=100_000, accounts=50_000)
LARGE = Volume(prompts=10_000_000, templates=100_000, accounts=500_000)
LIMITS = Limits(seconds=7_200, memory=int(8 * GIGABYTE))
COUNTED = "ids"  # the step that counts: prompts are read before, and what is compiled when first used is compiled
CORES = 2  # that the aims in prompts a second are for
DRAIN_PROMPTS = 50_000  # Drain is slow, and slower the more it has seen: this is in its favour


def exact_and_masked(folder: Path, tell: Tell) -> dict[str, Any]:
    """Exact and masked ids."""
    return _levels(folder, (EXACT, MASKED), tell)


def every_level(folder: Path, tell: Tell) -> dict[str, Any]:
    """All four levels, with a new catalogue."""
    return _levels(folder, LEVELS, tell)


def drain(folder: Path, tell: Tell) -> dict[str, Any]:
    """Drain with its usual setting, on the first DRAIN_PROMPTS; it knows one core."""
    lines = list(islice((line for batch in batches(folder) for line in batch["prompt"].to_pylist()), DRAIN_PROMPTS))
    drain_groups(lines[:READ])
    tell(COUNTED)
    drain_groups(lines)
    tell(AFTERWARDS)
    return {"prompts": len(lines)}


def streamed(folder: Path, tell: Tell) -> dict[str, Any]:
    """All four levels of prompts that are read from files, and never held all at once."""
    return _ids(lambda: batches(folder), LEVELS, tell)


def _levels(folder: Path, levels: Iterable[str], tell: Tell) -> dict[str, Any]:
    held = list(batches(folder))
    _ids(lambda: iter(held[:1]), levels, lambda step: None)
    return _ids(lambda: iter(held), levels, tell)


def _ids(read: Callable[[], Iterator[pa.RecordBatch]], levels: Iterable[str], tell: Tell) -> dict[str, Any]:
    tell(COUNTED)
    prompts = sum(batch.num_rows for batch in ids_of(read, levels))
    tell(AFTERWARDS)
    return {"prompts": prompts}


@dataclass(frozen=True)
class Contender:
    """What is measured, on which volume, on how many cores."""

    name: str
    task: Task
    volume: Volume
    cores: int = CORES


FAST = (
    Contender("exact and masked", exact_and_masked, QUICK),
    Contender("all levels", every_level, QUICK),
    Contender("drain3, its usual setting", drain, QUICK, 1),
)
LARGEST = (Contender("all levels", streamed, SOME), Contender("all levels", streamed, LARGE))


def speeds(work: Path, tell: Callable[[str], None], contenders: Iterable[Contender]) -> list[list[str]]:
    """A row a contender for :func:`speed_table`; volumes are written in ``work`` where missing."""
    rows = []
    for contender in contenders:
        folder = work / contender.volume.name
        tell(f"{contender.name}: writing {folder}")
        write_volume(folder, contender.volume)
        tell(f"{contender.name}: measuring")
        rows.append(_row(contender, race(contender.task, folder, LIMITS)))
        tell(" | ".join(rows[-1]))
    return rows


def _row(contender: Contender, found: Race) -> list[str]:
    templates = f"{contender.volume.templates:,}"
    if found.stopped:
        return [contender.name, NOTHING, templates, NOTHING, NOTHING, f"{found.peak / GIGABYTE:.2f}, {found.stopped}"]
    prompts = found.figures["prompts"]
    rates = [prompts / found.steps[COUNTED], contender.cores * prompts / max(found.worked[COUNTED], 0.01)]
    return [contender.name, f"{prompts:,}", templates, *(f"{rate:,.0f}" for rate in rates),
            f"{found.peak / GIGABYTE:.2f}"]  # fmt: skip


def speed_table(rows: list[list[str]]) -> str:
    """Prompts a second by the clock, and by the seconds that processors worked if all cores had worked; memory."""
    return markdown(["", "prompts", "templates", "prompts a second by the clock", "by seconds of processors",
                     "peak memory, GB"], rows)  # fmt: skip
