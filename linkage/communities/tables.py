"""Partitions as the stage's table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.model import CANDIDATES


def candidates_table(partitions: npt.NDArray[np.int64], smallest: int) -> pa.Table:
    """Communities of ``smallest`` accounts and more: one row an account and proposal (model.CANDIDATES).

    ``partitions`` is proposals x accounts; proposals are named in their order, P1 first.
    """
    tables = [CANDIDATES.empty_table()]
    for number, labels in enumerate(partitions, start=1):
        community = np.unique(labels, return_inverse=True)[1]
        account = np.flatnonzero(np.bincount(community)[community] >= smallest)
        columns = {
            "proposal": pa.array([f"P{number}"] * len(account), pa.string()),
            "community": community[account],
            "account": account,
        }
        tables.append(pa.table(columns).cast(CANDIDATES))
    return pa.concat_tables(tables)
