"""Small graphs for the tests of peers."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import strategies as st

ACCOUNTS = 12
edges = st.sets(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, 9)), max_size=40)


def links(pairs: set[tuple[int, int]]) -> pa.Table:
    """Links of accounts to entities: even entities of one kind and odd ones of another."""
    rows = sorted(pairs)
    return pa.table({
        "account": pa.array([a for a, _ in rows], pa.int32()),
        "entity": pa.array([100 + e for _, e in rows], pa.int32()),
        "kind": pa.array(["ip" if e % 2 else "device" for _, e in rows], pa.string()),
    })


def planted() -> set[tuple[int, int]]:
    """Two groups of six accounts with three entities each, and one entity that all share."""
    return {(a, 2 * e + (a >= 6) * 6) for a in range(12) for e in range(3)} | {(a, 99) for a in range(12)}


def two_kinds(groups: int, size: int, strangers: int) -> set[tuple[int, int]]:
    """Groups that share a device and an address each, and strangers who share one address and have own devices."""
    pairs = {(g * size + i, e) for g in range(groups) for i in range(size) for e in (2 * g, 2 * g + 1)}
    first = groups * size
    alone = {(first + i, e) for i in range(strangers) for e in (2 * groups + 1, 2 * (groups + 1 + i))}
    return pairs | alone
