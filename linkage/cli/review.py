"""The commands ``sample`` and ``sample-score``: what people say of a run's rings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import linkage
from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import NotFound

if TYPE_CHECKING:
    from linkage.reports.run import Run

COLUMNS = ("accounts", "yes", "no", "unsure", "share of", "estimate", "95 % interval", "unsure against, for")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("sample")
def sample_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or the folder with 'latest' in it.")] = Path(
        "runs/latest"
    ),
    n: Annotated[int, typer.Option("--n", min=10, max=10_000, help="Items, a fifth of them controls.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same run and seed give the same sheet.")] = 1,
    out: Annotated[Path, typer.Option(help="New folder for the sheet and its key.")] = Path("review"),
    as_json: AsJson = False,
) -> None:
    """Draw a blind review sheet: accounts and pairs of rings with their evidence, without verdict, and controls.

    Example: linkage sample runs/latest --n 200 --out review
    """
    from linkage.review.draw import Plan
    from linkage.review.sheet import KEY, SHEETS, write_sample
    from linkage.state.manifest import check_hashes

    opened = linkage.open_run(run)
    check_hashes(opened.path)
    made = write_sample(opened, Plan(n, seed), out)
    if as_json:
        terminal.print_json(
            {"folder": str(out), "items": made.items, "controls": made.controls, "key_sha256": made.key_sha256}
        )
        return
    terminal.say(f"{made.items:,} items, {made.controls:,} of them controls, in {terminal.plain(out / SHEETS)}.")
    terminal.say(f"Give reviewers that folder alone. {terminal.plain(out / KEY)} says what is what; its SHA-256 is")
    terminal.say(made.key_sha256)
    terminal.say(f"Next: put the filled sheets there, then linkage sample-score {terminal.plain(out)}")


@app.command("sample-score")
def score_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that 'sample' made.")],
    sheets: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILLED...", help="Filled sheets (CSV).", show_default="DIR/for-reviewers/*.csv"),
    ] = None,
    run: Annotated[
        Path, typer.Option(help="The run that was reviewed: its reports quote the result from then on.")
    ] = Path("runs/latest"),
    as_json: AsJson = False,
) -> None:
    """Score filled review sheets: precision with 95 % intervals by verdict and tier, as review.json too.

    Example: linkage sample-score review
    """
    from linkage.reports.reviewed import RESULT
    from linkage.review.score import LABELS, put_beside, score_review

    result = score_review(folder, sheets or [])
    beside = _beside(run, result, put_beside)
    if as_json:
        terminal.print_json(result)
        return
    _print(result)
    terminal.say(f"\n{result['statement']}\nWritten: {terminal.plain(folder / RESULT)}")
    terminal.say(f"{beside} As labels for the next run: path = [\"…\", \"{terminal.plain(folder / LABELS)}\"]")


def _beside(run: Path, result: dict[str, Any], put: Callable[[Run, dict[str, Any]], bool]) -> str:
    """Put the result beside the run if it is the one that was reviewed; what is said of that."""
    try:
        opened = linkage.open_run(run)
    except NotFound:
        opened = None
    if opened and put(opened, result):
        return "The run's own reports and 'linkage actions' quote it from now on."
    return f"{terminal.plain(run)} is not the run that was reviewed: name it with --run, so that its reports quote it."


def _print(result: dict[str, Any]) -> None:
    who = ", ".join(terminal.plain(name) for name in result["reviewers"])
    terminal.say(f"{result['answered']:,} of {result['items']:,} items answered, by {who}; run {result['run_id']}.")
    for title, name, first in (("By verdict", "by_verdict", "verdict"), ("By tier", "by_tier", "tier")):
        terminal.say("")
        terminal.print_table(title, (first, *COLUMNS), [_row(line, first) for line in result[name]])
    controls = result["controls"]
    terminal.say(
        f"\nControls, linked but not in one ring: {controls['yes']:,} yes, {controls['no']:,} no, "
        f"{controls['unsure']:,} unsure; yes {_share(controls)}, 95 % interval {_interval(controls)}."
    )
    for line in result["agreement"]:
        kappa = "not defined" if line["kappa"] is None else f"{line['kappa']:.2f}"
        terminal.say(
            f"{terminal.plain(line['a'])} and {terminal.plain(line['b'])}: the same answer to {line['same']:,} of "
            f"{line['items']:,} items, Cohen's kappa {kappa}."
        )


def _row(line: dict[str, Any], first: str) -> list[object]:
    main = line["unsure_left_out"]
    both = f"{_share(line['unsure_counts_against'])}, {_share(line['unsure_counts_for'])}"
    counts = [line["accounts"], line["yes"], line["no"], line["unsure"]]
    return [line[first], *counts, line["share_of"], _share(main), _interval(main), both]


def _share(share: dict[str, Any]) -> str:
    return "-" if share["estimate"] is None else f"{share['estimate']:.1%}"


def _interval(share: dict[str, Any]) -> str:
    return f"{share['low']:.1%} to {share['high']:.1%}"
