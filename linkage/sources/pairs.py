"""A source's rows as pairs: what an account used, first and last when, and how often. Files are read for it once."""

from __future__ import annotations

from linkage.engines.step import Engine, Step, literal
from linkage.model import DAY
from linkage.sources.scan import LONGEST, Opened, rows_of, slots, sound_rows


def make_pairs(engine: Engine, opened: Opened) -> None:
    """Make ``pairs_<name>`` (place, account, text, day, rows, first, last, n, stops) from the sound rows of a source.

    One row an account and text of the entity column ``place``, from 0; ``text`` is null for rows that have none there.
    Each place tells of all rows, and that of a source without entity columns is 0. ``day`` counts days since 1970 in
    the columns ``by_day``, and is null in others. ``n`` are events, ``stops`` the rows that end an account's work.

    Raises:
        InputRefused: a file turns out to be unreadable.
    """
    source, columns = opened.source, [column for column, _ in slots(opened.values)][1:]
    day = f"epoch_us(first) // {DAY}"
    sets = [f"(account, {c}, day)" if i in opened.by_day else f"(account, {c})" for i, c in enumerate(columns)]
    engine.scan(
        Step(
            f"pairs_{opened.name}",
            f"SELECT {_place(columns)} AS place, account, {_coalesced(columns)} AS text, "
            f"{'day' if opened.by_day else 'NULL::BIGINT'} AS day, "
            f"count(*) AS rows, min(first) AS first, max({'last' if source.last else 'first'}) AS last, "
            f"{'sum(n)::BIGINT' if source.count else 'count(*)'} AS n, "
            f"{'count(stop)' if source.status else '0::BIGINT'} AS stops "
            f"FROM (SELECT *{f', {day} AS day' if opened.by_day else ''} FROM ({sound_rows(engine, opened)})) "
            f"GROUP BY GROUPING SETS ({', '.join(sets) or '(account)'})",
        )
    )


def make_left(engine: Engine, opened: Opened, rows: int) -> None:
    """Make ``left_<name>`` (place, text): the distinct texts of the rows that the pairs leave out, of so many in all.

    ``place`` is -1 for account ids. Rows of copied files are not among the ``rows``: they have no texts of their own.

    Raises:
        InputRefused: a file turns out to be unreadable.
    """
    columns = [column for column, _ in slots(opened.values)]
    sets = ", ".join(f"({column})" for column in columns)
    seen = f"SELECT coalesce(sum(rows), 0)::BIGINT AS x FROM pairs_{opened.name} WHERE place = 0"
    some = "true" if engine.fetch(seen)["x"][0].as_py() < rows else "false"
    again = f"OR mark IN (FROM again_{opened.name})" if opened.repeats else ""
    engine.scan(
        Step(
            f"left_{opened.name}",
            f"SELECT * FROM (SELECT {_place(columns)} - 1 AS place, {_coalesced(columns)} AS text "
            f"FROM ({rows_of(engine, opened)}) WHERE {some} AND {opened.fresh} AND (fault IS NOT NULL {again}) "
            f"GROUP BY GROUPING SETS ({sets})) WHERE text IS NOT NULL AND NOT longer(text, {LONGEST})",
        )
    )


def texts_sql(opened: Opened) -> str:
    """A SELECT of slot, text and place (-1: the account) of all rows, from their pairs and from those left out."""
    parts = [f"SELECT '' AS slot, account AS text, -1 AS place FROM pairs_{opened.name} WHERE place = 0"]
    for number, (_, slot) in enumerate(slots(opened.values), -1):
        where = f"WHERE place = {number} AND text IS NOT NULL"
        parts += [
            f"SELECT {literal(slot)}, text, {number} FROM {table}_{opened.name} {where}" for table in ("pairs", "left")
        ]
    return " UNION ALL ".join(parts)


def _coalesced(columns: list[str]) -> str:
    return f"coalesce({', '.join(columns)})" if columns else "NULL::VARCHAR"


def _place(columns: list[str]) -> str:
    """SQL of which column a row of GROUPING SETS, one a column, groups by."""
    if len(columns) < 2:
        return "0"
    every = (1 << len(columns)) - 1  # GROUPING has a bit for each column that a row does not group by, the last lowest
    masks = [(every ^ 1 << len(columns) - 1 - place, place) for place in range(len(columns))]
    return f"CASE GROUPING({', '.join(columns)}) {' '.join(f'WHEN {mask} THEN {place}' for mask, place in masks)} END"
