"""What a whole run costs beside one igraph Leiden run on the same graph, in the same process."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import duckdb
import igraph
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linkage import pipeline
from linkage.yardstick.measure import peak_of

RESOLUTION, ITERATIONS, SEED = 1.0, 2, 1
THINNED = {"sessions-*.parquet": "ip", "exchanges/*.parquet": "prompt_template_hash"}  # logs, and what is thinned there


@dataclass(frozen=True)
class Speed:
    """Seconds of each stage of a run and of one Leiden run on its links, and the run's peak memory in MB."""

    accounts: int
    links: int
    stages: dict[str, float]
    leiden: float
    peak: float

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return sum(self.stages.values())

    @property
    def text(self) -> str:
        """A line a stage: its seconds, and how many Leiden runs that is."""
        lines = [f"{self.accounts:,} accounts, {self.links:,} links; one Leiden run {self.leiden:.1f} s"]
        for name, seconds in {**self.stages, "whole run": self.total}.items():
            lines.append(f"{name:<12} {seconds:8.1f} s {seconds / self.leiden:7.2f} x")
        return "\n".join([*lines, f"peak memory {self.peak:,.0f} MB"])


def measure_speed(world: Path) -> Speed:
    """Run the whole job on a simulated world, then Leiden once.

    Raises:
        ConfigError, InputRefused, RunLocked, StorageFault: see :func:`linkage.pipeline.run`.
    """
    run = pipeline.run(world / "linkage.toml")
    peak = peak_of(run)
    stages = json.loads((run / "manifest.json").read_text("utf-8"))["stages"]
    links = pq.read_table(run / "2-graph/links.parquet", columns=["account", "entity", "bits"])
    accounts = pq.read_metadata(run / "1-sources/accounts.parquet").num_rows
    named = {stage["name"]: float(stage["seconds"]) for stage in stages}
    return Speed(accounts, links.num_rows, named, leiden_seconds(links, accounts), peak)


def thinned(world: Path, folder: Path, share: float) -> None:
    """Put a simulated world into ``folder`` with that share of the addresses and templates of each account.

    Sessions from the other addresses and exchanges with the other templates are left out, all accounts stay: a service
    that is used less.
    """
    shutil.copytree(world, folder, ignore=shutil.ignore_patterns("runs", "sessions-*", "exchanges"))
    with duckdb.connect() as connection:
        for pattern, value in THINNED.items():
            for path in sorted(world.glob(pattern)):
                kept = folder / path.relative_to(world)
                kept.parent.mkdir(exist_ok=True)
                connection.execute(
                    f"COPY (SELECT * FROM read_parquet($1) WHERE hash(account_id, {value}) % 10_000 < $2) "
                    f"TO '{kept}' (FORMAT parquet)", [str(path), round(share * 10_000)]
                )  # fmt: skip


def leiden_seconds(links: pa.Table, accounts: int) -> float:
    """Seconds of igraph's Leiden on all links, weighted by rarity: modularity, resolution 1, two iterations.

    Reading the links and building the graph are not counted.
    """
    weight = links["bits"].to_numpy()
    entity = np.unique(links["entity"].to_numpy(), return_inverse=True)[1]
    edges = np.column_stack([links["account"].to_numpy(), entity + accounts])[weight > 0]
    graph = igraph.Graph(n=accounts + int(entity.max(initial=-1)) + 1, edges=edges)
    weights = weight[weight > 0].tolist()
    igraph.set_random_number_generator(random.Random(SEED))
    started = perf_counter()
    graph.community_leiden(
        objective_function="modularity", weights=weights, resolution=RESOLUTION, n_iterations=ITERATIONS
    )
    return perf_counter() - started
