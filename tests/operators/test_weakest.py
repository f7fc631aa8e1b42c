from __future__ import annotations

import itertools

import numpy as np
import pytest

from linkage.operators.cluster import cluster_rings
from linkage.operators.ties import between
from linkage.operators.weakest import weakest_link
from tests.operators.made import joined, kinds_of, templates
from tests.operators.test_shared import operator

NAMES = ["template"]


def test_two_halves_that_one_pair_holds_together() -> None:
    """Rings 0 to 2 and 3 to 5 are tied by two templates that one ring of each uses; within a half by a dozen."""
    hinge = {(ring, "template", e): 4 for ring in (2, 3) for e in (500, 501)}
    kinds = kinds_of(joined(operator(0, 3, 0), operator(3, 3, 100), hinge))
    trees = cluster_rings(kinds, np.arange(6), 8.0)
    assert [sorted(tree.rings) for tree in trees] == [[0, 1, 2, 3, 4, 5]]
    found = weakest_link(kinds, np.arange(6), trees)
    assert found is not None
    assert (found.part.tolist(), found.rings) == ([0, 1, 2], 6)
    assert found.tie.total == between(kinds, np.array([0, 1, 2]), np.array([3, 4, 5])).total
    assert found.text(NAMES).startswith("3 of 6 rings are tied to the others by 2 templates that hardly anyone else")
    every = [
        between(kinds, np.array(part), np.setdiff1d(np.arange(6), part)).total
        for size in (1, 2, 3) for part in itertools.combinations(range(6), size)
    ]
    assert found.tie.total == min(every), "no other division has a weaker tie here"


def test_of_two_rings_it_is_their_tie_and_one_has_none() -> None:
    kinds = kinds_of(joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3)))
    trees = cluster_rings(kinds, np.arange(2), 8.0)
    found = weakest_link(kinds, np.arange(2), trees)
    assert found is not None
    assert (found.part.tolist(), found.tie.shared.tolist()) == ([0], [3])
    assert found.text(NAMES).startswith("1 of 2 rings is tied to the others by 3 templates")
    assert weakest_link(kinds, np.array([1]), []) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_loose_ring_is_found_whatever_its_number(seed: int) -> None:
    place = int(np.random.default_rng(seed).integers(0, 5))
    rings = [r for r in range(5) if r != place]
    uses = joined(*(templates(r, 1, 2, 3, 4, 5) for r in rings), templates(place, 5, members=1))
    found = weakest_link(kinds_of(uses), np.arange(5), [])
    assert found is not None
    assert found.part.tolist() == [place]
