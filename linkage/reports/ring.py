"""One ring: who is in it, what holds it together, what speaks against it, and its picture."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd

from linkage.model import Verdict
from linkage.reports.bridge import Bridge, seam, weakest_bridge
from linkage.reports.bystanders import BECAUSE
from linkage.reports.card import Card
from linkage.reports.case import Case
from linkage.reports.doubts import Doubt, doubts, next_best
from linkage.reports.extras import require
from linkage.reports.hand_offs import told, within
from linkage.reports.labels import known
from linkage.reports.networks import listed_networks
from linkage.reports.reviewed import rests_on
from linkage.reports.shared import ring_graph
from linkage.reports.store import Store
from linkage.reports.words import bits, count, records, sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BRIDGE_ACCOUNTS = 3_000  # members above which the weakest bridge is not sought: it takes memory for all their pairs
_ORDER = {Verdict.SUSPECT: 0, Verdict.UNDETERMINED: 1}


def ranked(rings: pd.DataFrame) -> pd.DataFrame:
    """Rings with suspect ones first, undetermined next, then the innocent; by bits saved within each."""
    keyed = rings.assign(_rank=rings["verdict"].map(_ORDER).fillna(2))
    ordered = keyed.sort_values(["_rank", "bits_saved", "ring_id"], ascending=[True, False, True], kind="stable")
    return ordered.drop(columns="_rank").reset_index(drop=True)


class Ring:
    """A ring of a run. Tables are pandas; times are UTC; bits are base-2 logarithms."""

    def __init__(self, store: Store, number: int) -> None:
        self.store = store
        self.number = number

    def __repr__(self) -> str:
        return f"Ring({self.id}: {self.verdict}, {count(len(self.members), 'account')}, {bits(self.bits_saved)})"

    @cached_property
    def row(self) -> dict[str, Any]:
        """The ring's row of rings.parquet, as plain values."""
        return records(self.store.query("SELECT * FROM rings WHERE ring = $ring", ring=self.number))[0]

    @property
    def id(self) -> str:
        """The ring's id, such as ``R-ABCDEFGHIJ``."""
        return str(self.row["ring_id"])

    @property
    def verdict(self) -> Verdict:
        """What the ring is taken for. Linked is not guilty."""
        return Verdict(self.row["verdict"])

    @property
    def bits_saved(self) -> float:
        """Bits that describing the ring saves; the bound on coincidence is a few bits weaker (:attr:`bound_bits`)."""
        return float(self.row["bits_saved"])

    @property
    def bound_bits(self) -> float:
        """The bound on coincidence is 2 to the power of minus this."""
        return -float(self.row["log2_p_bound"])

    @property
    def next_best(self) -> str | None:
        """The runner-up among the explanations; None when nothing else fits."""
        return next_best(self.row)

    @cached_property
    def members(self) -> pd.DataFrame:
        """One row per member, firmest first: role, and why where it is a bystander, log-odds, families, its times, and
        what it is labelled already."""
        return self.store.query(
            "SELECT m.account_id, m.role, b.bystander_because, m.operator_id, m.log_odds_bits, m.likelihood, "
            "m.families, a.created, a.first_seen, a.last_seen, a.exchanges, l.labels "
            "FROM members m JOIN accounts a USING (account_id) LEFT JOIN (SELECT account_id, "
            "string_agg(DISTINCT label, ', ' ORDER BY label) AS labels FROM labels GROUP BY account_id) l "
            f"USING (account_id) LEFT JOIN ({BECAUSE}) b USING (account_id, ring_id) WHERE m.ring_id = $ring_id "
            "ORDER BY m.log_odds_bits DESC, m.account_id",
            ring_id=self.id,
        )

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """The ring's profile, most bits first: used by k of s_t members here, by d of N accounts everywhere.

        A row without an entity is a pool of ``pool`` entities; a pool of one shows its entity. Columns: kind, family,
        forgeable, entity, context, pool, ring_accounts (k), ring_accounts_with_kind (s_t), all_accounts (d),
        all_accounts_with_kind (N), bits, first_seen, last_seen.
        """
        return self.store.query(
            """
            WITH alone AS (
                SELECT p.kind, any_value(n.value) AS entity FROM pools p JOIN told_entities n USING (entity)
                WHERE p.ring = $ring GROUP BY p.kind HAVING count(*) = 1
            )
            SELECT e.kind, k.family, k.forgeable, coalesce(e.entity, a.entity) AS entity, n.context, e.pool,
                   e.ring_accounts, e.ring_accounts_with_kind, e.all_accounts, k.accounts AS all_accounts_with_kind,
                   e.bits, e.first_seen, e.last_seen
            FROM evidence e JOIN told_kinds k USING (kind) LEFT JOIN alone a ON a.kind = e.kind AND e.pool = 1
            LEFT JOIN entities n ON n.kind = e.kind AND n.value = coalesce(e.entity, a.entity)
            WHERE e.ring_id = $ring_id ORDER BY e.bits DESC, e.kind, e.entity NULLS FIRST
            """,
            ring=self.number,
            ring_id=self.id,
        )

    @cached_property
    def pools(self) -> pd.DataFrame:
        """Entities of the ring's pools, each kind in turn: kind, entity, context, ring_accounts k, all_accounts d."""
        return self.store.query(
            "SELECT p.kind, e.value AS entity, e.context, p.ring_accounts, p.all_accounts "
            "FROM pools p JOIN told_entities e USING (entity) WHERE p.ring = $ring "
            "ORDER BY row_number() OVER (PARTITION BY p.kind ORDER BY p.ring_accounts DESC, e.value), p.kind",
            ring=self.number,
        )

    @cached_property
    def families(self) -> pd.DataFrame:
        """What is left without each family, its members kept: family, bits, left (bits saved less the family's).

        Of the kinds of one family only the best counts.
        """
        kinds: pd.DataFrame = self.evidence.groupby(["family", "kind"])["bits"].sum().reset_index()
        sums: pd.DataFrame = kinds.groupby("family")["bits"].max().reset_index()
        sums["left"] = self.bits_saved - sums["bits"]
        return sums.sort_values(["bits", "family"], ascending=[False, True], ignore_index=True).round(3)

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """Members per UTC day: created, first seen, last seen, and active (between first and last seen)."""
        columns = ["created", "first_seen", "last_seen"]
        days = self.members[columns].apply(lambda times: times.dt.floor("D"))
        known = days.stack().dropna()
        if known.empty:
            return pd.DataFrame(columns=[*columns, "active"], dtype="int64")
        index = pd.date_range(known.min(), known.max(), freq="D", name="day")
        table = pd.DataFrame({c: days[c].value_counts().reindex(index, fill_value=0) for c in columns})
        ended = table["last_seen"].shift(fill_value=0)
        return table.assign(active=(table["first_seen"] - ended).cumsum())

    def graph(self) -> nx.Graph:
        """Members and the entities that two of them or more share; see :func:`linkage.reports.shared.ring_graph`."""
        return ring_graph(self.store, [self.number])

    def draw(self) -> Figure:
        """A picture of the ring, as a matplotlib figure; what it leaves out stands below it.

        Raises:
            MissingExtra: matplotlib is not installed.
        """
        require("matplotlib", "report")
        from linkage.reports.picture import draw_ring

        return draw_ring(self.graph(), self.id)

    def svg(self) -> str:
        """The same picture as SVG text; the same ring gives the same text.

        Raises:
            MissingExtra: matplotlib is not installed.
        """
        figure = self.draw()
        from linkage.reports.picture import svg

        return svg(figure, self.id)

    @cached_property
    def bridge(self) -> Bridge | None:
        """Where the ring is weakest; None when it has over 3,000 members."""
        return weakest_bridge(self.graph()) if len(self.members) <= BRIDGE_ACCOUNTS else None

    @cached_property
    def seam(self) -> Bridge | None:
        """Where it comes apart into two parts most easily; None when it is too small for that, or has over 3,000."""
        return seam(self.graph()) if len(self.members) <= BRIDGE_ACCOUNTS else None

    @cached_property
    def case(self) -> Case:
        """What the checks on the ring look at."""
        return Case.of(self.store, self.row, self.evidence, self.members, self.families)

    @cached_property
    def why_not(self) -> tuple[Doubt, ...]:
        """What speaks against the ring, derived from its data."""
        return doubts(self.case)

    @cached_property
    def known(self) -> list[str]:
        """What the members' labels and the lists of networks say beside that, in sentences."""
        return known(self.case) + listed_networks(self.store, self.number)

    def card(self, top: int = 0) -> Card:
        """All of it on one card; ``top`` bounds the rows of members and pools (0: all)."""
        row = self.row
        keys = ("ring_id", "verdict", "verdict_fit", "runner_up", "runner_up_fit", "operator_id", "accounts",
                "bits_saved", "log2_p_bound", "q_value", "support", "first_seen", "last_seen")
        limit = top or None
        tables = {
            "evidence": self.evidence, "pools": self.pools.head(limit) if limit else self.pools,
            "without_family": self.families, "operators": self.operators,
            "members": self.members.head(limit) if limit else self.members,
        }
        notes = {
            "reasons": sentences(row["reasons"]), "against": [d.text for d in self.why_not], "known": self.known,
            "hand_offs": told(within(self.store, self.number)),
        }
        if self.bridge:
            notes["weakest_bridge"] = [self.bridge.text]
            if self.seam and self.seam.apart != self.bridge.apart:
                notes["weakest_bridge"].append(f"Into two parts it comes apart most easily so: {self.seam.text}")
        notes["rests_on"] = rests_on(self.store.root, self.verdict)
        facts = {k: row.get(k) for k in keys} | {"runner_up": self.next_best}
        return Card(f"Ring {self.id}", facts, tables, notes)

    @cached_property
    def operators(self) -> pd.DataFrame:
        """Which operator clusters the ring serves: operator_id, traffic_share; the main one first."""
        return self.store.query(
            "SELECT operator_id, traffic_share FROM ring_operators WHERE ring_id = $ring_id "
            "ORDER BY traffic_share DESC, operator_id",
            ring_id=self.id,
        )
