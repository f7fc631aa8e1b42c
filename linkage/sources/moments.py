"""When accounts used what is leased or can be handed on, and when they were stopped."""

from __future__ import annotations

from collections.abc import Sequence, Set

from linkage.engines.step import Engine, Step, literal
from linkage.model import MOMENTS, STOPS, TURN
from linkage.sources.keys import match_sql
from linkage.sources.scan import Opened, slots, sound_rows

HOUR, HOURS = 3_600 * 1_000_000, 12  # microseconds; how many by the clock on either side tell how usual a start is


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
    """Make ``moments`` (MOMENTS) and ``stops`` (STOPS), after the observations: what hand-offs can be found in.

    Entities are those of ``kinds`` in sources with a time of each event. Moments are told where they can matter alone:
    from 13 hours (by the clock) before to 12 after an account was stopped while another used the entity within two
    quarters of an hour. For that files are read again where there were stops: for refusals, for the quarters of an hour
    around them, and for the hours around those. That costs a fifth of what keeping every moment does, and no memory.

    Raises:
        InputRefused: a file turns out to be unreadable.
    """
    columns = [(o, i) for o in opened for i in moment_columns(o, kinds)]
    stopped = [f"SELECT 1 FROM uses_{o.name} WHERE stops > 0 AND place = {i}" for o, i in columns]
    if not stopped or not engine.fetch(f"SELECT * FROM ({' UNION ALL '.join(stopped)}) LIMIT 1").num_rows:
        engine.load("moments", MOMENTS.empty_table())
        engine.load("stops", STOPS.empty_table())
        return
    slot_list = ", ".join(sorted({literal(o.values[i].column.kind) for o, i in columns}))
    engine.run(Step("account_forms", _FORMS_SQL.format(key="account", names="numbered_accounts", slots="''")))
    engine.run(Step("entity_forms", _FORMS_SQL.format(key="entity", names="names", slots=slot_list)))
    engine.scan(Step("refusals", " UNION ".join(_refusals_sql(engine, o, i) for o, i in columns)))
    quarters = "SELECT entity, unnest([place - 1, place, place + 1]) FROM refusals"
    _find(engine, columns, "beside_refusals", quarters, TURN)
    engine.run(Step("stops", _STOPS_SQL, ("beside_refusals",)))
    engine.run(Step("shared_stops", _SHARED_SQL, ("stops", "beside_refusals")))
    engine.drop("beside_refusals")
    hours = f"SELECT entity, hour + unnest(range({-HOURS - 1}, {HOURS + 1})) FROM shared_stops"
    _find(engine, columns, "moments", hours, HOUR)
    for table in ("account_forms", "entity_forms", "refusals", "shared_stops"):
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
    """SELECTs of the moments of one column: of the sound rows, and of those of repeated ids that count."""
    match, place = match_sql(engine), f"epoch_us(s.first) // {unit}"
    found = [
        f"SELECT a.account, e.entity, epoch_us(s.first) AS time, s.stop AS status "
        f"FROM ({sound_rows(engine, opened)}) s JOIN place_forms e ON e.slot = {_slot(opened, column)} "
        f"AND {match.format(text=f's.v{column}', form='e')} AND e.place = {place} "
        f"JOIN account_forms a ON {match.format(text='s.account', form='a')}"
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
    match = match_sql(engine).format(text=f"s.v{column}", form="e")
    found = (
        f"SELECT e.entity, epoch_us(s.first) // {TURN} AS place FROM ({sound_rows(engine, opened)}) s "
        f"JOIN entity_forms e ON e.slot = {_slot(opened, column)} AND {match} WHERE s.stop IS NOT NULL"
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
# Stops with another account's use in their quarter of an hour or the next: all whose work can have been taken up.
_SHARED_SQL = f"""
    WITH users AS (
        SELECT entity, time // {TURN} AS quarter, min(account) AS least, max(account) AS most FROM beside_refusals
        GROUP BY ALL)
    SELECT DISTINCT s.entity, s.time // {HOUR} AS hour
    FROM (SELECT *, unnest([time // {TURN}, time // {TURN} + 1]) AS quarter FROM stops) s
    JOIN users u USING (entity, quarter) WHERE u.least <> s.account OR u.most <> s.account
"""
# A refused account knocks again and again: only its first refusal after a success, or after a turn's rest, is a stop.
_STOPS_SQL = f"""
    WITH stopped AS (SELECT DISTINCT account, entity FROM beside_refusals WHERE status IS NOT NULL),
    at_once AS (
        SELECT account, entity, time, max(status) AS status
        FROM beside_refusals SEMI JOIN stopped USING (account, entity)
        GROUP BY account, entity, time),
    beside AS (
        SELECT *, lag(time) OVER line AS before, lag(status) OVER line AS status_before,
               min(time) FILTER (status IS NULL) OVER
                   (PARTITION BY account, entity ORDER BY time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next
        FROM at_once WINDOW line AS (PARTITION BY account, entity ORDER BY time))
    SELECT account, entity, time, status, CASE WHEN next - time <= {TURN} THEN next END AS next FROM beside
    WHERE status IS NOT NULL AND (status_before IS NULL OR time - before > {TURN})
"""
