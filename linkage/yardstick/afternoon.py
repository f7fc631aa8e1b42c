"""What a data scientist would write in an afternoon to find rings in these logs: peers that start from the files."""

from __future__ import annotations

import random
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import igraph
import numpy as np
import pandas as pd
import pyarrow as pa

from linkage.evaluation import label_lines, read_truth
from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers import bipartite
from linkage.evaluation.peers.splink_model import splink_labels
from linkage.yardstick.floor import connected
from linkage.yardstick.races import AFTERWARDS, Tell
from linkage.yardstick.results import OPERATOR

CAP = 50  # accounts of an entity; more is taken for a public place
SEED = 1
PROBABILITY = 0.95  # Splink's threshold that people begin with
SHARED = """
WITH pairs AS (
    SELECT DISTINCT account_id, 'card ' || payment_fingerprint AS entity FROM '{world}/payments.parquet'
    UNION ALL SELECT DISTINCT account_id, 'ip ' || ip FROM '{world}/sessions-*.parquet'
    UNION ALL SELECT DISTINCT account_id, 'device ' || device_fingerprint FROM '{world}/sessions-*.parquet'
    UNION ALL SELECT DISTINCT account_id, 'template ' || prompt_template_hash FROM '{world}/exchanges/*.parquet'
)
SELECT account_id, entity FROM pairs
WHERE entity IN (SELECT entity FROM pairs GROUP BY entity HAVING count(*) BETWEEN 2 AND {most})
"""
EVERYBODY = 1_000_000_000
PANDAS_READS = (
    ("payments.parquet", "payment_fingerprint"), ("sessions-*.parquet", "ip"),
    ("sessions-*.parquet", "device_fingerprint"), ("exchanges/*.parquet", "prompt_template_hash"),
)  # fmt: skip


def duckdb_igraph(world: Path, tell: Tell) -> dict[str, Any]:
    """Pairs by DuckDB; by igraph components, without entities of more than CAP accounts, and Leiden as it comes."""
    with connected(world) as connection:
        tell("pairs")
        frame = connection.execute(SHARED.format(world=world, most=EVERYBODY)).df()
    tell("graph")
    graph = igraph.Graph.DataFrame(frame, directed=False, use_vids=False)
    tell("components")
    public = [vertex for vertex, users in enumerate(graph.degree()) if users > CAP and " " in graph.vs[vertex]["name"]]
    components = graph.copy()
    components.delete_vertices(public)
    parts = components.connected_components().membership
    tell("Leiden")
    igraph.set_random_number_generator(random.Random(SEED))
    found = graph.community_leiden(objective_function="modularity").membership
    tell(AFTERWARDS)
    return {"f1 of components": _f1(world, components, parts), "f1": _f1(world, graph, found)}


def pandas_louvain(world: Path, tell: Tell) -> dict[str, Any]:
    """Pairs by pandas, Louvain by networkx."""
    networkx = import_module("networkx")
    parts = []
    for pattern, column in PANDAS_READS:
        tell("read")
        files = [pd.read_parquet(path, columns=["account_id", column]) for path in sorted(world.glob(pattern))]
        tell("pairs")
        pairs = pd.concat(files).drop_duplicates().rename(columns={column: "entity"})
        parts.append(pairs.assign(entity=f"{column} " + pairs["entity"]))
    frame = pd.concat(parts)
    frame = frame[frame.groupby("entity")["account_id"].transform("size") > 1]
    tell("graph")
    graph = networkx.from_pandas_edgelist(frame, "account_id", "entity")
    tell("Louvain")
    found = networkx.community.louvain_communities(graph, seed=SEED)
    tell(AFTERWARDS)
    ids = frame["account_id"].unique().tolist()
    community = {name: number for number, members in enumerate(found) for name in members}
    return {"f1": operator_f1(world, ids, np.array([community[name] for name in ids]))}


def splink(world: Path, tell: Tell) -> dict[str, Any]:
    """Pairs by DuckDB; Splink compares accounts that share an entity of at most CAP accounts, and clusters them."""
    with connected(world) as connection:
        tell("pairs")
        frame = connection.execute(SHARED.format(world=world, most=CAP)).df()
    account, ids = pd.factorize(frame["account_id"])
    entity, _ = pd.factorize(frame["entity"])
    kind, _ = pd.factorize(frame["entity"].str.split(" ", n=1).str[0])
    graph = bipartite(pa.table({"account": account, "entity": entity, "kind": kind}), len(ids))
    labels = splink_labels(graph, PROBABILITY, tell)
    tell(AFTERWARDS)
    return {"f1": operator_f1(world, ids.tolist(), labels)}


def _f1(world: Path, graph: igraph.Graph, labels: list[int]) -> float:
    """Of the vertices that are accounts: the names of all others say what kind they are of."""
    accounts = {name: label for name, label in zip(graph.vs["name"], labels, strict=True) if " " not in name}
    return operator_f1(world, list(accounts), np.array(list(accounts.values())))


def operator_f1(world: Path, ids: Sequence[str], labels: Labels) -> float:
    """B-cubed F1 at operator level of one label for each of ``ids``."""
    known = read_truth(world / "truth.parquet")
    lines = label_lines("peer", pa.array(ids, pa.string()), labels.astype(np.int64), known)
    return float(next(line.score.f1 for line in lines if line.level == OPERATOR))
