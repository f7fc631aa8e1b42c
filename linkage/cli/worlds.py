"""The command ``simulate``: a simulated world with the truth beside it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from linkage.cli import terminal
from linkage.cli.app import app
from linkage.simulator import Preset, WorldSpec, WorldSummary, simulate

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


def _print_summary(summary: WorldSummary) -> None:
    terminal.print_table("Accounts by what holds them together", ["group", "accounts"], summary.group_kinds.items())
    terminal.print_table("Rows written", ["table", "rows"], summary.rows.items())
    terminal.say(
        f"{summary.rings:,} true rings of {summary.operators:,} operators; "
        f"the largest has {summary.largest_ring:,} accounts."
    )
    config = terminal.plain(Path(summary.directory) / "linkage.toml")
    terminal.say(f"Next: linkage run --config {config}")
