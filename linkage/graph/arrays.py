"""The links as sparse matrices: the account-entity graph that communities and rings work on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence, Kind, Known


def to_arrays(
    links: pa.Table,
    kinds: pa.Table,
    accounts: int,
    created: np.ndarray | None = None,
    loads: np.ndarray | None = None,
    known: Known | None = None,
) -> AccountGraph:
    """One incidence a kind, in order of kind, from the tables ``links`` and ``kinds`` (see linkage.model).

    Columns of each matrix follow the entity numbers; entities with one user stay in. ``created`` are the accounts'
    creations in seconds since 1970, ``loads`` their exchanges a day, NaN where unknown; ``known`` is handed on.
    """
    encoded = links["kind"].combine_chunks().dictionary_encode()
    number = {name: i for i, name in enumerate(encoded.dictionary.to_pylist())}
    kind_of = np.asarray(encoded.indices)
    account = links["account"].to_numpy()
    entity = links["entity"].to_numpy()
    made = []
    for row in kinds.sort_by("kind").to_pylist():
        chosen = kind_of == number.get(row["kind"], -1)
        kind = Kind(row["kind"], row["family"], row["forgeable"])
        made.append(_incidence(kind, account[chosen], entity[chosen], accounts))
    return AccountGraph(accounts, tuple(made), created, loads, known)


def _incidence(kind: Kind, account: np.ndarray, entity: np.ndarray, accounts: int) -> Incidence:
    entities, column = np.unique(entity, return_inverse=True)
    ones = np.ones(len(account), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (account, column)), shape=(accounts, len(entities)))
    return Incidence(kind, matrix, entities)
