"""Every peer by name, with the settings that it may try.

A peer yields one clustering per setting, what people run by default first. Whoever compares may give it the best of
them in hindsight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers.dense import dense_blocks
from linkage.evaluation.peers.graph import Bipartite, Floats, NotRun
from linkage.evaluation.peers.pairs import pair_scores
from linkage.evaluation.peers.partitions import components, label_propagation, leiden, louvain, projected_louvain
from linkage.evaluation.peers.slices import ranked_groups
from linkage.evaluation.peers.splink_model import splink_clusters

CAPS = (10, 50)
RESOLUTIONS = (1.0, 0.5, 2.0, 4.0, 8.0, 16.0)
PROJECTED_CAPS = (50, 200, 1_000_000)
PROJECTED_RESOLUTIONS = (1.0, 4.0)
Settings = Iterator[tuple[str, Labels]]


@dataclass(frozen=True)
class Peer:
    """A method to compare with: ``clusterings`` yields (setting, label per account), the default first.

    ``simple`` peers take seconds on a large graph.
    """

    name: str
    clusterings: Callable[[Bipartite], Settings]
    simple: bool = False


def _components(cap: int, graph: Bipartite) -> Settings:
    yield f"cap {cap}", components(graph, cap)


def _plain(graph: Bipartite) -> None:
    return None


def _rarity(graph: Bipartite) -> Floats:
    return np.maximum(graph.bits, 0.0)


def _resolutions(
    method: Callable[[Bipartite, Floats | None, float], Labels],
    weights: Callable[[Bipartite], Floats | None],
    graph: Bipartite,
) -> Settings:
    for resolution in RESOLUTIONS:
        yield f"resolution {resolution:g}", method(graph, weights(graph), resolution)


def _propagation(graph: Bipartite) -> Settings:
    yield "plain", label_propagation(graph, None)
    yield "rarity weights", label_propagation(graph, _rarity(graph))


def _projected(graph: Bipartite) -> Settings:
    largest = int(graph.users.max(initial=0))
    for tried, cap in enumerate(PROJECTED_CAPS):
        if tried and PROJECTED_CAPS[tried - 1] >= largest:
            return  # a larger cap changes nothing
        name = f"degree <= {cap}" if cap < max(PROJECTED_CAPS) else "no cap"
        for resolution in PROJECTED_RESOLUTIONS:
            try:
                yield f"{name}, resolution {resolution:g}", projected_louvain(graph, cap, resolution)
            except NotRun:
                if tried:
                    return  # a smaller cap fitted
                raise


PEERS = (
    *(Peer(f"components, degree <= {cap}", partial(_components, cap), simple=True) for cap in CAPS),
    Peer("Leiden, plain", partial(_resolutions, leiden, _plain), simple=True),
    Peer("Leiden, rarity weights", partial(_resolutions, leiden, _rarity), simple=True),
    Peer("Louvain, plain", partial(_resolutions, louvain, _plain)),
    Peer("Louvain, rarity weights", partial(_resolutions, louvain, _rarity)),
    Peer("label propagation", _propagation),
    Peer("projected Louvain", _projected),
    Peer("pair scores", pair_scores),
    Peer("Splink", splink_clusters),
    Peer("FRAUDAR-like blocks", dense_blocks),
    Peer("SliceNDice-like groups", ranked_groups),
)


def peers(graph: Bipartite) -> Iterator[tuple[str, Labels]]:
    """Name and labels of every simple peer with its default setting, one after the other."""
    for peer in PEERS:
        if peer.simple:
            _, labels = next(peer.clusterings(graph))
            yield peer.name, labels
