"""When accounts used what is leased or can be handed on, and when they were stopped; collected while there are rows."""

from __future__ import annotations

from collections.abc import Mapping, Set

from linkage.config import Source, column_spec
from linkage.engines.step import Engine, Step
from linkage.model import DAY, TURN


def collect_moments(engine: Engine, sources: Mapping[str, Source], kinds: Set[str]) -> None:
    """Make ``turns_by_key`` (account, entity, first_seen, last_seen, n) and ``stops_by_key`` from the rows.

    Entities are those of ``kinds`` in sources with a time of each event; accounts and entities are keys of ``forms``.
    One pass puts all uses of a turn into one row, which keeps every longer pause and makes what follows small; only
    pairs of an account and an entity that a refusal belongs to are looked at event by event.
    """
    rows = [
        f"SELECT account, e{i} AS entity, first AS time, {number_of(source)} AS n, stop FROM rows_{name} "
        f"WHERE e{i} IS NOT NULL"
        for name, source in sources.items()
        for i in moment_columns(source, kinds)
    ]
    reads = tuple(f"rows_{name}" for name in sources)
    every = " UNION ALL ".join(rows) or _NO_ROWS
    engine.run(Step("turns_by_key", _TURNS_SQL.format(every=every), reads))
    engine.run(Step("stops_by_key", _STOPS_SQL.format(every=every), reads))


def collect_days(engine: Engine, sources: Mapping[str, Source], kinds: Set[str]) -> None:
    """Make ``days_by_key`` (account, entity, first_seen, last_seen, n): all uses of a day of entities of ``kinds``.

    Rows that are aggregated already keep their length, and undated ones are one row a pair, without times.
    """
    rows = [
        f"SELECT account, e{i} AS entity, first, {last_of(source)} AS last, {number_of(source)} AS n FROM rows_{name} "
        f"WHERE e{i} IS NOT NULL"
        for name, source in sources.items()
        for i in columns_of(source, kinds)
    ]
    every = " UNION ALL ".join(rows) or (
        "SELECT 0 AS account, 0 AS entity, NULL::TIMESTAMPTZ AS first, NULL::TIMESTAMPTZ AS last, 0 AS n WHERE false"
    )
    engine.run(
        Step(
            "days_by_key",
            "SELECT account, entity, min(first) AS first_seen, max(last) AS last_seen, sum(n)::BIGINT AS n "
            f"FROM ({every}) GROUP BY account, entity, epoch_us(first) // {DAY}",
            tuple(f"rows_{name}" for name in sources),
        )
    )


def number_moments(engine: Engine) -> None:
    """Make ``turns`` (TURNS), ``stops`` (STOPS) and ``days`` (DAYS), after the observations."""
    for name, columns in (
        ("turns", "epoch_us(t.first_seen) AS first, epoch_us(t.last_seen) AS last"),
        ("days", "epoch_us(t.first_seen) AS first, epoch_us(t.last_seen) AS last, t.n"),
        ("stops", "t.time, t.status, t.next"),
    ):
        engine.run(
            Step(
                name,
                f"SELECT a.account, e.entity, {columns} FROM {name}_by_key t "
                "JOIN numbered_accounts a ON t.account = a.key JOIN names e ON t.entity = e.key",
                (f"{name}_by_key", "numbered_accounts", "names"),
            )
        )
        engine.drop(f"{name}_by_key")


def moment_columns(source: Source, kinds: Set[str]) -> list[int]:
    """Numbers of the entity columns of ``kinds``, where the source has a time of each event."""
    return columns_of(source, kinds) if source.time else []


def last_of(source: Source) -> str:
    """SQL of the last time of a row: events have one time."""
    return "last" if source.last else "first"


def number_of(source: Source) -> str:
    """SQL of how many events a row stands for."""
    return "n" if source.count else "1::BIGINT"


def columns_of(source: Source, kinds: Set[str]) -> list[int]:
    """Numbers of the entity columns of ``kinds``."""
    return [i for i, entry in enumerate(source.entities.values()) if column_spec(entry).kind in kinds]


_NO_ROWS = (
    "SELECT 0 AS account, 0 AS entity, NULL::TIMESTAMPTZ AS time, 0::BIGINT AS n, NULL::SMALLINT AS stop WHERE false"
)
_TURNS_SQL = f"""
    SELECT account, entity, min(time) AS first_seen, max(time) AS last_seen, sum(n)::BIGINT AS n
    FROM ({{every}}) GROUP BY account, entity, epoch_us(time) // {TURN}
"""
# A refused account knocks again and again: only its first refusal after a success, or after a turn's rest, is a stop.
_STOPS_SQL = f"""
    WITH stopped AS (SELECT DISTINCT account, entity FROM ({{every}}) WHERE stop IS NOT NULL),
    moments AS (
        SELECT account, entity, epoch_us(time) AS time, max(stop) AS status
        FROM ({{every}}) SEMI JOIN stopped USING (account, entity)
        GROUP BY account, entity, epoch_us(time)),
    beside AS (
        SELECT *, lag(time) OVER line AS before, lag(status) OVER line AS status_before,
               min(time) FILTER (status IS NULL) OVER
                   (PARTITION BY account, entity ORDER BY time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next
        FROM moments WINDOW line AS (PARTITION BY account, entity ORDER BY time))
    SELECT account, entity, time, status, next FROM beside
    WHERE status IS NOT NULL AND (status_before IS NULL OR time - before > {TURN})
"""
