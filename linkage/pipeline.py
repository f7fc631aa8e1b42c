"""The whole job: sources -> graph -> communities -> rings -> operators -> reports. Read :func:`run` first."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import linkage
from linkage.communities import LARGE, candidates_table, inner_proposer, proposer, ready_to_propose
from linkage.config import Config, engine_settings, has_prompts, load_config, resolve, used_kinds
from linkage.costs import Costs
from linkage.engines import DuckDBEngine, Engine, Workers, cores
from linkage.graph import account_loads, build_links, known_of, mint_timing, to_arrays
from linkage.model import AccountGraph
from linkage.operators import attribute, ring_uses, with_dossiers, with_traffic
from linkage.reports.likelihood import TABLE as WEIGHTS
from linkage.reports.likelihood import weights
from linkage.reports.publish import Published, Stages, published_tables
from linkage.reports.recalibrate import Recalibration
from linkage.rings import Limits, find_rings, ready_to_cut
from linkage.room import refuse_without_memory, refuse_without_room
from linkage.sources import SourcesReport, amount_of, read_sources
from linkage.state import KeptTemplates, hold_lock, kept_templates, unfinished_run, write_table
from linkage.state.manifest import code_hash, sha256, table_hashes, versions, write_manifest

STAGES = ("sources", "graph", "communities", "rings", "operators", "reports")
Observer = Callable[[str, str], None]  # told (stage, SQL step or "") as they begin


@dataclass
class Job:
    """One run on its way: where it writes, what it reports, and what it costs."""

    run_id: str
    started: datetime
    config: Config
    config_path: Path
    folder: Path
    observe: Observer
    keep_steps: bool
    costs: Costs
    code: str = field(default_factory=lambda: code_hash(Path(linkage.__file__).parent))  # now: an update may follow

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """Measure a stage; gives the numbered folder for its tables."""
        self.observe(name, "")
        with self.costs.stage(name):
            yield self.folder / stage_folder(name)


def stage_folder(name: str) -> str:
    """The numbered folder of a stage's tables, below the run folder; those of the reports lie in it itself."""
    return "." if name == STAGES[-1] else f"{STAGES.index(name) + 1}-{name}"


