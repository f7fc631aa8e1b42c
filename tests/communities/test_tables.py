from __future__ import annotations

import numpy as np

from linkage.communities import candidates_table
from linkage.model import CANDIDATES


def test_communities_of_the_smallest_size_and_more_by_hand() -> None:
    made = candidates_table(np.array([[7, 7, 3, 7, 3], [0, 1, 2, 3, 4], [5, 5, 5, 5, 5]]), 3)
    assert made.schema.equals(CANDIDATES)
    assert [tuple(row.values()) for row in made.to_pylist()] == [
        *[("P1", 1, a) for a in (0, 1, 3)],
        *[("P3", 0, a) for a in range(5)],
    ]


def test_the_smallest_size_is_obeyed() -> None:
    partitions = np.array([[7, 7, 3, 7, 3]])
    assert [candidates_table(partitions, n).num_rows for n in (1, 2, 3, 4)] == [5, 5, 3, 0]


def test_nothing_proposed() -> None:
    assert candidates_table(np.zeros((2, 0), dtype=np.int64), 3).num_rows == 0
    assert candidates_table(np.zeros((0, 4), dtype=np.int64), 3).schema.equals(CANDIDATES)
