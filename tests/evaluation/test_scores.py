from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.evaluation.scores import bcubed, clusters_found, score


def several(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-1, 5), min_size=size, max_size=size)


labellings = st.integers(0, 25).flatmap(lambda size: st.tuples(several(size), several(size)))


def by_hand(truth: list[int], predicted: list[int]) -> tuple[float, float, float]:
    """B-cubed from its definition, account by account."""
    precisions, recalls = [], []
    for i, label in enumerate(truth):
        if label == -1:
            continue
        cluster = {j for j, p in enumerate(predicted) if p == predicted[i]} if predicted[i] != -1 else {i}
        mates = {j for j, t in enumerate(truth) if t == label}
        precisions.append(len(cluster & mates) / len(cluster))
        recalls.append(len(cluster & mates) / len(mates))
    if not precisions:
        return 0.0, 0.0, 0.0
    p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return p, r, 2 * p * r / (p + r)


def found_by_hand(truth: list[int], predicted: list[int]) -> int:
    clusters = [{j for j, p in enumerate(predicted) if p == c} for c in set(predicted) - {-1}]
    clusters += [{j} for j, p in enumerate(predicted) if p == -1]
    rings = [{j for j, t in enumerate(truth) if t == c} for c in set(truth) - {-1}]
    return sum(any(2 * len(c & r) >= len(r) and 2 * len(c & r) >= len(c) for c in clusters) for r in rings)


@given(labellings)
def test_bcubed_equals_the_definition(labels: tuple[list[int], list[int]]) -> None:
    truth, predicted = labels
    ours = bcubed(np.array(truth, dtype=np.int64), np.array(predicted, dtype=np.int64))
    assert ours == pytest.approx(by_hand(truth, predicted), abs=1e-9)


@given(labellings)
def test_found_equals_the_definition(labels: tuple[list[int], list[int]]) -> None:
    truth, predicted = labels
    ours = clusters_found(np.array(truth, dtype=np.int64), np.array(predicted, dtype=np.int64))
    assert ours == found_by_hand(truth, predicted)


@given(labellings)
def test_scores_ignore_order_and_names_of_clusters(labels: tuple[list[int], list[int]]) -> None:
    truth, predicted = (np.array(x, dtype=np.int64) for x in labels)
    order = np.random.default_rng(len(truth)).permutation(len(truth))
    renamed = np.where(predicted == -1, -1, 17 - 2 * predicted)
    before, after = score(truth, predicted), score(truth[order], renamed[order])
    assert dataclasses.astuple(before) == pytest.approx(dataclasses.astuple(after), abs=1e-9)


def test_the_perfect_prediction_scores_one() -> None:
    truth = np.array([0, 0, 0, 1, 1, -1, -1])
    result = score(truth, truth)
    assert (result.precision, result.recall, result.f1, result.found, result.clusters) == (1.0, 1.0, 1.0, 2, 2)


def test_honest_members_count_against_precision() -> None:
    truth, predicted = np.array([0, 0, -1, -1]), np.array([3, 3, 3, 3])
    assert bcubed(truth, predicted) == pytest.approx((0.5, 1.0, 2 / 3))


def test_unassigned_accounts_are_alone() -> None:
    truth, predicted = np.array([0, 0, 0, 0]), np.array([-1, -1, -1, -1])
    assert bcubed(truth, predicted) == pytest.approx((1.0, 0.25, 0.4))
    assert clusters_found(truth, predicted) == 0
