"""The command ``run``: the whole job, with its progress."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from linkage.cli import terminal
from linkage.cli.app import app

if TYPE_CHECKING:
    from linkage.pipeline import Observer

DEAR = 0.01  # of a run's seconds; the profile leaves out steps that took less
MB = 1_000_000

# The pipeline is imported when it runs: other commands need not wait for its libraries.


@app.command("run")
def run_command(
    config: Annotated[Path, typer.Option(help="The linkage.toml.")] = Path("linkage.toml"),
    keep_steps: Annotated[
        bool, typer.Option("--keep-steps", help="Keep every SQL step's table and text in the run folder.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print what each stage and its dearer steps cost: time, memory, disk.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run's manifest for programs.")] = False,
) -> None:
    """Find the rings in the logs that a linkage.toml names, and publish them as a run folder.

    Example: linkage run --config linkage.toml
    """
    from linkage import pipeline

    with _words_for_ctrl_c(), _progress(pipeline.STAGES) as observe:
        folder = pipeline.run(config, observe, keep_steps)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="ascii"))
    if as_json:
        terminal.print_json(manifest)
        return
    for warning in manifest["warnings"]:
        terminal.warn(f"warning: {terminal.plain(warning)}")
    if profile:
        _print_profile(manifest["stages"])
    _print_summary(folder, manifest)


@contextmanager
def _words_for_ctrl_c() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        terminal.warn("linkage: stopped by Ctrl-C. 'latest' names the last run that was published.")
        raise


@contextmanager
def _progress(stages: tuple[str, ...]) -> Iterator[Observer]:
    """A bar over the stages on a terminal; elsewhere nothing."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as bars:
        task = bars.add_task("starting", total=len(stages))
        now = ""

        def observe(stage: str, step: str) -> None:
            nonlocal now
            now = stage or now
            done = stages.index(now) if now else 0
            bars.update(task, completed=done, description=f"{now:<12} {step:<24}")

        yield observe


def _print_summary(folder: Path, manifest: dict[str, Any]) -> None:
    from linkage.reports.words import count

    rows, tables = manifest["rows"], manifest["tables"]
    terminal.say(
        f"{count(rows['in'], 'row')}: {rows['loaded']:,} loaded, {rows['duplicate']:,} duplicate, "
        f"{rows['quarantined']:,} quarantined."
    )
    counted = {name: tables[f"{name}.parquet"]["rows"] for name in ("rings", "members", "operators")}
    terminal.say(
        f"{count(counted['rings'], 'ring')} of any verdict with {count(counted['members'], 'account')}; "
        f"{count(counted['operators'], 'operator cluster')} among the suspect ones."
    )
    terminal.say(f"Published as {terminal.plain(folder)}. Next: linkage rings --run {terminal.plain(folder)}")


def _print_profile(stages: list[dict[str, Any]]) -> None:
    total = sum(stage["seconds"] for stage in stages)
    rows: list[list[object]] = []
    for stage in stages:
        rows.append(_cost_row(stage["name"], stage, stage["peak_bytes"]))
        dear = [step for step in stage["steps"] if step["seconds"] >= DEAR * total]
        rows += [_cost_row(f"  {step['name']}", step, None) for step in dear]
    rows.append(["whole run", total, None, max(s["peak_bytes"] for s in stages) // MB, _spilled(stages)])
    columns = ["stage, step", "seconds", "rows", "peak MB", "spilled MB"]
    terminal.print_table(f"What it cost, with the steps that took {DEAR:.0%} of the time or more", columns, rows)


def _cost_row(name: str, cost: dict[str, Any], peak: int | None) -> list[object]:
    return [name, cost["seconds"], cost["rows"], None if peak is None else peak // MB, _spilled([cost])]


def _spilled(costs: list[dict[str, Any]]) -> int:
    return sum(int(cost["spilled_bytes"]) for cost in costs) // MB
