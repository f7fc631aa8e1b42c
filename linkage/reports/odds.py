"""The log-odds that an account belongs to a ring, laid out as a waterfall of bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from linkage.model import CREATED, LOAD
from linkage.reports.store import Store
from linkage.reports.visible import printable
from linkage.reports.words import bits, count, listed, records

NEAREST = 3  # rings shown for an account that is in none
NAMED = 5  # absent profile entities put into sentences, and entities of one pool named one by one

# One row for each term of the sum; see model.PROFILES for the codes.
_TERMS = """
    WITH who AS (SELECT unnest($accounts) AS account),
    profile AS (SELECT * FROM profiles WHERE ring IN (SELECT unnest($rings))),
    mine AS (
        SELECT account, entity, kind FROM links WHERE account IN (SELECT account FROM who)
        UNION ALL SELECT account, entity, kind FROM windows WHERE account IN (SELECT account FROM who)),
    has AS (SELECT DISTINCT account, kind FROM mine),
    touched AS (SELECT DISTINCT account, ring, p.kind FROM mine JOIN profile p USING (entity)),
    terms AS (
        SELECT account, ring, kind, code, entity, FALSE AS used, 1 AS links, bits_in AS bits, 0.0 AS would_add
        FROM who, profile WHERE code = 'prior'
        UNION ALL
        SELECT h.account, p.ring, p.kind, p.code, NULL, t.ring IS NOT NULL, 1,
               CASE WHEN t.ring IS NULL THEN p.bits_out ELSE p.bits_in END, p.bits_in - p.bits_out
        FROM profile p JOIN has h USING (kind)
        LEFT JOIN touched t ON t.account = h.account AND t.ring = p.ring AND t.kind = p.kind
        WHERE p.code = 'part'
        UNION ALL
        SELECT t.account, p.ring, p.kind, p.code, p.entity, m.entity IS NOT NULL, 1,
               CASE WHEN m.entity IS NULL THEN p.bits_out ELSE p.bits_in END, p.bits_in - p.bits_out
        FROM profile p JOIN touched t USING (ring, kind)
        LEFT JOIN mine m ON m.account = t.account AND m.entity = p.entity
        WHERE p.code = 'entity'
        UNION ALL
        SELECT m.account, p.ring, p.kind, p.code, p.entity, TRUE, 1, p.bits_in, 0.0
        FROM profile p JOIN mine m USING (entity) WHERE p.code = 'pool'
        UNION ALL
        SELECT m.account, p.ring, p.kind, p.code, NULL, TRUE, count(*), count(*) * p.bits_out, 0.0
        FROM profile p JOIN touched t USING (ring, kind) JOIN mine m ON m.account = t.account AND m.kind = p.kind
        WHERE p.code = 'outside' AND NOT EXISTS (
            SELECT 1 FROM profile o WHERE o.ring = p.ring AND o.code = 'pool' AND o.entity = m.entity)
        GROUP BY m.account, p.ring, p.kind, p.code, p.bits_out
    )
    SELECT a.account_id, r.ring_id, t.kind, k.family, t.code, e.value AS entity, t.used, t.links, t.bits, t.would_add
    FROM terms t JOIN accounts a USING (account) JOIN rings r USING (ring)
    LEFT JOIN told_kinds k ON k.kind = t.kind LEFT JOIN told_entities e ON e.entity = t.entity
    WHERE t.kind IS NULL OR t.kind IN (SELECT kind FROM kinds) OR EXISTS (
        SELECT 1 FROM touched o WHERE o.account = t.account AND o.ring = t.ring AND o.kind IN (SELECT kind FROM kinds))
    ORDER BY a.account_id, r.ring_id, t.bits DESC, t.kind, t.code, e.value
"""
_TOUCHED = """
    SELECT DISTINCT p.ring FROM links l JOIN profiles p USING (entity)
    WHERE l.account = $account AND p.code IN ('entity', 'pool') ORDER BY p.ring
