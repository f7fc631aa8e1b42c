"""An attacker who frames honest people: values of a real ring, planted on accounts that have nothing to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from linkage.config import BUILT_IN_KINDS
from linkage.simulator.families import TOOL_TEMPLATES, TOOLS
from linkage.simulator.lives import Lives
from linkage.simulator.options import Options
from linkage.simulator.population import Population
from linkage.simulator.spec import EVADABLE
from linkage.simulator.streams import Ints, Streams, repeat_counts

FORGEABLE = tuple(kind for kind in EVADABLE if BUILT_IN_KINDS[kind].forgeable)  # free to put on a stranger's account
USES = 3  # at most, of one planted value


@dataclass(frozen=True)
class Planted:
    """Events that an attacker makes honest accounts have, in order of time (seconds): the value each shows."""

    account: Ints
    time: Ints
    value: Ints

    def between(self, start: int, end: int) -> Planted:
        """The events from ``start`` on and before ``end``."""
        first, past = np.searchsorted(self.time, [start, end])
        return Planted(self.account[first:past], self.time[first:past], self.value[first:past])


def plant(people: Population, life: Lives, tables: Mapping[str, Options], streams: Streams) -> dict[str, Planted]:
    """Plant values of the forgeable kinds on ``people.framer``'s victims; ``tables`` has each such kind's options.

    A victim gets at most ``people.spec.plant`` values, all of one ring, in equal parts of each kind that the ring has;
    none of them from a common tool. Each is used one to three times in the victim's life.
    """
    victims = np.flatnonzero(people.framer >= 0)
    rng = streams.part("planted")
    budget = np.full(len(victims), people.spec.plant)
    planted = {}
    for left, kind in zip(range(len(FORGEABLE), 0, -1), FORGEABLE, strict=True):
        victim, value = _picks(people, tables[kind], kind, victims, -(-budget // left), rng)
        budget = budget - np.bincount(victim, minlength=len(victims))
        planted[kind] = _events(life, victims[victim], value, rng)
    return planted


def _picks(
    people: Population, table: Options, kind: str, victims: Ints, most: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Up to ``most`` distinct values of its framer for each victim: the place in ``victims``, and the value."""
    pooled = np.zeros(people.accounts, dtype=bool)
    pooled[people.pooled(EVADABLE.index(kind))] = True
    telling = pooled[table.account] & ~((kind == "prompt_template") & (table.choice < TOOLS * TOOL_TEMPLATES))
    pairs = np.unique(np.column_stack([people.ring[table.account[telling]], table.choice[telling]]), axis=0)
    pairs = pairs[np.lexsort((rng.random(len(pairs)), pairs[:, 0]))]
    framer = people.framer[victims]
    first = np.searchsorted(pairs[:, 0], framer)
    offered = np.searchsorted(pairs[:, 0], framer, side="right") - first
    start = rng.integers(0, np.maximum(offered, 1))
    victim, place = repeat_counts(np.minimum(most, offered))
    return victim, pairs[first[victim] + (start[victim] + place) % np.maximum(offered, 1)[victim], 1]


def _events(life: Lives, account: Ints, value: Ints, rng: np.random.Generator) -> Planted:
    pick, _ = repeat_counts(rng.integers(1, USES + 1, len(account)))
    start, end = life.start[account[pick]], life.end[account[pick]]
    time = start + (rng.random(len(pick)) * (end - start)).astype(np.int64)
    order = np.lexsort((value[pick], account[pick], time))
    return Planted(account[pick][order], time[order], value[pick][order])
