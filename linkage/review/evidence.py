"""The evidence of each item in plain words: who uses what, how many use it everywhere, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from linkage.reports.store import Store
from linkage.reports.visible import shortened
from linkage.reports.words import count
from linkage.review.draw import PAIR

SHARED = 12  # rows of an item: what both, or account and others, use; the rarest
BESIDE = 4  # rows of an item: what several of the others use and the account does not; the most common
NAMED = 5  # other accounts that an item names
LONGEST = 80  # characters of a value
QUESTIONS = {
    PAIR: "Does one operator run both accounts?",
    "account": "Does one operator run account A together with most of the others?",
}


@dataclass(frozen=True)
class Row:
    """One entity: what it is, how many accounts use it everywhere, A's use, and the use of ``who``: B or the others."""

    entity: str
    everywhere: str
    a: str
    who: str
    b: str

    @property
    def text(self) -> str:
        """The row as a line."""
        return f"{self.entity}: used by {self.everywhere}. A: {self.a}. {self.who}: {self.b}."


@dataclass(frozen=True)
class Item:
    """What the reviewer sees: no verdict, tier, likelihood or ring. ``about`` are sentences on the accounts."""

    name: str
    question: str
    about: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        """All of it as lines."""
        return "\n".join([*self.about, *(row.text for row in self.rows)])


def describe(store: Store, items: pd.DataFrame) -> list[Item]:
    """The items as drawn, in their order, in words."""
    asked = items.assign(item=range(len(items)), is_pair=items["question"] == PAIR)
    lists = {
        "item": asked["item"].tolist(), "a": asked["account"].tolist(),
        "b": [None if pd.isna(x) else int(x) for x in asked["other"]],
        "r": [None if pd.isna(x) or pair else int(x) for x, pair in zip(asked["ring"], asked["is_pair"], strict=True)],
    }
    accounts = _by_item(store.arrow(_ASKED + _ACCOUNTS, **lists))
    groups = _by_item(store.arrow(_ASKED + _GROUPS, named=NAMED, **lists))
    common = _by_item(store.arrow(_ASKED + _COMMON, **lists))
    uses = _by_item(store.arrow(_ASKED + _USES, shared=SHARED, beside=BESIDE, **lists))
    made = []
    for number, question in zip(asked["item"], asked["question"], strict=True):
        rows = uses.get(number, [])
        about = [_account(row) for row in accounts[number]] + [_group(row) for row in groups.get(number, [])]
        about += [_in_common(common[number])] if number in common else []
        about += [] if rows else ["They share nothing directly."]
        made.append(Item(f"item-{number + 1:04d}", str(question), tuple(about), tuple(_row(row) for row in rows)))
    return made


def _by_item(table: pa.Table) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        found.setdefault(row["item"], []).append(row)
    return found


def _account(row: dict[str, Any]) -> str:
    created = f"created {_moment(row['created'])}" if row["created"] else "creation unknown"
    exchanges = f"; {count(row['exchanges'], 'exchange')}" if row["exchanges"] else ""
    has = f"; uses {row['has']}" if row["has"] else ""
    name = shortened(row["account_id"], LONGEST)
    return f"{row['letter']} is the account {name}: {created}; seen {_span(row)}{exchanges}{has}."


def _group(row: dict[str, Any]) -> str:
    others = row["others"]
    names = ", ".join(shortened(name, LONGEST) for name in row["names"][:NAMED])
    made = f"; created {_span(row)}" if row["first_seen"] else ""
    return f"The others are {count(others, 'account')}, such as {names}{made}."


def _in_common(rows: list[dict[str, Any]]) -> str:
    kinds = [f"{row['n']:,} {row['kind']} ({_range(row['least'], row['most'])} of them each)" for row in rows]
    return f"What two or more of the others have in common: {', '.join(kinds)}."


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _row(row: dict[str, Any]) -> Row:
    context = f" (in the list '{shortened(row['context'], LONGEST)}')" if row["context"] else ""
    mine = _use(row["a_first"], row["a_last"], row["a_n"]) if row["a_n"] else "does not use it"
    if row["others"] is None:
        who, theirs = "B", _use(row["b_first"], row["b_last"], row["b_n"])
    else:
        when = f", {_span({'first_seen': row['b_first'], 'last_seen': row['b_last']})}" if row["b_first"] else ""
        who, theirs = "The others", f"{row['k']:,} of {row['others']:,} use it{when}"
    return Row(
        f"{row['kind']} {shortened(row['value'], LONGEST)}{context}",
        f"{row['users']:,} of the {count(row['every'], 'account')} with any {row['kind']}",
        mine,
        who,
        theirs,
    )


def _use(first: Any, last: Any, n: int) -> str:
    times = f" {_span({'first_seen': first, 'last_seen': last})}" if first else ""
    return f"{count(n, 'use')}{times}"


