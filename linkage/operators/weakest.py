"""The weakest link of an operator cluster: the tie without which it would be two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from linkage.operators.cluster import Tree
from linkage.operators.reasons import tie_text
from linkage.operators.ties import Tie, between
from linkage.operators.uses import Ints, KindUses


@dataclass(frozen=True)
class Weakest:
    """The rings on the smaller side of the weakest link, how many there are in all, and the tie."""

    part: Ints
    rings: int
    tie: Tie

    def text(self, kinds: list[str]) -> str:
        """It in words."""
        verb = "is" if len(self.part) == 1 else "are"
        return f"{len(self.part):,} of {self.rings:,} rings {verb} tied to the others by {tie_text(kinds, self.tie)}"


def weakest_link(kinds: list[KindUses], rings: Ints, trees: Iterable[Tree]) -> Weakest | None:
    """The part that is tied least to all the other ``rings``; None for a single ring.

    Asked are the parts from which the cluster was united, and each ring. Not guaranteed: that no other division of the
    rings has a weaker tie; there are 2^(rings - 1) - 1 of them.
    """
    everything = frozenset(rings.tolist())
    parts = {node.rings & everything for tree in trees for node in tree.nodes()} | {frozenset([r]) for r in everything}
    smaller = {min(part, everything - part, key=lambda side: (len(side), sorted(side))) for part in parts}
    found = []
    for part in smaller - {frozenset()}:
        side = np.array(sorted(part), dtype=np.int64)
        found.append((between(kinds, side, np.setdiff1d(rings, side)), side))
    if not found:
        return None
    tie, side = min(found, key=lambda entry: (entry[0].total, len(entry[1]), entry[1].tolist()))
    return Weakest(side, len(rings), tie)
