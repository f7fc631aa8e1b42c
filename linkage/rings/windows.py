"""Windows: accounts that were created at about one time, and accounts that do about equally much a day.

A window holds an equal share of all accounts, so a rush of sign-ups has narrow windows and a quiet year has wide ones:
to be in one says as little in either. Nobody can move a stranger into one. But many strangers are in each, by no doing
of theirs: a window speaks for whom other things tie to a group, and ties nobody by itself.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage.model import CREATED, LOAD, WINDOWS, AccountGraph, Incidence, Kind
from linkage.rings.codelength import Floats

PARTS = {CREATED: 128, LOAD: 8}  # windows, of equal shares of all accounts


def windows_of(graph: AccountGraph) -> tuple[Incidence, ...]:
    """A kind for each of the two that is known of any account; whose creation or load is not known has no link of it.

    Accounts with one and the same value are never parted, so a window may hold more than its share. Entities have
    numbers below zero: they are no things that accounts use, and the logs do not name them.
    """
    made = [_incidence(name, values) for name, values in _values(graph).items()]
    return tuple(incidence for incidence in made if incidence.matrix.nnz)


def window_table(graph: AccountGraph) -> pa.Table:
    """Which account is in which window (shape WINDOWS), with what the window spans in words, by window."""
    parts = [WINDOWS.empty_table()]
    for incidence in windows_of(graph):
        values = _values(graph)[incidence.kind.name]
        account = np.repeat(np.arange(graph.accounts), incidence.breadth)
        window = incidence.matrix.indices
        names = np.array(_spans(incidence, values[account], window), dtype=object)
        columns = {
            "account": account, "entity": incidence.entities[window], "kind": [incidence.kind.name] * len(account),
            "value": names[window],
        }  # fmt: skip
        parts.append(pa.table(columns).cast(WINDOWS))
    return pa.concat_tables(parts).sort_by([("entity", "ascending"), ("account", "ascending")])


def _values(graph: AccountGraph) -> dict[str, Floats]:
    """Per account the number by which windows order it, NaN where there is none; loads of 0 are none."""
    unknown = np.full(graph.accounts, np.nan)
    created = unknown if graph.created is None else graph.created
    loads = unknown if graph.loads is None else graph.loads
    return {CREATED: created, LOAD: np.where(np.nan_to_num(loads) > 0, loads, np.nan)}


def _incidence(name: str, values: Floats) -> Incidence:
    known = np.flatnonzero(~np.isnan(values))
    ordered, parts = np.sort(values[known]), PARTS[name]
    edges = np.unique(ordered[np.arange(1, parts) * len(ordered) // parts]) if len(known) else ordered
    window = np.searchsorted(edges, values[known], side="right")
    filled, column = np.unique(window, return_inverse=True)
    shape = (len(values), len(filled))
    matrix = sp.csr_matrix((np.ones(len(known), dtype=np.int64), (known, column)), shape=shape)
    before = sum(PARTS[other] for other in list(PARTS)[: list(PARTS).index(name)])
    return Incidence(Kind(name, name, forgeable=False, window=True), matrix, -1 - before - filled)


def _spans(incidence: Incidence, values: Floats, window: np.ndarray) -> list[str]:
    """What each window spans, from the least to the greatest value in it."""
    least, most = np.full(len(incidence.entities), np.inf), np.full(len(incidence.entities), -np.inf)
    np.minimum.at(least, window, values)
    np.maximum.at(most, window, values)
    if incidence.kind.name == LOAD:
        return [f"{a:.3g} to {b:.3g} exchanges a day" for a, b in zip(least, most, strict=True)]
    first, last = (np.datetime_as_string(np.floor(x).astype("datetime64[s]")).tolist() for x in (least, most))
    return [f"{a} to {b}".replace("T", " ") + " UTC" for a, b in zip(first, last, strict=True)]
