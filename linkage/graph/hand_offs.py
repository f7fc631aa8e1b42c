"""Hand-offs: an account takes up what another was stopped at, sooner than chance would have it."""

from __future__ import annotations

import math

from linkage.engines.step import Engine, Step
from linkage.model import BY_CHANCE, CHANCE, HOUR, TURN


def mint_hand_offs(engine: Engine) -> None:
    """Make ``hand_offs`` (HAND_OFFS) from ``moments``, ``stops`` and ``takes``; add its entities and observations.

    A start is a use of an entity after a pause of over 15 minutes. When an account is stopped (429, 403) and the first
    start by anybody within 15 minutes is another account's, while the stopped one had no success yet, that is a take,
    and a candidate (those that can't be hand-offs may be missing). Starts come by chance at the rate of others' starts
    around the stop: the highest of the rates within 1, 3 and 12 hours (by the clock) on either side; the start itself
    is counted, but not within the hour. An entity's candidates with a chance of 1 % or less are hand-offs, unless more
    than a tenth of them is what chance gives its stops: what everybody uses hands nothing on.

    Each giver is one new entity, used by itself and all who took up its work, however often: so a ring's accounts meet
    in few entities, and whoever joins them later has something to share.
    """
    engine.run(Step("near_starts", _STARTS_SQL, ("moments",)))
    engine.run(Step("rates", _RATES_SQL, ("near_starts", "takes")))
    engine.run(Step("hand_offs", _HAND_OFFS_SQL, ("rates", "stops", "accounts", "entities")))
    engine.run(Step("entities", _ENTITIES_SQL, ("entities", "hand_offs", "accounts")))
    engine.run(Step("observations", _OBSERVATIONS_SQL, ("observations", "hand_offs")))
    for table in ("moments", "stops", "takes", "near_starts", "rates"):
        engine.drop(table)


# Moments begin an hour before what is counted: for what was before a start, that is enough.
_STARTS_SQL = f"""
    SELECT account, entity, time FROM (
        SELECT *, lag(time) OVER (PARTITION BY account, entity ORDER BY time) AS before FROM moments)
    WHERE before IS NULL OR time - before > {TURN}
"""
_RATES_SQL = f"""
    WITH hours AS (SELECT account, entity, time // {HOUR} AS hour, count(*) AS n FROM near_starts GROUP BY ALL),
    of_entity AS (SELECT entity, hour, sum(n)::BIGINT AS n FROM hours GROUP BY ALL),
    near AS (
        SELECT t.giver, t.thing, t.stopped, abs(h.hour - t.stopped // {HOUR}) AS off, h.n
        FROM takes t JOIN of_entity h ON h.entity = t.thing
             AND h.hour BETWEEN t.stopped // {HOUR} - 12 AND t.stopped // {HOUR} + 12
        UNION ALL
        SELECT t.giver, t.thing, t.stopped, abs(h.hour - t.stopped // {HOUR}), -h.n
        FROM takes t JOIN hours h ON h.entity = t.thing AND h.account = t.giver
             AND h.hour BETWEEN t.stopped // {HOUR} - 12 AND t.stopped // {HOUR} + 12),
    counted AS (
        SELECT giver, thing, stopped, coalesce(sum(n) FILTER (off <= 1), 0)::BIGINT AS in_hour,
               coalesce(sum(n) FILTER (off <= 3), 0)::BIGINT AS in_three, sum(n)::BIGINT AS in_twelve
        FROM near GROUP BY ALL)
    SELECT t.*, greatest((in_hour - 1) / 3, in_three / 7, in_twelve / 25) * (taken - stopped) / {HOUR} AS expected
    FROM takes t JOIN counted USING (giver, thing, stopped)
"""
_HAND_OFFS_SQL = f"""
    WITH soon AS (SELECT * FROM rates WHERE expected <= {-math.log1p(-CHANCE)}),
    sound AS (
        SELECT entity AS thing FROM (SELECT entity, count(*) AS stops FROM stops GROUP BY entity)
        JOIN (SELECT thing AS entity, count(*) AS soon FROM soon GROUP BY thing) USING (entity)
        WHERE {CHANCE} * stops <= {BY_CHANCE} * soon),
    once AS (
        SELECT * FROM soon SEMI JOIN sound USING (thing)
        QUALIFY row_number() OVER (PARTITION BY giver, taker, taken // 1000000 ORDER BY expected, thing, taken) = 1)
    SELECT ((SELECT count(*) FROM entities) + dense_rank() OVER (ORDER BY giver) - 1)::INTEGER AS entity,
           giver, taker, thing, status, make_timestamptz(stopped) AS stopped, make_timestamptz(taken) AS taken,
           round(1 - exp(-expected), 6) AS chance
    FROM once ORDER BY entity, taken, taker
"""
_ENTITIES_SQL = """
    SELECT * FROM entities
    UNION ALL
    SELECT DISTINCT h.entity, 'hand_off', 'after ' || g.account_id, NULL
    FROM hand_offs h JOIN accounts g ON g.account = h.giver
    ORDER BY entity
"""
_OBSERVATIONS_SQL = """
    SELECT * FROM observations
    UNION ALL
    SELECT account, entity, min(stopped), max(taken), count(*) FROM (
        SELECT giver AS account, * FROM hand_offs UNION ALL SELECT taker AS account, * FROM hand_offs)
    GROUP BY account, entity
"""
