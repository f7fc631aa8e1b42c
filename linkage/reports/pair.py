"""Two accounts side by side: what they share, whether they are in one ring, and what is missing if not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from linkage.errors import NotFound
from linkage.reports.account import Account
from linkage.reports.bystanders import in_words
from linkage.reports.card import Card
from linkage.reports.hand_offs import between, told
from linkage.reports.odds import Odds, odds
from linkage.reports.path import LONGEST, WIDEST, Path, shortest_path
from linkage.reports.store import Store
from linkage.reports.visible import printable
from linkage.reports.words import bits, count, listed

_SHARED = """
    WITH shared AS (
        SELECT l.entity, l.kind, l.users, greatest(l.first_seen, o.first_seen) AS later_start,
               least(l.last_seen, o.last_seen) AS earlier_end,
               l.first_seen <= o.last_seen AND o.first_seen <= l.last_seen AS together
        FROM links l JOIN links o USING (entity) WHERE l.account = $a AND o.account = $b
    ),
    profile AS (
        SELECT DISTINCT ring, entity FROM profiles
        WHERE ring IN (SELECT unnest($rings)) AND entity IN (SELECT entity FROM shared)
    ),
    here AS (
        SELECT l.entity, count(*) AS k FROM links l JOIN ring_members m USING (account)
        WHERE m.ring = $both AND l.entity IN (SELECT entity FROM shared) GROUP BY l.entity
    )
    SELECT s.kind, k.family, e.value AS entity, e.context,
           s.users AS all_accounts, k.accounts AS all_accounts_with_kind,
           round(log2(k.accounts / s.users), 3) AS bits,
           (SELECT string_agg(DISTINCT r.ring_id, ', ' ORDER BY r.ring_id) FROM profile p JOIN rings r USING (ring)
            WHERE p.entity = s.entity) AS profile_of,
           here.k AS ring_accounts,
           CASE WHEN together THEN later_start END AS both_from,
           CASE WHEN together THEN earlier_end END AS both_until,
           CASE WHEN together THEN 0 WHEN NOT together THEN date_diff('day', earlier_end, later_start) END AS days_apart
    FROM shared s JOIN entities e USING (entity) JOIN kinds k ON k.kind = s.kind
    LEFT JOIN here ON here.entity = s.entity
    ORDER BY bits DESC, s.kind, e.value
