from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.config import Method
from linkage.errors import InputRefused
from linkage.validation.power import RECIPES, curve, power_curve, wholeness
from tests.rings.graphs import b_cubed, chance_world


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_wholeness_account_by_account(seed: int) -> None:
    dice = np.random.default_rng(seed)
    true, found = dice.integers(-1, 3, 30), dice.integers(-1, 4, 30)
    measured = wholeness(true, found)
    for ring in range(int(true.max()) + 1):
        members = {int(a): "ring" for a in np.flatnonzero(true == ring)}
        if members:
            precision, recall = b_cubed(members, found)
            assert measured[ring] == pytest.approx(2 * precision * recall / (precision + recall))


def test_the_curve_counts_rings_by_the_bits_that_they_save() -> None:
    steps = curve(np.array([-5.0, 0.0, 9.9, 10.0, 500.0]), np.array([0.2, 0.9, 0.5, 1.0, 0.95]))
    assert [(s.low, s.high) for s in steps[:2]] == [(-math.inf, 0.0), (0.0, 10.0)]
    assert [(s.found.hits, s.found.answers) for s in steps] == [
        (0, 1), (1, 2), (1, 1), (0, 0), (0, 0), (0, 0), (0, 0), (1, 1)
    ]  # fmt: skip
    assert steps[1].mean_f1 == pytest.approx(0.7)
    assert math.isnan(steps[3].mean_f1)


def test_strong_rings_are_found_and_weak_ones_are_not() -> None:
    found = power_curve(chance_world(8, 500), Method(), 1, 1, lambda done, total: None)
    assert (found.graphs, found.accounts, found.rings) == (1, 500, len(RECIPES))
    assert sum(s.found.answers for s in found.steps) == len(RECIPES)
    weak, strong = found.steps[0], [s for s in found.steps if s.low >= 40]
    assert weak.found.hits <= 0.1 * weak.found.answers
    assert weak.found.answers >= 3
    assert sum(s.found.answers for s in strong) >= 3
    assert sum(s.found.hits for s in strong) >= 0.9 * sum(s.found.answers for s in strong)


def test_too_few_accounts_are_refused() -> None:
    with pytest.raises(InputRefused, match=r"100 accounts are too few to plant rings among\. It takes 432 or more\."):
        power_curve(chance_world(8, 100), Method(), 1, 1, lambda done, total: None)
