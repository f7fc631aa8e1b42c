"""Links: which account uses which entity, and how many bits that is worth by rarity alone."""

from __future__ import annotations

import pyarrow as pa

from linkage.engines.step import Engine, Step
from linkage.model import KINDS, Kind


def build_links(engine: Engine, kinds: tuple[Kind, ...]) -> None:
    """Make the tables ``kinds`` (KINDS) and ``links`` (LINKS) from ``accounts``, ``entities`` and ``observations``.

    For a kind t with N_t accounts, an entity that d of them use has the background rate d / N_t, and a link to it is
    worth log2(N_t / d) bits (rounded to 6 decimals). No entity is too common to be a link: its bits tell.
    """
    engine.load("kind_names", _kind_table(kinds))
    engine.run(
        Step(
            "degrees",
            "SELECT o.entity, e.kind, count(*) AS users FROM observations o JOIN entities e USING (entity) "
            "GROUP BY o.entity, e.kind",
            ("observations", "entities"),
        )
    )
    engine.run(Step("kinds", _KINDS_SQL, ("kind_names", "observations", "entities", "degrees")))
    engine.run(Step("links", _LINKS_SQL, ("observations", "degrees", "kinds")))
    for table in ("degrees", "kind_names"):
        engine.drop(table)


_KINDS_SQL = """
    WITH users AS (
        SELECT kind, count(*) AS accounts, sum(links)::BIGINT AS links
        FROM (SELECT e.kind, o.account, count(*) AS links FROM observations o JOIN entities e USING (entity)
              GROUP BY e.kind, o.account)
        GROUP BY kind),
    sizes AS (SELECT kind, count(*) AS entities FROM degrees GROUP BY kind)
    SELECT k.kind, k.family, k.forgeable, coalesce(u.accounts, 0)::BIGINT AS accounts,
           coalesce(s.entities, 0)::BIGINT AS entities, coalesce(u.links, 0)::BIGINT AS links
    FROM kind_names k LEFT JOIN users u USING (kind) LEFT JOIN sizes s USING (kind) ORDER BY k.kind
"""
_LINKS_SQL = """
    SELECT o.account, o.entity, d.kind, d.users, round(log2(k.accounts / d.users), 6) AS bits,
           o.first_seen, o.last_seen, o.n
    FROM observations o JOIN degrees d USING (entity) JOIN kinds k USING (kind) ORDER BY o.account, o.entity
"""


def _kind_table(kinds: tuple[Kind, ...]) -> pa.Table:
    rows = [{"kind": k.name, "family": k.family, "forgeable": k.forgeable} for k in kinds]
    return pa.Table.from_pylist(rows, schema=pa.schema([KINDS.field(n) for n in ("kind", "family", "forgeable")]))
