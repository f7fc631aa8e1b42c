"""Links: which account uses which entity, and how many bits that is worth by rarity alone."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from linkage.engines.step import Engine, Step, literal
from linkage.model import KINDS, Kind


def build_links(engine: Engine, kinds: tuple[Kind, ...], told: Collection[str] = ()) -> None:
    """Make the tables ``kinds`` (KINDS) and ``links`` (LINKS) from ``accounts``, ``entities`` and ``observations``.

    For a kind t with N_t accounts, an entity that d of them use has the background rate d / N_t, and a link to it is
    worth log2(N_t / d) bits (rounded to 6 decimals). No entity is too common to be a link: its bits tell.

    ``told`` are kinds made of what accounts say in their own words. What one account alone says has no id that another
    saying of the same would have, so that all of it counts as one entity: the first, with the uses of all. What a
    dossier names (the table ``dossiers``) stays.
    """
    engine.load("kind_names", _kind_table(kinds))
    observed = "observations"
    if told:
        observed = "observed"
        engine.run(Step("lone", _LONE_SQL.format(told=", ".join(map(literal, sorted(told)))),
                        ("observations", "entities", "dossiers")))  # fmt: skip
        engine.run(Step(observed, _OBSERVED_SQL, ("observations", "lone")))
    engine.run(
        Step(
            "degrees",
            f"SELECT o.entity, e.kind, count(*) AS users FROM {observed} o JOIN entities e USING (entity) "
            "GROUP BY o.entity, e.kind",
            (observed, "entities"),
        )
    )
    engine.run(Step("kinds", _KINDS_SQL.format(observed=observed), ("kind_names", observed, "entities", "degrees")))
    engine.run(Step("links", _LINKS_SQL.format(observed=observed), (observed, "degrees", "kinds")))
    for table in ("degrees", "kind_names", *(("lone", observed) if told else ())):
        engine.drop(table)


_LONE_SQL = """
    SELECT o.entity, e.kind FROM observations o JOIN entities e USING (entity)
    WHERE e.kind IN ({told})
    AND NOT EXISTS (SELECT 1 FROM dossiers d WHERE d.kind = e.kind AND d.value = e.value)
    GROUP BY o.entity, e.kind HAVING count(*) = 1
"""
_OBSERVED_SQL = """
    SELECT account, entity, first_seen, last_seen, n FROM observations ANTI JOIN lone USING (entity)
    UNION ALL
    SELECT o.account, min(o.entity), min(o.first_seen), max(o.last_seen), sum(o.n)::BIGINT
    FROM observations o JOIN lone l USING (entity) GROUP BY o.account, l.kind
"""
_KINDS_SQL = """
    WITH users AS (
        SELECT kind, count(*) AS accounts, sum(links)::BIGINT AS links
        FROM (SELECT e.kind, o.account, count(*) AS links FROM {observed} o JOIN entities e USING (entity)
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
    FROM {observed} o JOIN degrees d USING (entity) JOIN kinds k USING (kind) ORDER BY o.account, o.entity
"""


def _kind_table(kinds: tuple[Kind, ...]) -> pa.Table:
    rows = [{"kind": k.name, "family": k.family, "forgeable": k.forgeable} for k in kinds]
    return pa.Table.from_pylist(rows, schema=pa.schema([KINDS.field(n) for n in ("kind", "family", "forgeable")]))
