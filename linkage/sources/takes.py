"""Who was stopped, and who took it up: out of the moments beside refusals."""

from __future__ import annotations

import math

from linkage.engines.step import Engine, Step
from linkage.model import BY_CHANCE, CHANCE, HOUR, TURN


def make_takes(engine: Engine) -> None:
    """Make ``stops`` (STOPS) and ``takes`` (TAKES) from ``beside_refusals``: all moments of an entity in the quarters
    of an hour (by the clock) of its refusals, and in the ones before and after each.

    A start is a use of an entity after a pause of over 15 minutes. When an account is stopped (429, 403) and the first
    start by anybody within 15 minutes is another account's, while the stopped one had no success yet, that is a take.

    Takes that can't be hand-offs are left out, by what is required of these: that chance gives a start so soon at most
    in 1 %, and gives at most a tenth of an entity's takes of which that holds. Chance is at least what the starts in
    the stop's own quarter of an hour and the next say: they are among those that it is told from (see
    :func:`linkage.graph.hand_offs.mint_hand_offs`).
    """
    engine.run(Step("stops", _STOPS_SQL, ("beside_refusals",)))
    engine.run(Step("soon_starts", _STARTS_SQL, ("stops", "beside_refusals")))
    engine.run(Step("all_takes", _TAKES_SQL, ("soon_starts", "stops")))
    engine.run(Step("takes", _LIKELY_SQL, ("all_takes", "soon_starts", "stops")))
    for table in ("soon_starts", "all_takes"):
        engine.drop(table)


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
# Those in the quarter of an hour of a stop and the next: for what was before them, one quarter before is enough.
_STARTS_SQL = f"""
    WITH places AS (SELECT DISTINCT entity, time // {TURN} + unnest([0, 1]) AS quarter FROM stops),
    wide AS (SELECT DISTINCT entity, quarter - unnest([0, 1]) AS quarter FROM places),
    near AS (SELECT *, time // {TURN} AS quarter FROM beside_refusals)
    SELECT account, entity, time, quarter FROM (
        SELECT *, lag(time) OVER (PARTITION BY account, entity ORDER BY time) AS before
        FROM near SEMI JOIN wide USING (entity, quarter))
    SEMI JOIN places USING (entity, quarter) WHERE before IS NULL OR time - before > {TURN}
"""
# Of several who start at one moment the first by number stands for all; the giver's own return comes before anybody.
_TAKES_SQL = f"""
    WITH firsts AS (SELECT entity, time, min(account) AS taker FROM soon_starts GROUP BY entity, time)
    SELECT s.account AS giver, s.entity AS thing, s.status, s.time AS stopped, f.taker, f.time AS taken
    FROM stops s ASOF JOIN firsts f ON s.entity = f.entity AND s.time < f.time
    WHERE f.taker <> s.account AND f.time - s.time <= {TURN} AND (s.next IS NULL OR s.next > f.time)
"""
# The slack is for rounding: what is left out must be so by more than that.
_LIKELY_SQL = f"""
    WITH places AS (
        SELECT giver, thing, stopped, stopped // {TURN} + unnest([0, 1]) AS quarter FROM all_takes),
    starts AS (SELECT account, entity, quarter, count(*) AS n FROM soon_starts GROUP BY ALL),
    everybody AS (SELECT entity, quarter, sum(n)::BIGINT AS n FROM starts GROUP BY ALL),
    near AS (
        SELECT p.giver, p.thing, p.stopped, sum(e.n - coalesce(o.n, 0))::BIGINT AS n
        FROM places p JOIN everybody e ON e.entity = p.thing AND e.quarter = p.quarter
        LEFT JOIN starts o ON o.entity = p.thing AND o.quarter = p.quarter AND o.account = p.giver
        GROUP BY p.giver, p.thing, p.stopped),
    soon AS (
        SELECT t.* FROM all_takes t JOIN near USING (giver, thing, stopped)
        WHERE greatest((n - 1) / 3, n / 7) * (taken - stopped) / {HOUR} <= {-math.log1p(-CHANCE)} * (1 + 1e-9)),
    likely AS (
        SELECT entity AS thing FROM (SELECT entity, count(*) AS stops FROM stops GROUP BY entity)
        JOIN (SELECT thing AS entity, count(*) AS soon FROM soon GROUP BY thing) USING (entity)
        WHERE {CHANCE} * stops <= {BY_CHANCE} * soon * (1 + 1e-9))
    SELECT * FROM soon SEMI JOIN likely USING (thing)
"""
