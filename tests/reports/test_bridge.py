"""The weakest bridge against networkx."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.reports.bridge import Bridge, weakest_bridge
from linkage.reports.run import Run
from linkage.reports.shared import accounts_of
from tests.small_run import RING_IDS

LINKS = st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 6)), st.integers(1, 9), min_size=1)


def graph_of(links: dict[tuple[int, int], int]) -> nx.Graph:
    """A case graph of six accounts."""
    graph = nx.Graph()
    graph.add_nodes_from((f"a{i}" for i in range(6)), bipartite=0)
    for (account, entity), weight in links.items():
        graph.add_node(("ip", str(entity)), bipartite=1)
        graph.add_edge(f"a{account}", ("ip", str(entity)), weight=float(weight))
    return graph


def lightest(graph: nx.Graph) -> float:
    """The lightest cut between any two accounts, by networkx."""
    return min(
        nx.minimum_cut_value(graph, a, b, capacity="weight") if nx.has_path(graph, a, b) else 0.0
        for a, b in combinations(accounts_of(graph), 2)
    )


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_no_cut_between_accounts_is_lighter(links: dict[tuple[int, int], int]) -> None:
    graph = graph_of(links)
    found = weakest_bridge(graph)
    assert found is not None
    assert found.bits == lightest(graph)
    assert len(found.apart) + found.rest == 6
    assert 1 <= len(found.apart) <= found.rest


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_the_cut_parts_the_accounts_that_it_names(links: dict[tuple[int, int], int]) -> None:
    graph = graph_of(links)
    found = weakest_bridge(graph)
    assert found is not None
    joined = nx.Graph(graph)
    rest = set(accounts_of(graph)) - set(found.apart)
    joined.add_weighted_edges_from([("source", a, 1e6) for a in found.apart] + [(a, "sink", 1e6) for a in rest])
    assert nx.minimum_cut_value(joined, "source", "sink", capacity="weight") == found.bits


def test_fewer_than_two_accounts_have_no_bridge() -> None:
    graph = nx.Graph()
    graph.add_node("alone", bipartite=0)
    assert weakest_bridge(graph) is None


def test_the_bystander_hangs_by_the_least(run: Run) -> None:
    bridge = run.ring(RING_IDS[0]).bridge
    assert bridge is not None
    assert bridge.text == (
        "Without links worth 11.6 bits (2 links to 1 payment method and 1 prompt template), alpha-06 would stand apart "
        "from the 14 other members."
    )


@pytest.mark.parametrize(
    ("bridge", "text"),
    [
        (Bridge(0.0, ("a", "\x1b"), 3), r"No chain of shared entities joins a and \x1b to the 3 other members."),
        (Bridge(2.5, tuple("abcdefg"), 9),
         "Without links worth 2.5 bits, a, b, c, d, e and 2 more would stand apart from the 9 other members."),
    ],
)
def test_the_sentence(bridge: Bridge, text: str) -> None:
    assert bridge.text == text
