"""The tables that the stages behind read: accounts, entities, observations, with numbers in byte order of the names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linkage.config import Source
from linkage.engines.step import Engine, Step, literal
from linkage.sources.scan import Value

EXCHANGE_KIND = "prompt_template"


def make_uses(engine: Engine, name: str, values: Sequence[Value]) -> None:
    """Make ``loaded_<name>`` (per account) and ``uses_<name>`` (per account, kind and value) from the loaded rows."""
    kept = f"(SELECT * FROM rows_{name} ANTI JOIN losers_{name} USING (file, row) WHERE state = 'loaded')"
    sums = "min(first) AS first, max(last) AS last, sum(n)::BIGINT AS n"
    reads = (f"rows_{name}", f"losers_{name}")
    engine.run(Step(f"loaded_{name}", f"SELECT account, {sums} FROM {kept} GROUP BY account", reads))
    parts = [
        f"SELECT account, {literal(v.column.kind)} AS kind, v{i} AS value, {sums} FROM {kept} WHERE v{i} IS NOT NULL "
        f"GROUP BY account, v{i}"
        for i, v in enumerate(values)
    ]
    engine.run(Step(f"uses_{name}", " UNION ALL ".join(parts) or _no_uses(name), reads))


def make_accounts(engine: Engine, sources: Mapping[str, Source]) -> None:
    """Make the table ``accounts`` (ACCOUNTS).

    ``created`` is the earliest time in a signup source; ``exchanges`` sums the events of sources of exchanges.
    """
    parts = []
    for name, source in sources.items():
        created = "first" if source.role == "signup" else "NULL::TIMESTAMPTZ"
        exchanges = "n" if is_exchange(source) else "0"
        parts.append(f"SELECT account, {created} AS created, first, last, {exchanges} AS exchanges FROM loaded_{name}")
    engine.run(
        Step(
            "accounts",
            f"""
            SELECT (row_number() OVER (ORDER BY account) - 1)::INTEGER AS account, account AS account_id,
                   min(created) AS created, min(first) AS first_seen, max(last) AS last_seen,
                   sum(exchanges)::BIGINT AS exchanges
            FROM ({" UNION ALL ".join(parts)}) GROUP BY account ORDER BY account_id
            """,
            tuple(f"loaded_{name}" for name in sources),
        )
    )


def make_observations(engine: Engine, names: Sequence[str]) -> None:
    """Make ``names`` (entity, kind, value) and ``observations`` (OBSERVATIONS), after ``accounts``."""
    uses = " UNION ALL ".join(f"SELECT * FROM uses_{name}" for name in names)
    reads = tuple(f"uses_{name}" for name in names)
    engine.run(
        Step(
            "names",
            "SELECT (row_number() OVER (ORDER BY kind, value) - 1)::INTEGER AS entity, kind, value "
            f"FROM (SELECT DISTINCT kind, value FROM ({uses})) ORDER BY entity",
            reads,
        )
    )
    engine.run(
        Step(
            "observations",
            f"""
            SELECT a.account, e.entity, min(u.first) AS first_seen, max(u.last) AS last_seen, sum(u.n)::BIGINT AS n
            FROM ({uses}) u JOIN accounts a ON u.account = a.account_id JOIN names e ON u.kind = e.kind AND u.value = e.value
            GROUP BY a.account, e.entity ORDER BY a.account, e.entity
            """,
            (*reads, "accounts", "names"),
        )
    )


def is_exchange(source: Source) -> bool:
    """Whether each row of the source is an exchange: it says so, has a status, or names a prompt template."""
    if source.role:
        return source.role == "exchange"
    kinds = [c if isinstance(c, str) else c.kind for c in source.entities.values()]
    return source.status is not None or EXCHANGE_KIND in kinds


def _no_uses(name: str) -> str:
    return f"SELECT account, '' AS kind, '' AS value, first, last, n FROM loaded_{name} WHERE false"
