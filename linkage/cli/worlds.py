"""The command ``simulate``: a simulated world with the truth beside it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import ConfigError
from linkage.simulator import Preset, WorldSpec, WorldSummary
from linkage.simulator.presets import usual_accounts

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("simulate")
def simulate_command(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the world.")],
    accounts: Annotated[
        int | None, typer.Option(help="Number of accounts.", show_default="20000; seed-scale: 1049000")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    evade: Annotated[
        float, typer.Option(help="Chance that an operator's account uses an own or popular value, for each kind.")
    ] = 0.3,
    evade_kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=CHANCE", help="The same for one kind, such as ip=0.9; can be given several times."),
    ] = None,
    preset: Annotated[Preset, typer.Option(help="The mix of operators and honest accounts.")] = Preset.CAMPAIGN,
    plant: Annotated[int, typer.Option(help="Values of a ring that an attacker plants on each victim.")] = 0,
    plant_victims: Annotated[int, typer.Option(help="Honest accounts that an attacker frames.")] = 0,
    prompts: Annotated[bool, typer.Option("--prompts", help="Write the prompts' text too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a world that stands there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a simulated world: logs as a service has them, linkage.toml, and the truth beside them.

    Example: linkage simulate world --accounts 20000 --seed 7
    """
    from linkage.simulator import simulate

    kinds = dict(map(_kind_and_chance, evade_kind or []))
    accounts = usual_accounts(preset) if accounts is None else accounts
    spec = WorldSpec(accounts, seed, evade, preset, kinds, plant, plant_victims, prompts)
    summary = simulate(directory, spec, replace=force)
    if as_json:
        terminal.print_json(asdict(summary))
    else:
        _print_summary(summary)


def _kind_and_chance(text: str) -> tuple[str, float]:
    """``KIND=CHANCE`` in its two parts.

    Raises:
        ConfigError: the text has another form.
    """
    kind, _, chance = text.partition("=")
    try:
        return kind, float(chance)
    except ValueError:
        raise ConfigError(
            f"`{text}` is not of the form KIND=CHANCE.", where="--evade-kind", todo="Write such as ip=0.9."
        ) from None


def _print_summary(summary: WorldSummary) -> None:
    terminal.print_table("Accounts by what holds them together", ["group", "accounts"], summary.group_kinds.items())
    terminal.print_table("Rows written", ["table", "rows"], summary.rows.items())
    terminal.say(
        f"{summary.rings:,} true rings of {summary.operators:,} operators; "
        f"the largest has {summary.largest_ring:,} accounts."
    )
    config = terminal.plain(Path(summary.directory) / "linkage.toml")
    terminal.say(f"Next: linkage run --config {config}")
