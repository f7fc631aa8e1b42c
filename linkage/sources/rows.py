"""Each row's fate: loaded, duplicate or quarantined; and the loaded ones as uses, with numbers in place of texts."""

from __future__ import annotations

from dataclasses import replace

from linkage.engines.step import Engine, Step, literal
from linkage.model import DAY
from linkage.sources.audit import SourceCounts, check_sum
from linkage.sources.keys import joined_forms, match_of
from linkage.sources.normalise import DULL, INVALID
from linkage.sources.pairs import make_pairs
from linkage.sources.repeats import make_survivors
from linkage.sources.scan import MASKED, Opened, count_of, rows_of, shown_value, slots


def judge_rows(engine: Engine, opened: Opened) -> tuple[Opened, SourceCounts]:
    """Sort the rows of a source, and count their fates; returns the source with its ``spoilt`` columns too.

    Makes ``uses_<name>`` (place, account, entity, day, rows, first, last, n, stops, dull): the loaded rows as in
    ``pairs_<name>`` (which is dropped), with accounts and entities as keys of ``forms``, and the number of values that
    link nobody; and ``faults_<name>`` (file, row, column, reason, value): rows for the quarantine. They are looked for
    only where rows are missing among the others: in most logs there are none. Files are read again only where there
    are invalid texts or repeated ids.

    Raises:
        LinkageError: the fates do not add up to the rows; our fault.
        InputRefused: a file turns out to be unreadable.
    """
    name = opened.name
    opened = replace(opened, spoilt=_spoilt(engine, opened))
    if opened.spoilt:
        make_pairs(engine, opened)
    sound, kept = make_survivors(engine, opened) if opened.repeats else (0, 0)
    engine.run(Step(f"uses_{name}", _uses_sql(engine, opened), (f"pairs_{name}", "forms")))
    engine.drop(f"pairs_{name}")
    rows = count_of(engine, opened)
    copied = count_of(engine, opened, f"NOT ({opened.fresh})") if opened.fresh != "true" else 0
    loaded = _number(engine, f"SELECT coalesce(sum(rows), 0)::BIGINT AS x FROM uses_{name} WHERE place = 0")
    broken = "true" if loaded - kept + sound + copied < rows else "false"
    engine.scan(Step(f"faults_{name}", _faults_sql(engine, opened, broken), ("forms",)))
    return opened, check_sum(
        SourceCounts(
            name,
            rows,
            loaded=loaded,
            duplicate=copied + sound - kept,
            quarantined=_number(engine, f"SELECT count(*) AS x FROM faults_{name}"),
            not_linking=_number(engine, f"SELECT coalesce(sum(dull), 0)::BIGINT AS x FROM uses_{name}"),
        )
    )


def _number(engine: Engine, query: str) -> int:
    return int(engine.fetch(query)["x"][0].as_py())


def _spoilt(engine: Engine, opened: Opened) -> tuple[str, ...]:
    """The text columns in whose pairs there is what ``forms`` calls invalid."""
    found = []
    for number, (column, slot) in enumerate(slots(opened.values), -1):
        text, place = ("account", 0) if number < 0 else ("text", number)
        invalid = f"SELECT text AS {text} FROM forms WHERE slot = {literal(slot)} AND state = '{INVALID}'"
        some = f"SELECT 1 FROM pairs_{opened.name} SEMI JOIN ({invalid}) USING ({text}) WHERE place = {place} LIMIT 1"
        found += [column] if engine.fetch(some).num_rows else []
    return tuple(found)


def _uses_sql(engine: Engine, opened: Opened) -> str:
    """The pairs and, where ids come up again, the rows that count of these; the latter are dull at place 0 alone."""
    match = match_of(engine)
    account = f"JOIN (FROM forms WHERE slot = '') a ON {match.told('p.account')} = a.{match.column}"
    parts = []
    for place, (_, slot) in enumerate(slots(opened.values)[1:] or [("", "")]):
        entity = f"LEFT JOIN (FROM forms WHERE slot = {literal(slot)}) e ON {match.told('p.text')} = e.{match.column}"
        parts.append(
            f"SELECT p.place, a.key AS account, e.key AS entity, p.day, p.rows, p.first, p.last, p.n, p.stops, "
            f"CASE WHEN e.state = '{DULL}' THEN p.rows ELSE 0 END AS dull "
            f"FROM (FROM pairs_{opened.name} WHERE place = {place}) p {account} {entity}"
        )
    for place in range(max(len(opened.values), 1)) if opened.repeats else ():
        day = f"epoch_us(first) // {DAY}" if place in opened.by_day else "NULL"
        entity = f"e{place}" if opened.values else "NULL"
        parts.append(
            f"SELECT {place}, account, {entity}, {day}, 1, first, last, n, (stop IS NOT NULL)::BIGINT, "
            f"{'dull' if place == 0 else '0'} FROM survivors_{opened.name}"
        )
    return " UNION ALL ".join(parts)


def _faults_sql(engine: Engine, opened: Opened, broken: str) -> str:
    """The first fault of each row that has one: of the row itself, then of its account, then of its values in turn."""
    names = [opened.source.account, *(value.name for value in opened.values)]
    families = ["", *(value.spec.family for value in opened.values)]
    columns, reasons, values = [], [], []
    for i, (column, slot) in enumerate(slots(opened.values)):
        invalid = f"WHEN f{i}.state = '{INVALID}' THEN"
        columns.append(f"{invalid} {literal(names[i])}")
        reasons.append(f"{invalid} {literal('no IP address' if slot else 'account missing')}")
        values.append(f"{invalid} {MASKED if opened.source.prompt else shown_value(f's.{column}', families[i])}")

    def chosen(what: str, others: list[str]) -> str:
        return f"CASE WHEN s.fault IS NOT NULL THEN s.fault_{what} {' '.join(others)} END"

    any_invalid = " OR ".join(f"f{i}.state = '{INVALID}'" for i in range(len(names)))
    fresh = f"SELECT * FROM ({rows_of(engine, opened)}) WHERE {opened.fresh}"
    return (
        f"SELECT s.file, s.row, nullif({chosen('column', columns)}, '') AS \"column\", "
        f"{chosen('reason', reasons)} AS reason, {chosen('value', values)} AS value "
        f"FROM {joined_forms(engine, opened, fresh)} WHERE {broken} AND (s.fault IS NOT NULL OR {any_invalid})"
    )
