from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from linkage.evaluation.peers import bipartite
from linkage.evaluation.peers.dense import BLOCKS, WEIGHTS, dense_blocks, peel
from tests.evaluation.peers.toys import ACCOUNTS, edges, links


def peeled_by_hand(low: list[int], high: list[int], weight: list[float]) -> tuple[list[int], set[int]]:
    """Greedy peeling as one would write it down, and the densest of the graphs on the way."""
    present = set(low) | set(high)
    order, best, densest = [], -1.0, set(present)
    while present:
        left = [(a, b, w) for a, b, w in zip(low, high, weight, strict=True) if {a, b} <= present]
        density = sum(w for _, _, w in left) / len(present)
        if density > best + 1e-12:
            best, densest = density, set(present)
        degree = {node: sum(w for a, b, w in left if node in (a, b)) for node in present}
        node = min(present, key=lambda n: (round(degree[n], 9), n))
        order.append(node)
        present.remove(node)
    return order, densest


@given(edges.filter(bool))
def test_peeling_equals_the_one_by_hand(pairs: set[tuple[int, int]]) -> None:
    rows = sorted(pairs)
    low, high = [a for a, _ in rows], [ACCOUNTS + e for _, e in rows]
    weight = [1.0 + (a * 7 + e * 3) % 5 for a, e in rows]  # whole numbers: no rounding between the two ways
    found = peel(np.array(low), np.array(high), np.array(weight), ACCOUNTS + 10)
    order, densest = peeled_by_hand(low, high, weight)
    assert found.order.tolist() == order
    assert set(found.block.tolist()) == densest


def test_a_dense_block_comes_out_and_camouflage_does_not_hide_it() -> None:
    block = {(a, e) for a in range(8) for e in range(8)}
    camouflage = {(a, 100) for a in range(60)}
    sparse = {(a, 200 + a // 2) for a in range(8, 60)}
    labels = dict(dense_blocks(bipartite(links(block | camouflage | sparse), 60)))["log, 10 blocks"]
    assert np.flatnonzero(labels == 0).tolist() == list(range(8))


def test_blocks_are_named_by_weight_and_number_and_more_blocks_change_no_label() -> None:
    pairs = {(a, 10 * (a // 6) + e) for a in range(36) for e in range(4)}
    found = dict(dense_blocks(bipartite(links(pairs), 36)))
    assert list(found) == [f"{name}, {count} blocks" for name in WEIGHTS for count in BLOCKS]
    few, many = found["log, 10 blocks"], found["log, 40 blocks"]
    assert (many[few >= 0] == few[few >= 0]).all()


def test_no_links_give_no_block() -> None:
    for _, labels in dense_blocks(bipartite(links(set()), 4)):
        assert labels.tolist() == [-1] * 4


@pytest.mark.parametrize("name", list(WEIGHTS))
def test_a_popular_entity_weighs_less(name: str) -> None:
    weight = WEIGHTS[name](np.array([2.0, 20.0, 2000.0]))
    assert weight[0] > weight[1] > weight[2] > 0
