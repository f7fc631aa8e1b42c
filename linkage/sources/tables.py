"""The tables that the stages behind read: accounts, entities, observations, with numbers in byte order of the names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linkage.config import Source, column_spec
from linkage.engines.step import Engine, Step

EXCHANGE_KIND = "prompt_template"


def make_accounts(engine: Engine, sources: Mapping[str, Source]) -> None:
    """Make the table ``accounts`` (ACCOUNTS), and ``numbered_accounts`` (key, account, …).

    ``created`` is the earliest time in a signup source; ``exchanges`` sums the events of sources of exchanges.
    """
    parts = []
    for name, source in sources.items():
        created = "min(first)" if source.role == "signup" else "NULL::TIMESTAMPTZ"
        exchanges = "sum(n)::BIGINT" if is_exchange(source) else "0"
        parts.append(
            f"SELECT account AS key, {created} AS created, min(first) AS first, max(last) AS last, "
            f"{exchanges} AS exchanges FROM uses_{name} WHERE place = 0 GROUP BY account"
        )
    engine.run(
        Step(
            "numbered_accounts",
            f"""
            SELECT key, (row_number() OVER (ORDER BY key) - 1)::INTEGER AS account, min(created) AS created,
                   min(first) AS first_seen, max(last) AS last_seen, sum(exchanges)::BIGINT AS exchanges
            FROM ({" UNION ALL ".join(parts)}) GROUP BY key
            """,
            tuple(f"uses_{name}" for name in sources),
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


def make_observations(engine: Engine, sources: Sequence[str]) -> None:
    """Make ``names`` (key, entity, kind, value) and ``observations`` (OBSERVATIONS) of these sources, after the
    accounts."""
    tables = tuple(f"uses_{name}" for name in sources)
    uses = " UNION ALL ".join(f"SELECT account, entity, first, last, n FROM {table}" for table in tables)
    engine.run(
        Step(
            "names",
            "SELECT u.key, (row_number() OVER (ORDER BY u.key) - 1)::INTEGER AS entity, t.slot AS kind, t.value "
            f"FROM (SELECT DISTINCT entity AS key FROM ({uses})) u JOIN things t USING (key)",
            (*tables, "things"),
        )
    )
    engine.run(
        Step(
            "observations",
            "SELECT a.account, e.entity, min(u.first) AS first_seen, max(u.last) AS last_seen, sum(u.n)::BIGINT AS n "
            f"FROM ({uses}) u JOIN numbered_accounts a ON u.account = a.key JOIN names e ON u.entity = e.key "
            "GROUP BY a.account, e.entity",
            (*tables, "numbered_accounts", "names"),
        )
    )


def is_exchange(source: Source) -> bool:
    """Whether each row of the source is an exchange: it says so, has a status, or has prompts or their templates."""
    if source.role:
        return source.role == "exchange"
    kinds = [column_spec(entry).kind for entry in source.entities.values()]
    return source.status is not None or source.prompt is not None or EXCHANGE_KIND in kinds
