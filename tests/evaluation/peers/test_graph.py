from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.evaluation.peers.graph import bipartite, joined
from tests.evaluation.peers.toys import ACCOUNTS, edges, links


def users_of(pairs: set[tuple[int, int]]) -> dict[int, set[int]]:
    return {e: {a for a, x in pairs if x == e} for _, e in pairs}


@given(edges)
def test_rarity_is_the_logarithm_of_accounts_with_the_kind_over_users(pairs: set[tuple[int, int]]) -> None:
    graph = bipartite(links(pairs), ACCOUNTS)
    kept = [(a, e) for a, e in sorted(pairs) if len(users_of(pairs)[e]) > 1]
    assert graph.account.tolist() == [a for a, _ in kept]
    for (_, e), bits, users in zip(kept, graph.bits, graph.users, strict=True):
        with_kind = {a for a, x in pairs if x % 2 == e % 2}
        assert users == len(users_of(pairs)[e])
        assert bits == pytest.approx(np.log2(len(with_kind) / users))


@given(edges)
def test_has_tells_who_uses_a_kind_at_all_and_kinds_part_the_links(pairs: set[tuple[int, int]]) -> None:
    graph = bipartite(links(pairs), ACCOUNTS)
    users = {frozenset(np.flatnonzero(column).tolist()) for column in graph.has.T}
    assert users == {frozenset(a for a, e in pairs if e % 2 == odd) for odd in (0, 1) if any(
        e % 2 == odd for _, e in pairs)}
    kept = [e % 2 for a, e in sorted(pairs) if len(users_of(pairs)[e]) > 1]
    assert len(set(zip(graph.kind.tolist(), kept, strict=True))) == len(set(kept))


@given(edges, st.integers(1, 12))
def test_a_capped_graph_has_the_links_of_small_entities(pairs: set[tuple[int, int]], cap: int) -> None:
    graph = bipartite(links(pairs), ACCOUNTS).capped(cap)
    small = [(a, e) for a, e in sorted(pairs) if 1 < len(users_of(pairs)[e]) <= cap]
    numbers = {e: i for i, e in enumerate(sorted({e for _, e in small}))}
    assert list(zip(graph.account.tolist(), graph.entity.tolist(), strict=True)) == [(a, numbers[e]) for a, e in small]
    assert graph.entities == len(numbers)
    assert graph.incidence().sum() == len(small)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_joined_nodes_are_the_components_of_networkx(pairs: list[tuple[int, int]]) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(9))
    graph.add_edges_from(pairs)
    low, high = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    labels = joined(low, high, 9)
    parts = {frozenset(np.flatnonzero(labels == c).tolist()) for c in set(labels.tolist())}
    assert parts == {frozenset(part) for part in nx.connected_components(graph)}
