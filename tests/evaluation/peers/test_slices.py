from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from scipy.stats import gamma

from linkage.evaluation.peers import bipartite
from linkage.evaluation.peers.slices import RANKS, Peak, Views, grow, prefixes, ranked_groups, seed_order
from tests.evaluation.peers.toys import ACCOUNTS, edges, links, two_kinds


def mass_by_hand(views: Views, group: list[int], kind: int) -> float:
    """Weight of all pairs inside a group in one view."""
    matrix = views.matrix.toarray()
    return float(sum(
        views.weight[e] * n * (n - 1) / 2
        for e in np.flatnonzero(views.kind == kind) for n in [matrix[group, e].sum()]
    ))


@given(edges)
def test_prefixes_equal_groups_counted_one_by_one(pairs: set[tuple[int, int]]) -> None:
    views = Views.of(bipartite(links(pairs), ACCOUNTS))
    assume(views.graph.entities)
    order = np.random.default_rng(len(pairs)).permutation(ACCOUNTS)
    scores = prefixes(views, order)
    assert scores[0] == 0
    for size in range(2, ACCOUNTS + 1):
        mass = np.array([[mass_by_hand(views, order[:size].tolist(), k) for k in range(views.graph.kinds)]])
        assert scores[size - 1] == pytest.approx(views.unlikelihood(np.array([size]), mass)[0])


def test_suspiciousness_is_the_gamma_density_of_views_denser_than_the_mean() -> None:
    views = Views.of(bipartite(links(two_kinds(6, 4, 8)), 32))
    mass = np.array([[40.0, 1e-6]])  # the second view is emptier than the mean: it says nothing
    expected = -gamma.logpdf(40.0, a=15, scale=views.mean[0])
    assert views.unlikelihood(np.array([6]), mass)[0] == pytest.approx(expected)


def test_the_mean_of_a_view_is_its_mass_over_all_pairs() -> None:
    views = Views.of(bipartite(links(two_kinds(6, 4, 8)), 32))
    everybody = list(range(32))
    for kind in range(2):
        assert views.mean[kind] * 32 * 31 / 2 == pytest.approx(mass_by_hand(views, everybody, kind))


def test_seeds_have_three_users_and_the_first_is_the_least_likely() -> None:
    pairs = {(a, 0) for a in range(10)} | {(a, 2) for a in range(10, 12)} | {(a, 4) for a in range(12, 30)}
    views = Views.of(bipartite(links(pairs), 100))
    assert sorted(views.users[seed_order(views)].tolist()) == [10, 18]
    assert views.users[seed_order(views)[0]] == 18


@pytest.mark.parametrize("peak", list(Peak))
def test_a_group_grows_from_half_of_its_accounts(peak: Peak) -> None:
    pairs = {(a, e) for a in range(10) for e in (0, 1)} | {(a, 4) for a in range(5)}
    pairs |= {(a, 10 + 2 * (a // 2)) for a in range(10, 200)}
    views = Views.of(bipartite(links(pairs), 200))
    score, group = grow(views, np.arange(5), peak)
    assert group.tolist() == list(range(10))
    assert score > 0


def test_ranked_groups_find_planted_ones() -> None:
    found = dict(ranked_groups(bipartite(links(two_kinds(12, 6, 100)), 172)))
    assert list(found) == [f"{peak}, {count} groups" for peak, ranks in RANKS.items() for count in ranks]
    labels = found["first peak, 400 groups"]
    assert all(len(set(labels[6 * g : 6 * g + 6])) == 1 for g in range(12))
    assert len(set(labels[:72].tolist())) == 12
    assert (labels[:72] >= 0).all()


def test_no_links_give_no_groups() -> None:
    for _, labels in ranked_groups(bipartite(links(set()), 3)):
        assert labels.tolist() == [-1] * 3
