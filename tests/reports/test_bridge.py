"""The weakest bridge against networkx."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.reports.bridge import Bridge, seam, weakest_bridge
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


def dense(sizes: tuple[int, ...], joined: int) -> nx.Graph:
    """Groups of accounts that share five entities each, and one entity that the first of every group uses."""
    graph, start = nx.Graph(), 0
    for size in sizes:
        graph.add_nodes_from((f"a{i:02d}" for i in range(start, start + size)), bipartite=0)
        for entity in range(5):
            name = ("ip", f"{start}-{entity}")
            graph.add_node(name, bipartite=1)
            graph.add_edges_from(((f"a{i:02d}", name) for i in range(start, start + size)), weight=6.0)
        for bridge in range(joined):
            graph.add_node(("device", str(bridge)), bipartite=1)
            graph.add_edge(f"a{start:02d}", ("device", str(bridge)), weight=3.0)
        start += size
    return graph


def test_two_groups_chained_by_one_entity_come_apart_there() -> None:
    found = seam(dense((4, 7), 2))
    assert found is not None
    assert (found.bits, found.apart, found.rest) == (6.0, ("a00", "a01", "a02", "a03"), 7)
    assert found.links[["kind", "entity"]].to_numpy().tolist() == [["device", "0"], ["device", "1"]]
    assert set(found.links["account_id"]) <= {"a00", "a04"}


@pytest.mark.filterwarnings("error")
def test_what_everybody_uses_is_worth_nothing_and_changes_no_seam() -> None:
    graph = dense((5, 6), joined=1)
    before = seam(graph)
    graph.add_node(("ip", "everybody"), bipartite=1)
    graph.add_edges_from(((account, ("ip", "everybody")) for account in accounts_of(graph)), weight=0.0)
    assert before is not None
    assert seam(graph) == before


@settings(max_examples=40, deadline=None)
@given(LINKS)
def test_a_seam_costs_what_it_says_and_is_no_lighter_than_the_best(links: dict[tuple[int, int], int]) -> None:
    graph = graph_of(links)
    found = seam(graph)
    if found is None:
        return
    joined, rest = nx.Graph(graph), set(accounts_of(graph)) - set(found.apart)
    joined.add_weighted_edges_from([("source", a, 1e6) for a in found.apart] + [(a, "sink", 1e6) for a in rest])
    assert nx.minimum_cut_value(joined, "source", "sink", capacity="weight") == pytest.approx(found.bits)
    assert (len(found.apart), found.rest) == (3, 3)
    whole = weakest_bridge(graph)
    assert whole is not None
    assert found.bits >= whole.bits


def test_small_rings_have_no_seam(run: Run) -> None:
    assert seam(dense((2, 3), 1)) is None
    assert run.ring(RING_IDS[2]).seam is None
    big = run.ring(RING_IDS[0])
    assert big.seam is not None
    told = big.card().notes["weakest_bridge"][1]
    assert told.startswith("Into two parts it comes apart most easily so: Without links ")
