"""The links as sparse matrices: the account-entity graph that communities and rings work on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence, Kind, Known

UNKNOWN = np.iinfo(np.int64).min  # of a time that no log has


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
    ``links`` may do without ``first_seen`` and ``n``.
    """
    encoded = links["kind"].combine_chunks().dictionary_encode()
    number = {name: i for i, name in enumerate(encoded.dictionary.to_pylist())}
    kind_of = np.asarray(encoded.indices)
    columns = {name: links[name].to_numpy() for name in ("account", "entity", "n") if name in links.column_names}
    if "first_seen" in links.column_names:
        columns["first_seen"] = pc.cast(links["first_seen"], pa.int64()).fill_null(UNKNOWN).to_numpy()
    made = []
    for row in kinds.sort_by("kind").to_pylist():
        chosen = kind_of == number.get(row["kind"], -1)
        kind = Kind(row["kind"], row["family"], row["forgeable"])
        made.append(_incidence(kind, {name: values[chosen] for name, values in columns.items()}, accounts))
    return AccountGraph(accounts, tuple(made), created, loads, known)


def _incidence(kind: Kind, links: Mapping[str, np.ndarray], accounts: int) -> Incidence:
    account = links["account"]
    entities, column = np.unique(links["entity"], return_inverse=True)
    shape = (accounts, len(entities))

    def matrix(values: np.ndarray, kept: np.ndarray | slice = slice(None)) -> sp.csr_matrix:
        return sp.csr_matrix((values[kept], (account[kept], column[kept])), shape=shape)

    seen, uses = links.get("first_seen"), links.get("n")
    return Incidence(
        kind,
        matrix(np.ones(len(account), dtype=np.int64)),
        entities,
        None if seen is None else matrix(seen, seen != UNKNOWN),
        None if uses is None else matrix(uses),
    )
