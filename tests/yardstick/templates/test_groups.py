from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.yardstick.templates.groups import Pairs, drawn_in, grouping_accuracy, pairs

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)


def columns(rows: list[tuple[int, int]]) -> tuple[pd.Series, pd.Series]:
    return pd.Series([a for a, _ in rows]), pd.Series([b for _, b in rows])


@given(LABELS)
def test_accuracy_is_the_share_of_rows_whose_group_is_the_true_one_as_a_set(rows: list[tuple[int, int]]) -> None:
    found, truth = columns(rows)
    right = [
        {j for j in range(len(rows)) if rows[j][0] == a} == {j for j in range(len(rows)) if rows[j][1] == b}
        for a, b in rows
    ]
    assert grouping_accuracy(found, truth) == pytest.approx(np.mean(right))


def test_accuracy_takes_no_part_of_a_group_and_no_group_with_more() -> None:
    truth = pd.Series(["a", "a", "a", "b", "c"])
    assert grouping_accuracy(pd.Series([1, 1, 2, 3, 4]), truth) == pytest.approx(2 / 5)
    assert grouping_accuracy(pd.Series([1, 1, 1, 2, 2]), truth) == pytest.approx(3 / 5)
    assert grouping_accuracy(pd.Series([7, 7, 7, 8, 9]), truth) == 1


@given(LABELS)
def test_pairs_equal_brute_force(rows: list[tuple[int, int]]) -> None:
    found, truth = columns(rows)
    every = list(itertools.combinations(rows, 2))
    expected = Pairs(
        sum(one[1] == two[1] for one, two in every), sum(one[0] == two[0] for one, two in every),
        sum(one == two for one, two in every),
    )  # fmt: skip
    assert pairs(found, truth) == expected


def test_a_row_without_a_group_is_together_with_none() -> None:
    found = pairs(pd.Series(["x", "x", None, None]), pd.Series([1, 1, 1, 1]))
    assert found == Pairs(true=6, found=1, both=1)
    assert (found.precision, found.recall, found.f1) == (1, 1 / 6, pytest.approx(2 / 7))


def test_without_pairs_nothing_is_wrong() -> None:
    assert (Pairs(0, 0, 0).precision, Pairs(0, 0, 0).recall, Pairs(0, 0, 0).f1) == (1, 1, 1)
    assert Pairs(0, 2, 0).f1 == 0


def test_drawn_in_are_others_in_a_group_with_theirs() -> None:
    found = pd.Series(["x", "x", "y", "y", None, None, "z"])
    theirs = pd.Series([True, False, False, False, True, False, False])
    assert drawn_in(found, theirs) == 1
    assert drawn_in(found, ~theirs) == 1
