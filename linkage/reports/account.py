"""One account: its ring and why, its links and how rare each is; or the nearest ring and why not."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from linkage.reports.bystanders import in_words, reasons
from linkage.reports.card import Card
from linkage.reports.odds import Odds, nearest_rings, odds
from linkage.reports.store import Store
from linkage.reports.visible import printable
from linkage.reports.words import bits, records


class Account:
    """An account of a run."""

    def __init__(self, store: Store, number: int) -> None:
        self.store = store
        self.number = number

    def __repr__(self) -> str:
        return f"Account({printable(self.id)}: {self.row['ring_id'] or 'in no ring'})"

    @cached_property
    def row(self) -> dict[str, Any]:
        """Account id and times, and ring, verdict, role, log-odds where it is in a ring (else None)."""
        return records(self.store.query(
            "SELECT a.account_id, m.ring_id, r.ring, m.operator_id, m.verdict, m.role, m.log_odds_bits, m.likelihood, "
            "m.families, a.created, a.first_seen, a.last_seen, a.exchanges "
            "FROM accounts a LEFT JOIN members m USING (account_id) LEFT JOIN rings r USING (ring_id) "
            "WHERE a.account = $account",
            account=self.number,
        ))[0]

    @property
    def id(self) -> str:
        """The account id, as the logs have it."""
        return str(self.row["account_id"])

    @property
    def ring_id(self) -> str | None:
        """The ring that the account is in, if any."""
        ring_id: str | None = self.row["ring_id"]
        return ring_id

    @cached_property
    def links(self) -> pd.DataFrame:
        """What the account uses, rarest first: d of N accounts use it, log2(N/d) bits, k members of its ring use it."""
        return self.store.query(
            """
            WITH mine AS (SELECT * FROM links WHERE account = $account),
            ring AS (
                SELECT l.entity, count(*) AS ring_accounts FROM links l JOIN ring_members m USING (account)
                WHERE m.ring = $ring AND l.entity IN (SELECT entity FROM mine) GROUP BY l.entity
            )
            SELECT l.kind, e.value AS entity, e.context, l.users AS all_accounts, k.accounts AS all_accounts_with_kind,
                   round(log2(k.accounts / l.users), 3) AS bits, coalesce(ring_accounts, 0) AS ring_accounts,
                   l.n, l.first_seen, l.last_seen
            FROM mine l JOIN entities e USING (entity) JOIN kinds k ON k.kind = l.kind LEFT JOIN ring USING (entity)
            ORDER BY bits DESC, l.kind, e.value
            """,
            account=self.number,
            ring=-1 if self.row["ring"] is None else self.row["ring"],
        )

    @cached_property
    def labels(self) -> list[str]:
        """What is already known of the account."""
        return self.store.query("SELECT DISTINCT label FROM labels WHERE account_id = $id ORDER BY label", id=self.id)[
            "label"
        ].tolist()

    @cached_property
    def affiliations(self) -> pd.DataFrame:
        """Further rings of the account: ring_id, role, likelihood."""
        return self.store.query(
            "SELECT ring_id, role, likelihood FROM affiliations WHERE account_id = $id ORDER BY ring_id", id=self.id
        )

    @cached_property
    def bystander_because(self) -> list[str]:
        """Why it is a bystander of its ring (see :class:`linkage.model.BystanderReason`); empty where it is none."""
        return reasons(self.store, self.number)

    @cached_property
    def odds(self) -> Odds | None:
        """The log-odds for its own ring; None when it is in none."""
        ring = self.row["ring"]
        return None if ring is None else next(iter(odds(self.store, self.number, [ring])), None)

    @cached_property
    def nearest(self) -> list[Odds]:
        """Other rings of whose profile it uses something, nearest first."""
        return [o for o in nearest_rings(self.store, self.number) if o.ring_id != self.ring_id]

    @cached_property
    def why_not(self) -> list[str]:
        """Why the account is not in the ring that is nearest to it; empty when it is in a ring."""
        if self.ring_id:
            return []
        if not self.nearest:
            return ["It uses nothing that is in the profile of any ring."]
        near = self.nearest[0]
        verdict = (
            f"Its log-odds for {near.ring_id} are {bits(near.total)}: positive, yet it was not taken in."
            if near.total > 0
            else f"The nearest ring is {near.ring_id}; {bits(-near.total)} are missing for membership."
        )
        return [verdict, *near.absences]

    def card(self, top: int = 0) -> Card:
        """All of it on one card; ``top`` bounds the rows of links (0: all)."""
        facts = {k: v for k, v in self.row.items() if k != "ring"} | {"labels": ", ".join(self.labels) or None}
        facts |= {"bystander_because": ", ".join(self.bystander_because) or None}
        near = pd.DataFrame(
            [(o.ring_id, o.total) for o in self.nearest], columns=["ring_id", "log_odds_bits"]
        )
        shown = self.odds or (self.nearest[0] if self.nearest else None)
        tables = {"waterfall": shown.waterfall if shown else Odds("", "", _NO_TERMS).waterfall.head(0)}
        tables |= {"links": self.links.head(top) if top else self.links, "nearest_rings": near}
        tables |= {"affiliations": self.affiliations}
        notes = {"why_not": self.why_not} if self.why_not else {}
        if self.bystander_because:
            notes |= {"why_a_bystander": [f"{said[0].upper()}{said[1:]}." for said in in_words(self.bystander_because)]}
        facts["waterfall_for"] = shown.ring_id if shown else None
        return Card(f"Account {self.id}", facts, tables, notes)


_NO_TERMS = pd.DataFrame(
    {"kind": [], "family": [], "code": [], "entity": [], "used": pd.Series([], dtype=bool), "links": [], "bits": [],
     "would_add": []}
)
