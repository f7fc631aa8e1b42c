from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.rings.rates import fit_degrees
from tests.rings.graphs import NETWORK, chance_links, graph_of, heavy_tailed


def chances(breadth: np.ndarray, users: np.ndarray) -> np.ndarray:
    """The chance that each account (row) uses each entity (column)."""
    reach, pull = fit_degrees(breadth, users)
    return np.asarray(1 - np.exp(-np.outer(reach, pull) / breadth.sum()))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_chance_gives_every_account_and_entity_its_links(seed: int) -> None:
    dice = np.random.default_rng(seed)
    table = dice.random((40, 60)) < np.outer(dice.uniform(0.05, 0.9, 40), dice.uniform(0.05, 0.9, 60))
    breadth, users = table.sum(1), table.sum(0)
    expected = chances(breadth, users)
    assert expected.sum(1) == pytest.approx(breadth, abs=1e-3)
    assert expected.sum(0) == pytest.approx(users, abs=1e-3)


def test_narrow_accounts_reach_as_far_as_their_breadth_says() -> None:
    breadth, users = np.repeat([1, 3], 5_000), np.repeat([2, 8], 2_000)
    reach, pull = fit_degrees(breadth, users)
    assert np.outer(reach[[0, -1]], pull[[0, -1]]) == pytest.approx(np.outer([1, 3], [2, 8]), rel=0.01)


def test_broad_accounts_have_popular_entities_already_and_reach_further_among_the_rest() -> None:
    """Against draws: accounts of 100 links among narrow ones, entities drawn by popularity."""
    dice = np.random.default_rng(3)
    breadth = np.where(np.arange(2_000) < 50, 150, 2)
    kind = graph_of(2_000, [(NETWORK, chance_links(dice, breadth, heavy_tailed(dice, 1_500)))]).kinds[0]
    broad = np.arange(2_000) < 50
    used = np.asarray(kind.matrix[broad].sum(axis=0)).ravel()
    naive = kind.users * kind.breadth[broad].sum() / kind.matrix.nnz
    fitted = chances(kind.breadth, kind.users)[broad].sum(axis=0)
    for low, high in ((1, 3), (4, 10), (11, 40)):
        some = (kind.users >= low) & (kind.users <= high)
        assert abs(fitted[some].sum() / used[some].sum() - 1) < 0.04
    rare = kind.users <= 40
    assert (1 - np.exp(-naive[rare] / 50)).sum() * 50 < 0.95 * used[rare].sum(), "by breadth alone it is too few"


def test_nobody_and_everybody_come_to_an_end() -> None:
    reach, pull = fit_degrees(np.array([0, 2, 2]), np.array([2, 2, 0]))
    assert reach[0] == pull[2] == 0
    assert np.isfinite(reach).all()
    assert np.isfinite(pull).all()
    assert fit_degrees(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))[0].tolist() == []


def test_the_numbering_does_not_matter() -> None:
    dice = np.random.default_rng(1)
    breadth, users = dice.integers(1, 30, 200), dice.integers(1, 60, 150)
    one, two = dice.permutation(200), dice.permutation(150)
    reach, pull = fit_degrees(breadth, users)
    again = fit_degrees(breadth[one], users[two])
    assert again[0].tolist() == reach[one].tolist()
    assert again[1].tolist() == pull[two].tolist()
