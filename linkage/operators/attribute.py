"""From rings to operator clusters, as tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage import model
from linkage.model import Verdict
from linkage.operators.cluster import Ints, RingContent, cluster_rings, shared_bits


def attribute(rings: pa.Table, content: pa.Table, accounts: int) -> dict[str, pa.Table]:
    """Tables ring_operators and operators (shapes in model) from the stage rings' tables ``rings`` and ``content``.

    Rings cut from one cluster share an operator; further ones join by their templates. An operator has at least one
    suspect ring; undetermined rings belong to it when they are tied to that, and to none of their own. Each ring's
    traffic goes to its one operator whole (traffic_share 1). ``bits_saved`` sums over the suspect rings. Of what
    is known already nothing is said here: see :func:`linkage.operators.dossiers.with_dossiers`.
    """
    made = _content(rings, content, accounts)
    verdict = rings["verdict"].to_numpy(zero_copy_only=False)
    suspect = verdict == str(Verdict.SUSPECT)
    asked = suspect | (verdict == str(Verdict.UNDETERMINED))
    start = np.where(asked, rings["cluster"].to_numpy(), -1).astype(np.int64)
    operator = _with_suspects(cluster_rings(made, start), suspect)
    chosen = operator >= 0
    ring_operators = pa.table(
        {
            "ring": pa.array(np.flatnonzero(chosen), pa.int32()),
            "operator": pa.array(operator[chosen], pa.int32()),
            "traffic_share": pa.array(np.ones(int(chosen.sum())), pa.float64()),
        }
    )
    return {
        "ring_operators": ring_operators.cast(model.RING_OPERATOR_LIST),
        "operators": _operators(rings, made, operator, suspect, start),
    }


def _with_suspects(operator: Ints, suspect: np.ndarray) -> Ints:
    """Operators renumbered densely, without those that have no suspect ring."""
    kept = np.unique(operator[suspect & (operator >= 0)])
    return np.where(np.isin(operator, kept), np.searchsorted(kept, operator), -1)


def _content(rings: pa.Table, content: pa.Table, accounts: int) -> RingContent:
    entities, column = np.unique(content["entity"].to_numpy(), return_inverse=True)
    shape = (rings.num_rows, max(len(entities), 1))
    cells = (content["ring"].to_numpy(), column)
    users = sp.csr_matrix((content["ring_accounts"].to_numpy(), cells), shape=shape)
    everywhere = np.zeros(shape[1], dtype=np.int64)
    everywhere[column] = content["all_accounts"].to_numpy()
    return RingContent(users, rings["accounts"].to_numpy(), everywhere, accounts)


def _operators(rings: pa.Table, content: RingContent, operator: Ints, suspect: np.ndarray, start: Ints) -> pa.Table:
    saved = rings["bits_saved"].to_numpy()
    number = int(operator.max(initial=-1)) + 1
    sums = np.bincount(operator[suspect], weights=saved[suspect], minlength=number)
    reasons = [_decided_by(content, np.flatnonzero(operator == n), suspect, start) for n in range(number)]
    columns = {
        "operator": np.arange(number), "bits_saved": np.round(sums, 3), "decided_by": pa.array(reasons, pa.string()),
        "dossier": pa.nulls(number), "dossier_match": pa.nulls(number),
    }
    return pa.table(columns).cast(model.OPERATOR_LIST)


def _decided_by(content: RingContent, members: Ints, suspect: np.ndarray, start: Ints) -> str:
    """What holds an operator's suspect rings together, in words; an undetermined ring may be the tie between two."""
    own = members[suspect[members]]
    if len(own) == 1:
        return "one ring"
    if len(np.unique(start[own])) == 1:
        return f"{len(own)} rings inside one cluster"
    parts = [tuple(members[start[members] == cluster].tolist()) for cluster in np.unique(start[members])]
    weakest = min(max(shared_bits(content, a, b) for b in parts if b != a) for a in parts)
    holders = np.bincount(content.users[members].indices, minlength=content.users.shape[1])
    shared = int(np.count_nonzero(holders >= 2))
    return f"{shared} prompt templates in two rings or more; the loosest ring is tied by {weakest:.1f} bits"
