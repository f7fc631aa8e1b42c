"""One step of the bench, in a process of its own, so that its seconds and memory are its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pyarrow as pa
import pyarrow.parquet as pq

from linkage import pipeline
from linkage.engines import peak_memory
from linkage.evaluation import Evaluation, ScoreLine, evaluate, label_lines, read_truth
from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers import PEERS, NotRun, bipartite
from linkage.simulator import simulate
from linkage.yardstick.results import DIGITS, Honest, Line, Result, line, save
from linkage.yardstick.worlds import CEILING, LINKAGE, World

SIMULATE = "simulate"
TRUTH = "truth.parquet"
BYTES_PER_MB = 1_000_000


def main(arguments: list[str]) -> None:
    """Do a step and write its result: ``simulate`` or a method, the world's folder, the world as JSON, the file."""
    step, folder, world, out = arguments
    save(measured(step, Path(folder), World(**json.loads(world))), Path(out))


def measured(step: str, folder: Path, world: World) -> Result:
    """The result of a step on the world's folder."""
    if step == SIMULATE:
        simulate(folder, world.spec, replace=True)
        return Result()
    try:
        return run_method(step, folder)
    except NotRun as reason:
        return Result(not_run=str(reason))


def run_method(method: str, folder: Path) -> Result:
    """One method on a simulated world: linkage from its logs, the others from the links of that run.

    Raises:
        NotRun: a peer can't be had here.
    """
    if method == LINKAGE:
        return _linkage(folder)
    run = folder / "runs" / "latest"
    if method == CEILING:
        return _ceiling(run, folder / TRUTH)
    return peer_result(method, run, folder / TRUTH)


def peer_result(name: str, run: Path, truth: Path) -> Result:
    """A peer on the links of a run, at each level with its best setting in hindsight.

    Raises:
        NotRun: the peer can't be had here.
    """
    known = read_truth(truth)
    started = perf_counter()
    seconds = 0.0
    scored: list[tuple[str, list[ScoreLine]]] = []
    for ids, setting, labels in clusterings(name, run):
        seconds = seconds or perf_counter() - started
        scored.append((setting, label_lines(name, ids, labels, known)))
    return Result(lines=best_lines(scored), seconds=round(seconds, 3), peak_mb=peak_mb())


def clusterings(name: str, run: Path) -> Iterator[tuple[pa.Array, str, Labels]]:
    """Account ids, setting and labels of each clustering that a peer tries on a run's links."""
    ids = pq.read_table(run / "1-sources/accounts.parquet").sort_by("account")["account_id"].combine_chunks()
    graph = bipartite(pq.read_table(run / "2-graph/links.parquet", columns=["account", "entity", "kind"]), len(ids))
    (peer,) = [peer for peer in PEERS if peer.name == name]
    for setting, labels in peer.clusterings(graph):
        yield ids, setting, labels


def best_lines(scored: list[tuple[str, list[ScoreLine]]]) -> list[Line]:
    """Per level the line of the setting with the highest F1, the first of equal ones."""
    found = []
    for place, usual in enumerate(scored[0][1]):
        setting, lines = max(scored, key=lambda pair: pair[1][place].score.f1)
        found.append(line(lines[place], setting, usual.score.f1))
    return found


def _linkage(folder: Path) -> Result:
    started = perf_counter()
    run = pipeline.run(folder / "linkage.toml")
    seconds, peak = round(perf_counter() - started, 3), peak_of(run)
    found = evaluate(run, folder / TRUTH)
    lines = [line(x, "", x.score.f1) for x in found.lines]
    return Result(lines=lines, honest=honest(found), traffic=traffic(found), seconds=seconds, peak_mb=peak)


def honest(found: Evaluation) -> Honest | None:
    """What the evaluation says of honest accounts and groups; None where it says nothing."""
    told = found.honest
    if told is None:
        return None
    return Honest(
        accounts=sum(kind.accounts for kind in told.kinds),
        suspect=told.honest_suspects,
        bystanders=told.honest_bystanders,
        groups=sum(kind.reported + kind.crowds for kind in told.kinds),
    )


def traffic(found: Evaluation) -> float | None:
    """The share of all true operators' exchanges that the run gives to their match; None where it can't be told."""
    operators = found.traffic.operators if found.traffic else []
    every = sum(operator.exchanges for operator in operators)
    return round(sum(o.exchanges * o.share for o in operators) / every, DIGITS) if every else None


def _ceiling(run: Path, truth: Path) -> Result:
    started = perf_counter()
    found = [x for x in evaluate(run, truth, with_ceiling=True).lines if x.of == CEILING]
    lines = [line(x, "", x.score.f1) for x in found]
    return Result(lines=lines, seconds=round(perf_counter() - started, 3), peak_mb=peak_mb())


def peak_of(run: Path) -> float:
    """Peak memory in MB of a published run and of the processes that worked for it, from its manifest."""
    stages = json.loads((run / "manifest.json").read_text("utf-8"))["stages"]
    return float(round(max(stage["peak_bytes"] for stage in stages) / BYTES_PER_MB, 1))


def peak_mb() -> float:
    """Peak resident memory of this process in MB."""
    return round(peak_memory() / BYTES_PER_MB, 1)
