"""The command ``evaluate``: a run, or any table of clusters, measured against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkage.cli import terminal
from linkage.cli.app import app

if TYPE_CHECKING:
    from linkage.evaluation import Evaluation
    from linkage.evaluation.calibration import Calibration
    from linkage.evaluation.honest import Honest
    from linkage.evaluation.traffic import Traffic

SHOWN = 12  # rows of long tables shown to people; --json has all


@app.command("evaluate")
def evaluate_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or a table with account_id and cluster.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Table with account_id, ring_id and operator_id.")],
    ceiling: Annotated[
        bool, typer.Option("--ceiling", help="Also score what a method could reach that knows the true rings.")
    ] = False,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also score components and Leiden on the run's links.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure rings and operator clusters against the truth.

    Example: linkage evaluate runs/latest truth.parquet --ceiling --peers
    """
    from linkage.evaluation import evaluate  # pandas and scipy take a while to import: other commands need not wait

    result = evaluate(run, truth, with_peers=peers, with_ceiling=ceiling)
    if as_json:
        terminal.print_json(_for_json(result))
    else:
        _print_evaluation(result)


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
    if result.traffic:
        _print_traffic(result.traffic)
    if result.honest:
        _print_honest(result.honest)
    if result.verdicts:
        columns = ["verdict", "true kind", "rings", "accounts"]
        verdicts = [[*key, *counts] for key, counts in result.verdicts.items()]
        terminal.print_table("Rings by verdict and by the true kind of most members", columns, verdicts)
    if result.calibration:
        _print_calibration(result.calibration)


def _print_matches(result: Evaluation, level: str) -> None:
    found = [m for m in result.matches if m.level == level]
    columns = [f"true {level}", "accounts", f"best {level} found", "its accounts", "in common"]
    rows = [[m.true, m.accounts, m.found or None, m.found_accounts, m.common] for m in found]
    _print_first(f"Found beside true: {{which}} {len(found)} {level}s", columns, rows)


def _print_traffic(traffic: Traffic) -> None:
    columns = ["true operator", "exchanges", "operator found", "attributed to it"]
    rows = [[a.operator, a.exchanges, a.found or None, f"{a.share:.1%}"] for a in traffic.operators]
    _print_first(f"Exchanges attributed: {{which}} {len(rows)} operators", columns, rows)
    columns = ["true ring", "traffic of", "exchanges", "true share", "of all", "off by", "of those found", "off by"]
    shared = [
        [s.ring, s.operator or "innocent customers", s.exchanges, f"{s.true:.1%}", f"{s.stated:.1%}", s.error,
         f"{s.told:.1%}", s.told_error]
        for s in traffic.shared
    ]
    _print_first("Rings that serve several: {which} " + f"{len(shared)} shares", columns, shared)


def _print_honest(honest: Honest) -> None:
    columns = ["group", "accounts", "suspects", "bystanders", "groups", "reported", "crowds reported"]
    kinds = [[k.kind, k.accounts, k.suspects, k.bystanders, k.groups, k.reported, k.crowds] for k in honest.kinds]
    terminal.print_table("Honest accounts in suspect rings", columns, kinds)
    share = honest.honest_suspects / honest.suspects if honest.suspects else 0.0
    terminal.say(
        f"{honest.honest_suspects:,} of {honest.suspects:,} suspect accounts are honest ({share:.2%}); "
        f"{honest.honest_bystanders:,} of {honest.bystanders:,} bystanders."
    )
    columns = ["group", "name", "accounts", "ring", "its accounts", "in common"]
    groups = [[g.kind, g.group or None, g.accounts, g.ring, g.ring_accounts, g.common] for g in honest.groups]
    _print_first(f"Honest groups reported as suspect: {{which}} {len(groups)}", columns, groups)
    if honest.framed:
        framed = honest.framed
        terminal.say(
            f"Framed: {framed.caught:,} of {framed.accounts:,} honest accounts with planted values are suspects "
            f"(upper 95 % limit {framed.upper:.2%})."
        )


def _print_calibration(calibration: list[Calibration]) -> None:
    columns = ["rings", "members", "stated", "true", "mean gap", "largest gap", "of members", "true there, 95 %"]
    rows = [
        [c.rings, c.accounts, f"{c.stated:.3f}", f"{c.true:.3f}", f"{c.error:.3f}", f"{c.largest.gap:.3f}",
         c.largest.accounts, f"{c.largest.true_low:.3f} to {c.largest.true_high:.3f}"]
        for c in calibration
    ]
    terminal.print_table("Stated likelihood of members, and the share that belongs", columns, rows)
    columns = ["stated", "members", "mean", "true", "95 %"]
    bins = [
        [f"{b.low:.1f} to {b.high:.1f}", b.accounts, f"{b.stated:.3f}", f"{b.true:.3f}",
         f"{b.true_low:.3f} to {b.true_high:.3f}"]
        for b in calibration[0].bins
    ]
    terminal.print_table("The same in steps of a tenth, rings of any verdict", columns, bins)


def _print_first(title: str, columns: list[str], rows: Sequence[Sequence[object]]) -> None:
    """The first rows of a table, and in its title whether these are all; nothing when there are none."""
    if rows:
        which = "all" if len(rows) <= SHOWN else f"the first {SHOWN} of"
        terminal.print_table(title.format(which=which), columns, rows[:SHOWN])


def _for_json(result: Evaluation) -> dict[str, Any]:
    traffic = result.traffic
    return {
        "scores": [{"method": x.of, "level": x.level, "rings": x.rings, **asdict(x.score)} for x in result.lines],
        "matches": [asdict(m) for m in result.matches],
        "traffic": {
            "operators": [asdict(a) for a in traffic.operators],
            "shared": [{**asdict(s), "error": s.error, "told_error": s.told_error} for s in traffic.shared],
        } if traffic else None,
        "honest": asdict(result.honest) if result.honest else None,
        "verdicts": [
            {"verdict": verdict, "true_kind": kind, "rings": rings, "accounts": accounts}
            for (verdict, kind), (rings, accounts) in result.verdicts.items()
        ],
        "calibration": [asdict(c) for c in result.calibration],
    }  # fmt: skip
