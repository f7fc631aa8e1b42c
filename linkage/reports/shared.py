"""The case graph: accounts and the entities that they share."""

from __future__ import annotations

import math

import networkx as nx
import pandas as pd

from linkage.reports.store import Store
from linkage.reports.words import records

# An account is the node `account_id`, an entity the node `(kind, value)`: no account id can be mistaken for an entity.
EntityNode = tuple[str, str]


def ring_graph(store: Store, rings: list[int]) -> nx.Graph:
    """Bipartite graph of the members of some rings (the run's own numbers) and the entities that two or more use.

    Members are nodes ``account_id`` (``bipartite=0``, role, ring_id); entities are nodes ``(kind, value)``
    (``bipartite=1``, kind, value, context, users d, of N). Each edge has ``weight``, the rarity log2(N/d) in bits, and
    n, the number of uses. Members that share nothing stay in, alone.
    """
    graph = nx.Graph()
    members = store.query(
        "SELECT a.account_id, m.role, r.ring_id "
        "FROM ring_members m JOIN accounts a USING (account) JOIN rings r ON r.ring = m.ring "
        "WHERE m.ring IN (SELECT unnest($rings)) ORDER BY a.account_id",
        rings=rings,
    )
    for row in records(members):
        graph.add_node(row["account_id"], bipartite=0, role=row["role"], ring_id=row["ring_id"])
    add_links(graph, _shared_links(store, rings))
    return graph


def add_links(graph: nx.Graph, links: pd.DataFrame) -> None:
    """Add account-entity edges in the order of the rows (account_id, kind, value, context, users, of, n)."""
    for row in records(links):
        entity = (row["kind"], row["value"])
        graph.add_node(entity, bipartite=1, kind=row["kind"], value=row["value"], context=row["context"] or "",
                       users=row["users"], of=row["of"])
        graph.add_edge(row["account_id"], entity, weight=rarity(row["users"], row["of"]), n=row["n"])


def rarity(users: int, of: int) -> float:
    """log2(N/d): bits that sharing an entity used by d of N accounts is worth.

    >>> rarity(15, 1_000_000) > 16
    True
    """
    return round(math.log2(of / users), 3)


def entities_of(graph: nx.Graph) -> list[EntityNode]:
    """The entity nodes, in order of kind and value."""
    return sorted(node for node, part in graph.nodes(data="bipartite") if part == 1)


def accounts_of(graph: nx.Graph) -> list[str]:
    """The account nodes, in order of id."""
    return sorted(node for node, part in graph.nodes(data="bipartite") if part == 0)


def _shared_links(store: Store, rings: list[int]) -> pd.DataFrame:
    return store.query(
        """
        WITH used AS (
            SELECT l.account, l.entity, l.kind, l.users, l.n, count(*) OVER (PARTITION BY l.entity) AS sharers
            FROM links l JOIN ring_members m USING (account) WHERE m.ring IN (SELECT unnest($rings))
        )
        SELECT a.account_id, u.kind, e.value, e.context, u.users, k.accounts AS of, u.n
        FROM used u JOIN accounts a USING (account) JOIN entities e USING (entity) JOIN kinds k ON k.kind = u.kind
        WHERE u.sharers > 1 ORDER BY a.account_id, u.kind, e.value
        """,
        rings=rings,
    )
