"""What the user told beside the logs, by the numbers of accounts and entities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.model import Known


def known_of(labels: pa.Table, accounts: pa.Table, entities: pa.Table) -> Known | None:
    """Labels and lists as :class:`~linkage.model.Known`, from LABELS, ACCOUNTS and ENTITIES; None where there are none.

    Labels of accounts that the logs do not have are left out.
    """
    account = pc.index_in(labels["account_id"], value_set=accounts["account_id"])
    found = pc.is_valid(account)
    number = accounts["account"].take(account.filter(found))
    listed = entities.filter(pc.is_valid(entities["context"]))
    if not len(number) and not listed.num_rows:
        return None
    return Known(
        np.asarray(number.to_numpy(), dtype=np.int64), labels["label"].filter(found).to_pylist(),
        np.asarray(listed["entity"].to_numpy(), dtype=np.int64), listed["context"].to_pylist(),
    )  # fmt: skip
