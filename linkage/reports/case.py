"""What the checks on a ring look at, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from linkage.reports.store import Store

_USE = """
    WITH profile AS (
        SELECT entity FROM ring_evidence WHERE ring = $ring AND entity IS NOT NULL
        UNION SELECT entity FROM pools WHERE ring = $ring
    )
    SELECT DISTINCT m.account, l.entity, k.family
    FROM ring_members m LEFT JOIN (links l JOIN profile USING (entity) JOIN kinds k ON k.kind = l.kind) USING (account)
    WHERE m.ring = $ring ORDER BY m.account, l.entity
"""
_LABELS = """
    SELECT l.account_id, l.label FROM labels l JOIN members m USING (account_id)
    WHERE m.ring_id = $ring_id ORDER BY l.label, l.account_id
"""
_SHARES = "SELECT traffic_share FROM ring_operators WHERE ring_id = $ring_id ORDER BY traffic_share DESC"


@dataclass(frozen=True)
class Case:
    """A ring as its checks see it.

    ``ring`` is its row of rings.parquet; ``evidence``, ``members`` and ``families`` are the tables of the same names of
    :class:`linkage.reports.ring.Ring`; ``use`` has a row for each member and profile entity that it uses (account,
    entity, family), and one without an entity for a member that uses none; ``labels`` the members' labels;
    ``run_families`` the families of the whole run; ``shares`` the ring's shares of traffic per operator, falling.
    """

    ring: dict[str, Any]
    evidence: pd.DataFrame
    members: pd.DataFrame
    families: pd.DataFrame
    use: pd.DataFrame
    labels: pd.DataFrame
    run_families: tuple[str, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(
        cls, store: Store, ring: dict[str, Any], evidence: pd.DataFrame, members: pd.DataFrame, families: pd.DataFrame
    ) -> Case:
        """Gather what the ring's own tables do not hold."""
        shares = store.query(_SHARES, ring_id=ring["ring_id"])
        return cls(
            ring, evidence, members, families,
            use=store.query(_USE, ring=ring["ring"]),
            labels=store.query(_LABELS, ring_id=ring["ring_id"]),
            run_families=tuple(store.query("SELECT DISTINCT family FROM kinds ORDER BY family")["family"]),
            shares=tuple(shares["traffic_share"]),
        )

    @property
    def strongest(self) -> str:
        """The family that carries the most bits; empty when there is no evidence."""
        return str(self.families["family"].iloc[0]) if len(self.families) else ""

    @property
    def bits(self) -> float:
        """Bits of all the evidence, before the cost of naming the ring."""
        return float(self.families["bits"].sum())

    @cached_property
    def unsupported(self) -> int:
        """Members that use no profile entity outside the strongest family."""
        beyond = self.use.loc[self.use["family"].notna() & (self.use["family"] != self.strongest), "account"]
        return int(self.use["account"].nunique() - beyond.nunique())

    @cached_property
    def parts(self) -> tuple[int, ...]:
        """Sizes of the groups into which the members fall when joined by profile entities only, largest first."""
        accounts, row = np.unique(self.use["account"], return_inverse=True)
        linked = self.use["entity"].notna().to_numpy()
        entities, column = np.unique(self.use["entity"][linked], return_inverse=True)
        size = len(accounts) + len(entities)
        joined = coo_array((np.ones(len(column)), (row[linked], column + len(accounts))), shape=(size, size))
        labels = connected_components(joined, directed=False)[1][: len(accounts)]
        return tuple(sorted(np.bincount(labels)[np.bincount(labels) > 0].tolist(), reverse=True))
