"""How a source's rows are read: each row's account, times, count, id and values, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from linkage.config import PAYMENT_FAMILY, EntityColumn, KindSpec, Source, column_spec
from linkage.engines.step import ColumnType, Engine, Step, literal
from linkage.model import STOPPED
from linkage.sources.layout import Group, rows_sql
from linkage.sources.normalise import INVALID, ipv4_number_text_sql
from linkage.sources.times import EARLIEST, LATEST, TimeSql, time_sql

LONGEST = 1024  # characters of an account id or a value; a longer one is no name of a thing
ACCOUNT = ""  # the slot of account ids among the kinds
MASKED_FAMILIES = (PAYMENT_FAMILY, "content")  # card data and prompts stay out of the quarantine
NO_COLUMN, MASKED = "''", "'masked'"  # SQL
Raw = dict[str, tuple[str, ColumnType]]  # column of the file: its SQL, and its type


@dataclass(frozen=True)
class Value:
    """An entity column of a source, and how its kind is read."""

    name: str
    column: EntityColumn
    spec: KindSpec


@dataclass(frozen=True)
class Fault:
    """What keeps a row out: when ``when`` holds, ``column`` is named, with ``reason`` and the ``value`` (all SQL)."""

    when: str
    column: str
    reason: str
    value: str


@dataclass(frozen=True)
class Part:
    """Where a group stands: its first file's number among the source's, and how many rows to sample (None: all)."""

    start: int
    sample: int | None


def source_values(source: Source, specs: dict[str, KindSpec]) -> tuple[Value, ...]:
    """The entity columns of a source, in order of the config."""
    entries = [(name, column_spec(entry)) for name, entry in source.entities.items()]
    return tuple(Value(name, column, specs[column.kind]) for name, column in entries)


@dataclass(frozen=True)
class Opened:
    """A source whose files are found and grouped.

    ``sample`` is about how many rows a file are read (None: all), ``by_day`` the numbers of the entity columns whose
    uses are told day by day. ``repeats`` says that ids in ``again_<name>`` come up more than once, and ``spoilt``
    which text columns hold what ``forms`` calls invalid.
    """

    name: str
    source: Source
    groups: tuple[Group, ...]
    values: tuple[Value, ...]
    sample: int | None = None
    by_day: frozenset[int] = frozenset()
    repeats: bool = False
    spoilt: tuple[str, ...] = ()

    @property
    def fresh(self) -> str:
        """SQL that holds for rows of files that are no copies of files read before."""
        copies = [str(i) for i, file in enumerate(file for group in self.groups for file in group.files) if file.copy]
        return f"file NOT IN ({', '.join(copies)})" if copies else "true"


def slots(values: Sequence[Value]) -> list[tuple[str, str]]:
    """The text columns of a source's rows with their slots: the account's first."""
    return [("account", ACCOUNT), *((f"v{i}", value.column.kind) for i, value in enumerate(values))]


def keep_fields(engine: Engine, opened: Opened) -> Opened:
    """Take the lines of text files apart, once, and forget them; what is read of them from now on is their fields."""
    kept = []
    for number, group in enumerate(opened.groups):
        if group.table:
            table = f"fields_{opened.name}_{number}"
            rows = rows_sql(group, wanted_columns(opened.source), opened.sample, engine)
            engine.scan(Step(table, rows, (group.table,)))
            engine.drop(group.table)
            group = replace(group, table=table)
        kept.append(group)
    return replace(opened, groups=tuple(kept))


def rows_of(engine: Engine, opened: Opened) -> str:
    """A SELECT of all rows of a source: file, row, account, first, last, n, id, mark, stop, v0, …, and what is wrong.

    ``v<i>`` is the text of the i-th entity column as it stands in the file, ``id`` a 128-bit digest of the event's id
    and ``mark`` one of 64, ``stop`` the status where it ends an account's work (model.STOPPED), else null, and ``file``
    counts the files of all groups. ``fault`` is the number of the row's first fault, null where there is none, and
    fault_column, fault_reason and fault_value tell it. The engine works out only what of all this is asked for.
    """
    parts, start = [], 0
    for group in opened.groups:
        parts.append(_group_sql(engine, group, opened.source, Part(start, opened.sample)))
        start += len(group.files)
    return "\nUNION ALL\n".join(parts)


def sound_rows(engine: Engine, opened: Opened) -> str:
    """A SELECT of the rows of :func:`rows_of` that nothing keeps out: of files that are no copies, without a fault,
    without an id that comes up again (which of its rows counts is decided apart) and without an invalid text."""
    out = [f"ANTI JOIN again_{opened.name} USING (mark)"] if opened.repeats else []
    out += [
        f"ANTI JOIN (SELECT text AS {column} FROM forms WHERE slot = {literal(slot)} AND state = '{INVALID}') "
        f"USING ({column})"
        for column, slot in slots(opened.values)
        if column in opened.spoilt
    ]
    whole = f"SELECT * FROM ({rows_of(engine, opened)}) WHERE fault IS NULL AND {opened.fresh}"
    return f"SELECT * FROM ({whole}) {' '.join(out)}"


def count_of(engine: Engine, opened: Opened, which: str = "true") -> int:
    """How many rows the files hold, broken ones too; ``which`` is SQL over ``file``."""
    query = f"SELECT count(*) AS rows FROM ({rows_of(engine, opened)}) WHERE {which}"
    return int(engine.fetch(query)["rows"][0].as_py())


def faults_of(engine: Engine, group: Group, source: Source) -> str:
    """A SELECT of file (of the group), row, fault, fault_column and fault_reason of a group's rows."""
    rows = _group_sql(engine, group, source, Part(0, None))
    return f"SELECT file, row, fault, fault_column, fault_reason FROM ({rows})"


