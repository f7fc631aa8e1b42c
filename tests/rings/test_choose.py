from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from linkage.rings import choose as module
from linkage.rings.choose import choose, worth_by_two_families
from linkage.rings.score import Bits


def candidates(*rows: list[int], accounts: int = 12) -> sp.csr_matrix:
    """Candidates from the accounts of each."""
    return sp.csr_matrix([[int(a in row) for a in range(accounts)] for row in rows])


def chosen(rows: list[list[int]], worth: list[float], smallest: int = 3) -> list[int]:
    return choose(candidates(*rows), np.array(worth, dtype=np.float64), smallest).tolist()


def test_the_best_come_first_and_keep_their_accounts() -> None:
    rows = [[0, 1, 2, 3], [2, 3, 4, 5, 6, 7, 8, 9, 10], [0, 1]]
    assert chosen(rows, [5, 9, 7]) == [-1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1], "half of the other one is taken"
    assert chosen(rows, [9, 5, 7]) == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, -1], "7 of 9 are free: they remain"


def test_what_is_worth_nothing_is_not_taken() -> None:
    assert chosen([[0, 1, 2], [3, 4, 5]], [0, -1]) == [-1] * 12


def test_the_smallest_group_counts_free_accounts() -> None:
    assert chosen([[0, 1, 2], [2, 3, 4, 5]], [9, 5]) == [0, 0, 0, 1, 1, 1] + [-1] * 6
    assert chosen([[0, 1, 2], [2, 3, 4, 5]], [9, 5], smallest=4) == [-1, -1, 0, 0, 0, 0] + [-1] * 6


def test_equal_worth_goes_to_the_earlier_candidate() -> None:
    assert chosen([[0, 1, 2], [0, 1, 3]], [5, 5]) == [0, 0, 0] + [-1] * 9


def test_no_candidates() -> None:
    assert choose(sp.csr_matrix((0, 4)), np.zeros(0), 3).tolist() == [-1] * 4


def test_how_much_must_be_free_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[0, 1, 2], [1, 2, 3, 4, 5]]
    assert chosen(rows, [9, 5]) == [0, 0, 0] + [-1] * 9
    monkeypatch.setattr(module, "STILL_FREE", 0.6)
    assert chosen(rows, [9, 5]) == [0, 0, 0, 1, 1, 1] + [-1] * 6


def test_bits_beyond_the_best_family_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    bits = np.array([[50.0, 50.0, 9.0, 0.0], [0.0, 9.0, 50.0, 0.0], [0.0, 4.0, 0.0, 0.0]])
    scored = Bits(np.array([20.0, 33.0, 29.0, -5.0]), bits, bits)
    assert scored.beyond_best_family.tolist() == [0.0, 13.0, 9.0, 0.0]
    assert worth_by_two_families(scored).tolist() == [0.0, 33.0, 0.0, 0.0]
    monkeypatch.setattr(module, "BITS_BEYOND", 8.0)
    assert worth_by_two_families(scored).tolist() == [0.0, 33.0, 29.0, 0.0]
