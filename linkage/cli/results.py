"""Commands that read a published run: ``rings``, ``show``, ``why`` and ``export``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import linkage
from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import ConfigError, NotFound
from linkage.model import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from linkage.reports.card import Card
    from linkage.reports.run import Run

# What the commands need of the reports is imported when they run: `linkage --help` stays quick.

RunFolder = Annotated[Path, typer.Option("--run", help="Run folder, or the folder with `latest` in it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs, all rows.")]
LATEST = Path("runs/latest")
ROWS = 20  # rows of a table shown to people unless they ask for more
NOTICE = "Linked is not guilty. Bits bound coincidence; they are no probability of innocence."
Row = dict[str, Any]


@app.command("rings")
def rings_command(
    run: RunFolder = LATEST,
    verdict: Annotated[Verdict | None, typer.Option(help="Only rings of this verdict.")] = None,
    top: Annotated[int | None, typer.Option(min=0, help="At most so many rings; 0: all.", show_default="20")] = None,
    as_json: AsJson = False,
) -> None:
    """List the rings of a run: suspect ones first, then by bits saved.

    Example: linkage rings --verdict suspect --top 10
    """
    from linkage.reports.words import records

    table = linkage.open_run(run).rings
    table = table if verdict is None else table[table["verdict"] == verdict]
    limit = top if top is not None else (0 if as_json else ROWS)
    rows = records(table.head(limit) if limit else table)
    if as_json:
        terminal.print_json(rows)
        return
    if not rows:
        terminal.say("No ring" + (f" of verdict {verdict}." if verdict else ": nothing is linked beyond chance."))
        return
    columns = ("ring", "verdict", "runner-up", "accounts", "bits", "families", "operator", "first seen", "last seen")
    terminal.print_table("Rings", columns, map(_ring_row, rows))
    _say_more(len(table) - len(rows), "--top 0")
    terminal.say(f"{NOTICE} Look closer with 'linkage show {rows[0]['ring_id']}'.")


@app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(metavar="ID", help="Account, kind:value, R-… or OP-….")],
    run: RunFolder = LATEST,
    top: Annotated[int, typer.Option(min=0, help="At most so many rows of each table; 0: all.")] = ROWS,
    appeal: Annotated[
        bool, typer.Option("--appeal", help="Of an account: what ties it and what would change that, in plain words.")
    ] = False,
    graphml: Annotated[Path | None, typer.Option(help="Write the case graph of a ring or operator here.")] = None,
    gexf: Annotated[Path | None, typer.Option(help="The same as GEXF, for Gephi.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is known about an account, an entity, a ring or an operator cluster, and what speaks against it.

    Examples: linkage show R-4KQ7ZP2M3A, linkage show ip:192.0.2.1, linkage show account:alice --appeal
    """
    opened = linkage.open_run(run)
    found = opened.find(name)
    _write_graphs(found, opened, graphml, gexf)
    card = _appeal(opened, found) if appeal else _card(opened, found)
    if as_json:
        terminal.print_json(card.data())
    else:
        _print_card(card, top, "" if appeal else NOTICE)


@app.command("why")
def why_command(
    a: Annotated[str, typer.Argument(metavar="A", help="An account id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another account id.")],
    run: RunFolder = LATEST,
    top: Annotated[int, typer.Option(min=0, help="At most so many rows of each table; 0: all.")] = ROWS,
    as_json: AsJson = False,
) -> None:
    """Say what two accounts share, whether they are in one ring, and what is missing if not.

    Example: linkage why alice bob
    """
    from linkage.whatif.pair import pair_card

    card = pair_card(linkage.open_run(run), a, b)
    if as_json:
        terminal.print_json(card.data())
    else:
        _print_card(card, top)


