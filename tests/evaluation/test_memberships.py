from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from linkage.evaluation.memberships import distinct_rows, none_at, of_labels, of_pairs, rows_at, sizes, where

ACCOUNTS = 8
pairs = st.lists(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, 4)), max_size=20)


def as_sets(matrix: object) -> list[set[int]]:
    return [set(np.flatnonzero(row).tolist()) for row in matrix.toarray()]  # type: ignore[attr-defined]  # untyped scipy


def of(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    account, cluster = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
    return account, cluster


@given(pairs)
def test_pairs_become_a_set_for_each_account(rows: list[tuple[int, int]]) -> None:
    matrix = of_pairs(*of(rows), ACCOUNTS)
    assert as_sets(matrix) == [{c for a, c in rows if a == account} for account in range(ACCOUNTS)]
    assert sizes(matrix).tolist() == [len({a for a, c in rows if c == k}) for k in range(matrix.shape[1])]
    assert none_at(matrix).tolist() == [account not in {a for a, _ in rows} for account in range(ACCOUNTS)]


@given(pairs)
def test_distinct_rows_put_every_account_back(rows: list[tuple[int, int]]) -> None:
    matrix = of_pairs(*of(rows), ACCOUNTS)
    distinct, row = distinct_rows(matrix)
    assert (distinct[row] != matrix).nnz == 0
    assert len({frozenset(s) for s in as_sets(distinct)}) == distinct.shape[0]


def test_labels_become_memberships_and_minus_one_becomes_none() -> None:
    assert as_sets(of_labels(np.array([7, -1, 3, 7]))) == [{1}, set(), {0}, {1}]
    assert as_sets(of_labels(np.array([4, 4]))) == [{0}, {0}]
    assert of_labels(np.array([], dtype=np.int64)).shape == (0, 0)


def test_rows_move_and_leave() -> None:
    matrix = of_labels(np.array([0, 1, -1]))
    assert as_sets(rows_at(matrix, np.array([1, -1, 0]))) == [{1}, set(), {0}]
    assert as_sets(where(matrix, np.array([False, True, True]))) == [set(), {1}, set()]
