"""CSV records that go over several lines, put together before lines are taken for rows."""

from __future__ import annotations

from typing import NamedTuple

from linkage.engines.step import Engine, Step, literal, quoted


class Longest(NamedTuple):
    """How many lines and characters a record has at most."""

    lines: int
    characters: int


# A field that was never closed must not swallow the file: records longer than this are left as single lines.
RECORD = Longest(1000, 1 << 20)
PROMPT = Longest(1 << 15, 1 << 22)  # a file of code that was put into a prompt


def join_quoted_lines(engine: Engine, table: str, delimiter: str, fields: int, longest: Longest = RECORD) -> str:
    """Join lines of the table ``table`` (file, line, text, fault) that one quoted field holds together.

    A line with an odd number of quotes opens or closes such a field. It is joined with what stands up to the next odd
    line when that makes a record of exactly ``fields`` fields; otherwise it stays alone, and broken. So one stray quote
    spoils one line. Returns the name of the table to read: ``table`` itself when there is nothing to join.
    """
    if not engine.fetch(f"SELECT 1 FROM {quoted(table)} WHERE {_ODD} LIMIT 1").num_rows:
        return table
    records = f"{table}_records"
    engine.run(Step(records, _records_sql(table, delimiter, fields, longest), (table,)))
    engine.drop(table)
    return records


def unfinished_from(engine: Engine, table: str, delimiter: str, fields: int, longest: Longest) -> int | None:
    """The line from which a table of the lines of one file must be read together with what is behind it, or None.

    That is its last line with an odd number of quotes, unless that closes a record: another line may close what it
    opens. The table is gone afterwards.
    """
    last = engine.fetch(f"SELECT max(line) AS line FROM {quoted(table)} WHERE {_ODD}")["line"][0].as_py()
    if last is None:
        return None
    records = join_quoted_lines(engine, table, delimiter, fields, longest)
    alone = engine.fetch(f"SELECT 1 FROM {quoted(records)} WHERE line = {last}").num_rows > 0
    engine.drop(records)
    return int(last) if alone else None


_ODD = "length(text) % 2 <> length(replace(text, '\"', '')) % 2"


def _records_sql(table: str, delimiter: str, fields: int, longest: Longest) -> str:
    """Each odd line starts a stretch: itself and the even lines up to the next odd one, which may close its field.

    Stretches that close one after another can't all be records (a line can't close one field and be all of the next
    one's start): of such a chain every second is taken, from the first.
    """
    return f"""
        WITH numbered AS (
            SELECT *, {_ODD} AS odd, count(*) FILTER (WHERE {_ODD}) OVER (PARTITION BY file ORDER BY line) AS stretch
            FROM {quoted(table)}),
        sizes AS (
            SELECT file, stretch FROM numbered WHERE stretch > 0 AND fault IS NULL GROUP BY file, stretch
            HAVING count(*) <= {longest.lines} AND sum(length(text)) <= {longest.characters}),
        starts AS (
            SELECT file, stretch, min(line) AS line, string_agg(text, chr(10) ORDER BY line) AS text
            FROM numbered SEMI JOIN sizes USING (file, stretch) WHERE fault IS NULL GROUP BY file, stretch),
        joined AS (
            SELECT s.file, s.stretch, s.line, s.text || chr(10) || e.text AS text
            FROM starts s JOIN numbered e ON s.file = e.file AND s.stretch + 1 = e.stretch AND e.odd),
        closed AS (
            SELECT *, stretch - row_number() OVER (PARTITION BY file ORDER BY stretch) AS chain
            FROM joined WHERE len(csv_fields(text, {literal(delimiter)})) = {fields}),
        taken AS (
            SELECT file, stretch, line, text
            FROM (SELECT *, row_number() OVER (PARTITION BY file, chain ORDER BY stretch) AS place FROM closed)
            WHERE place % 2 = 1)
        SELECT n.file, n.line, n.text, n.fault FROM numbered n
        LEFT JOIN taken t ON n.file = t.file AND n.stretch = t.stretch
        LEFT JOIN taken c ON n.file = c.file AND n.stretch = c.stretch + 1 AND n.odd
        WHERE t.file IS NULL AND c.file IS NULL
        UNION ALL SELECT file, line, text, NULL FROM taken
    """
