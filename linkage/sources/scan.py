"""One pass over a source's files: a table of rows with account, times, count, id and cleaned values, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linkage.config import PAYMENT_FAMILY, EntityColumn, KindSpec, Source, column_spec
from linkage.engines.step import ColumnType, Engine, Step, literal
from linkage.sources.layout import Group, rows_sql
from linkage.sources.normalise import NORMALISERS, ipv4_number_text_sql, placeholder_sql
from linkage.sources.times import EARLIEST, LATEST, TimeSql, time_sql

LONGEST = 1024  # characters of an account id or a value; a longer one is no name of a thing
MASKED_FAMILIES = (PAYMENT_FAMILY, "content")  # card data and prompts stay out of the quarantine
NO_ACCOUNT = ("-", "null", "(null)", "none", "nil", "nan", "undefined", "n/a", "unknown", "anonymous")
SHOWN = 100  # characters of a bad value that the quarantine shows


@dataclass(frozen=True)
class Value:
    """An entity column of a source: its place among them, and how its kind is read."""

    name: str
    column: EntityColumn
    spec: KindSpec


@dataclass(frozen=True)
class Fault:
    """Something that keeps a row out: when ``when``, blame ``column`` with the text ``reason``, and show ``value`` (SQL)."""

    when: str
    column: str
    reason: str
    value: str


def source_values(source: Source, specs: dict[str, KindSpec]) -> tuple[Value, ...]:
    """The entity columns of a source, in order of the config."""
    entries = [(name, column_spec(entry)) for name, entry in source.entities.items()]
    return tuple(Value(name, column, specs[column.kind]) for name, column in entries)


def scan(
    engine: Engine, name: str, source: Source, groups: Sequence[Group], values: Sequence[Value], sample: int | None
) -> None:
    """Make the table ``scan_<name>``: file, row, account, first, last, n, id, v0…, dull, fault_column, fault_reason,
    fault_value.

    ``v<i>`` is the cleaned text of the i-th entity column, null when missing or a placeholder; ``dull`` counts the
    placeholders of the row. ``file`` counts all files of the groups in turn.

    Raises:
        InputRefused: a file turns out to be unreadable.
    """
    parts, start = [], 0
    for group in groups:
        parts.append(_group_sql(engine, group, source, values, (start, sample)))
        start += len(group.files)
    engine.scan(Step(f"scan_{name}", "\nUNION ALL\n".join(parts), tuple(g.table for g in groups if g.table)))


def _group_sql(
    engine: Engine, group: Group, source: Source, values: Sequence[Value], part: tuple[int, int | None]
) -> str:
    start, sample = part
    wanted = [
        source.account,
        *_time_columns(source),
        *(c for c in (source.count, source.id) if c),
        *(v.name for v in values),
    ]
    raw = {c: (f"c{i}", _type(group, c)) for i, c in enumerate(dict.fromkeys(wanted))}
    cells = [_cleaned(text_of(*raw[v.name]), v) for v in values]
    times = [time_sql(*raw[c], source) for c in _time_columns(source)] or [TimeSql("NULL::TIMESTAMPTZ", "''")]
    count = f"trimmed({text_of(*raw[source.count])})" if source.count else "'1'"
    identity = f"trimmed({text_of(*raw[source.id])})" if source.id else "NULL::VARCHAR"
    cleaned = (
        f"SELECT *, trimmed({text_of(*raw[source.account])}) AS account, {times[0].value} AS first, "
        f"{times[-1].value} AS last, {count} AS n_text, nullif({identity}, '') AS id"
        + "".join(f", {cell} AS w{i}" for i, cell in enumerate(cells))
        + f" FROM ({rows_sql(group, list(raw), sample, engine)})"
    )
    faults = [*_row_faults(source, raw), *_time_faults(source, raw, times), *_value_faults(values)]
    return f"SELECT {_outputs(start, values)}, {_fault_columns(faults)} FROM ({cleaned})"


def _outputs(start: int, values: Sequence[Value]) -> str:
    dull = [f"coalesce({placeholder_sql(f'w{i}')}, false)" for i in range(len(values))]
    linked = "".join(f", CASE WHEN NOT {d} THEN w{i} END AS v{i}" for i, d in enumerate(dull))
    number = " + ".join(f"CAST({d} AS INTEGER)" for d in dull) or "0"
    return f"file + {start} AS file, row, account, first, last, TRY_CAST(n_text AS BIGINT) AS n, id{linked}, {number} AS dull"


def _fault_columns(faults: Sequence[Fault]) -> str:
    def chain(of: str) -> str:
        return "CASE " + " ".join(f"WHEN {f.when} THEN {getattr(f, of)}" for f in faults) + " END"

    return f"{chain('column')} AS fault_column, {chain('reason')} AS fault_reason, left({chain('value')}, {SHOWN}) AS fault_value"


def text_of(raw: str, type_: ColumnType) -> str:
    """SQL of the text of a column of any type: whole floats without `.0`, bytes as text or hex, nested values as JSON."""
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


def _type(group: Group, name: str) -> ColumnType:
    column = group.column(name)
    return column.type if column else ColumnType.TEXT


def _time_columns(source: Source) -> list[str]:
    return [c for c in (source.time, source.first, source.last) if c]


def _cleaned(text: str, value: Value) -> str:
    if value.column.format == "ipv4_number":
        text = ipv4_number_text_sql(text)
    return NORMALISERS[value.spec.normalise](text)


def _row_faults(source: Source, raw: dict[str, tuple[str, ColumnType]]) -> list[Fault]:
    column = literal(source.account)
    words = ", ".join(literal(word) for word in NO_ACCOUNT)
    faults = [
        Fault("broken IS NOT NULL", "''", "broken", "broken_value"),
        Fault("coalesce(account, '') = ''", column, "'account missing'", "NULL"),
        Fault(f"lower(account) IN ({words})", column, "'account is a placeholder'", "account"),
        Fault(f"length(account) > {LONGEST}", column, f"'account longer than {LONGEST} characters'", "account"),
    ]
    if source.count:
        good = "regexp_full_match(coalesce(n_text, ''), '0*[1-9][0-9]{0,11}')"
        faults.append(Fault(f"NOT {good}", literal(source.count), "'count is no positive whole number'", "n_text"))
    return faults


def _time_faults(source: Source, raw: dict[str, tuple[str, ColumnType]], times: Sequence[TimeSql]) -> list[Fault]:
    faults = []
    columns = _time_columns(source)
    for name, output, time in zip(columns, ("first", "last"), times, strict=False):
        shown = text_of(*raw[name])
        faults.append(Fault(f"{output} IS NULL", literal(name), time.reason, shown))
        inside = f"{output} >= TIMESTAMPTZ '{EARLIEST}' AND {output} < TIMESTAMPTZ '{LATEST}'"
        faults.append(Fault(f"NOT ({inside})", literal(name), "'time out of range (2000 to 2099)'", shown))
    if source.first and source.last:
        faults.append(Fault("first > last", literal(source.first), "'first after last'", text_of(*raw[source.first])))
    return faults


def _value_faults(values: Sequence[Value]) -> list[Fault]:
    return [
        Fault(
            f"length(w{i}) > {LONGEST}",
            literal(v.name),
            f"'value longer than {LONGEST} characters'",
            shown_value(f"w{i}", v.spec),
        )
        for i, v in enumerate(values)
    ]


def shown_value(x: str, spec: KindSpec) -> str:
    """SQL of a bad value as the quarantine shows it: payment and prompt values by their length alone."""
    return f"'masked, ' || length({x}) || ' characters'" if spec.family in MASKED_FAMILIES else x