def text_of(raw: str, type_: ColumnType) -> str:
    """SQL of the text of a column of any type: whole floats without `.0`, bytes as text or hex, nested ones as JSON."""
    match type_:
        case ColumnType.TEXT:
            return raw
        case ColumnType.FRACTION:
            return f"number_text({raw})"
        case ColumnType.BYTES:
            return f"bytes_text({raw})"
        case ColumnType.NESTED:
            return f"nested_text({raw})"
        case _:
            return f"CAST({raw} AS VARCHAR)"


def shown_value(x: str, family: str) -> str:
    """SQL of a bad value as the quarantine shows it: 100 characters at most; payments and prompts by length alone."""
    return f"'masked, ' || length({x}) || ' characters'" if family in MASKED_FAMILIES else f"left({x}, 100)"


def _group_sql(engine: Engine, group: Group, source: Source, part: Part) -> str:
    """Three selects in each other: the raw columns; times and texts; the number of the row's first fault."""
    wanted = wanted_columns(source)
    raw = {c: (f"c{i}", column.type if (column := group.column(c)) else ColumnType.TEXT) for i, c in enumerate(wanted)}
    times = [time_sql(*raw[c], source) for c in _time_columns(source)] or [TimeSql("NULL::TIMESTAMPTZ", "''")]
    values = [_value_text(text_of(*raw[name]), column_spec(entry)) for name, entry in source.entities.items()]
    columns = {
        "account": text_of(*raw[source.account]),
        "first": times[0].value,
        "last": times[-1].value,
        "n_text": text_of(*raw[source.count]) if source.count else "'1'",
        "id": f"digest(nullif({text_of(*raw[source.id])}, ''))" if source.id else "NULL",
        "mark": f"short_digest(nullif({text_of(*raw[source.id])}, ''))" if source.id else "NULL",
        "stop": _stop(*raw[source.status]) if source.status else "NULL::SMALLINT",
        **{f"v{i}": value for i, value in enumerate(values)},
    }
    texts = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    faults = [*_row_faults(source), *_time_faults(source, raw, times), *_value_faults(source)]
    if source.prompt:  # a row whose fields stand one place off shows its prompt as an account or a time
        faults = [fault if fault.column == NO_COLUMN else replace(fault, value=MASKED) for fault in faults]
    number = " ".join(f"WHEN {fault.when} THEN {i}" for i, fault in enumerate(faults))
    texts_kept = (f"v{i}" for i in range(len(values)))
    kept = ", ".join(["account", "first", "last", _count(source), "id", "mark", "stop", *texts_kept])
    return (
        f"SELECT file + {part.start} AS file, row, {kept}, fault, {_fault_columns(faults)} FROM ("
        f"SELECT *, CASE {number} END AS fault FROM ("
        f"SELECT *, {texts} FROM ({_raw_sql(engine, group, wanted, part.sample)})))"
    )


