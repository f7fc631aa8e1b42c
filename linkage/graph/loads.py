"""How much each account does: what tells the accounts of one scheduler from those of people."""

from __future__ import annotations

import pyarrow as pa

from linkage.engines.step import Engine, Step


def account_loads(engine: Engine) -> pa.Table:
    """Make ``loads`` (LOADS): the load of each account, null where not known; returned in order of account.

    Last to read the observations, which are forgotten: all that they tell, the links tell.

    The load is exchanges a day between the first and the last use of any entity, at least one day. Signing up is no
    use: an account may lie idle before its first.
    """
    engine.run(Step("loads", _LOADS_SQL, ("accounts", "observations")))
    engine.drop("observations")
    return engine.fetch("SELECT * FROM loads ORDER BY account")


_LOADS_SQL = """
    WITH used AS (
        SELECT account, epoch(max(last_seen)) - epoch(min(first_seen)) AS seconds FROM observations GROUP BY account)
    SELECT a.account,
           CASE WHEN a.exchanges > 0 AND u.seconds IS NOT NULL
                THEN a.exchanges / greatest(u.seconds / 86400.0, 1.0) END::DOUBLE AS load
    FROM accounts a LEFT JOIN used u USING (account) ORDER BY a.account
"""
