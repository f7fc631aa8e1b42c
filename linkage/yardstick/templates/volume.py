"""Many prompts of about a kilobyte, by many templates, in files that are read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkage.simulator.prompts import Prompts
from linkage.simulator.streams import Streams

BATCH = 50_000  # prompts of a file, and of a row group
SPREAD = 10_000  # templates of a file, at most
READ = 10_000  # prompts of a batch that is read


@dataclass(frozen=True)
class Volume:
    """How many prompts, by how many templates and accounts."""

    prompts: int
    templates: int
    accounts: int
    seed: int = 7

    @property
    def name(self) -> str:
        """A name for a folder."""
        return "prompts-" + "-".join(str(value) for value in asdict(self).values())


def write_volume(folder: Path, volume: Volume) -> None:
    """Write the files of a volume that are not there yet: account and prompt, every template used as often."""
    folder.mkdir(parents=True, exist_ok=True)
    streams = Streams(volume.seed)
    writer = Prompts(np.arange(2 * volume.templates), streams)
    for number, first in enumerate(range(0, volume.prompts, BATCH)):
        path = folder / f"part-{number:04d}.parquet"
        if path.is_file():
            continue
        table = _part(volume, writer, min(BATCH, volume.prompts - first), streams.part(f"volume {number}"))
        pq.write_table(table, path.with_suffix(".new"), compression="zstd", use_dictionary=False)
        path.with_suffix(".new").rename(path)


def _part(volume: Volume, writer: Prompts, prompts: int, rng: np.random.Generator) -> pa.Table:
    """A prompt has two parts, each with words and slots of its own: about a kilobyte, a fifth of it in slots."""
    some = rng.choice(volume.templates, min(SPREAD, volume.templates), replace=False)
    chosen = rng.choice(some, prompts)
    parts = [writer.text(chosen + first, rng) for first in (0, volume.templates)]
    text = pc.binary_join_element_wise(*parts, "\n")
    account = pa.array(rng.integers(volume.accounts, size=prompts)).cast(pa.string())
    return pa.table({"account": account, "prompt": text})


def batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """The prompts of a volume, READ at a time, a file after the other."""
    for path in sorted(folder.glob("*.parquet")):
        yield from pq.ParquetFile(path).iter_batches(READ)
