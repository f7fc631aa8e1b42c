"""The floor: what nobody who reads these logs and clusters them can do without."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import igraph
import numpy as np
import numpy.typing as npt

from linkage.yardstick.races import AFTERWARDS, Tell
from linkage.yardstick.speed import ITERATIONS, RESOLUTION, SEED

QUERY, GRAPH, LEIDEN = "query", "graph", "Leiden"
COUNTED = (QUERY, LEIDEN)  # numbering the pairs and handing them over is not, as that could be done better
# Reads every column that linkage reads, once; one row for each account, kind and value.
PAIRS = """
CREATE TABLE pairs AS
SELECT 0::UTINYINT AS kind, account_id, payment_fingerprint AS value, count(*) AS n, min(ts) AS first, max(ts) AS last,
    0::UBIGINT AS answers
FROM '{world}/payments.parquet' GROUP BY ALL
UNION ALL
SELECT kind, account_id, value, count(*), min(ts), max(ts), 0
FROM (SELECT unnest([1, 2])::UTINYINT AS kind, account_id, unnest([ip, device_fingerprint]) AS value, ts
      FROM '{world}/sessions-*.parquet') GROUP BY ALL
UNION ALL
SELECT 3, account_id, prompt_template_hash, count(*), min(ts), max(ts), bit_xor(hash(request_id, http_status))
FROM '{world}/exchanges/*.parquet' GROUP BY ALL
"""
NUMBERED = """
WITH users AS (SELECT kind, value, count(*) AS d FROM pairs GROUP BY ALL HAVING d > 1),
    entities AS (SELECT *, row_number() OVER () - 1 AS entity FROM users),
    accounts AS (SELECT account_id, row_number() OVER () - 1 AS account FROM pairs GROUP BY account_id),
    having_kind AS (SELECT kind, count(DISTINCT account_id) AS accounts FROM pairs GROUP BY kind)
SELECT account, entity, log2(accounts / d) AS bits
FROM pairs JOIN entities USING (kind, value) JOIN accounts USING (account_id) JOIN having_kind USING (kind)
"""


def floor(world: Path, tell: Tell) -> dict[str, Any]:
    """Aggregate the logs to account-entity pairs, and run Leiden once on all entities with two users and more."""
    with connected(world) as connection:
        tell(QUERY)
        connection.execute(PAIRS.format(world=world))
        tell(GRAPH)
        pairs = connection.execute("SELECT count(*) FROM pairs").fetchall()[0][0]
        links = connection.sql(NUMBERED).to_arrow_table()
    graph, weights = weighted_graph(*(links[name].to_numpy() for name in ("account", "entity", "bits")))
    igraph.set_random_number_generator(random.Random(SEED))
    tell(LEIDEN)
    graph.community_leiden(
        objective_function="modularity", weights=weights, resolution=RESOLUTION, n_iterations=ITERATIONS
    )
    tell(AFTERWARDS)
    return {"rows": {QUERY: pairs, LEIDEN: graph.ecount()}}


def connected(world: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory as it comes, on all cores, which spills beside the world."""
    connection = duckdb.connect(config={"temp_directory": str(world / "spilled"), "preserve_insertion_order": False})
    connection.execute("SET enable_progress_bar = false")
    return connection


def weighted_graph(
    account: npt.NDArray[np.int64], entity: npt.NDArray[np.int64], bits: npt.NDArray[np.float64]
) -> tuple[igraph.Graph, npt.NDArray[np.float64]]:
    """Accounts joined to what they use, and the weight of each edge; what everybody uses tells nothing: left out."""
    kept = bits > 0
    accounts = int(account.max(initial=-1)) + 1
    edges = np.column_stack([account, entity + accounts])[kept]
    return igraph.Graph(n=accounts + int(entity.max(initial=-1)) + 1, edges=edges), bits[kept]
