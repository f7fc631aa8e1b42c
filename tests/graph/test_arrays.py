from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.graph import to_arrays
from linkage.model import KINDS, TIME, AccountGraph, Kind

KIND_ROWS = [
    {"kind": "ip", "family": "network", "forgeable": False},
    {"kind": "card", "family": "payment", "forgeable": False},
    {"kind": "unused", "family": "other", "forgeable": True},
]
OF_ENTITY = ["card", "ip", "card", "ip", "ip", "card"]
Pairs = list[tuple[int, int]]


def arrays(pairs: Pairs, accounts: int, created: np.ndarray | None = None) -> AccountGraph:
    kinds = pa.Table.from_pylist([{**row, "accounts": 0, "entities": 0, "links": 0} for row in KIND_ROWS], schema=KINDS)
    links = pa.table(
        {
            "account": pa.array([a for a, _ in pairs], pa.int32()),
            "entity": pa.array([e for _, e in pairs], pa.int32()),
            "kind": pa.array([OF_ENTITY[e] for _, e in pairs], pa.string()),
        }
    )
    return to_arrays(links, kinds, accounts, created)


def test_one_matrix_a_kind_in_order_of_kind() -> None:
    graph = arrays([(0, 1), (0, 4), (2, 4), (1, 0), (2, 5)], 4)
    assert graph.accounts == 4
    assert [i.kind for i in graph.kinds] == [
        Kind("card", "payment", False),
        Kind("ip", "network", False),
        Kind("unused", "other", True),
    ]
    card, ip, unused = graph.kinds
    assert card.entities.tolist() == [0, 5], "an entity with one user stays in"
    assert card.matrix.toarray().tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]
    assert ip.entities.tolist() == [1, 4]
    assert ip.matrix.toarray().tolist() == [[1, 1], [0, 0], [0, 1], [0, 0]]
    assert unused.matrix.shape == (4, 0)
    assert (ip.users.tolist(), ip.breadth.tolist()) == ([1, 2], [2, 0, 1, 0])


@settings(max_examples=50, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 5))), st.randoms())
def test_any_order_of_links_gives_the_same_matrices(pairs: set[tuple[int, int]], dice: random.Random) -> None:
    shuffled = sorted(pairs)
    dice.shuffle(shuffled)
    for one, other in zip(arrays(sorted(pairs), 8).kinds, arrays(shuffled, 8).kinds, strict=True):
        assert one.matrix.indices.tolist() == other.matrix.indices.tolist()
        assert one.matrix.indptr.tolist() == other.matrix.indptr.tolist()
        assert one.entities.tolist() == other.entities.tolist()
    found = set()
    for incidence in arrays(shuffled, 8).kinds:
        account, column = incidence.matrix.nonzero()
        found |= set(zip(account.tolist(), incidence.entities[column].tolist(), strict=True))
    assert found == pairs


def test_no_links_and_no_accounts() -> None:
    assert [i.matrix.shape for i in arrays([], 3).kinds] == [(3, 0)] * 3
    assert [i.matrix.shape for i in arrays([], 0).kinds] == [(0, 0)] * 3


def test_creations_come_along() -> None:
    assert arrays([(0, 1)], 1).created is None
    created = arrays([(0, 1)], 2, np.array([5.0, np.nan])).created
    assert created is not None
    assert created.tolist()[0] == 5.0


def test_links_in_several_chunks() -> None:
    kinds = pa.Table.from_pylist([{**row, "accounts": 0, "entities": 0, "links": 0} for row in KIND_ROWS], schema=KINDS)
    parts = [pa.table({"account": [a], "entity": [e], "kind": [OF_ENTITY[e]]}) for a, e in [(1, 4), (0, 0), (0, 4)]]
    graph = to_arrays(pa.concat_tables(parts), kinds, 2)
    assert [i.matrix.toarray().tolist() for i in graph.kinds] == [[[1], [0]], [[1], [1]], [[], []]]


def test_times_and_uses_come_along() -> None:
    kinds = pa.Table.from_pylist([{**row, "accounts": 0, "entities": 0, "links": 0} for row in KIND_ROWS], schema=KINDS)
    links = pa.table(
        {
            "account": [1, 0, 1], "entity": [4, 4, 1], "kind": ["ip", "ip", "ip"], "n": [7, 8, 9],
            "first_seen": pa.array([5, None, 0], TIME),
        }
    )  # fmt: skip
    ip = to_arrays(links, kinds, 2).kinds[1]
    assert ip.uses is not None
    assert ip.uses.toarray().tolist() == [[0, 8], [9, 7]]
    assert ip.seen is not None
    assert (ip.seen.toarray().tolist(), ip.seen.nnz) == ([[0, 0], [0, 5]], 2), "1970 is a time, no time is none"
    assert ip.at(np.array([1])).uses.toarray().tolist() == [[8], [7]]
    assert (arrays([(0, 1)], 1).kinds[1].seen, arrays([(0, 1)], 1).kinds[1].uses) == (None, None)
