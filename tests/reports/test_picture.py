"""Pictures: what they show, what they leave out, and that they are the same each time."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib.dates as mdates
import networkx as nx
import pandas as pd
import pytest

from linkage.reports import picture
from linkage.reports.picture import draw_ring, draw_timeline, excerpt, svg
from linkage.reports.run import Run
from tests.small_run import EVIL_CARD, RING_IDS

SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn: str) -> str:
    """All text of a picture."""
    return "\n".join(ElementTree.fromstring(drawn).itertext())


def large_graph() -> nx.Graph:
    """80 accounts on 40 addresses, account j on j, j+1 and 39, address i with weight i; and all on one light device."""
    graph = nx.Graph()
    for j in range(80):
        graph.add_node(f"a{j:02d}", bipartite=0)
        for i in {j % 40, (j + 1) % 40, 39}:
            graph.add_node(("ip", f"{i:02d}"), bipartite=1, kind="ip")
            graph.add_edge(f"a{j:02d}", ("ip", f"{i:02d}"), weight=float(i))
        graph.add_node(("device", "light"), bipartite=1, kind="device")
        graph.add_edge(f"a{j:02d}", ("device", "light"), weight=0.01)
    return graph


def test_a_small_ring_is_drawn_whole(run: Run) -> None:
    graph = run.ring(RING_IDS[0]).graph()
    part = excerpt(graph)
    assert nx.utils.graphs_equal(part.graph, graph)
    assert part.rule == "All 15 accounts and all 10 entities that two share."


def test_a_large_ring_is_cut_by_the_stated_rule() -> None:
    graph = large_graph()
    part = excerpt(graph)
    totals = {e: sum(graph.edges[e, a]["weight"] for a in graph[e]) for e in graph if e[0] == "ip"}
    kept = {n for n in part.graph if isinstance(n, tuple)}
    assert len(kept) == picture.ENTITIES
    assert ("device", "light") in kept
    assert min(totals[e] for e in kept if e in totals) >= max(totals[e] for e in totals if e not in kept)
    assert len(part.graph) - len(kept) == picture.ACCOUNTS
    assert part.rule == (
        "Drawn: 24 of 41 shared entities, from each kind in turn those with the most bits over all members; "
        "and 60 of 80 accounts, those with the most bits over these."
    )
    assert "Drawn: 24 of 41" in " ".join(texts(svg(draw_ring(graph, "R"), "x")).split())


def test_the_same_graph_gives_the_same_text_whatever_the_order_of_its_nodes(run: Run) -> None:
    graph = run.ring(RING_IDS[0]).graph()
    shuffled = nx.Graph()
    shuffled.add_nodes_from(reversed(list(graph.nodes(data=True))))
    shuffled.add_edges_from(reversed([(b, a, d) for a, b, d in graph.edges(data=True)]))
    assert svg(draw_ring(graph, "R"), "x") == svg(draw_ring(shuffled, "R"), "x")


def test_the_salt_keeps_the_ids_of_two_pictures_apart(run: Run) -> None:
    figure = run.ring(RING_IDS[0]).draw()
    ids = [set(re.findall(r'clip-path="url\(#(\w+)\)', svg(figure, salt))) for salt in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_hostile_names_stay_text(run: Run) -> None:
    drawn = run.ring(RING_IDS[0]).svg()
    root = ElementTree.fromstring(drawn)
    assert not {e.tag.removeprefix(SVG) for e in root.iter()} & {"script", "img", "a", "foreignObject", "image"}
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert EVIL_CARD[:7] in texts(drawn)
    assert r"\x1b[31m" in texts(drawn)
    assert not [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href") and not v.startswith("#")]


def test_the_picture_names_kinds_and_ring(run: Run) -> None:
    said = texts(run.ring(RING_IDS[0]).svg())
    for word in ("R-AAAAAAAAAA", "account", "ip", "payment_method", "prompt_template", "198.51.100.7", "alpha-00"):
        assert word in said


def test_parts_that_share_nothing_are_drawn_side_by_side() -> None:
    graph = nx.Graph()
    for part in range(3):
        for a in range(2):
            graph.add_node(f"a{part}{a}", bipartite=0)
            graph.add_node(("ip", str(part)), bipartite=1, kind="ip")
            graph.add_edge(f"a{part}{a}", ("ip", str(part)), weight=1.0)
    where = picture._layout(graph)
    spans = [[where[n][0] for n in part] for part in nx.connected_components(graph)]
    spans.sort(key=min)
    assert all(max(left) < min(right) for left, right in pairwise(spans))


def test_a_notebook_shows_the_figure_by_itself(run: Run) -> None:
    assert run.ring(RING_IDS[2]).draw()._repr_svg_().startswith("<svg")


@pytest.mark.parametrize("count", [1, 3, 25])
def test_the_timeline_has_a_row_a_ring_up_to_its_limit(run: Run, count: int) -> None:
    members = run.ring(RING_IDS[0]).members
    figure = draw_timeline([(f"R-{i:02d}", members) for i in range(count)])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"R-{i:02d}" for i in range(min(count, picture.RINGS))]


def test_the_timeline_marks_creations_and_spans(run: Run) -> None:
    members = run.ring(RING_IDS[0]).members
    axes = draw_timeline([("R", members)]).axes[0]
    bars = {mdates.num2date(bar.get_x()): -bar.get_height() for bar in axes.patches}
    assert sorted(bars) == sorted(members["created"])  # one account every five hours, bars of an hour
    assert list(bars.values()) == pytest.approx([0.55] * 15)
    assert list(axes.lines[0].get_xdata()) == [members["first_seen"].min(), members["last_seen"].max()]


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [("2026-01-01 11:32", "2026-01-01 11:33", 1), ("2026-01-01 11:32", "2026-01-09 11:33", 2),
     ("2026-01-01 11:32", "2026-04-09 11:33", 24), ("2020-01-01", "2026-01-01", 19 * 24)],
)
def test_bars_are_as_wide_as_the_time_is_long(first: str, last: str, hours: int) -> None:
    created = pd.Series(pd.date_range(first, last, periods=50, tz="UTC"))
    bins = picture._bins([created])
    assert bins is not None
    assert bins[1] - bins[0] == pd.Timedelta(hours=hours)
    assert len(bins) <= picture.BINS + 2
    assert bins[0] <= created.min()
    assert bins[-1] > created.max()


def test_no_creations_no_bars() -> None:
    assert picture._bins([pd.Series([pd.NaT], dtype="datetime64[us, UTC]")]) is None


def test_a_ring_without_times_leaves_an_empty_row(run: Run) -> None:
    timeless = run.ring(RING_IDS[0]).members.assign(created=pd.NaT, first_seen=pd.NaT, last_seen=pd.NaT)
    known = run.ring(RING_IDS[1]).members
    assert "R-timeless" in texts(svg(draw_timeline([("R-timeless", timeless), ("R-known", known)]), "x"))


def test_members_that_share_nothing_are_drawn_alone() -> None:
    graph = nx.Graph()
    graph.add_nodes_from(["a", "b"], bipartite=0)
    assert "All 2 accounts and all 0 entities that two share." in texts(svg(draw_ring(graph, "R"), "x"))
