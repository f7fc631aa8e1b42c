"""What remains of a ring in a changed graph: who stays, what that saves, and what it would be taken for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.model import AccountGraph, Verdict
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, ring_world
from linkage.rings.find import Measured, forgeable_families
from linkage.rings.verdicts import is_ring
from linkage.whatif.world import measured

STEPS = 10  # rounds of leaving; rings settle in one to three


@dataclass(frozen=True)
class Remains:
    """Those of a ring's members who would stay, by number, and bits saved by describing them together.

    ``verdict`` is None when nothing would stand: fewer accounts than a ring needs, no bits saved, or a crowd that is no
    ring. ``support`` is the share of them that is tied by a family beside the strongest.
    """

    members: Ints
    saved: float
    verdict: Verdict | None
    support: float

    @property
    def stands(self) -> bool:
        """Whether a ring of some verdict would be left."""
        return self.verdict is not None


def what_remains(graph: AccountGraph, members: Ints, smallest: int) -> Remains:
    """Those of the members whose log-odds stay positive, asked again until nobody more leaves.

    The profile is made anew each time. Strangers who might join then, and other ways to cut the ring, are not sought.
    """
    world, stay = ring_world(graph), members
    for _ in range(STEPS):
        if len(stay) < smallest or not graph.kinds:
            return Remains(stay[:0], 0.0, None, 0.0)
        found = measured(graph, stay, world)
        kept = np.sort(found.pairs.account[found.pairs.total > 0])
        if len(kept) == len(stay):
            break
        stay = kept
    return _remains(world, found, found.pairs.account)


def _remains(world: World, found: Measured, stay: Ints) -> Remains:
    saved = float(np.round(found.scored.saved[0], 3))
    a_ring = is_ring(found.features, found.support, found.verdicts, forgeable_families(world))[0]
    verdict = Verdict(found.verdicts.verdict[0]) if saved > 0 and a_ring else None
    return Remains(stay, saved, verdict, float(found.support[0]))