"""


WINDOW_STEPS = {
    CREATED: "was created in {} the spans of time in which many of the ring were",
    LOAD: "has its load in {} the ranges in which many of the ring have theirs",
}
WINDOW_NAMES = {CREATED: "created {}", LOAD: "load of {}"}


@dataclass(frozen=True)
class Odds:
    """Log-odds of one account for one ring, in bits; ``terms`` are what they are summed from.

    ``terms`` has the columns kind, family, code (``prior``, ``part``, ``entity``, ``pool``, ``outside``), entity,
    used, links, bits, and would_add, what using it would change; most bits first. They come from the ring's profile as
    published; the figure in members.parquet leaves the account itself out of the profile, so it is a little lower for a
    member.
    """

    account_id: str
    ring_id: str
    terms: pd.DataFrame

    @property
    def total(self) -> float:
        """The log-odds in bits: positive speaks for membership."""
        return round(float(self.terms["bits"].sum()), 3)

    @property
    def waterfall(self) -> pd.DataFrame:
        """The terms as a reader wants them: step, family, bits.

        Single entities that it does not use are summed by kind, and so are over five entities of one pool, with what
        each is worth on average.
        """
        absent, pooled = self._absent, self._pooled
        told = self.terms.drop(index=[*absent.index, *pooled.index])
        steps = [
            (f"{len(g):,} {kind} entities in the pool, {g['bits'].mean():,.1f} each", family, g["bits"].sum())
            for (kind, family), g in cast("list[tuple[Any, pd.DataFrame]]", [*pooled.groupby(["kind", "family"])])
        ]
        steps += [(_step(t), t["family"], t["bits"]) for t in records(told[told["code"] != "prior"])]
        steps += [
            (f"{count(len(g), f'other {kind} entity', f'other {kind} entities')} of the ring not used", family,
             g["bits"].sum())
            for (kind, family), g in cast("list[tuple[Any, pd.DataFrame]]", [*absent.groupby(["kind", "family"])])
        ]
        prior = self.terms.loc[self.terms["code"] == "prior", "bits"].sum()
        table = pd.DataFrame(
            [("before any evidence: how rare members are", None, prior), *steps], columns=["step", "family", "bits"]
        )
        return table.round(3)

    @property
    def by_family(self) -> pd.DataFrame:
        """Bits per family, most first; the prior is left out."""
        sums: pd.DataFrame = self.terms.groupby("family")["bits"].sum().reset_index()
        return sums.sort_values(["bits", "family"], ascending=[False, True], ignore_index=True).round(3)

    @property
    def summed(self) -> str:
        """The total in words: bits of each family, most first, and those before any evidence."""
        prior = self.terms.loc[self.terms["code"] == "prior", "bits"].sum()
        parts = [f"{row['family']} {row['bits']:+,.1f}" for row in records(self.by_family)]
        return listed([*parts, f"{prior:+,.1f} before any evidence"])

    @property
    def missing(self) -> pd.DataFrame:
        """What the account does not use, though it has the kind: kind, entity, would_add (bits); most first.

        No entity stands where it uses nothing of the profile's kind at all.
        """
        parts = self.terms[(self.terms["code"] == "part") & ~self.terms["used"]]
        absent = pd.concat([parts, self._absent])[["kind", "entity", "would_add"]]
        return absent.sort_values(["would_add", "kind", "entity"], ascending=[False, True, True], ignore_index=True)

    @property
    def absences(self) -> list[str]:
        """The weightiest of :attr:`missing` as sentences."""
        name = printable(self.account_id)
        told = self.missing[self.missing["entity"].isna() | ~self.missing["kind"].isin(list(WINDOW_STEPS))]
        return [f"{name} {_lacks(row)}, worth {bits(row['would_add'])}." for row in records(told.head(NAMED))]

    @property
    def _absent(self) -> pd.DataFrame:
        return self.terms[(self.terms["code"] == "entity") & ~self.terms["used"]]

    @property
    def _pooled(self) -> pd.DataFrame:
        pooled = self.terms[self.terms["code"] == "pool"]
        return pooled[pooled.groupby("kind")["kind"].transform("size") > NAMED]


def odds(store: Store, account: int, rings: list[int]) -> list[Odds]:
    """Log-odds of an account for each of the rings (the run's own numbers), highest first."""
    if not rings:
        return []
    terms = store.query(_TERMS, accounts=[account], rings=rings)
    found = [
        Odds(str(account_id), str(ring_id), group.drop(columns=["account_id", "ring_id"]).reset_index(drop=True))
        for (account_id, ring_id), group in terms.groupby(["account_id", "ring_id"])
    ]
    return sorted(found, key=lambda o: (-o.total, o.ring_id))


def nearest_rings(store: Store, account: int) -> list[Odds]:
    """The rings of whose profile the account uses something, by its log-odds; at most three."""
    touched = store.query(_TOUCHED, account=account)["ring"].tolist()
    return odds(store, account, touched)[:NEAREST]


def _lacks(row: dict[str, Any]) -> str:
    """What an account does not do, of :attr:`Odds.missing`."""
    if row["entity"] is not None:
        return f"does not use {row['kind']}:{printable(row['entity'])}"
    if row["kind"] in WINDOW_STEPS:
        return WINDOW_STEPS[row["kind"]].format("none of")
    return f"uses none of the ring's {row['kind']} entities"


def _step(term: dict[str, Any]) -> str:
    kind = term["kind"]
    if term["code"] == "part" and kind in WINDOW_STEPS:
        return WINDOW_STEPS[kind].format("one of" if term["used"] else "none of")
    if kind in WINDOW_STEPS and term["entity"] is not None:
        return WINDOW_NAMES[kind].format(term["entity"])
    if term["code"] == "part":
        return f"uses {'some' if term['used'] else 'none'} of the ring's {kind} entities"
    if term["code"] == "outside":
        return f"{count(term['links'], f'{kind} link')} outside the pool"
    return f"{kind}:{term['entity']}" + (" (in the pool)" if term["code"] == "pool" else "")
