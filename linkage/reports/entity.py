"""One entity: who uses it, how rare it is, and which rings rest on it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from linkage.reports.bursts import densest
from linkage.reports.card import Card
from linkage.reports.store import Store
from linkage.reports.visible import printable
from linkage.reports.words import records, span

SEVERAL = 3  # accounts from which on a week of creations says something

class Entity:
    """An entity of a run."""

    def __init__(self, store: Store, number: int) -> None:
        self.store = store
        self.number = number

    def __repr__(self) -> str:
        return f"Entity({printable(self.name)}: {self.row['all_accounts']:,} accounts)"

    @cached_property
    def row(self) -> dict[str, Any]:
        """Kind, value, context, users d of N accounts with the kind, bits of sharing it, and its times.

        An entity without users (known from a list only, or never linking) has 0 of them, and no bits.
        """
        return records(self.store.query(
            """
            WITH use AS (
                SELECT count(*) AS users, sum(n)::BIGINT AS n,
                       min(first_seen) AS first_seen, max(last_seen) AS last_seen
                FROM links WHERE entity = $entity
            )
            SELECT e.kind, e.value AS entity, e.context, k.family, k.forgeable, u.users AS all_accounts,
                   k.accounts AS all_accounts_with_kind,
                   CASE WHEN u.users > 0 THEN round(log2(k.accounts / u.users), 3) END AS bits,
                   u.n, u.first_seen, u.last_seen
            FROM entities e LEFT JOIN kinds k USING (kind), use u WHERE e.entity = $entity
            """,
            entity=self.number,
        ))[0]

    @property
    def name(self) -> str:
        """The entity as ``kind:value``."""
        return f"{self.row['kind']}:{self.row['entity']}"

    @cached_property
    def rings(self) -> pd.DataFrame:
        """Rings whose members use it, most users first: ring_id, verdict, ring_accounts (k), accounts, in_profile."""
        return self.store.query(
            """
            SELECT r.ring_id, r.verdict, count(*) AS ring_accounts, r.accounts,
                   r.ring IN (SELECT ring FROM ring_evidence WHERE entity = $entity
                              UNION SELECT ring FROM pools WHERE entity = $entity) AS in_profile
            FROM links l JOIN ring_members m USING (account) JOIN rings r ON r.ring = m.ring
            WHERE l.entity = $entity GROUP BY r.ring_id, r.verdict, r.accounts, r.ring
            ORDER BY ring_accounts DESC, r.ring_id
            """,
            entity=self.number,
        )

    def accounts(self, top: int = 0) -> pd.DataFrame:
        """Accounts that use it, heaviest use first: account_id, ring_id, created, n, first and last use.

        ``top`` 0 is all.
        """
        limit = f"LIMIT {int(top)}" if top else ""
        return self.store.query(
            "SELECT a.account_id, m.ring_id, a.created, l.n, l.first_seen, l.last_seen "
            "FROM links l JOIN accounts a USING (account) LEFT JOIN members m USING (account_id) "
            f"WHERE l.entity = $entity ORDER BY l.n DESC, a.account_id {limit}",
            entity=self.number,
        )

    @property
    def creations(self) -> list[str]:
        """When most of the accounts that use it were created, in a sentence; nothing of fewer than three."""
        burst = densest(self.accounts()["created"])
        if burst is None or burst.dated < SEVERAL:
            return []
        return [
            f"{burst.accounts:,} of the {burst.dated:,} whose creation is known were created within {burst.within}, "
            f"{span(burst.first, burst.last)} (UTC)."
        ]

    def card(self, top: int = 0) -> Card:
        """All of it on one card; ``top`` bounds the rows of rings and accounts (0: all)."""
        rings = self.rings.head(top) if top else self.rings
        in_rings = int(self.rings["ring_accounts"].sum())
        facts = {**self.row, "accounts_in_rings": in_rings, "accounts_in_no_ring": self.row["all_accounts"] - in_rings}
        tables = {"rings": rings, "accounts": self.accounts(top)}
        return Card(f"Entity {self.name}", facts, tables, {"creations": self.creations})
