from __future__ import annotations

import numpy as np
import pytest

from linkage.validation.planted import Recipe, plant
from tests.rings.graphs import chance_world


def test_links_of_members_lead_to_new_entities_and_nobody_else_is_touched() -> None:
    graph = chance_world(1, 200)
    planted, labels = plant(graph, [Recipe(4, 1.0), Recipe(12, 0.0), Recipe(9, 0.5)], np.random.default_rng(1))
    assert np.bincount(labels + 1).tolist() == [175, 4, 12, 9]
    for before, after in zip(graph.kinds, planted.kinds, strict=True):
        width = before.matrix.shape[1]
        others = (labels < 0) | (labels == 1)
        assert (after.matrix[others][:, :width] != before.matrix[others]).nnz == 0
        assert after.matrix[others][:, width:].nnz == 0
        assert after.matrix[labels == 0][:, :width].nnz == 0, "every link leads to the pool"
        assert after.matrix.shape[1] - width == 2 + 4 + 3
        assert (after.breadth <= before.breadth).all()
        assert ((after.breadth > 0) == (before.breadth > 0)).all()
    numbers = np.concatenate([kind.entities for kind in planted.kinds])
    assert len(np.unique(numbers)) == len(numbers), "entities of two kinds never share a number"


def test_a_share_of_the_links_is_moved() -> None:
    graph = chance_world(2, 600)
    planted, labels = plant(graph, [Recipe(300, 0.25)], np.random.default_rng(1))
    members, kind = labels == 0, planted.kinds[1]
    width = graph.kinds[1].matrix.shape[1]
    assert kind.matrix[members][:, width:].nnz / graph.kinds[1].matrix[members].nnz == pytest.approx(0.25, abs=0.03)


def test_too_many_members_are_refused() -> None:
    with pytest.raises(ValueError, match="60 members do not fit into 50 accounts"):
        plant(chance_world(1, 50), [Recipe(30, 0.5), Recipe(30, 0.5)], np.random.default_rng(1))
