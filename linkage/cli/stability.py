"""The command ``stability``: whether the rings of a run are found again with other seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import linkage
from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import NotFound

if TYPE_CHECKING:
    from linkage.reports.run import Run
    from linkage.whatif.stability import Observer

COLUMNS = ("ring", "verdict", "accounts", "found again", "same verdict", "overlap", "least overlap")


@app.command("stability")
def stability_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or the folder with 'latest' in it.")] = Path(
        "runs/latest"
    ),
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many other seeds; each takes as long as a run.")] = 5,
    top: Annotated[int, typer.Option(min=0, help="At most so many rings; 0: all.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs, all rings.")] = False,
) -> None:
    """Find the rings of a run again with other seeds, on its stored links; 'show' quotes it from then on.

    Example: linkage stability runs/latest --seeds 5
    """
    from linkage.reports.words import records
    from linkage.whatif.kept import keep
    from linkage.whatif.stability import steadiness
    from linkage.whatif.steady import summary
    from linkage.whatif.world import method_of

    opened = _with_rings(linkage.open_run(run))
    own = method_of(opened).seed
    others = [own + number for number in range(1, seeds + 1)]
    with _progress() as observe:
        found = steadiness(opened, others, observe)
    folder, table = keep(opened, others, found), summary(opened, found)
    if as_json:
        terminal.print_json({"folder": str(folder), "seeds": others, "rings": records(table)})
        return
    rows = records(table.head(top) if top else table)
    terminal.print_table("Rings found again with other seeds", COLUMNS, [
        [row["ring_id"], row["verdict"], row["accounts"], f"{row['again']} of {row['seeds']}",
         f"{row['same_verdict']} of {row['seeds']}", f"{row['overlap']:.0%}", f"{row['least_overlap']:.0%}"]
        for row in rows
    ])  # fmt: skip
    if len(table) > len(rows):
        terminal.say(f"… and {len(table) - len(rows):,} more; --top 0 shows all.")
    terminal.say(f"Kept in {terminal.plain(folder)}; 'linkage show R-…' quotes it.")


@contextmanager
def _progress() -> Iterator[Observer]:
    """A bar over the seeds on a terminal; elsewhere nothing."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as bars:
        task = bars.add_task("finding rings again", total=None)

        def observe(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield observe


def _with_rings(opened: Run) -> Run:
    if not len(opened.rings):
        raise NotFound("this run has no ring.", where=str(opened.path), todo="There is nothing to find again.")
    return opened
