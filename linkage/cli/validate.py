"""The command ``validate``: experiments on a run of one's own that check what the method claims."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from linkage.cli import terminal
from linkage.cli.app import app

if TYPE_CHECKING:
    from linkage.validation.bound import Bound
    from linkage.validation.exceedance import Level
    from linkage.validation.framing import Framing
    from linkage.validation.power import Power
    from linkage.validation.rerun import Case

NOTE = "The bound is about coincidence: it is no probability of innocence, and says nothing of who is guilty."


class Experiment(StrEnum):
    """What can be checked."""

    BOUND = "bound"
    POWER = "power"
    FRAMING = "framing"


@dataclass(frozen=True)
class Asked:
    """The options of one call; ``n`` is the number of draws."""

    n: int
    accounts: int
    seed: int
    picture: Path | None
    truth: Path | None
    in_logs: bool
    as_json: bool


DRAWS = {Experiment.BOUND: 240, Experiment.POWER: 30, Experiment.FRAMING: 200}


@app.command("validate")
def validate_command(
    experiment: Annotated[Experiment, typer.Argument(metavar="EXPERIMENT", help="bound, power or framing.")],
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or the linkage.toml of its last run.")],
    n: Annotated[int | None, typer.Option("--n", min=1, help="Graphs to draw, or accounts to frame.")] = None,
    accounts: Annotated[
        int, typer.Option(min=0, help="For bound and power: at most so many accounts, drawn at random; 0: all.")
    ] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="The same run, numbers and seed give the same result.")] = 1,
    picture: Annotated[Path | None, typer.Option(help="For power: draw the curve as SVG into this file.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="For framing: table of the true rings; only honest accounts are framed then.")
    ] = None,
    in_logs: Annotated[
        bool, typer.Option("--in-logs", help="For framing: plant in a copy of the logs, and run the whole job on it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check on your own run what the method claims: its bound on coincidence, its power, that nobody can be framed.

    Examples: linkage validate bound runs/latest, linkage validate power runs/latest --picture power.svg,
    linkage validate framing linkage.toml --n 200
    """
    from linkage.validation.rerun import open_case  # the method takes a while to import: other commands need not wait

    case = open_case(run)
    check = {Experiment.BOUND: _bound, Experiment.POWER: _power, Experiment.FRAMING: _framing}[experiment]
    check(case, Asked(n or DRAWS[experiment], accounts, seed, picture, truth, in_logs, as_json))


def _bound(case: Case, asked: Asked) -> None:
    from linkage.validation.bound import check_bound, sampled

    graph = sampled(case.graph, asked.accounts, asked.seed)
    with _progress("rewired graphs") as progress:
        result = check_bound(graph, case.method, asked.n, asked.seed, progress)
    if asked.as_json:
        terminal.print_json(_bound_for_json(result))
    else:
        _print_bound(result)


def _print_bound(result: Bound) -> None:
    best = f", the best saves {result.best:,.1f} bits" if math.isfinite(result.best) else ""
    terminal.say(
        f"{result.graphs:,} rewirings of {result.accounts:,} accounts with {result.links:,} links, where every ring is "
        f"a coincidence: {result.candidates:,} different groups were scored{best}."
    )
    _print_levels("Graphs in which any group saves b bits or more", result.any_candidate)
    shares = [[level.bits, f"{level.bound:.4f}", f"{share:.6f}"]
              for level, share in zip(result.any_candidate, result.share, strict=True)]
    terminal.print_table("Share of all groups that save b bits or more", ["b", "2^-b", "share"], shares)
    for way, found in result.fixed.items():
        _print_levels(f"Groups fixed beforehand ({way}) whose links save b bits or more, names not paid", found)
    q = result.discovered
    terminal.say(
        f"{result.rings:,} rings came out; {q.hits:,} of {q.answers:,} graphs have one with a q-value of 0.05 or less "
        f"(95 %: {q.low:.4f} to {q.high:.4f})."
    )
    terminal.say(NOTE)


