"""How much there is to read, before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.config import Config
from linkage.sources.files import PACKED
from linkage.sources.unchanged import named_files


@dataclass(frozen=True)
class Amount:
    """What logs hold: ``uses`` (rows of Parquet files, times their entity columns), ``ids`` (such rows with an id), and
    the bytes of ``text`` files, plain and ``packed``."""

    uses: int = 0
    ids: int = 0
    text: int = 0
    packed: int = 0


def amount_of(config: Config, config_path: Path) -> Amount:
    """What is in the files that the config names for its sources.

    Files that can't be looked at count nothing: who reads them says what is wrong with them.
    """
    named = named_files(config, config_path)
    levels = len(config.templates.levels)
    uses, ids, text, packed = 0, 0, 0, 0
    for name, source in config.sources.items():
        for path in named.get(f"sources.{name}.path", ()):
            if path.suffix == ".parquet":
                rows = _rows(path)
                uses += rows * max(1, len(source.entities) + (levels if source.prompt else 0))
                ids += rows if source.id else 0
            elif source.prompt:
                continue  # of these the engine holds ids and no lines
            elif path.suffix in PACKED:
                packed += path.stat().st_size
            else:
                text += path.stat().st_size
    return Amount(uses, ids, text, packed)


def _rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return 0
