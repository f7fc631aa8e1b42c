"""Each row's fate: loaded, duplicate or quarantined; and the loaded ones with numbers in place of texts."""

from __future__ import annotations

from linkage.engines.step import Engine, Step, literal
from linkage.sources.audit import SourceCounts, check_sum
from linkage.sources.normalise import DULL, INVALID, LINKS
from linkage.sources.scan import Opened, count_of, rows_of, shown_value, slots


def judge_rows(engine: Engine, opened: Opened) -> SourceCounts:
    """Sort the rows of a source, and count their fates.

    Makes ``rows_<name>`` (account, first, stop, e0, e1, …, dull, and where the source has them last, n and id): the
    loaded rows, with accounts and entities as keys of ``forms``, and the number of their values that link nobody; and
    ``faults_<name>`` (file, row, column, reason, value): rows for the quarantine. They are looked for only where rows
    are missing among the others: in most logs there are none.

    Raises:
        LinkageError: the fates do not add up to the rows; our fault.
        InputRefused: a file turns out to be unreadable.
    """
    name = opened.name
    rows = count_of(engine, opened)
    copied = count_of(engine, opened, f"NOT ({opened.fresh})") if opened.fresh != "true" else 0
    engine.scan(Step(f"rows_{name}", _rows_sql(engine, opened), ("forms",)))
    sound = _number(engine, f"SELECT count(*) AS x FROM rows_{name}")
    broken = "true" if sound + copied < rows else "false"
    engine.scan(Step(f"faults_{name}", _faults_sql(engine, opened, broken), ("forms",)))
    repeated = _drop_repeats(engine, opened) if opened.source.id else 0
    for group in opened.groups:
        if group.table:
            engine.drop(group.table)
    return check_sum(
        SourceCounts(
            name,
            rows,
            loaded=_number(engine, f"SELECT count(*) AS x FROM rows_{name}"),
            duplicate=copied + repeated,
            quarantined=_number(engine, f"SELECT count(*) AS x FROM faults_{name}"),
            not_linking=_number(engine, f"SELECT coalesce(sum(dull), 0)::BIGINT AS x FROM rows_{name}"),
        )
    )


def _number(engine: Engine, query: str) -> int:
    return int(engine.fetch(query)["x"][0].as_py())


def _joined(engine: Engine, opened: Opened) -> str:
    """Rows of files that are no copies, with the reading of each of their texts: f0 of the account, f1, … of values.

    Numbers are found in two thirds of the time of texts.
    """
    apart = engine.fetch("SELECT count(short) = count(*) AS apart FROM forms")["apart"][0].as_py()
    by = "short_digest(s.{column}) = f{i}.short" if apart else "s.{column} = f{i}.text"
    joins = " ".join(
        f"LEFT JOIN (SELECT text, short, state, key FROM forms WHERE slot = {literal(slot)}) f{i} "
        f"ON {by.format(column=column, i=i)}"
        for i, (column, slot) in enumerate(slots(opened.values))
    )
    return f"(SELECT * FROM ({rows_of(engine, opened)}) WHERE {opened.fresh}) s {joins}"


def _rows_sql(engine: Engine, opened: Opened) -> str:
    places = range(1, len(opened.values) + 1)
    source = opened.source
    kept = ["f0.key AS account", "s.first", *(["s.last"] if source.last else []), *(["s.n"] if source.count else [])]
    kept += ["s.stop", *(["s.id"] if source.id else []), *(f"f{i}.key AS e{i - 1}" for i in places)]
    dull = " + ".join(f"CAST(coalesce(f{i}.state = '{DULL}', false) AS UTINYINT)" for i in places) or "0"
    readable = "".join(f" AND coalesce(f{i}.state <> '{INVALID}', true)" for i in places)
    return (
        f"SELECT {', '.join(kept)}, {dull} AS dull FROM {_joined(engine, opened)} "
        f"WHERE s.fault IS NULL AND f0.state = '{LINKS}'{readable}"
    )


def _faults_sql(engine: Engine, opened: Opened, broken: str) -> str:
    """The first fault of each row that has one: of the row itself, then of its account, then of its values in turn."""
    names = [opened.source.account, *(value.name for value in opened.values)]
    families = ["", *(value.spec.family for value in opened.values)]
    columns, reasons, values = [], [], []
    for i, (column, slot) in enumerate(slots(opened.values)):
        invalid = f"WHEN f{i}.state = '{INVALID}' THEN"
        columns.append(f"{invalid} {literal(names[i])}")
        reasons.append(f"{invalid} {literal('no IP address' if slot else 'account missing')}")
        values.append(f"{invalid} {shown_value(f's.{column}', families[i])}")

    def chosen(what: str, others: list[str]) -> str:
        return f"CASE WHEN s.fault IS NOT NULL THEN s.fault_{what} {' '.join(others)} END"

    any_invalid = " OR ".join(f"f{i}.state = '{INVALID}'" for i in range(len(names)))
    return (
        f"SELECT s.file, s.row, nullif({chosen('column', columns)}, '') AS \"column\", "
        f"{chosen('reason', reasons)} AS reason, {chosen('value', values)} AS value "
        f"FROM {_joined(engine, opened)} WHERE {broken} AND (s.fault IS NOT NULL OR {any_invalid})"
    )


def _drop_repeats(engine: Engine, opened: Opened) -> int:
    """Of rows with one id keep the first by content, so that the order of rows does not matter; returns the others."""
    rows, repeats = f"rows_{opened.name}", f"repeats_{opened.name}"
    engine.run(Step(repeats, _repeats_sql(rows, opened), (rows,)))
    number = _number(engine, f"SELECT count(*) AS x FROM {repeats}")
    if number:
        engine.run(Step(rows, f"SELECT r.* FROM {rows} r ANTI JOIN {repeats} p ON r.rowid = p.place", (rows, repeats)))
    engine.drop(repeats)
    return number


def _repeats_sql(rows: str, opened: Opened) -> str:
    source = opened.source
    dated = ["account", "first", *(["last"] if source.last else []), *(["n"] if source.count else []), "stop"]
    content = ", ".join([*dated, *(f"e{i}" for i in range(len(opened.values))), "dull"])
    return f"""
        WITH repeated AS (SELECT id FROM {rows} WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1),
        ranked AS (
            SELECT r.rowid AS place, row_number() OVER (PARTITION BY id ORDER BY {content}) AS turn
            FROM {rows} r SEMI JOIN repeated USING (id))
        SELECT place FROM ranked WHERE turn > 1
    """
