"""What a whole run costs beside one igraph Leiden run on the same graph, in the same process."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter

import duckdb
import igraph
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from joblib.externals.loky import get_reusable_executor

from linkage import pipeline
from linkage.yardstick.measure import peak_of

RESOLUTION, ITERATIONS, SEED = 1.0, 2, 1
ROUNDS = 3  # of a whole run and a Leiden run: one Leiden run alone took 5.4 to 7.1 s from one minute to the next
THINNED = {"sessions-*.parquet": "ip", "exchanges/*.parquet": "prompt_template_hash"}  # logs, and what is thinned there


@dataclass(frozen=True)
class Speed:
    """Whole runs and Leiden runs on their links, by turns: seconds of each stage of each run, seconds of each Leiden
    run, and the most memory of a run in MB."""

    accounts: int
    links: int
    runs: tuple[dict[str, float], ...]
    leiden: tuple[float, ...]
    peak: float

    @property
    def totals(self) -> list[float]:
        """Seconds of all stages of each run."""
        return [sum(stages.values()) for stages in self.runs]

    @property
    def ratio(self) -> float:
        """How many Leiden runs a whole run takes: medians of both."""
        return median(self.totals) / median(self.leiden)

    @property
    def text(self) -> str:
        """A line a stage, with the median of its seconds, and how many median Leiden runs that is; then every run."""
        one = median(self.leiden)
        seconds = {name: median(stages[name] for stages in self.runs) for name in self.runs[0]}
        seconds |= {"whole run": median(self.totals), "Leiden": one}
        each = [whole / leiden for whole, leiden in zip(self.totals, self.leiden, strict=True)]
        return "\n".join([
            f"{self.accounts:,} accounts, {self.links:,} links; medians of {len(self.runs)} runs",
            *(f"{name:<12} {value:8.1f} s {value / one:7.2f} x" for name, value in seconds.items()),
            f"whole runs: {_listed(self.totals)} s",
            f"Leiden runs, one after each: {_listed(self.leiden)} s",
            f"each run beside the Leiden run after it: {_listed(each)} x",
            f"peak memory {self.peak:,.0f} MB",
        ])


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:.2f}" for number in numbers)


def measure_speed(world: Path, rounds: int) -> Speed:
    """Run the whole job on a simulated world, then Leiden in the same process; and both again, so many times.

    Each round has a process of its own: a second run would find loaded what the first had to load. Other work on the
    machine, and whatever slows it down for minutes, meets both.

    Raises:
        ConfigError, InputRefused, RunLocked, StorageFault: see :func:`linkage.pipeline.run`.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        made = list(pool.map(_round, [world] * rounds))
    runs, leiden, peaks = zip(*((m.runs[0], m.leiden[0], m.peak) for m in made), strict=True)
    return Speed(made[0].accounts, made[0].links, runs, leiden, max(peaks))


def _round(world: Path) -> Speed:
    run = pipeline.run(world / "linkage.toml")
    peak = peak_of(run)
    stages = json.loads((run / "manifest.json").read_text("utf-8"))["stages"]
    links = pq.read_table(run / "2-graph/links.parquet", columns=["account", "entity", "bits"])
    accounts = pq.read_metadata(run / "1-sources/accounts.parquet").num_rows
    named = {stage["name"]: float(stage["seconds"]) for stage in stages}
    get_reusable_executor().shutdown()  # else this process would wait five minutes for idle workers before it ends
    return Speed(accounts, links.num_rows, (named,), (leiden_seconds(links, accounts),), peak)


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
