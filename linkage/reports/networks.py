"""What the user's lists of networks say of the addresses that hold a ring together."""

from __future__ import annotations

from linkage.reports.store import Store
from linkage.reports.words import piece, records

_LISTED = """
    WITH profile AS (
        SELECT entity, true AS pooled FROM pools WHERE ring = $ring
        UNION SELECT entity, false FROM ring_evidence WHERE ring = $ring AND entity IS NOT NULL
    ),
    counted AS (
        SELECT e.kind, p.pooled, e.context, count(*) AS listed, min(e.value) AS entity,
               sum(count(*)) OVER (PARTITION BY e.kind, p.pooled)::BIGINT AS every
        FROM profile p JOIN entities e USING (entity) GROUP BY e.kind, p.pooled, e.context
    )
    SELECT * FROM counted WHERE context IS NOT NULL ORDER BY listed DESC, kind, pooled, context
"""


def listed_networks(store: Store, ring: int) -> list[str]:
    """One sentence for each list that addresses of a ring's profile are in; ``ring`` is the run's own number."""
    said = []
    for row in records(store.query(_LISTED, ring=ring)):
        where = "of the pool" if row["pooled"] else "named in the profile"
        some = f"{row['listed']:,} of the {row['every']:,} {row['kind']} entities {where}"
        verb = "is" if row["listed"] == 1 else "are"
        said.append(f"{piece(row) if row['every'] == 1 else some} {verb} in the list '{row['context']}'.")
    return said
