"""Room for a run: what it will need is said before the work begins, not after an hour of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pydantic import ByteSize, TypeAdapter

from linkage.config import EngineSettings
from linkage.errors import StorageFault
from linkage.sources import Amount

GIGABYTE = 1_000_000_000
# Bytes that the engine needs, in memory or on disk, for a use of an entity: 135 million exchanges, 19 million sessions,
# 175 million uses in 16.6 million pairs, went through 4 GB of memory and spilled 1.2 GB.
PER_USE = 30
PER_TEXT, PER_PACKED = 3, 15  # a byte of text files is held as a line and as fields, once unpacked; an estimate
PER_ID = 8  # the marks of repeated ids
# Bytes beside the engine for a link: 210 of Leiden at its peak (igraph 1.0), 40 of three matrices with its numbers.
PER_LINK = 250
OF_MEMORY = 0.8  # what the engine takes of memory where nothing is set; DuckDB's own default


def bytes_to_read(amount: Amount) -> int:
    """What the engine needs for reading so much, in memory or on disk, about."""
    return amount.uses * PER_USE + amount.text * PER_TEXT + amount.packed * PER_PACKED


def refuse_without_room(amount: Amount, settings: EngineSettings, folder: Path) -> None:
    """Refuse to read logs whose working data fits neither into the engine's memory nor onto its disk.

    ``folder`` is where it spills when the settings name no other.

    Raises:
        StorageFault: memory and disk have less room than is needed.
    """
    needed, held = bytes_to_read(amount), memory_limit(settings)
    spill = Path(settings.spill_dir) if settings.spill_dir else folder
    there = next(path for path in (spill, *spill.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if needed > held + free:
        raise StorageFault(
            f"reading these logs needs about {_gb(needed)}: {_gb(held)} are the engine's memory, "
            f"and of the {_gb(needed - held)} that it must spill {_gb(free)} are free.",
            where=str(spill),
            todo="Make room, move engine.spill_dir to another disk, or raise engine.memory_limit in linkage.toml.",
        )
    beside = amount.ids * PER_ID
    if beside > memory():
        raise StorageFault(
            f"to find repeated ids among {amount.ids:,} rows {_gb(beside)} of memory are needed, and there are "
            f"{_gb(memory())}.",
            where="sources", todo="Read fewer days of logs at a time, or take out 'id' if no event is logged twice.",
        )


def refuse_without_memory(links: int) -> None:
    """Refuse to look for communities and rings in so many links when memory can't hold them.

    Raises:
        StorageFault: the machine has less memory than is needed.
    """
    needed, there = links * PER_LINK, memory()
    if needed > there:
        raise StorageFault(
            f"communities and rings of {links:,} links need at least {_gb(needed)} of memory, and there are "
            f"{_gb(there)}.",
            where="communities", todo="Use a machine with more memory, or read fewer days of logs at a time.",
        )


def memory_limit(settings: EngineSettings) -> int:
    """The engine's memory in bytes, as set or by default."""
    if settings.memory_limit is None:
        return int(OF_MEMORY * memory())
    return int(TypeAdapter(ByteSize).validate_python(settings.memory_limit))


def memory() -> int:
    """The machine's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _gb(number: int) -> str:
    return f"{number / GIGABYTE:.1f} GB"