"""


@dataclass(frozen=True)
class Pair:
    """Two accounts; ``shared`` has a row for each entity that both use, ``path`` is sought only when there is none.

    In ``shared``, ``profile_of`` names those of their rings that have the entity in their profile; ``ring_accounts``
    counts its users in the ring when both are in one. Both used it from ``both_from`` until ``both_until``; where these
    are missing, one stopped ``days_apart`` before the other began, and the entity may have changed hands. All three are
    missing without times.
    ``odds`` holds the log-odds of each account for its own ring and for the other's.
    """

    a: Account
    b: Account
    shared: pd.DataFrame
    odds: tuple[Odds, ...]
    path: Path | None

    @property
    def same_ring(self) -> bool:
        """Both are in one ring."""
        return self.a.ring_id is not None and self.a.ring_id == self.b.ring_id

    @property
    def by_family(self) -> pd.DataFrame:
        """What they share by family: family, entities, bits of the best of its kinds; most bits first."""
        kinds = self.shared.groupby(["family", "kind"])["bits"].agg(["size", "sum"]).reset_index()
        table = kinds.groupby("family").agg(entities=("size", "sum"), bits=("sum", "max")).round(3).reset_index()
        return table.sort_values(["bits", "family"], ascending=[False, True], ignore_index=True)

    @property
    def why(self) -> list[str]:
        """The answer in sentences."""
        a, b = printable(self.a.id), printable(self.b.id)
        total = bits(self.shared["bits"].sum())
        families = self.shared["family"].nunique()
        shared = (
            f"{a} and {b} share {count(len(self.shared), 'entity', 'entities')} of "
            f"{count(families, 'family', 'families')}, worth {total}."
            if len(self.shared) else f"{a} and {b} share no entity."
        )
        apart = not self.same_ring or self.a.bystander_because or self.b.bystander_because
        rings = f"{_where(self.a)} {_where(self.b)}" if apart else f"Both are in {self.a.ring_id}."
        others = " Each belongs to it by what it shares with other members." if self.same_ring and self.path else ""
        return [shared, *self._chain(), rings + others]

    @property
    def why_not(self) -> list[str]:
        """What is missing for each account to be in the other's ring; empty when both are in one."""
        if self.same_ring:
            return []
        lines = []
        for account, other in ((self.a, self.b), (self.b, self.a)):
            if other.ring_id:
                found = [o for o in self.odds if o.account_id == account.id and o.ring_id == other.ring_id]
                lines += [line for o in found for line in _missing(o)]
        return lines or ["No ring holds either of them."]

    @property
    def hand_offs(self) -> list[str]:
        """What one of them took up when the other was stopped, in sentences."""
        return told(between(self.a.store, self.a.number, self.b.number))

    def _chain(self) -> list[str]:
        if self.path is None:
            return []
        if self.path.found:
            entities = len(self.path.steps) - 1
            return [f"The shortest chain between them leads over {count(entities, 'entity', 'entities')}."]
        cut = "" if self.path.complete else " The search was cut short."
        return [f"No chain of up to {LONGEST} entities, each used by {WIDEST:,} accounts or fewer, joins them.{cut}"]

    def card(self, top: int = 0) -> Card:
        """All of it on one card; ``top`` bounds the rows of each table (0: all)."""
        totals = [(o.account_id, o.ring_id, o.total) for o in self.odds]
        tables = {
            "shared": self.shared,
            "shared_by_family": self.by_family,
            "path": self.path.steps if self.path else self.shared.head(0),
            "log_odds": pd.DataFrame(totals, columns=["account_id", "ring_id", "log_odds_bits"]),
            "log_odds_by_family": _stacked([(o, o.by_family) for o in self.odds]),
            "waterfall": _stacked([(o, o.waterfall) for o in self.odds]),
        }
        facts: dict[str, Any] = {
            "a": self.a.id, "b": self.b.id, "same_ring": self.same_ring, "ring_a": self.a.ring_id,
            "ring_b": self.b.ring_id, "shared_bits": round(float(self.shared["bits"].sum()), 3),
        }
        limited = {name: table.head(top) if top else table for name, table in tables.items()}
        notes = {"why": self.why, "hand_offs": self.hand_offs, "why_not": self.why_not}
        return Card(f"{self.a.id} and {self.b.id}", facts, limited, notes)


def compare(store: Store, a: Account, b: Account) -> Pair:
    """Compare two accounts.

    Raises:
        NotFound: both are the same account.
    """
    if a.number == b.number:
        raise NotFound(f"'{printable(a.id)}' is named twice.", todo="Name two different accounts.")
    rings = sorted({int(x.row["ring"]) for x in (a, b) if x.row["ring"] is not None})
    both = rings[0] if len(rings) == 1 and a.ring_id == b.ring_id else -1
    shared = store.query(_SHARED, a=a.number, b=b.number, rings=rings or [-1], both=both)
    path = shortest_path(store, (a.number, a.id), (b.number, b.id)) if shared.empty else None
    found = [*odds(store, a.number, rings), *odds(store, b.number, rings)]
    return Pair(a, b, shared, tuple(sorted(found, key=lambda o: (o.ring_id, o.account_id))), path)


def _where(account: Account) -> str:
    said = in_words(account.bystander_because)
    beside = f", a bystander there: {listed(said)}" if said else ""
    return f"{printable(account.id)} is in {account.ring_id or 'no ring'}{beside}."


def _missing(found: Odds) -> list[str]:
    name = printable(found.account_id)
    if found.total > 0:
        return [f"The log-odds of {name} for {found.ring_id} are {bits(found.total)}; another ring suits it better."]
    return [f"{name} lacks {bits(-found.total)} for {found.ring_id}: {found.summed}.", *found.absences]


def _stacked(parts: list[tuple[Odds, pd.DataFrame]]) -> pd.DataFrame:
    frames = [table.assign(account_id=o.account_id, ring_id=o.ring_id) for o, table in parts]
    if not frames:
        return pd.DataFrame(columns=["account_id", "ring_id", "family", "bits"])
    table = pd.concat(frames, ignore_index=True)
    return table[["account_id", "ring_id", *[c for c in table.columns if c not in ("account_id", "ring_id")]]]
