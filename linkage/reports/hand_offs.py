"""Hand-offs in plain words: who took up what another was stopped at, and how soon."""

from __future__ import annotations

from typing import Any

import pandas as pd

from linkage.reports.store import Store
from linkage.reports.visible import printable, shortened
from linkage.reports.words import count, records

TOLD = 3  # cases that are told one by one
LONGEST = 40  # characters of a template
STOPS = {429: "limit (429)", 403: "ban (403)"}

_CASES = """
    SELECT g.account_id AS giver, t.account_id AS taker, e.kind, e.value AS entity, h.status, h.stopped, h.taken,
           h.chance
    FROM hand_offs h JOIN accounts g ON g.account = h.giver JOIN accounts t ON t.account = h.taker
    JOIN entities e ON e.entity = h.thing
    WHERE {where} ORDER BY h.taken - h.stopped, h.stopped, g.account_id, t.account_id, e.value
"""
_INSIDE = "h.giver IN ({ring}) AND h.taker IN ({ring})".format(
    ring="SELECT account FROM ring_members WHERE ring = $ring"
)
_BETWEEN = "(h.giver = $a AND h.taker = $b) OR (h.giver = $b AND h.taker = $a)"


def within(store: Store, ring: int) -> pd.DataFrame:
    """Hand-offs from one member of a ring (the run's own number) to another, the soonest first."""
    return store.query(_CASES.format(where=_INSIDE), ring=ring)


def between(store: Store, a: int, b: int) -> pd.DataFrame:
    """Hand-offs from one of two accounts (by number) to the other, the soonest first."""
    return store.query(_CASES.format(where=_BETWEEN), a=a, b=b)


def told(cases: pd.DataFrame) -> list[str]:
    """How many there are and how soon they came, and the three soonest one by one; nothing where there is none."""
    if cases.empty:
        return []
    seconds = (cases["taken"] - cases["stopped"]).dt.total_seconds().median()
    accounts = len({*cases["giver"], *cases["taker"]})
    head = [] if len(cases) <= TOLD else [
        f"{count(len(cases), 'time')} one of {count(accounts, 'account')} took up what another was stopped at, half of "
        f"these within {_soon(seconds)}; the soonest:"
    ]
    return head + [_case(row) for row in records(cases.head(TOLD))]


def _case(row: dict[str, Any]) -> str:
    after = STOPS.get(row["status"], f"refusal ({row['status']})")
    what = f"{row['kind'].replace('_', ' ')} {shortened(row['entity'], LONGEST)}"
    once = max(1, round(1 / row["chance"])) if row["chance"] > 0 else 0
    chance = f"once in {once:,} such stops" if once else "next to never"
    when = f"{row['stopped']:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"{printable(row['taker'])} took up the {what} {_soon((row['taken'] - row['stopped']).total_seconds())} after "
        f"{printable(row['giver'])}'s {after}, {when}; chance has a start so soon {chance}."
    )


def _soon(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
