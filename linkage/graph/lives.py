"""What the graph keeps of each account beside its links: when it was created, and how much it does."""

from __future__ import annotations

import pyarrow as pa

from linkage.engines.step import Engine, Step


def account_lives(engine: Engine) -> pa.Table:
    """Make ``lives`` (LIVES): creation and load of each account, null where not known; returned in order of account.

    The load is exchanges a day between the first and the last use of any entity, at least one day. Signing up is no
    use: an account may lie idle before its first.
    """
    engine.run(Step("lives", _LIVES_SQL, ("accounts", "observations")))
    return engine.fetch("SELECT * FROM lives ORDER BY account")


_LIVES_SQL = """
    WITH used AS (
        SELECT account, epoch(max(last_seen)) - epoch(min(first_seen)) AS seconds FROM observations GROUP BY account)
    SELECT a.account, epoch(a.created)::DOUBLE AS created,
           CASE WHEN a.exchanges > 0 AND u.seconds IS NOT NULL
                THEN a.exchanges / greatest(u.seconds / 86400.0, 1.0) END::DOUBLE AS load
    FROM accounts a LEFT JOIN used u USING (account) ORDER BY a.account
"""
