"""The cells that large rings work in: parts that rent exits together and use the same wording of a template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.population import Population
from linkage.simulator.rings import AddressStyle, Rings
from linkage.simulator.streams import Ints, Streams, repeat_counts

CELL = 150  # accounts
OTHER_STYLE = 0.5  # share of the later cells of a ring
STYLE_SHARES = (0.30, 0.40, 0.30)  # as those of rings


@dataclass(frozen=True)
class Cells:
    """Parts of rings: a large ring does not hang all of its accounts on one provider, nor on one wording."""

    first: Ints  # of each ring
    count: Ints  # of each ring
    ring: Ints
    size: Ints
    style: Ints  # AddressStyle; a ring's first cell has the ring's

    def of(self, people: Population, accounts: Ints) -> Ints:
        """The cell of each of ``accounts``, all of them in rings."""
        ring = people.ring[accounts]
        return self.first[ring] + people.place[accounts] * self.count[ring] // people.rings.size[ring]


def cells_of(rings: Rings, streams: Streams) -> Cells:
    """Rings cut into cells of about CELL accounts; half of the later ones have a style of their own."""
    rng = streams.part("addresses cells")
    count = np.maximum(1, np.round(rings.size / CELL)).astype(np.int64)
    ring, place = repeat_counts(count)
    first, past = (-(-step * rings.size[ring] // count[ring]) for step in (place, place + 1))
    other = (place > 0) & (rng.random(len(ring)) < OTHER_STYLE)
    style = np.where(other, rng.choice(len(AddressStyle), len(ring), p=STYLE_SHARES), rings.address[ring])
    return Cells(np.cumsum(count) - count, count, ring, past - first, style)
