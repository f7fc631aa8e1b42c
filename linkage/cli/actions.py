"""The command ``actions``: accounts in the order in which to look at them, and how many honest ones to expect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import linkage
from linkage.actions.tier import MEANINGS, Tier
from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from linkage.actions.expected import Expected
    from linkage.actions.listing import ActionList
    from linkage.reports.run import Run

ROWS = 20
SHOWN = ("tier", "status", "account_id", "ring_id", "role", "likelihood", "exchanges", "last_seen", "labels", "why")
NAMES = {"account_id": "account", "ring_id": "ring", "last_seen": "last seen"}


@app.command("actions")
def actions_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or the folder with 'latest' in it.")] = Path(
        "runs/latest"
    ),
    tier: Annotated[Tier | None, typer.Option(help="Only this tier.")] = None,
    top: Annotated[int | None, typer.Option(min=0, help="At most so many accounts; 0: all.", show_default="20")] = None,
    review: Annotated[
        Path | None, typer.Option(help="Result of 'sample-score'.", show_default="RUN/review.json")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the accounts to this .csv or .parquet file, all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs, all rows.")] = False,
) -> None:
    """List accounts by tier, with the number of honest ones to expect; what your labels clear is left out and named.

    Example: linkage actions runs/latest --tier 1 --out tier-1.csv
    """
    from linkage.actions.listing import action_list, check_format, write_list
    from linkage.reports.words import records
    from linkage.state.manifest import check_hashes

    if out:
        check_format(out)
    opened = linkage.open_run(run)
    check_hashes(opened.path)
    found = action_list(opened, _review(opened, review))
    rows = found.only(tier, _limit(top, everything=as_json or out is not None))
    if out:
        write_list(rows, out)
    if as_json:
        excluded = records(found.only(Tier.EXCLUDED, 0))
        terminal.print_json({**found.data(), "accounts": records(rows), "excluded": excluded})
        return
    _print(found, rows.head(_limit(top, everything=False) or len(rows)), tier)
    if out:
        terminal.say(f"Written: {terminal.plain(out)}, {len(rows):,} accounts.")


def _limit(top: int | None, *, everything: bool) -> int:
    if top is not None:
        return top
    return 0 if everything else ROWS


def _review(run: Run, given: Path | None) -> dict[str, Any] | None:
    from linkage.reports.reviewed import RESULT, read_review, review_of

    if given is None:
        return review_of(run.path)
    found = read_review(given / RESULT if given.is_dir() else given, run.path)
    if found is None:
        raise ConfigError(
            "this review is of another run.", where=str(given), todo="Name the run that was reviewed, or leave it out."
        )
    return found


def _print(found: ActionList, rows: pd.DataFrame, tier: Tier | None) -> None:
    from linkage.actions.listing import NOT_REVIEWED, NOTICE

    terminal.say(NOTICE)
    terminal.say(f"Likelihood: {found.rests_on}.")
    if found.review is None:
        terminal.say(NOT_REVIEWED)
    if found.rows.empty:
        terminal.say("\nThe run has no suspect and no undetermined ring: there is nothing on the list.")
        return
    _print_lines(found)
    if len(rows):
        terminal.say("")
        _print_rows("Accounts" if tier is None else f"Accounts of tier {tier}", rows)
        left = len(found.only(tier, 0)) - len(rows)
        if left > 0:
            terminal.say(f"… and {left:,} more; --top 0 shows all, --out FILE.csv writes them.")
    excluded = found.only(Tier.EXCLUDED, 0)
    if len(excluded) and tier != Tier.EXCLUDED:
        terminal.say("")
        _print_rows("Left out: your labels know these accounts", excluded.head(ROWS).drop(columns=["why", "status"]))
        if len(excluded) > ROWS:
            terminal.say(f"… and {len(excluded) - ROWS:,} more; --tier excluded shows them.")


def _print_lines(found: ActionList) -> None:
    columns = ["tier", "accounts", "open", "done", "rings", "honest among the open", "95 %", "by your review", "95 %"]
    lines = [
        [str(x.tier), x.accounts, x.open, x.done, x.rings, *_expected(x.expected), *_expected(x.reviewed)]
        for x in found.lines
    ]
    terminal.say("")
    terminal.print_table("Tiers", columns, lines)
    for line in found.lines:
        terminal.say(f"  {line.tier}: {MEANINGS[line.tier]}")
    if any(line.expected for line in found.lines):
        terminal.say(
            "Honest among the open: honest accounts, and those of another operator, to expect by the likelihood. The "
            "interval leaves open how far members of a ring are right or wrong together."
        )


def _expected(found: Expected | None) -> list[object]:
    return [None, None] if found is None else [f"{found.honest:,.1f}", f"{found.low:,.0f} to {found.high:,.0f}"]


def _print_rows(title: str, rows: pd.DataFrame) -> None:
    from linkage.reports.words import records

    told = records(rows)
    shown = [name for name in SHOWN if any(row.get(name) not in (None, 0) for row in told)]
    cells = [[f"{row[n]:.3f}" if n == "likelihood" else row[n] for n in shown] for row in told]
    terminal.print_table(title, [NAMES.get(name, name) for name in shown], cells)
