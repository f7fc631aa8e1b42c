"""One operator cluster: the rings that the same hands seem to run, and what they have in common."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import networkx as nx
import pandas as pd

from linkage.model import Verdict
from linkage.reports.card import Card
from linkage.reports.doubts import next_best
from linkage.reports.reviewed import rests_on
from linkage.reports.ring import Ring, ranked
from linkage.reports.shared import ring_graph
from linkage.reports.store import Store
from linkage.reports.visible import printable
from linkage.reports.words import bits, count, listed, records, sentences

DISCUSSED = 40  # rings whose weaknesses are listed one by one
_MINE = "SELECT operator FROM ring_operator_list GROUP BY operator HAVING list_sort(list(ring)) = $rings"


class Operator:
    """An operator cluster of a run."""

    def __init__(self, store: Store, operator_id: str) -> None:
        self.store = store
        self.id = operator_id

    def __repr__(self) -> str:
        return f"Operator({self.id}: {count(self.row['rings'], 'ring')}, {count(self.row['accounts'], 'account')})"

    @cached_property
    def row(self) -> dict[str, Any]:
        """The operator cluster's row of operators.parquet, as plain values."""
        return records(self.store.query("SELECT * FROM operators WHERE operator_id = $id", id=self.id))[0]

    @cached_property
    def ring_table(self) -> pd.DataFrame:
        """Its rings, suspect ones and those with most bits first, with the share of their traffic that it has."""
        return ranked(self.store.query(
            "SELECT r.ring_id, r.verdict, r.runner_up, r.accounts, r.bits_saved, r.families, s.traffic_share, "
            "r.first_seen, r.last_seen, r.ring FROM ring_operators s JOIN rings r USING (ring_id) "
            "WHERE s.operator_id = $id",
            id=self.id,
        ))

    @cached_property
    def rings(self) -> list[Ring]:
        """Its rings, in the order of :attr:`ring_table`."""
        return [Ring(self.store, int(number)) for number in self.ring_table["ring"]]

    @cached_property
    def members(self) -> pd.DataFrame:
        """Accounts of its rings by ring, role and id; operator_id is empty for those not attributed to it."""
        return self.store.query(
            "SELECT m.ring_id, m.account_id, m.role, m.operator_id, m.verdict, m.log_odds_bits, m.likelihood, "
            "m.families, a.created, a.first_seen, a.last_seen, a.exchanges, c.share AS carried "
            "FROM members m JOIN accounts a USING (account_id) JOIN ring_operators s USING (ring_id) "
            f"LEFT JOIN (SELECT account, share FROM carried JOIN ({_MINE}) USING (operator)) c USING (account) "
            "WHERE s.operator_id = $id ORDER BY m.ring_id, m.log_odds_bits DESC, m.account_id",
            id=self.id, rings=self._ring_numbers,
        )

    @cached_property
    def shared(self) -> pd.DataFrame:
        """Entities in the profiles of two of its rings or more: what the rings have in common."""
        return self.store.query(
            """
            WITH mine AS (
                SELECT r.ring FROM ring_operators o JOIN rings r USING (ring_id) WHERE o.operator_id = $id
            ),
            profile AS (
                SELECT ring, entity FROM ring_evidence WHERE entity IS NOT NULL UNION SELECT ring, entity FROM pools
            ),
            common AS (
                SELECT entity, count(*) AS rings FROM profile JOIN mine USING (ring) GROUP BY entity HAVING count(*) > 1
            )
            SELECT e.kind, e.value AS entity, e.context, c.rings, count(DISTINCT m.account) AS ring_accounts,
                   any_value(l.users) AS all_accounts
            FROM common c JOIN entities e USING (entity) JOIN links l USING (entity)
            LEFT JOIN (SELECT account FROM ring_members JOIN mine USING (ring)) m USING (account)
            GROUP BY e.kind, e.value, e.context, c.rings ORDER BY c.rings DESC, ring_accounts DESC, e.kind, e.value
            """,
            id=self.id,
        )

    @cached_property
    def ties(self) -> pd.DataFrame:
        """What ties each ring to its other suspect rings, kind by kind, the loosest ring first.

        ``shared`` is how many entities hardly anyone else uses, ``expected`` how many chance would give, ``bits`` how
        far beyond that is; ``total_bits`` those of the ring, the best kind of each family added up.
        """
        return self.store.query(
            f"""
            WITH mine AS ({_MINE})
            SELECT r.ring_id, t.kind, t.shared, t.expected, t.bits, t.total_bits, t.beyond_weakest
            FROM operator_links t JOIN mine USING (operator) JOIN rings r ON r.ring = t.ring
            ORDER BY t.total_bits, r.ring_id, t.bits DESC, t.kind
            """,
            rings=self._ring_numbers,
        )

    @property
    def _ring_numbers(self) -> list[int]:
        return sorted(int(number) for number in self.ring_table["ring"])

    @property
    def weakest_tie(self) -> str:
        """The loosest of its rings, what ties it, and what else would explain that; empty where nothing is told."""
        if self.ties.empty:
            return ""
        rows = [row for row in records(self.ties[self.ties["ring_id"] == self.ties["ring_id"].iloc[0]]) if row["bits"]]
        things = listed([count(row["shared"], row["kind"].replace("_", " ")) for row in rows])
        told = f"{things} that hardly anyone else uses" if rows else "no more than chance would give"
        return (
            f"The loosest ring, {self.ties['ring_id'].iloc[0]}, is tied to the others by {told} "
            f"({bits(self.ties['total_bits'].iloc[0])}). A reseller, an agency or a leaked prompt that both use would "
            "explain it as well."
        )

    @property
    def weakest_link(self) -> str:
        """The tie without which it would be two, and the rings on the smaller side; empty for one ring."""
        if self.ties.empty or not self.row.get("weakest_link"):
            return ""
        beyond = self.ties.loc[self.ties["beyond_weakest"].fillna(False).astype(bool), "ring_id"]
        return f"Weakest link: {self.row['weakest_link']}: {listed(sorted(set(beyond)))}."

    @cached_property
    def carrying(self) -> list[str]:
        """Of each of its rings that serves others, too: how many accounts show for whom they work, and who does not."""
        rows = records(self.store.query(
            """
            SELECT r.ring_id, count(*) AS accounts, count(c.account) AS telling
            FROM ring_operators s JOIN rings r USING (ring_id) JOIN ring_members m ON m.ring = r.ring
            LEFT JOIN (SELECT DISTINCT account, ring FROM carried) c ON c.account = m.account AND c.ring = r.ring
            WHERE s.operator_id = $id AND m.role <> 'bystander'
              AND r.ring_id IN (SELECT ring_id FROM ring_operators GROUP BY ring_id HAVING count(*) > 1)
            GROUP BY r.ring_id ORDER BY r.ring_id
            """,
            id=self.id,
        ))
        return [
            f"{row['ring_id']} serves other operators, too: {row['telling']:,} of its "
            f"{count(row['accounts'], 'account')} show for whom they work. The other "
            f"{row['accounts'] - row['telling']:,} use hardly anything that is known as an operator's: they look like "
            "bystanders, innocent customers of the ring, or evade (they have no value under carried)."
            for row in rows
        ]

    def graph(self) -> nx.Graph:
        """Members of all its rings and the entities that two of them or more share."""
        return ring_graph(self.store, [int(number) for number in self.ring_table["ring"]])

    @property
    def resembles(self) -> list[str]:
        """The known operator that it resembles, in a sentence, if any: a pointer to look at, no attribution."""
        if self.row["dossier"] is None:
            return []
        known, match = printable(self.row["dossier"]), self.row["dossier_match"]
        return [f"{self.id} resembles the known operator '{known}': {match}; a resemblance, to be checked."]

    @property
    def weaknesses(self) -> list[str]:
        """What speaks against taking its rings for one operator cluster."""
        if len(self.rings) == 1:
            return ["It consists of one ring: nothing but that ring's own evidence carries it."]
        apart = ["No entity stands in the profiles of two of its rings."] if self.shared.empty else []
        return [*apart, *(text for text in (self.weakest_link, self.weakest_tie) if text)]

    @cached_property
    def why_not(self) -> list[str]:
        """What speaks against the operator cluster: its own weaknesses, then those of its first 40 rings by name."""
        discussed = self.rings[:DISCUSSED]
        return self.weaknesses + [f"{ring.id}: {doubt.text}" for ring in discussed for doubt in ring.why_not]

    def card(self, top: int = 0) -> Card:
        """All of it on one card; ``top`` bounds the rows of rings, shared entities and members (0: all).

        Its accounts are counted by role in its suspect rings alone, as ``accounts`` is; undetermined ones follow it.
        """
        limit = top or None
        roles = self.members.loc[self.members["verdict"] == Verdict.SUSPECT, "role"].value_counts()
        facts = self.row | {f"{role}_accounts": int(roles.get(role, 0)) for role in ("core", "periphery", "bystander")}
        ring_list = self.ring_table.drop(columns="ring")
        ring_list["runner_up"] = [next_best(row) for row in records(ring_list)]
        tables = {"ring_list": ring_list, "ties": self.ties, "common": self.shared, "members": self.members}
        notes = {
            "decided_by": sentences(self.row["decided_by"]), "resembles": self.resembles,
            "alternatives": sentences(self.row.get("alternatives")), "carrying": self.carrying, "against": self.why_not,
            "rests_on": rests_on(self.store.root, Verdict.SUSPECT),
        }
        for name in ("decided_by", "alternatives", "weakest_link"):
            facts.pop(name, None)
        return Card(f"Operator cluster {self.id}", facts, {k: t.iloc[:limit] for k, t in tables.items()}, notes)
