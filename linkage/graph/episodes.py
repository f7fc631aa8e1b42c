"""Episodes: a leased entity is another thing when it has changed hands, so that moving leases link nobody."""

from __future__ import annotations

from linkage.engines.step import Engine, Step
from linkage.model import DAY

HOLD = 14 * DAY  # an account that stays away from an entity for longer no longer holds it
REST = 3 * DAY  # an entity that nobody holds for longer begins anew


def cut_episodes(engine: Engine) -> None:
    """Cut the entities in ``days`` into episodes; makes ``episodes`` (EPISODES), rewrites entities and observations.

    An account holds an entity from its first use to its last, as long as it never stays away for more than 14 days; a
    later return is a hold of its own. Where nobody holds an entity for more than 3 days, an episode ends. The first
    episode keeps the entity's number, the others follow all numbers there are; each is named by value, first and last
    day. Entities with one user, with an undated use, or with one episode stay as they are.
    """
    engine.run(Step("holds", _HOLDS_SQL, ("days",)))
    engine.run(Step("blocks", _BLOCKS_SQL, ("holds",)))
    engine.run(Step("parts", _PARTS_SQL, ("blocks", "entities")))
    engine.run(Step("episodes", _EPISODES_SQL, ("parts", "entities")))
    engine.run(Step("entities", _ENTITIES_SQL, ("entities", "parts")))
    engine.run(Step("observations", _OBSERVATIONS_SQL, ("observations", "blocks", "parts")))
    for table in ("days", "holds", "blocks", "parts"):
        engine.drop(table)


_HOLDS_SQL = f"""
    WITH shared AS (
        SELECT entity FROM days GROUP BY entity HAVING min(account) < max(account) AND count(first) = count(*)),
    away AS (
        SELECT *, max(last) OVER (PARTITION BY account, entity ORDER BY first, last
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM days SEMI JOIN shared USING (entity)),
    counted AS (
        SELECT *, count(*) FILTER (first - before > {HOLD}) OVER (PARTITION BY account, entity ORDER BY first, last
                                                                  ROWS UNBOUNDED PRECEDING) AS hold
        FROM away)
    SELECT account, entity, min(first) AS first, max(last) AS last, sum(n)::BIGINT AS n
    FROM counted GROUP BY account, entity, hold
"""
_BLOCKS_SQL = f"""
    WITH rested AS (
        SELECT *, max(last) OVER (PARTITION BY entity ORDER BY first, last, account
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM holds)
    SELECT account, entity, first, last, n,
           count(*) FILTER (first - before > {REST}) OVER (PARTITION BY entity ORDER BY first, last, account
                                                           ROWS UNBOUNDED PRECEDING) AS block
    FROM rested
"""
_PARTS_SQL = """
    WITH every AS (SELECT entity, block, min(first) AS first, max(last) AS last FROM blocks GROUP BY entity, block),
    cut AS (SELECT * FROM every SEMI JOIN (SELECT entity FROM every WHERE block = 1) c USING (entity)),
    later AS (
        SELECT entity, block, row_number() OVER (ORDER BY entity, block) - 1 + (SELECT count(*) FROM entities) AS number
        FROM cut WHERE block > 0)
    SELECT c.entity AS whole, c.block, coalesce(l.number, c.entity)::INTEGER AS entity, c.first, c.last
    FROM cut c LEFT JOIN later l ON l.entity = c.entity AND l.block = c.block
"""
_EPISODES_SQL = """
    SELECT p.entity, e.kind, e.value, make_timestamptz(p.first) AS first_seen, make_timestamptz(p.last) AS last_seen
    FROM parts p JOIN entities e ON e.entity = p.whole ORDER BY p.entity
"""
_ENTITIES_SQL = """
    WITH dated AS (
        SELECT whole, entity,
               strftime(make_timestamp(first), ' (%Y-%m-%d to ') || strftime(make_timestamp(last), '%Y-%m-%d)') AS days
        FROM parts)
    SELECT coalesce(d.entity, e.entity) AS entity, e.kind, e.value || coalesce(d.days, '') AS value, e.context
    FROM entities e LEFT JOIN dated d ON d.whole = e.entity ORDER BY 1
"""
_OBSERVATIONS_SQL = """
    SELECT * FROM observations ANTI JOIN (SELECT DISTINCT whole AS entity FROM parts) USING (entity)
    UNION ALL
    SELECT b.account, p.entity, make_timestamptz(min(b.first)), make_timestamptz(max(b.last)), sum(b.n)::BIGINT
    FROM blocks b JOIN parts p ON p.whole = b.entity AND p.block = b.block GROUP BY b.account, p.entity
"""
