"""Where a ring is weakest: the lightest set of links whose removal leaves some of its members apart."""

from __future__ import annotations

from dataclasses import dataclass

import igraph
import networkx as nx

from linkage.reports.shared import accounts_of
from linkage.reports.visible import printable
from linkage.reports.words import bits, count, listed

NAMED = 5  # accounts named in the sentence


@dataclass(frozen=True)
class Bridge:
    """``bits`` of links to cut so that ``apart``, the smaller side, shares nothing with the other ``rest`` members."""

    bits: float
    apart: tuple[str, ...]
    rest: int

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        names = [printable(a) for a in self.apart[:NAMED]]
        more = len(self.apart) - len(names)
        who = listed(names + ([f"{more} more"] if more else []))
        rest = count(self.rest, "other member")
        if self.bits == 0:
            return f"No chain of shared entities joins {who} to the {rest}."
        return f"Without links worth {bits(self.bits)}, {who} would stand apart from the {rest}."


def weakest_bridge(graph: nx.Graph) -> Bridge | None:
    """The lightest cut between two of the graph's accounts; None when it has fewer than two accounts.

    A minimum cut between the first account and each other one (igraph's push-relabel), the lightest of them: any cut
    that parts the accounts parts the first from some other. Cuts that part only entities do not count. Of equal cuts
    the one found first in order of account id is taken. Weights are ``weight``, in bits.
    """
    accounts = accounts_of(graph)
    if len(accounts) < 2:
        return None
    nodes = [*accounts, *sorted(set(graph) - set(accounts))]
    number = {node: i for i, node in enumerate(nodes)}
    edges = sorted((number[a], number[b], w) if number[a] < number[b] else (number[b], number[a], w)
                   for a, b, w in graph.edges(data="weight"))
    flow = igraph.Graph(len(nodes), [(a, b) for a, b, _ in edges])
    capacity = [w for _, _, w in edges]
    cuts = (flow.mincut(0, i, capacity=capacity) for i in range(1, len(accounts)))
    best = min(cuts, key=lambda cut: round(cut.value, 3))
    sides = [[accounts[i] for i in side if i < len(accounts)] for side in best.partition]
    apart, rest = sorted(sides, key=lambda side: (len(side), side))
    return Bridge(round(best.value, 3), tuple(apart), len(rest))
