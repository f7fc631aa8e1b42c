"""Commands for simulated worlds and for measuring runs against the truth: ``simulate`` and ``evaluate``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from linkage.cli import terminal
from linkage.cli.app import app
from linkage.evaluation import Evaluation, evaluate
from linkage.simulator import Preset, WorldSpec, WorldSummary, simulate

MATCHES = 12  # true operators and rings shown to people; --json has all
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("simulate")
def simulate_command(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the world.")],
    accounts: Annotated[int, typer.Option(help="Number of accounts.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    evade: Annotated[
        float, typer.Option(help="Chance that an operator's account uses an own or popular value, for each kind.")
    ] = 0.3,
    preset: Annotated[Preset, typer.Option(help="The mix of operators and honest accounts.")] = Preset.CAMPAIGN,
    force: Annotated[bool, typer.Option("--force", help="Replace a world that stands there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a simulated world: logs as a service has them, linkage.toml, and the truth beside them.

    Example: linkage simulate world --accounts 20000 --seed 7
    """
    spec = WorldSpec(accounts, seed, evade, preset)
    summary = simulate(directory, spec, replace=force)
    if as_json:
        terminal.print_json(asdict(summary))
    else:
        _print_summary(summary)


@app.command("evaluate")
def evaluate_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or a table with account_id and cluster.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Table with account_id, ring_id and operator_id.")],
    peers: Annotated[
        bool, typer.Option("--peers", help="Also score components and Leiden on the run's links.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure rings and operator clusters against the truth.

    Example: linkage evaluate runs/latest truth.parquet --peers
    """
    result = evaluate(run, truth, with_peers=peers)
    if as_json:
        terminal.print_json(_for_json(result))
    else:
        _print_evaluation(result)


def _print_summary(summary: WorldSummary) -> None:
    terminal.print_table("Accounts by what holds them together", ["group", "accounts"], summary.group_kinds.items())
    terminal.print_table("Rows written", ["table", "rows"], summary.rows.items())
    terminal.say(
        f"{summary.rings:,} true rings of {summary.operators:,} operators; "
        f"the largest has {summary.largest_ring:,} accounts."
    )
    config = terminal.plain(Path(summary.directory) / "linkage.toml")
    terminal.say(f"Next: linkage run --config {config}")


def _print_evaluation(result: Evaluation) -> None:
    columns = ["method", "level", "rings", "precision", "recall", "F1", "found", "of"]
    rows = [
        [x.of, x.level, x.rings, *(f"{v:.4f}" for v in (x.score.precision, x.score.recall, x.score.f1)), x.score.found,
         x.score.clusters]
        for x in result.lines
    ]
    terminal.print_table("B-cubed, averaged over the accounts of operators", columns, rows)
    _print_matches(result, "operator")
    _print_matches(result, "ring")
    if result.honest:
        honest = [[kind, every, caught] for kind, (every, caught) in result.honest.items()]
        terminal.print_table("Honest accounts", ["group", "all", "in suspect rings"], honest)
    if result.verdicts:
        columns = ["verdict", "true kind", "rings", "accounts"]
        verdicts = [[*key, *counts] for key, counts in result.verdicts.items()]
        terminal.print_table("Rings by verdict and by the true kind of most members", columns, verdicts)


def _print_matches(result: Evaluation, level: str) -> None:
    found = [m for m in result.matches if m.level == level]
    if found:
        columns = [f"true {level}", "accounts", f"best {level} found", "its accounts", "in common"]
        rows = [[m.true, m.accounts, m.found or None, m.found_accounts, m.common] for m in found[:MATCHES]]
        which = "all" if len(found) <= MATCHES else f"the {MATCHES} largest of"
        terminal.print_table(f"Found beside true: {which} {len(found)} {level}s", columns, rows)


def _for_json(result: Evaluation) -> dict[str, Any]:
    return {
        "scores": [{"method": x.of, "level": x.level, "rings": x.rings, **asdict(x.score)} for x in result.lines],
        "honest": {kind: {"all": every, "in_suspect_rings": caught} for kind, (every, caught) in result.honest.items()},
        "matches": [asdict(m) for m in result.matches],
        "verdicts": [
            {"verdict": verdict, "true_kind": kind, "rings": rings, "accounts": accounts}
            for (verdict, kind), (rings, accounts) in result.verdicts.items()
        ],
    }
