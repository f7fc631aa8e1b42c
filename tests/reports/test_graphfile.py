"""Graph files, read back."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

from linkage.errors import StorageFault
from linkage.reports.graphfile import GraphFormat, portable, write_graph
from linkage.reports.run import Run
from linkage.reports.visible import printable
from tests.small_run import RING_IDS

READERS = {GraphFormat.GRAPHML: nx.read_graphml, GraphFormat.GEXF: nx.read_gexf}


def named(graph: nx.Graph) -> set[frozenset[tuple[str, str, float]]]:
    """Links by the labels of their ends."""
    return {
        frozenset(
            [(graph.nodes[a]["type"], graph.nodes[a]["label"], w), (graph.nodes[b]["type"], graph.nodes[b]["label"], w)]
        )
        for a, b, w in graph.edges(data="weight")
    }


@pytest.mark.parametrize("form", GraphFormat)
def test_what_was_written_comes_back(run: Run, tmp_path: Path, form: GraphFormat) -> None:
    graph = run.ring(RING_IDS[0]).graph()
    write_graph(graph, tmp_path / "g", form, "2026-06-06")
    back = READERS[form](tmp_path / "g")
    expected = {
        frozenset(
            [
                ("account", printable(a if isinstance(a, str) else b), w),
                ("entity", printable((b if isinstance(a, str) else a)[1]), w),
            ]
        )
        for a, b, w in graph.edges(data="weight")
    }
    assert named(back) == expected
    assert len(back) == len(graph)
    exits = [d for _, d in back.nodes(data=True) if d["label"] == "198.51.100.7"]
    assert (exits[0]["kind"], exits[0]["users"], exits[0]["context"]) == ("ip", 22, "vpn")


@pytest.mark.parametrize("form", GraphFormat)
def test_no_character_is_left_that_xml_forbids_or_a_reader_obeys(run: Run, tmp_path: Path, form: GraphFormat) -> None:
    write_graph(run.ring(RING_IDS[0]).graph(), tmp_path / "g", form, "2026-06-06")
    text = (tmp_path / "g").read_text(encoding="utf-8")
    assert not {c for c in text if not c.isprintable()} - {"\n"}
    assert "<script" not in text


@pytest.mark.parametrize("form", GraphFormat)
def test_the_same_graph_gives_the_same_bytes(run: Run, tmp_path: Path, form: GraphFormat) -> None:
    for name in ("one", "two"):
        write_graph(run.ring(RING_IDS[0]).graph(), tmp_path / name, form, "2026-06-06")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_names_that_look_alike_stay_two_nodes() -> None:
    graph = nx.Graph()
    graph.add_nodes_from(["a\x00", r"a\x00"], bipartite=0)
    made = portable(graph)
    assert len(made) == 2
    assert set(nx.get_node_attributes(made, "label").values()) == {r"a\x00"}


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StorageFault, match=r"none/g: can't be written: .* Choose another file\.$"):
        write_graph(run.ring(RING_IDS[0]).graph(), tmp_path / "none" / "g", GraphFormat.GEXF, "2026-06-06")