def _print_levels(title: str, found: list[Level]) -> None:
    rows = [[x.bits, f"{x.bound:.4f}", x.tried, x.exceeded, f"{x.low:.4f} to {x.high:.4f}", x.finding] for x in found]
    terminal.print_table(title, ["b", "2^-b", "tried", "exceeded", "95 %", "the bound"], rows)


def _bound_for_json(result: Bound) -> dict[str, Any]:
    def told(found: list[Level]) -> list[dict[str, Any]]:
        return [{**asdict(x), "finding": x.finding} for x in found]

    fixed = {way: told(found) for way, found in result.fixed.items()}
    return {**asdict(result), "any_candidate": told(result.any_candidate), "fixed": fixed}


def _power(case: Case, asked: Asked) -> None:
    from linkage.validation.bound import sampled
    from linkage.validation.pictures import draw_power
    from linkage.validation.power import power_curve

    graph = sampled(case.graph, asked.accounts, asked.seed)
    with _progress("graphs with planted rings") as progress:
        result = power_curve(graph, case.method, asked.n, asked.seed, progress)
    if asked.picture:
        draw_power(result, asked.picture)
    if asked.as_json:
        terminal.print_json({**asdict(result), "steps": [_finite(asdict(step)) for step in result.steps]})
    else:
        _print_power(result)


def _finite(step: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity and no nan: null instead."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in step.items()}


def _print_power(result: Power) -> None:
    from linkage.validation.pictures import span

    terminal.say(f"{result.rings:,} rings planted in {result.graphs:,} rewired graphs of {result.accounts:,} accounts.")
    columns = ["bits saved", "rings", "found whole", "share", "95 %", "mean F1"]
    rows = [
        [span(s), s.found.answers, s.found.hits, "-" if s.found.estimate is None else f"{s.found.estimate:.3f}",
         f"{s.found.low:.3f} to {s.found.high:.3f}", "-" if math.isnan(s.mean_f1) else f"{s.mean_f1:.3f}"]
        for s in result.steps
    ]
    terminal.print_table("Planted rings by strength, and how many are found whole (B-cubed F1 0.9)", columns, rows)


def _framing(case: Case, asked: Asked) -> None:
    from linkage.evaluation import read_truth
    from linkage.pipeline import STAGES
    from linkage.validation.framing import frame
    from linkage.validation.in_logs import frame_in_logs

    known = read_truth(asked.truth) if asked.truth else None
    spared = known.account_id.to_numpy(zero_copy_only=False)[~known.honest].tolist() if known else []
    if asked.in_logs:
        with _progress("stages of a run with planted values") as progress:
            result = frame_in_logs(
                case, asked.n, asked.seed, spared,
                lambda stage, step: progress(STAGES.index(stage), len(STAGES)) if stage else None,
            )  # fmt: skip
    else:
        with _progress("batches of framed accounts") as progress:
            result = frame(case, asked.n, asked.seed, spared, progress)
    if asked.as_json:
        terminal.print_json(asdict(result))
    else:
        _print_framing(result)


def _print_framing(result: Framing) -> None:
    terminal.say(
        f"{result.victims:,} accounts framed for {result.rings:,} suspect rings with {result.planted:.1f} values each "
        f"on average (at most {result.budget}) of {', '.join(result.kinds)}, in {result.batches:,} batches."
    )
    terminal.say(
        f"{result.caught:,} of {result.victims:,} became core or periphery of a suspect ring (upper 95 % "
        f"limit {result.upper:.2%}); {result.unmarked:,} of them could stand above tier 3 of the action list "
        f"({result.unmarked_upper:.2%})."
    )
    if result.roles:
        terminal.print_table("As what", ["role", "accounts"], [[role, count] for role, count in result.roles.items()])
    terminal.say(
        f"{result.affiliated:,} are named beside a suspect ring without being members, "
        f"{result.elsewhere:,} are members of other rings."
    )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar over the draws on a terminal; elsewhere nothing."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
