"""The links as sparse matrices: the account-entity graph that communities and rings work on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence, Kind


def to_arrays(links: pa.Table, kinds: pa.Table, accounts: int, created: np.ndarray | None = None) -> AccountGraph:
    """One incidence a kind, in order of kind, from the tables ``links`` and ``kinds`` (see linkage.model).

    Columns of each matrix follow the entity numbers; entities with one user stay in. ``created`` are the accounts'
    creations in seconds since 1970, NaN where unknown.
    """
    names = (
        np.asarray(links["kind"].combine_chunks().dictionary_encode().indices) if links.num_rows else np.zeros(0, int)
    )
    order = links["kind"].combine_chunks().dictionary_encode().dictionary.to_pylist() if links.num_rows else []
    account = links["account"].to_numpy()
    entity = links["entity"].to_numpy()
    made = []
    for row in kinds.sort_by("kind").to_pylist():
        chosen = names == order.index(row["kind"]) if row["kind"] in order else np.zeros(len(names), dtype=bool)
        kind = Kind(row["kind"], row["family"], row["forgeable"])
        made.append(_incidence(kind, account[chosen], entity[chosen], accounts))
    return AccountGraph(accounts, tuple(made), created)


def _incidence(kind: Kind, account: np.ndarray, entity: np.ndarray, accounts: int) -> Incidence:
    entities, column = np.unique(entity, return_inverse=True)
    ones = np.ones(len(account), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (account, column)), shape=(accounts, len(entities)))
    matrix.sum_duplicates()
    matrix.sort_indices()
    return Incidence(kind, matrix, entities)
