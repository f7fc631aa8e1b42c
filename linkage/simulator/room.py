"""Room on the disk: what a world will need is said before it is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from linkage.errors import StorageFault
from linkage.simulator.levels import expected
from linkage.simulator.lives import Lives
from linkage.simulator.population import Population
from linkage.simulator.streams import Bools

# Bytes of a row on disk, compressed, the most that worlds from 3,000 to 1,049,000 accounts had.
PER_ACCOUNT = 130  # with its payments and its truth
PER_SESSION, PER_EXCHANGE, PER_PROMPT = 26.0, 21.0, 165.0
PER_CARRIED = 17.0  # an exchange of a ring that serves several
SPARE = 1.1
GIGABYTE = 1_000_000_000


def bytes_needed(people: Population, life: Lives) -> int:
    """How many bytes the world's files will have, on the safe side by some per cent."""
    rows = expected(people, life)
    exchanges = float(rows.exchanges.sum())
    carried = float(rows.exchanges[_in_proxy(people)].sum())
    per_exchange = PER_EXCHANGE + (PER_PROMPT if people.spec.prompts else 0.0)
    needed = people.accounts * PER_ACCOUNT + float(rows.sessions.sum()) * PER_SESSION + exchanges * per_exchange
    return int((needed + carried * PER_CARRIED) * SPARE)


def _in_proxy(people: Population) -> Bools:
    """Which accounts are of a ring that serves several."""
    proxy = np.append(np.isin(np.arange(len(people.rings.size)), people.rings.proxies), False)
    return np.asarray(proxy[people.ring], dtype=np.bool_)  # -1, no ring, is the last


def refuse_without_room(directory: Path, needed: int, replaced: Iterable[Path] = ()) -> None:
    """Refuse to write ``needed`` bytes where they don't fit; those of the files ``replaced`` will be free.

    Raises:
        StorageFault: the disk has less room.
    """
    there = next(path for path in (directory, *directory.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free + sum(path.stat().st_size for path in replaced)
    if needed > free:
        raise StorageFault(
            f"this world needs about {needed / GIGABYTE:.1f} GB, and {free / GIGABYTE:.1f} GB are free.",
            where=str(directory), todo="Make room, name a folder on another disk, or ask for fewer --accounts.",
        )
