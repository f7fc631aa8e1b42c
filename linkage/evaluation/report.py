"""The evaluation of a run: scores at both levels, honest accounts, calibration, exchanges, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from linkage.errors import ConfigError
from linkage.evaluation.beside import Match, matches
from linkage.evaluation.calibration import Calibration, calibration
from linkage.evaluation.ceiling import ceiling_lines
from linkage.evaluation.honest import Honest, honest_accounts
from linkage.evaluation.memberships import NONE, Labels
from linkage.evaluation.prediction import Members, Prediction, align, clusters, read_prediction
from linkage.evaluation.scores import ScoreLine, score
from linkage.evaluation.tables import read_table
from linkage.evaluation.traffic import ACCOUNTS, Traffic, attributed_traffic
from linkage.evaluation.truth import Truth, read_truth
from linkage.model import CREATED

LINKS = "2-graph/links.parquet"
WINDOWS = "4-rings/windows.parquet"


@dataclass(frozen=True)
class Evaluation:
    """Everything that a comparison with the truth says.

    ``verdicts`` counts predicted rings and their accounts by (verdict, true group kind of most of the ring's accounts).
    ``matches`` sets each true operator and ring beside the cluster that holds most of it. What the truth or the
    prediction does not tell is None or empty: a table of clusters has scores only.
    """

    lines: list[ScoreLine]
    matches: list[Match]
    honest: Honest | None
    verdicts: dict[tuple[str, str], tuple[int, int]]
    calibration: list[Calibration]
    traffic: Traffic | None


def evaluate(run: Path, truth: Path, with_peers: bool = False, with_ceiling: bool = False) -> Evaluation:
    """Measure a run folder, or a table of account_id and cluster, against a truth table.

    Peers and the ceiling use the links of the run.

    Raises:
        ConfigError: a file is missing, unreadable or lacks a column; or links are asked for without a run folder.
    """
    known, found = align(read_truth(truth), read_prediction(run))
    lines = _lines("linkage" if found.members else "clusters", known, found)
    if with_ceiling:
        links, account_ids = _links(run, "the ceiling needs")
        lines += ceiling_lines(_with_windows(run, links), account_ids, known)
    if with_peers:
        lines += peer_lines(*_links(run, "peers need"), known)
    if found.members is None:
        return Evaluation(lines, matches(run, truth), None, {}, [], None)
    return Evaluation(
        lines, matches(run, truth), honest_accounts(known, found.members), _verdicts(known, found.members),
        calibration(known, found.members), attributed_traffic(run, truth, known, found.members),
    )


def label_lines(of: str, account_ids: pa.Array, labels: Labels, truth: Truth) -> list[ScoreLine]:
    """Scores at both levels of one label an account, -1 for none; ``account_ids`` names the accounts."""
    return _lines(of, *align(truth, clusters(account_ids, labels)))


def peer_lines(links: pa.Table, account_ids: pa.Array, truth: Truth) -> list[ScoreLine]:
    """Scores of every simple peer on a table of links; ``account_ids`` names the accounts by their number."""
    from linkage.evaluation.peers import bipartite, peers  # igraph takes a while to import, and few evaluations need it

    lines = []
    for name, labels in peers(bipartite(links, len(account_ids))):
        lines += label_lines(name, account_ids, labels, truth)
    return lines


def _lines(of: str, truth: Truth, found: Prediction) -> list[ScoreLine]:
    return [
        ScoreLine(of, level, scope, score(labels, levels[level]))
        for scope, levels in found.scopes.items()
        for level, labels in truth.levels.items()
    ]


def _links(run: Path, who: str) -> tuple[pa.Table, pa.Array]:
    missing = [name for name in (LINKS, ACCOUNTS) if not (run / name).is_file()]
    if missing:
        raise ConfigError(
            f"{who} the table {missing[0]}, which is not there.", where=str(run),
            todo="Name a run folder such as runs/latest.",
        )
    accounts = read_table(run / ACCOUNTS).sort_by("account")
    return read_table(run / LINKS), accounts["account_id"].combine_chunks()


def _with_windows(run: Path, links: pa.Table) -> pa.Table:
    """Links, and those to the windows of creation times and loads: the method uses them, so its ceiling has to.

    Where there are windows of creation times, days of first use are left out: they say the same.
    """
    if not (run / WINDOWS).is_file():
        return links
    windows = read_table(run / WINDOWS).select(["account", "entity", "kind"])
    if CREATED in windows["kind"].unique().to_pylist():
        links = links.drop_columns([name for name in ("first_seen",) if name in links.column_names])
    return pa.concat_tables([links, windows], promote_options="permissive")


def _verdicts(truth: Truth, members: Members) -> dict[tuple[str, str], tuple[int, int]]:
    """Over rings: a ring's true kind is the one of most of its members (the first by name when equal)."""
    if not truth.has_kinds:
        return {}
    inside = members.ring != NONE
    frame = pd.DataFrame({"ring": members.ring, "verdict": members.verdict, "kind": truth.group_kind})[inside]
    counts = frame.value_counts(["ring", "verdict", "kind"]).reset_index()
    counts["accounts"] = counts.groupby("ring")["count"].transform("sum")
    most = counts.sort_values(["count", "kind"], ascending=[False, True]).drop_duplicates("ring")
    table = most.groupby(["verdict", "kind"])["accounts"].agg(["size", "sum"])
    counted = zip(table.index, table.to_numpy().tolist(), strict=True)
    return {(verdict, kind): (rings, accounts) for (verdict, kind), (rings, accounts) in counted}
