"""When accounts used what is leased or can be handed on, and when they were stopped."""

from __future__ import annotations

from collections.abc import Sequence, Set

from linkage.engines.step import Engine, Step, literal
from linkage.model import HOUR, MOMENTS, STOPS, TAKES, TURN
from linkage.sources.keys import match_of
from linkage.sources.scan import Opened, slots, sound_rows
from linkage.sources.takes import make_takes

HOURS = 12  # by the clock, on either side of a stop: they tell how usual a start is


def make_days(engine: Engine, opened: Sequence[Opened]) -> None:
    """Make ``days`` (DAYS), after the observations: all uses of a day of entities in the columns ``by_day``.

    Rows that are aggregated already keep their length, and undated ones are one row a pair, without times.
    """
    names = [(o.name, ", ".join(map(str, sorted(o.by_day)))) for o in opened if o.by_day]
    uses = [f"SELECT account, entity, day, first, last, n FROM uses_{o} WHERE place IN ({p})" for o, p in names]
    engine.run(
        Step(
            "days",
            "SELECT a.account, e.entity, epoch_us(min(t.first)) AS first, epoch_us(max(t.last)) AS last, "
            f"sum(t.n)::BIGINT AS n FROM ({' UNION ALL '.join(uses) or _NO_DAYS}) t "
            "JOIN numbered_accounts a ON t.account = a.key JOIN names e ON t.entity = e.key "
            "GROUP BY a.account, e.entity, t.day",
            (*(f"uses_{o}" for o, _ in names), "numbered_accounts", "names"),
        )
    )


def make_moments(engine: Engine, opened: Sequence[Opened], kinds: Set[str]) -> None:
    """Make ``moments`` (MOMENTS), ``stops`` (STOPS) and ``takes`` (TAKES), after the observations: what hand-offs can
    be found in.

    Entities are those of ``kinds`` in sources with a time of each event. Moments are told around the takes, from 13
    hours (by the clock) before an account was stopped to 12 after. For that files are read again where there were
    refusals: for these, for the quarters of an hour around them, and for the hours around the takes. Less is done so
    than for keeping every moment, and no memory is needed.

    Raises:
        InputRefused: a file turns out to be unreadable.
    """
    columns = [(o, i) for o in opened for i in moment_columns(o, kinds)]
    stopped = [f"SELECT 1 FROM uses_{o.name} WHERE stops > 0 AND place = {i}" for o, i in columns]
    if not stopped or not engine.fetch(f"SELECT * FROM ({' UNION ALL '.join(stopped)}) LIMIT 1").num_rows:
        for name, schema in (("moments", MOMENTS), ("stops", STOPS), ("takes", TAKES)):
            engine.load(name, schema.empty_table())
        return
    slot_list = ", ".join(sorted({literal(o.values[i].column.kind) for o, i in columns}))
    engine.run(Step("account_forms", _FORMS_SQL.format(key="account", names="numbered_accounts", slots="''")))
    engine.run(Step("entity_forms", _FORMS_SQL.format(key="entity", names="names", slots=slot_list)))
    engine.scan(Step("refusals", " UNION ".join(_refusals_sql(engine, o, i) for o, i in columns)))
    quarters = "SELECT entity, place + unnest([-1, 0, 1]) FROM refusals"
    _find(engine, columns, "beside_refusals", quarters, TURN)
    make_takes(engine)
    hours = f"SELECT thing, stopped // {HOUR} + unnest(range({-HOURS - 1}, {HOURS + 1})) FROM takes"
    _find(engine, columns, "moments", hours, HOUR)
    for table in ("account_forms", "entity_forms", "refusals", "beside_refusals"):
        engine.drop(table)


def moment_columns(opened: Opened, kinds: Set[str]) -> list[int]:
    """Numbers of the entity columns of ``kinds``, where the source has a time of each event."""
    values = opened.values if opened.source.time else ()
    return [i for i, value in enumerate(values) if value.column.kind in kinds]


def _find(engine: Engine, columns: Sequence[tuple[Opened, int]], name: str, places: str, unit: int) -> None:
    """Make the table ``name`` (MOMENTS): uses of the columns at ``places``: a SELECT of entities and spans of time,
    counted since 1970, of ``unit`` microseconds."""
    engine.run(Step("places", f"SELECT DISTINCT * FROM ({places}) p(entity, place)"))
    engine.run(Step("place_forms", "SELECT * FROM entity_forms JOIN places USING (entity)", ("entity_forms", "places")))
    rows = [sql for o, i in columns for sql in _moments_sql(engine, o, i, unit)]
    engine.scan(Step(name, " UNION ALL ".join(rows), ("place_forms", "places", "account_forms")))
    for table in ("places", "place_forms"):
        engine.drop(table)


def _moments_sql(engine: Engine, opened: Opened, column: int, unit: int) -> list[str]:
    """SELECTs of the moments of one column: of the sound rows, and of those of repeated ids that count.

    Places are sought first and accounts for what was found: the engine would take another order by itself.
    """
    match, place = match_of(engine), f"epoch_us(s.first) // {unit}"
    found = [
        f"""
        (WITH found AS MATERIALIZED (
            SELECT {match.told("s.account")} AS told, e.entity, epoch_us(s.first) AS time, s.stop AS status
            FROM ({sound_rows(engine, opened)}) s
            JOIN (FROM place_forms WHERE slot = {_slot(opened, column)}) e
            ON {match.told(f"s.v{column}")} = e.{match.column} AND e.place = {place})
        SELECT a.account, found.entity, found.time, found.status
        FROM found JOIN account_forms a ON found.told = a.{match.column})
        """
    ]
    if opened.repeats:
        found.append(
            f"SELECT a.account, e.entity, epoch_us(s.first), s.stop FROM survivors_{opened.name} s "
            f"JOIN names e ON s.e{column} = e.key JOIN numbered_accounts a ON s.account = a.key "
            f"JOIN places p ON p.entity = e.entity AND p.place = {place}"
        )
    return found


def _refusals_sql(engine: Engine, opened: Opened, column: int) -> str:
    """A SELECT of entities and the quarters of an hour in which an account was refused at them."""
    match = match_of(engine)
    found = (
        f"SELECT e.entity, epoch_us(s.first) // {TURN} AS place FROM ({sound_rows(engine, opened)}) s "
        f"JOIN (FROM entity_forms WHERE slot = {_slot(opened, column)}) e "
        f"ON {match.told(f's.v{column}')} = e.{match.column} WHERE s.stop IS NOT NULL"
    )
    if opened.repeats:
        found += (
            f" UNION SELECT e.entity, epoch_us(s.first) // {TURN} FROM survivors_{opened.name} s "
            f"JOIN names e ON s.e{column} = e.key WHERE s.stop IS NOT NULL"
        )
    return found


def _slot(opened: Opened, column: int) -> str:
    return literal(slots(opened.values)[column + 1][1])


_NO_DAYS = (
    "SELECT 0 AS account, 0 AS entity, 0 AS day, NULL::TIMESTAMPTZ AS first, NULL::TIMESTAMPTZ AS last, 0 AS n "
    "WHERE false"
)
_FORMS_SQL = (
    "SELECT f.slot, f.text, f.short, n.{key} FROM forms f JOIN {names} n USING (key) WHERE f.slot IN ({slots})"
)
