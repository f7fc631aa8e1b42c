"""The tables that the stages behind read: accounts, entities, observations, with numbers in byte order of the names."""

from __future__ import annotations

from collections.abc import Mapping

from linkage.config import Source, TimedKinds, column_spec
from linkage.engines.step import Engine, Step
from linkage.sources.moments import (
    collect_days,
    collect_moments,
    columns_of,
    last_of,
    moment_columns,
    number_moments,
    number_of,
)

EXCHANGE_KIND = "prompt_template"


def make_accounts(engine: Engine, sources: Mapping[str, Source]) -> None:
    """Make the table ``accounts`` (ACCOUNTS), and ``account_numbers`` (key, account).

    ``created`` is the earliest time in a signup source; ``exchanges`` sums the events of sources of exchanges.
    """
    parts = []
    for name, source in sources.items():
        created = "min(first)" if source.role == "signup" else "NULL::TIMESTAMPTZ"
        exchanges = f"sum({number_of(source)})::BIGINT" if is_exchange(source) else "0"
        parts.append(
            f"SELECT account AS key, {created} AS created, min(first) AS first, max({last_of(source)}) AS last, "
            f"{exchanges} AS exchanges FROM rows_{name} GROUP BY account"
        )
    engine.run(
        Step(
            "numbered_accounts",
            f"""
            SELECT key, (row_number() OVER (ORDER BY key) - 1)::INTEGER AS account, min(created) AS created,
                   min(first) AS first_seen, max(last) AS last_seen, sum(exchanges)::BIGINT AS exchanges
            FROM ({" UNION ALL ".join(parts)}) GROUP BY key
            """,
            tuple(f"rows_{name}" for name in sources),
        )
    )
    engine.run(
        Step(
            "accounts",
            "SELECT n.account, t.value AS account_id, n.created, n.first_seen, n.last_seen, n.exchanges "
            "FROM numbered_accounts n JOIN things t USING (key) ORDER BY n.account",
            ("numbered_accounts", "things"),
        )
    )


def make_observations(engine: Engine, sources: Mapping[str, Source], timed: TimedKinds) -> None:
    """Make ``names`` (entity, kind, value) and ``observations`` (OBSERVATIONS), after ``accounts``; forget the rows.

    Makes ``turns`` (TURNS), ``stops`` (STOPS) and ``days`` (DAYS) too, of entities of the ``timed`` kinds.
    """
    collect_days(engine, sources, timed.leased)
    collect_moments(engine, sources, timed.handed_on)
    collected = {
        name: {*columns_of(source, timed.leased), *moment_columns(source, timed.handed_on)}
        for name, source in sources.items()
    }
    uses = [
        f"SELECT account, entity, first_seen AS first, last_seen AS last, n FROM {table}_by_key"
        for table in ("turns", "days")
    ]
    uses += [
        f"SELECT account, e{i} AS entity, first, {last_of(source)} AS last, {number_of(source)} AS n FROM rows_{name} "
        f"WHERE e{i} IS NOT NULL"
        for name, source in sources.items()
        for i in sorted(set(range(len(source.entities))) - collected[name])
    ]
    engine.run(
        Step(
            "uses",
            "SELECT account, entity, min(first) AS first_seen, max(last) AS last_seen, sum(n)::BIGINT AS n "
            f"FROM ({' UNION ALL '.join(uses)}) GROUP BY account, entity",
            ("turns_by_key", "days_by_key", *(f"rows_{name}" for name in sources)),
        )
    )
    for name in sources:
        engine.drop(f"rows_{name}")
    engine.run(
        Step(
            "names",
            "SELECT u.key, (row_number() OVER (ORDER BY u.key) - 1)::INTEGER AS entity, t.slot AS kind, t.value "
            "FROM (SELECT DISTINCT entity AS key FROM uses) u JOIN things t USING (key)",
            ("uses", "things"),
        )
    )
    engine.run(
        Step(
            "observations",
            "SELECT a.account, e.entity, u.first_seen, u.last_seen, u.n FROM uses u "
            "JOIN numbered_accounts a ON u.account = a.key JOIN names e ON u.entity = e.key "
            "ORDER BY a.account, e.entity",
            ("uses", "numbered_accounts", "names"),
        )
    )
    number_moments(engine)
    engine.drop("uses")


def is_exchange(source: Source) -> bool:
    """Whether each row of the source is an exchange: it says so, has a status, or names a prompt template."""
    if source.role:
        return source.role == "exchange"
    kinds = [column_spec(entry).kind for entry in source.entities.values()]
    return source.status is not None or EXCHANGE_KIND in kinds