def run(config_path: Path, observe: Observer | None = None, keep_steps: bool = False) -> Path:
    """Run the whole job and publish it; returns the run folder, which ``latest`` names from then on.

    Raises:
        ConfigError, InputRefused, RunLocked, StorageFault: see linkage.errors; ``latest`` is as it was.
    """
    config = load_config(config_path)
    output = Path(resolve(config_path, config.output.dir))
    started = datetime.now(UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    with (
        hold_lock(output), unfinished_run(output, run_id) as unfinished,
        kept_templates(config, config_path) as templates,
    ):  # fmt: skip
        costs = Costs(Workers(config.engine.threads or cores()))
        told = observe or (lambda stage, step: None)
        job = Job(run_id, started, config, config_path, unfinished.folder, told, keep_steps, costs)
        refuse_without_room(amount_of(config, config_path), engine_settings(config, config_path), output)
        with _engine(job) as engine:
            report = _sources(job, engine, output / "refused", templates)
            graph = _graph(job, engine)
            with engine.aside():
                partitions = _communities(job, graph)
                rings = _rings(job, graph, partitions)
            del graph, partitions  # the engine has use for their memory
            operators = _operators(job, engine, rings)
            published = _reports(job, engine, Stages(rings, operators))
        minted = templates.prepare(output / run_id) if templates else None
        _manifest(job, report, published.recalibration, minted)
        return unfinished.publish()


@contextmanager
def _engine(job: Job) -> Iterator[DuckDBEngine]:
    scratch = job.folder / "scratch"
    steps = job.folder / "steps" if job.keep_steps else None
    settings = engine_settings(job.config, job.config_path)
    engine = DuckDBEngine(settings, scratch, steps, lambda step: job.observe("", step), job.costs.add)
    try:
        yield engine
    finally:
        engine.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _sources(job: Job, engine: Engine, refused: Path, templates: KeptTemplates | None) -> SourcesReport:
    with job.stage("sources") as folder:
        ids = templates.ids if templates else None
        if ids:
            ids.folder, ids.workers = job.folder, job.costs.workers.number
            ids.observe = lambda doing, rows: job.observe("", f"{doing} prompts, {rows:,}")
        report = read_sources(engine, job.config, job.config_path, refused, templates=ids)
        pairs = engine.fetch("SELECT count(*) AS pairs FROM observations")["pairs"][0].as_py()
        _begin_workers(job, pairs, ready_to_propose)  # they start while the graph is built
        _write(
            engine,
            folder,
            {
                "accounts": "SELECT * FROM accounts ORDER BY account",
                "sources": "SELECT * FROM source_counts ORDER BY source",
                "labels": "SELECT * FROM labels ORDER BY account_id, label",
                "dossiers": "SELECT * FROM dossiers ORDER BY name, kind, value",
                "quarantine": 'SELECT * FROM quarantine ORDER BY source, file, "row", "column", reason',
            },
        )
        return report


def _graph(job: Job, engine: Engine) -> AccountGraph:
    with job.stage("graph") as folder:
        told = job.config.templates.levels.values() if has_prompts(job.config) else ()
        build_links(engine, used_kinds(job.config) + mint_timing(engine), set(told))
        loads = account_loads(engine)["load"].to_numpy()
        # with the episodes and entities that the graph makes: the one list of all, where its readers look for it
        engine.write("SELECT * FROM entities ORDER BY entity", job.folder / "1-sources" / "entities.parquet")
        _write(
            engine,
            folder,
            {
                "episodes": "SELECT * FROM episodes ORDER BY entity",
                "hand_offs": "SELECT * FROM hand_offs ORDER BY entity, taken, taker",
                "kinds": "SELECT * FROM kinds ORDER BY kind",
                "links": "SELECT * FROM links ORDER BY account, entity",
                "loads": "SELECT * FROM loads ORDER BY account",
            },
        )
        refuse_without_memory(engine.fetch("SELECT count(*) AS links FROM links")["links"][0].as_py())
        links = engine.fetch("SELECT account, entity, kind, first_seen, n FROM links ORDER BY account, entity")
        created = engine.fetch("SELECT epoch(created)::DOUBLE AS created FROM accounts ORDER BY account")["created"]
        listed = engine.fetch("SELECT * FROM entities WHERE context IS NOT NULL ORDER BY entity")
        known = known_of(engine.fetch("labels"), engine.fetch("SELECT * FROM accounts ORDER BY account"), listed)
        return to_arrays(links, engine.fetch("kinds"), len(loads), created.to_numpy(), loads, known)


def _communities(job: Job, graph: AccountGraph) -> Any:
    with job.stage("communities") as folder:
        method = job.config.method
        resolutions, workers = method.proposers.resolutions, job.costs.workers
        partitions = proposer(method.proposers, resolutions, method.seed, workers=workers)(graph)
        _save(folder, {"candidates": candidates_table(partitions, method.min_accounts)})
        return partitions


def _rings(job: Job, graph: AccountGraph, partitions: Any) -> dict[str, pa.Table]:
    with job.stage("rings") as folder:
        _begin_workers(job, graph.links, ready_to_cut)  # while clusters are sought
        method = job.config.method
        inside = inner_proposer(method.proposers, method.seed)
        tables = find_rings(graph, partitions, inside, Limits.of(method, job.costs.workers))
        _save(folder, tables)
        return tables


def _begin_workers(job: Job, links: int, ready: Callable[[], None]) -> None:
    """Have workers get ready for a stage where there are links enough for them, about so many."""
    if links >= LARGE:
        job.costs.workers.begin(ready)


def _operators(job: Job, engine: Engine, rings: dict[str, pa.Table]) -> dict[str, pa.Table]:
    with job.stage("operators") as folder:
        uses = ring_uses(engine, rings)
        tables = attribute(rings["rings"], uses, engine.fetch("SELECT * FROM kinds ORDER BY kind"))
        tables = with_traffic(engine, rings, uses, tables)
        tables["operators"] = with_dossiers(engine, rings, tables)
        _save(folder, tables)
        return tables


def _reports(job: Job, engine: Engine, stages: Stages) -> Published:
    with job.stage("reports"):
        published = published_tables(engine, stages)
        _save(job.folder, published.tables)
        return published


def _manifest(job: Job, report: SourcesReport, labels: Recalibration, minted: dict[str, Any] | None) -> None:
    counts = [asdict(c) for c in report.counts]
    total = {name: sum(c[name] for c in counts) for name in ("loaded", "duplicate", "quarantined")}
    tables = table_hashes(job.folder)
    rows = {stage: sum(t["rows"] for path, t in tables.items() if str(Path(path).parent) == stage_folder(stage))
            for stage in STAGES}  # fmt: skip
    write_manifest(
        job.folder,
        {
            "run_id": job.run_id,
            "created": job.started.isoformat(timespec="seconds"),
            "seed": job.config.method.seed,
            "versions": versions(),
            "code": job.code,
            "config": job.config.model_dump(mode="json"),
            "config_path": str(job.config_path),
            "inputs": [asdict(i) for i in report.inputs],
            "rows": {"in": sum(c["rows"] for c in counts), **total},
            "sources": counts,
            "likelihood": {**labels.data(), "weights_sha256": sha256(WEIGHTS), "fitted_on": weights().fitted_on},
            "templates": minted,
            "tables": tables,
            "warnings": list(report.warnings),
            "stages": job.costs.data(rows),
        },
    )


def _write(engine: Engine, folder: Path, queries: dict[str, str]) -> None:
    folder.mkdir()
    for name, query in queries.items():
        engine.write(query, folder / f"{name}.parquet")


def _save(folder: Path, tables: dict[str, pa.Table]) -> None:
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        write_table(table, folder / f"{name}.parquet")