def wanted_columns(source: Source) -> list[str]:
    """The columns that are read as they are, in their order: all but those of prompts."""
    fixed = [source.account, *_time_columns(source), *(c for c in (source.count, source.id, source.status) if c)]
    return list(dict.fromkeys([*fixed, *source.entities]))


def _raw_sql(engine: Engine, group: Group, wanted: Sequence[str], sample: int | None) -> str:
    return f"SELECT * FROM {group.table}" if group.table else rows_sql(group, wanted, sample, engine)


def _fault_columns(faults: Sequence[Fault]) -> str:
    def chosen(of: str) -> str:
        cases = " ".join(f"WHEN {i} THEN {getattr(fault, of)}" for i, fault in enumerate(faults))
        return f"CASE WHEN fault IS NOT NULL THEN CASE fault {cases} END END AS fault_{of}"

    return ", ".join(chosen(of) for of in ("column", "reason", "value"))


def _count(source: Source) -> str:
    return "TRY_CAST(n_text AS BIGINT) AS n" if source.count else "1::BIGINT AS n"


def _stop(raw: str, type_: ColumnType) -> str:
    if type_ is ColumnType.WHOLE:
        return f"CASE WHEN {raw} IN ({', '.join(map(str, STOPPED))}) THEN CAST({raw} AS SMALLINT) END"
    status = f"trimmed({text_of(raw, type_)})"
    listed = ", ".join(literal(str(code)) for code in STOPPED)
    return f"CASE WHEN {status} IN ({listed}) THEN CAST({status} AS SMALLINT) END"


def _time_columns(source: Source) -> list[str]:
    return [c for c in (source.time, source.first, source.last) if c]


def _value_text(text: str, column: EntityColumn) -> str:
    return ipv4_number_text_sql(text) if column.format == "ipv4_number" else text


def _row_faults(source: Source) -> list[Fault]:
    column = literal(source.account)
    faults = [
        Fault("broken IS NOT NULL", NO_COLUMN, "broken", "broken_value"),
        Fault("account IS NULL", column, "'account missing'", "NULL"),
        Fault(f"longer(account, {LONGEST})", column, f"'longer than {LONGEST} characters'", "left(account, 100)"),
    ]
    if source.count:
        good = "regexp_full_match(coalesce(n_text, ''), '0*[1-9][0-9]{0,11}')"
        faults.append(
            Fault(f"NOT {good}", literal(source.count), "'count is no positive whole number'", "left(n_text, 100)")
        )
    return faults


def _time_faults(source: Source, raw: Raw, times: Sequence[TimeSql]) -> list[Fault]:
    faults = []
    for name, output, time in zip(_time_columns(source), ("first", "last"), times, strict=False):
        shown = f"left({text_of(*raw[name])}, 100)"
        faults.append(Fault(f"{output} IS NULL", literal(name), time.reason, shown))
        inside = f"{output} >= TIMESTAMPTZ '{EARLIEST}' AND {output} < TIMESTAMPTZ '{LATEST}'"
        faults.append(Fault(f"NOT ({inside})", literal(name), "'time out of range (2000 to 2099)'", shown))
    if source.first and source.last:
        shown = f"left({text_of(*raw[source.first])}, 100)"
        faults.append(Fault("first > last", literal(source.first), "'first after last'", shown))
    return faults


def _value_faults(source: Source) -> list[Fault]:
    reason = f"'longer than {LONGEST} characters'"
    masked = "'masked, ' || length({}) || ' characters'"  # whatever the kind: most such texts are prompts
    return [
        Fault(f"longer(v{i}, {LONGEST})", literal(name), reason, masked.format(f"v{i}"))
        for i, name in enumerate(source.entities)
    ]