def _span(row: dict[str, Any]) -> str:
    if row["first_seen"] is None:
        return "at unknown times"
    first, last = _moment(row["first_seen"]), _moment(row["last_seen"])
    return f"at {first}" if first == last else f"from {first} to {last}"


def _moment(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


_ASKED = """
    WITH asked AS (SELECT unnest($item)::BIGINT AS item, unnest($a)::INTEGER AS a, unnest($b)::INTEGER AS b,
                          unnest($r)::INTEGER AS ring),
    sizes AS (SELECT q.item, q.a, q.ring, count(*) FILTER (m.account <> q.a) AS others,
                     coalesce(bool_or(m.account = q.a), false) AS member
              FROM asked q JOIN ring_members m USING (ring) GROUP BY ALL)
"""
_ACCOUNTS = """
    , two AS (SELECT item, a AS account, 'A' AS letter FROM asked
               UNION ALL SELECT item, b, 'B' FROM asked WHERE b IS NOT NULL),
    kinds_of AS (SELECT b.item, b.letter, l.kind, count(*) AS n FROM two b JOIN links l USING (account) GROUP BY ALL),
    has AS (SELECT item, letter, string_agg(n || ' ' || kind, ', ' ORDER BY kind) AS has FROM kinds_of GROUP BY ALL)
    SELECT b.item, b.letter, c.account_id, c.created, c.first_seen, c.last_seen, c.exchanges, h.has
    FROM two b JOIN accounts c USING (account) LEFT JOIN has h ON h.item = b.item AND h.letter = b.letter
    ORDER BY b.item, b.letter
"""
_GROUPS = """
    , placed AS (
        SELECT s.item, s.others, c.account_id, c.created,
               row_number() OVER (PARTITION BY s.item ORDER BY md5(s.item || ':' || m.account), m.account) AS place
        FROM sizes s JOIN ring_members m ON m.ring = s.ring AND m.account <> s.a
        JOIN accounts c ON c.account = m.account)
    SELECT item, any_value(others) AS others, min(created) AS first_seen, max(created) AS last_seen,
           list(account_id ORDER BY place) FILTER (place <= $named) AS names FROM placed GROUP BY item ORDER BY item
"""
_COMMON = """
    , used AS (SELECT s.item, l.kind, l.entity, count(*) AS k
               FROM sizes s JOIN ring_members m ON m.ring = s.ring AND m.account <> s.a
               JOIN links l ON l.account = m.account GROUP BY ALL HAVING count(*) >= 2)
    SELECT item, kind, count(*) AS n, min(k) AS least, max(k) AS most FROM used GROUP BY ALL ORDER BY item, kind
"""
_USES = """
    , mine AS (SELECT q.item, l.entity, l.first_seen AS a_first, l.last_seen AS a_last, l.n AS a_n
               FROM asked q JOIN links l ON l.account = q.a),
    in_rings AS (SELECT m.ring, l.entity, count(*) AS k, min(l.first_seen) AS b_first, max(l.last_seen) AS b_last
                 FROM ring_members m JOIN links l USING (account)
                 WHERE m.ring IN (SELECT ring FROM asked) GROUP BY ALL),
    pairs AS (SELECT q.item, l.entity, NULL::BIGINT AS others, 1::BIGINT AS k, m.a_first, m.a_last, m.a_n,
                     l.first_seen AS b_first, l.last_seen AS b_last, l.n AS b_n
              FROM asked q JOIN links l ON l.account = q.b JOIN mine m ON m.item = q.item AND m.entity = l.entity),
    rings_of AS (SELECT s.item, r.entity, s.others, r.k - (s.member AND m.a_n IS NOT NULL)::BIGINT AS k,
                        m.a_first, m.a_last, m.a_n, r.b_first, r.b_last, NULL::BIGINT AS b_n
                 FROM sizes s JOIN in_rings r USING (ring) LEFT JOIN mine m ON m.item = s.item AND m.entity = r.entity),
    found AS (SELECT * FROM pairs UNION ALL SELECT * FROM rings_of WHERE k >= CASE WHEN a_n IS NULL THEN 2 ELSE 1 END),
    told AS (SELECT f.*, e.kind, e.value, e.context, k.accounts AS every FROM found f JOIN entities e USING (entity)
             JOIN kinds k ON k.kind = e.kind),
    counted AS (SELECT t.*, u.users FROM told t JOIN (SELECT DISTINCT entity, users FROM links) u USING (entity)),
    placed AS (SELECT *, row_number() OVER (
                   PARTITION BY item, a_n IS NULL
                   ORDER BY CASE WHEN a_n IS NULL THEN -k ELSE 0 END, users::DOUBLE / every, kind, value) AS place
               FROM counted)
    SELECT * FROM placed WHERE place <= CASE WHEN a_n IS NULL THEN $beside ELSE $shared END
    ORDER BY item, a_n IS NULL, place
"""
