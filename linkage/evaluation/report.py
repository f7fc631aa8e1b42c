"""The evaluation of a run: scores at both levels, honest accounts among the suspects, verdicts against true kinds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from linkage.errors import ConfigError
from linkage.evaluation.beside import Match, matches
from linkage.evaluation.scores import NONE, Score, score
from linkage.evaluation.tables import (
    Prediction,
    Truth,
    align,
    clusters,
    read_prediction,
    read_table,
    read_truth,
    suspects_only,
)

LINKS, ACCOUNTS = "2-graph/links.parquet", "1-sources/accounts.parquet"


@dataclass(frozen=True)
class ScoreLine:
    """One score: of whom, at which level (``ring`` or ``operator``), over which rings."""

    of: str
    level: str
    rings: str
    score: Score


@dataclass(frozen=True)
class Evaluation:
    """Everything that a comparison with the truth says.

    ``honest`` counts accounts by group kind: (all honest ones, those in suspect rings). ``verdicts`` counts predicted
    rings and their accounts by (verdict, true group kind of most of the ring's accounts). Both are empty where the
    truth names no group kinds or the prediction no verdicts. ``matches`` sets each true operator and ring beside the
    cluster that holds most of it.
    """

    lines: list[ScoreLine]
    honest: dict[str, tuple[int, int]]
    verdicts: dict[tuple[str, str], tuple[int, int]]
    matches: list[Match]


def evaluate(run: Path, truth: Path, with_peers: bool = False) -> Evaluation:
    """Measure a run folder, or a table of account_id and cluster, against a truth table; peers use the run's links.

    Raises:
        ConfigError: a file is missing, unreadable or lacks a column; or peers are asked for without a run folder.
    """
    known, found = align(read_truth(truth), read_prediction(run))
    lines = _lines("linkage" if found.has_verdicts else "clusters", known, found)
    if with_peers:
        lines += _peer_lines(run, known)
    return Evaluation(lines, _honest(known, found), _verdicts(known, found), matches(run, truth))


def _lines(of: str, truth: Truth, found: Prediction) -> list[ScoreLine]:
    scopes: dict[str, Prediction] = {"any verdict": found}
    if found.has_verdicts:
        scopes["suspect"] = suspects_only(found)
    return [
        ScoreLine(of, level, scope, score(labels, prediction.ring if level == "ring" else prediction.operator))
        for scope, prediction in scopes.items()
        for level, labels in truth.levels.items()
    ]


def _peer_lines(run: Path, truth: Truth) -> list[ScoreLine]:
    missing = [name for name in (LINKS, ACCOUNTS) if not (run / name).is_file()]
    if missing:
        raise ConfigError(
            f"peers need {missing[0]}, which is not there.", where=str(run),
            todo="Name a run folder such as runs/latest.",
        )
    accounts = read_table(run / ACCOUNTS).sort_by("account")
    return peer_lines(read_table(run / LINKS), accounts["account_id"].combine_chunks(), truth)


def peer_lines(links: pa.Table, account_ids: pa.Array, truth: Truth) -> list[ScoreLine]:
    """Scores of every peer on a table of links; ``account_ids`` names the accounts by their number."""
    from linkage.evaluation.peers import bipartite, peers  # igraph takes a while to import, and few evaluations need it

    lines = []
    for name, labels in peers(bipartite(links, len(account_ids))):
        known, found = align(truth, clusters(account_ids, labels))
        lines += _lines(name, known, found)
    return lines


def _honest(truth: Truth, found: Prediction) -> dict[str, tuple[int, int]]:
    if truth.group_kind is None or not found.has_verdicts:
        return {}
    honest = truth.levels["operator"] == NONE
    suspect = suspects_only(found).ring != NONE
    kinds, every = np.unique(truth.group_kind[honest].astype(str), return_counts=True)
    caught = truth.group_kind[honest & suspect]
    return {str(kind): (int(count), int((caught == kind).sum())) for kind, count in zip(kinds, every, strict=True)}


def _verdicts(truth: Truth, found: Prediction) -> dict[tuple[str, str], tuple[int, int]]:
    """Over rings: a ring's true kind is the one of most of its members (the first by name when equal)."""
    if truth.group_kind is None or not found.has_verdicts:
        return {}
    frame = pd.DataFrame({"ring": found.ring, "verdict": found.verdict, "kind": truth.group_kind})
    counts = frame[frame["ring"] != NONE].value_counts(["ring", "verdict", "kind"]).reset_index()
    counts["accounts"] = counts.groupby("ring")["count"].transform("sum")
    most = counts.sort_values(["count", "kind"], ascending=[False, True]).drop_duplicates("ring")
    table = most.groupby(["verdict", "kind"])["accounts"].agg(["size", "sum"])
    counted = zip(table.index, table.to_numpy().tolist(), strict=True)
    return {(verdict, kind): (rings, accounts) for (verdict, kind), (rings, accounts) in counted}
