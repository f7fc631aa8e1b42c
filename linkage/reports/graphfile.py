"""Case graphs as files for Gephi and yEd."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import networkx as nx
from networkx.readwrite.gexf import GEXFWriter

from linkage.errors import StorageFault
from linkage.reports.shared import accounts_of, entities_of
from linkage.reports.visible import printable


class GraphFormat(StrEnum):
    """File formats: GraphML for yEd and Gephi, GEXF for Gephi."""

    GRAPHML = "graphml"
    GEXF = "gexf"


def portable(graph: nx.Graph) -> nx.Graph:
    """The case graph with nodes numbered ``n0``, ``n1``, … and plain attributes that XML can hold.

    Accounts come first, then entities. What is not printable in a text becomes its escape code, so two names that
    look alike stay two nodes.
    """
    nodes = [*accounts_of(graph), *entities_of(graph)]
    number = {node: f"n{i}" for i, node in enumerate(nodes)}
    made = nx.Graph()
    for node in nodes:
        name = node if isinstance(node, str) else node[1]
        attributes = {k: printable(v) if isinstance(v, str) else v for k, v in graph.nodes[node].items()}
        thing = "account" if isinstance(node, str) else "entity"
        made.add_node(number[node], **{**attributes, "label": printable(name), "type": thing})
    made.add_weighted_edges_from(
        sorted((number[a], number[b], w) if isinstance(a, str) else (number[b], number[a], w)
               for a, b, w in graph.edges(data="weight"))
    )
    return made


def write_graph(graph: nx.Graph, path: Path, form: GraphFormat, date: str) -> None:
    """Write a case graph; ``date`` (ISO 8601) stands in the GEXF file, so that the same run gives the same bytes.

    Raises:
        StorageFault: the file can't be written.
    """
    made = portable(graph)
    try:
        with path.open("wb") as file:
            if form is GraphFormat.GRAPHML:
                nx.write_graphml_xml(made, file)
            else:
                _write_gexf(made, file, date)
    except OSError as error:
        raise StorageFault(f"can't be written: {error}.", where=str(path), todo="Choose another file.") from error


def _write_gexf(graph: nx.Graph, file: object, date: str) -> None:
    writer = GEXFWriter(graph, encoding="utf-8", prettyprint=True, version="1.2draft")
    writer.xml.find("meta").set("lastmodifieddate", date)
    writer.write(file)
