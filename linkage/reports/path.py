"""The shortest chain of shared entities between two accounts, searched from both ends, without the widely used ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx
import pandas as pd

from linkage.reports.shared import add_links
from linkage.reports.store import Store

WIDEST = 1_000  # users above which an entity is not followed: a chain through it would tell nothing
LONGEST = 6  # entities in a chain
REACH = 50_000  # links looked at from one end before the search is given up

_STEP = """
    SELECT a.account_id, l.account, l.entity, l.kind, e.value, e.context, l.users, k.accounts AS of, l.n
    FROM links l JOIN entities e USING (entity) JOIN accounts a USING (account) JOIN kinds k ON k.kind = l.kind
    WHERE l.entity IN (
        SELECT f.entity FROM links f WHERE f.account IN (SELECT unnest($accounts)) AND f.users BETWEEN 2 AND $widest
    )
    ORDER BY l.users, l.kind, e.value, a.account_id LIMIT $reach
"""


@dataclass(frozen=True)
class Path:
    """``steps`` lead from the first account to the second: account_id, then the entity by which it meets the next.

    ``found`` is False when no chain exists within the limits; ``complete`` is False when the search was cut short at
    ``REACH`` links, so that a shorter or rarer chain may exist.
    """

    steps: pd.DataFrame
    found: bool
    complete: bool


def shortest_path(store: Store, a: tuple[int, str], b: tuple[int, str]) -> Path:
    """The chain from account a to b (number, id) with the fewest entities; of these the one with the rarest.

    Each end grows in turn by one step, rare entities first; entities with more than ``WIDEST`` users are not
    followed. The search runs in one order whichever account is named first, so that a chain read backwards is the
    chain asked for the other way round.
    """
    first, second = sorted((a, b), key=lambda account: account[1])
    graph, complete = _meet(store, first, second)
    nodes: list[Any] = []
    if graph.has_node(first[1]) and graph.has_node(second[1]) and nx.has_path(graph, first[1], second[1]):
        nodes = nx.dijkstra_path(graph, first[1], second[1], weight=_cost)
    if first != a:
        nodes = nodes[::-1]
    return Path(_steps(graph, nodes), bool(nodes), complete)


def _meet(store: Store, first: tuple[int, str], second: tuple[int, str]) -> tuple[nx.Graph, bool]:
    graph, complete = nx.Graph(), True
    frontiers, seen = [{first[0]}, {second[0]}], [{first[0]}, {second[0]}]
    for _ in range(LONGEST):
        if seen[0] & seen[1] or not (frontiers[0] and frontiers[1]):
            break
        side = 0 if len(frontiers[0]) <= len(frontiers[1]) else 1
        links = store.query(_STEP, accounts=sorted(frontiers[side]), widest=WIDEST, reach=REACH)
        complete = complete and len(links) < REACH
        add_links(graph, links)
        frontiers[side] = set(links["account"]) - seen[side]
        seen[side] |= frontiers[side]
    return graph, complete


def _cost(_: Any, __: Any, link: dict[str, Any]) -> float:
    """One hop, and a trifle for a common entity: fewest hops first, then the rarest entities."""
    return 1.0 + 1e-4 / (1.0 + float(link["weight"]))


def _steps(graph: nx.Graph, nodes: list[Any]) -> pd.DataFrame:
    rows = []
    for i in range(0, len(nodes), 2):
        entity = graph.nodes[nodes[i + 1]] if i + 1 < len(nodes) else {}
        weight = graph.edges[nodes[i], nodes[i + 1]]["weight"] if entity else None
        rows.append((nodes[i], entity.get("kind"), entity.get("value"), entity.get("users"), weight))
    table = pd.DataFrame(rows, columns=["account_id", "kind", "entity", "all_accounts", "bits"])
    return table.astype({"all_accounts": "Int64"})
