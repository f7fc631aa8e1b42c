"""The command ``replay``: nights run one after the other, to see when each true operator surfaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from linkage.cli import terminal
from linkage.cli.app import app

if TYPE_CHECKING:
    from linkage.evaluation.replay import Observer, Replay, Surfaced


@app.command("replay")
def replay_command(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The linkage.toml.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Table with account_id and operator_id.")],
    every: Annotated[int, typer.Option(metavar="DAYS", help="Days from one night to the next.")] = 1,
    first: Annotated[
        datetime | None,
        typer.Option("--from", metavar="DAY", formats=["%Y-%m-%d"], help="First day; else that of the first entity."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Replay nights on what the logs held by then, and tell on which day each true operator surfaces.

    Example: linkage replay world/linkage.toml world/truth.parquet --every 7
    """
    from linkage.evaluation.replay import replay  # the pipeline takes a while to import: other commands need not wait

    with _progress() as observe:
        result = replay(config, truth, every, first.date() if first else None, observe)
    if as_json:
        terminal.print_json(asdict(result))
    else:
        _print_replay(result)


@contextmanager
def _progress() -> Iterator[Observer]:
    """A bar over the nights on a terminal; elsewhere nothing."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as bars:
        task = bars.add_task("cutting the logs", total=None)

        def observe(day: date, done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, description=f"night of {day}")

        yield observe


def _print_replay(result: Replay) -> None:
    from linkage.evaluation.replay import EARLY

    early = f"{EARLY:.0%}"
    columns = [
        "true operator", "accounts", "exchanges", f"at work by {early}", "suspect on", "sent by then", "any verdict on",
        "sent by then",
    ]
    rows = [
        [d.operator, d.accounts, d.exchanges, d.begun, *_shown(d.suspect), *_shown(d.any_verdict)]
        for d in result.operators
    ]
    terminal.print_table("When each true operator surfaces", columns, rows)
    for what, found in (("as suspect", [d.suspect for d in result.operators]),
                        ("with any verdict", [d.any_verdict for d in result.operators])):
        terminal.say(
            f"{sum(s.day is not None for s in found):,} of {len(found):,} operators surfaced {what}, "
            f"{sum(s.early for s in found):,} before {early} of their exchanges were sent."
        )
    terminal.say(
        "An operator surfaces with the first ring of which at least half the accounts are its, bystanders left out of "
        f"suspect rings. At work by {early} are its accounts that had sent anything by the last night before that."
    )
    nights = result.nights
    terminal.say(f"{len(nights):,} nights, from {nights[0]} to {nights[-1]}.")


def _shown(found: Surfaced) -> tuple[str | None, str | None]:
    day = None if found.day is None else str(found.day)
    return day, None if found.sent is None else f"{found.sent:.1%}"
