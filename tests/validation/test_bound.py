from __future__ import annotations

import numpy as np
import pytest

from linkage.config import Method
from linkage.rings import counts
from linkage.rings import score as module
from linkage.validation.bound import check_bound, fixed_groups, sampled
from linkage.validation.exceedance import BROKEN
from tests.rings.graphs import NETWORK, PAYMENT, chance_links, chance_world, graph_of, heavy_tailed


def quiet(done: int, total: int) -> None:
    pass


def test_the_bound_holds_on_graphs_that_chance_made() -> None:
    told: list[tuple[int, int]] = []
    found = check_bound(chance_world(5, 250), Method(), 3, 1, lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert (found.graphs, found.accounts, found.rings, found.discovered.hits) == (3, 250, 0, 0)
    assert found.candidates > 100
    assert found.best < 0
    assert [level.exceeded for level in found.any_candidate] == [0] * 6
    assert {way: level[0].tried for way, level in found.fixed.items()} == {
        "random": 120, "random, by breadth": 120, "broadest": 3 * 4 * 4,
    }  # sizes 3, 10, 30 and 100  # fmt: skip
    assert found == check_bound(chance_world(5, 250), Method(), 3, 1, quiet), "the seed alone decides"


def test_a_code_that_does_not_pay_for_names_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "group_naming", lambda accounts, size: np.zeros(len(size)))
    found = check_bound(chance_world(5, 400), Method(), 4, 1, quiet)
    assert found.best > 6
    assert found.any_candidate[3].finding == BROKEN


def test_rates_without_breadth_are_found_out_by_groups_that_were_fixed_beforehand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The names of 40 accounts would hide it: the part of the code that is about links must hold on its own."""
    dice = np.random.default_rng(4)
    breadth = np.where(np.arange(400) < 40, 60, 2)
    graph = graph_of(400, [(kind, chance_links(dice, breadth, heavy_tailed(dice, 300))) for kind in (NETWORK, PAYMENT)])
    good = check_bound(graph, Method(), 4, 1, quiet)
    assert good.fixed["broadest"][0].exceeded == 0
    monkeypatch.setattr(counts, "fit_degrees", lambda breadth, users: (np.full(400, users.sum() / 400), users * 1.0))
    bad = check_bound(graph, Method(), 4, 1, quiet)
    assert bad.fixed["broadest"][5].finding == BROKEN


def test_a_sample_keeps_the_links_of_the_accounts_drawn() -> None:
    graph = chance_world(1, 300)
    assert sampled(graph, 0, 1) is sampled(graph, 300, 1) is graph
    part = sampled(graph, 100, 1)
    assert part.accounts == 100
    rows = np.sort(np.random.default_rng(1).permutation(300)[:100])
    assert [k.matrix.nnz for k in part.kinds] == [int(k.breadth[rows].sum()) for k in graph.kinds]


def test_fixed_groups_look_at_breadth_alone() -> None:
    graph = chance_world(1, 300)
    groups = fixed_groups(graph, 1)
    sizes = np.repeat([3, 10, 30, 100], 10).tolist()
    assert np.diff(groups["random"].indptr).tolist() == sizes
    total = np.sum([k.breadth for k in graph.kinds], axis=0)
    mean = {way: float(total[matrix.indices].mean()) for way, matrix in groups.items()}
    assert mean["random"] < mean["random, by breadth"] < mean["broadest"]
    most = groups["broadest"][0].indices
    assert graph.kinds[0].breadth[most].min() >= np.sort(graph.kinds[0].breadth)[-3]
