from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from linkage.simulator.streams import Streams, repeat_counts, scatter, zipf_weights


def test_a_part_repeats_and_differs_from_other_parts_and_seeds() -> None:
    draws = [Streams(seed).part(name).random(4).tolist() for seed, name in [(1, "a"), (1, "a"), (1, "b"), (2, "a")]]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]
    assert draws[0] != draws[3]


@given(st.integers(1, 300), st.floats(0.1, 3.0), st.floats(0.5, 10.0))
def test_zipf_weights_are_falling_probabilities_of_the_power_law(size: int, exponent: float, shift: float) -> None:
    weights = zipf_weights(size, exponent, shift)
    assert np.isclose(weights.sum(), 1.0)
    assert np.isclose(weights[0] / weights[-1], ((size - 1 + shift) / shift) ** exponent)


@given(st.lists(st.integers(0, 7), max_size=30))
def test_repeat_counts_lists_owner_and_place(counts: list[int]) -> None:
    owner, place = repeat_counts(np.array(counts, dtype=np.int64))
    expected = [(i, j) for i, n in enumerate(counts) for j in range(n)]
    assert list(zip(owner.tolist(), place.tolist(), strict=True)) == expected


def test_scatter_is_fixed_non_negative_and_even() -> None:
    numbers = np.arange(20_000)
    hashed = scatter(numbers, 7, 3)
    assert np.array_equal(hashed, scatter(numbers, 7, 3))
    assert hashed.min() >= 0
    assert len(np.unique(hashed)) == len(numbers)
    assert not np.array_equal(hashed, scatter(numbers, 3, 7))
    counts = np.bincount(hashed % 10, minlength=10)
    assert np.abs(counts - 2_000).max() < 200  # 4.7 standard deviations of a fair draw