@app.command("export")
def export_command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="OP-… or R-…. Default: the operator, else the ring, with most bits."),
    ] = None,
    run: RunFolder = LATEST,
    out: Annotated[Path | None, typer.Option(help="New folder for the summary.", show_default="ID-summary")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier summary.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the attribution summary of an operator cluster: a page for printing, exhibits, and their SHA-256.

    Example: linkage export OP-4KQ7ZP2M3A --out summary
    """
    from linkage.reports.summary import MANIFEST, PAGE, SUMS, export_summary
    from linkage.state.manifest import check_hashes

    opened = linkage.open_run(run)
    check_hashes(opened.path)
    folder = export_summary(opened, name or _first_operator(opened), out, force=force)
    if as_json:
        terminal.print_json({"folder": str(folder), **json.loads((folder / MANIFEST).read_text(encoding="utf-8"))})
        return
    terminal.say(f"Written: {terminal.plain(folder)}")
    terminal.say(f"Open {PAGE} in a browser and print it. 'sha256sum -c {SUMS}' checks the files.")


def _card(run: Run, found: Any) -> Card:
    from linkage.reports.ring import Ring
    from linkage.whatif.cards import ring_card

    return ring_card(run, found) if isinstance(found, Ring) else found.card()


def _appeal(run: Run, found: Any) -> Card:
    from linkage.reports.account import Account
    from linkage.whatif.appeal import appeal_card

    if not isinstance(found, Account):
        raise ConfigError("only an account has an appeal.", where="show", todo="Name an account.")
    return appeal_card(run, found)


def _first_operator(run: Run) -> str:
    if run.operators.empty and run.rings.empty:
        raise NotFound("this run has no ring.", where=str(run.path), todo="There is nothing to summarise.")
    if run.operators.empty:
        return str(run.rings.sort_values(["bits_saved", "ring_id"], ascending=[False, True])["ring_id"].iloc[0])
    ordered = run.operators.sort_values(["bits_saved", "operator_id"], ascending=[False, True])
    return str(ordered["operator_id"].iloc[0])


def _write_graphs(found: Any, run: Run, graphml: Path | None, gexf: Path | None) -> None:
    from linkage.reports.graphfile import GraphFormat, write_graph

    wanted = [(path, form) for path, form in ((graphml, GraphFormat.GRAPHML), (gexf, GraphFormat.GEXF)) if path]
    if wanted and not hasattr(found, "graph"):
        raise ConfigError("only rings and operator clusters have a case graph.", where="show", todo="Name one of them.")
    for path, form in wanted:
        write_graph(found.graph(), path, form, str(run.manifest["created"])[:10])
        terminal.warn(f"Written: {terminal.plain(path)}")


def _ring_row(row: Row) -> list[object]:
    from linkage.reports.doubts import next_best

    days = [None if row[k] is None else f"{row[k]:%Y-%m-%d}" for k in ("first_seen", "last_seen")]
    return [row["ring_id"], row["verdict"], next_best(row), row["accounts"], row["bits_saved"], row["families"],
            row["operator_id"], *days]


def _print_card(card: Card, top: int, notice: str = NOTICE) -> None:
    terminal.say(terminal.plain(card.title))
    for name, value in card.data().items():
        if name in card.facts and _tells(name, value):
            terminal.say(f"  {_words(name):<24}{terminal.plain(_shaped(name, value))}")
    for name, lines in card.notes.items():
        if not lines:
            continue
        terminal.say(f"\n{HEADINGS.get(name, _words(name))}")
        for line in lines:
            terminal.say(f"  - {terminal.plain(line)}")
    for name, table in card.tables.items():
        if len(table):
            terminal.say("")
            _print_rows(HEADINGS.get(name, _words(name)), table, top)
    if notice:
        terminal.say(f"\n{notice}")


def _print_rows(title: str, table: pd.DataFrame, top: int) -> None:
    from linkage.reports.words import records

    rows = [{k: _shaped(k, v) for k, v in row.items()} for row in records(table.head(top) if top else table)]
    columns = [name for name in _columns(rows[0]) if any(_tells(name, _cell(name, row)) for row in rows)]
    terminal.print_table(title, [_words(c) for c in columns], [[_cell(c, row) for c in columns] for row in rows])
    _say_more(len(table) - len(rows), "--top 0")


def _tells(name: str, value: object) -> bool:
    """Whether people learn something from a value: not from one that is missing, nor from 0 exchanges, which every
    account has where the logs hold none, nor from a dossier, which stands in a sentence that says what it means.
    """
    said = name in ("dossier", "dossier_match")
    return value is not None and not said and (name != "exchanges" or value != 0)


def _columns(row: Row) -> list[str]:
    """Columns in the order of the table, those that a person reads together in one."""
    merged = MERGED | {"entity": "entity_or_pool"} if "pool" in row else MERGED
    names = [merged.get(name, name) for name in row if name not in HIDDEN]
    return list(dict.fromkeys(names))


def _cell(name: str, row: Row) -> object:
    return COMBINED[name](row) if name in COMBINED and name not in row else row.get(name)


def _of(part: str, whole: str) -> Callable[[Row], object]:
    def text(row: Row) -> object:
        if whole not in row:
            return row[part]
        return f"{terminal.plain(row[part])} of {terminal.plain(row[whole])}"

    return text


def _entity_or_pool(row: Row) -> object:
    from linkage.reports.words import count

    return row["entity"] or f"pool of {count(row['pool'], 'entity', 'entities')}"


def _say_more(left: int, option: str) -> None:
    if left > 0:
        terminal.say(f"… and {left:,} more; {option} shows all.")


def _shaped(name: str, value: object) -> object:
    """A value as people read it: shares and probabilities need other digits than bits do."""
    return SHAPES[name].format(value) if name in SHAPES and value is not None else value


def _words(name: str) -> str:
    return NAMES.get(name, name.replace("_", " "))


HIDDEN = {"forgeable", "ring", "cluster"}  # columns that other ones say better
SHAPES = {
    "q_value": "{:.2g}", "verdict_fit": "{:.2f}", "runner_up_fit": "{:.2f}", "likelihood": "{:.3f}",
    "support": "{:.0%}", "traffic_share": "{:.0%}",
}
MERGED = {
    "pool": "entity_or_pool", "ring_accounts": "here", "ring_accounts_with_kind": "here", "all_accounts": "everywhere",
    "all_accounts_with_kind": "everywhere",
}
COMBINED: dict[str, Callable[[Row], object]] = {
    "entity_or_pool": _entity_or_pool,
    "here": _of("ring_accounts", "ring_accounts_with_kind"),
    "everywhere": _of("all_accounts", "all_accounts_with_kind"),
}
NAMES = {
    "n": "uses", "runner_up": "runner-up", "runner_up_fit": "runner-up fit", "log_odds_bits": "log-odds",
    "entity_or_pool": "entity or pool",
}
HEADINGS = {
    "reasons": "Why this verdict",
    "against": "What speaks against it",
    "why": "Why",
    "why_not": "Why not",
    "known": "What is known already",
    "resembles": "Known operators",
    "hand_offs": "Hand-offs: who took up what another was stopped at",
    "weakest_bridge": "Weakest bridge",
    "rests_on": "What the figures rest on",
    "decided_by": "Why these rings go together",
    "alternatives": "What else would explain it",
    "carrying": "Whose traffic it is",
    "evidence": "Evidence: here, k of the s members that have the kind; everywhere, d of all N accounts that have it",
    "pools": "Pools",
    "creations": "When the accounts that use it were created",
    "without_family": "Without each family of evidence: bits of it, bits left, accounts and verdict left",
    "without_entity": "Without each of its strongest entities: users here, bits, accounts and verdict left",
    "stability": "Stability over seeds",
    "rotation": "The cheapest rotation that dissolves it",
    "rotation_entities": "What that would replace, in this order",
    "weakest_bridge_links": "The links of the weakest bridge",
    "operators": "Operator clusters",
    "members": "Members",
    "ring_list": "Rings",
    "rings": "Rings that use it",
    "accounts": "Accounts that use it",
    "shared": "Shared entities, rarest first",
    "shared_by_family": "Shared by family: of the kinds of one family the best counts",
    "ties": "What ties each ring to the others, the loosest first: shared with them, by chance, bits beyond chance",
    "common": "What its rings have in common",
    "links": "What it uses, rarest first",
    "waterfall": "Log-odds, step by step (bits)",
    "log_odds": "Log-odds",
    "log_odds_by_family": "Log-odds by family (bits)",
    "nearest_rings": "Nearest other rings",
    "affiliations": "Further rings",
    "path": "The shortest chain",
    "about": "What this is",
    "tied_by": "What ties it to the group",
    "in_favour": "What speaks for the account",
    "would_change": "What would change the result",
    "again": "Computed again",
    "links_to_the_group": "Its links to the group, one by one, the strongest first",
    "figures": "For an expert: the result without each, in bits",
}
