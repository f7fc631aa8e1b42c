"""Chains of shared entities against networkx on the whole world."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.reports import path
from linkage.reports.path import Path, shortest_path
from linkage.reports.store import Store
from tests.small_run import ALL, LINKS, OTHERS, USERS

NAMES = st.sampled_from(ALL)


def world(widest: int) -> nx.Graph:
    """Every link to an entity with two users at least and ``widest`` at most."""
    graph = nx.Graph()
    graph.add_nodes_from(ALL)
    graph.add_edges_from((a, (k, v)) for a, k, v in LINKS if 2 <= USERS[k, v] <= widest)
    return graph


def find(store: Store, a: str, b: str) -> Path:
    """The chain between two accounts."""
    return shortest_path(store, (ALL.index(a), a), (ALL.index(b), b))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES)
@pytest.mark.parametrize("widest", [60, 1000])
def test_as_short_as_networkx_finds_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, widest: int, a: str, b: str
) -> None:
    monkeypatch.setattr(path, "WIDEST", widest)
    graph, found = world(widest), find(store, a, b)
    if a == b:
        return
    assert found.complete
    assert found.found == nx.has_path(graph, a, b)
    if found.found:
        assert len(found.steps) - 1 == nx.shortest_path_length(graph, a, b) / 2
        nodes = list(found.steps["account_id"])
        entities = list(zip(found.steps["kind"], found.steps["entity"], strict=True))[:-1]
        assert (nodes[0], nodes[-1]) == (a, b)
        for before, entity, after in zip(nodes, entities, nodes[1:], strict=False):
            assert graph.has_edge(before, entity)
            assert graph.has_edge(entity, after)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES)
def test_read_backwards_it_is_the_chain_asked_for_the_other_way_round(store: Store, a: str, b: str) -> None:
    there, back = find(store, a, b).steps, find(store, b, a).steps
    assert there["account_id"].tolist() == back["account_id"].tolist()[::-1]
    assert there["entity"].tolist()[:-1] == back["entity"].tolist()[:-1][::-1]


def test_of_equal_chains_the_rarest_entities_are_taken(store: Store) -> None:
    steps = find(store, OTHERS[0], OTHERS[2]).steps  # both use the VPN exit, and templates that 80 accounts use
    assert steps["entity"].tolist()[0] == "198.51.100.7"


def test_a_search_cut_short_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "REACH", 10)
    assert not find(store, OTHERS[0], OTHERS[101]).complete
