from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.cluster import contingency_matrix

from linkage.evaluation import scores
from linkage.evaluation.memberships import of_pairs
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


# Several labels

sets = st.sets(st.integers(0, 4), max_size=3)
several_labels = st.integers(1, 14).flatmap(
    lambda size: st.tuples(*(st.lists(sets, min_size=size, max_size=size) for _ in range(2)))
)


def matrix(labels: list[set[int]]) -> sp.csr_matrix:
    pairs = [(i, c) for i, clusters in enumerate(labels) for c in sorted(clusters)]
    account, cluster = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in (0, 1))
    return of_pairs(account, cluster, len(labels))


def several_by_hand(truth: list[set[int]], predicted: list[set[int]]) -> tuple[float, float]:
    """Precision and recall from the definition in words, account by account."""
    precisions, recalls = [], []
    for i, labels in enumerate(truth):
        if not labels:
            continue
        mates = {j for j, p in enumerate(predicted) if p & predicted[i]} | {i}
        precisions.append(sum(bool(truth[j] & labels) for j in mates) / len(mates))
        shares = []
        for label in labels:
            members = {j for j, t in enumerate(truth) if label in t}
            shares.append(len(mates & members) / len(members))
        recalls.append(max(shares))
    return (sum(precisions) / len(precisions), sum(recalls) / len(recalls)) if precisions else (0.0, 0.0)


@given(several_labels)
def test_bcubed_of_several_labels_equals_the_definition(both: tuple[list[set[int]], list[set[int]]]) -> None:
    assert bcubed(matrix(both[0]), matrix(both[1]))[:2] == pytest.approx(several_by_hand(*both), abs=1e-9)


@given(several_labels)
def test_found_with_several_labels_equals_the_definition(both: tuple[list[set[int]], list[set[int]]]) -> None:
    truth, predicted = both
    clusters = [{j for j, p in enumerate(predicted) if c in p} for c in range(5)]
    clusters += [{j} for j, p in enumerate(predicted) if not p]
    rings = [ring for ring in ({j for j, t in enumerate(truth) if c in t} for c in range(5)) if ring]
    found = sum(any(2 * len(c & r) >= len(r) and 2 * len(c & r) >= len(c) for c in clusters if c) for r in rings)
    assert clusters_found(matrix(truth), matrix(predicted)) == found
    assert score(matrix(truth), matrix(predicted)).clusters == len(rings)


@given(several_labels)
def test_names_of_clusters_and_size_of_chunks_change_nothing(both: tuple[list[set[int]], list[set[int]]]) -> None:
    truth, predicted = both
    renamed = [{9 - c for c in clusters} for clusters in predicted]
    with pytest.MonkeyPatch.context() as patch:
        before = score(matrix(truth), matrix(predicted))
        patch.setattr(scores, "CHUNK", 1)
        after = score(matrix(truth), matrix(renamed))
    assert dataclasses.astuple(before) == pytest.approx(dataclasses.astuple(after), abs=1e-9)


def test_a_ring_of_two_operators_is_right_with_either_and_with_both() -> None:
    """Accounts 0-3 work for operator 0 alone, 4-7 for both, 8-11 for operator 1 alone."""
    truth = matrix([{0}] * 4 + [{0, 1}] * 4 + [{1}] * 4)
    for shared in ({0}, {1}, {0, 1}):
        predicted = matrix([{0}] * 4 + [shared] * 4 + [{1}] * 4)
        precision, recall, _ = bcubed(truth, predicted)
        assert precision == 1.0
        whole = 1.0 if len(shared) == 2 else (4 * 1 + 4 * 1 + 4 * 0.5) / 12
        assert recall == pytest.approx(whole)
        assert clusters_found(truth, predicted) == 2


def test_a_third_cluster_of_strangers_costs_precision() -> None:
    truth = matrix([{0}, {0}, set(), set()])
    assert bcubed(truth, matrix([{0}, {0}, set(), set()]))[0] == 1.0
    assert bcubed(truth, matrix([{0, 1}, {0}, {1}, {1}]))[0] == pytest.approx((2 / 4 + 1) / 2)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_random_partitions_agree_with_scikit_learn(seed: int) -> None:
    """From scikit-learn's contingency matrix: precision sums n_ij^2 / n_j, recall n_ij^2 / n_i, over true clusters."""
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(-1, 12, 400), rng.integers(0, 15, 400)
    counts = contingency_matrix(truth, predicted).astype(float)
    honest = int((truth == -1).any())
    true = counts[honest:]
    inside = true.sum()
    precision = float((true**2 / counts.sum(axis=0)).sum() / inside)
    recall = float((true**2 / true.sum(axis=1, keepdims=True)).sum() / inside)
    f1 = 2 * precision * recall / (precision + recall)
    assert bcubed(truth, predicted) == pytest.approx((precision, recall, f1), abs=1e-9)
