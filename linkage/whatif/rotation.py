"""The cheapest rotation that dissolves a ring: which entities its operator would have to replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from linkage.model import AccountGraph, Verdict
from linkage.rings.codelength import Ints
from linkage.rings.counts import World
from linkage.rings.find import Measured
from linkage.whatif.changes import with_replaced
from linkage.whatif.remains import Remains, what_remains
from linkage.whatif.world import RunWorld, measured

NOT_SUSPECT = "no longer suspect"
NOTHING_LEFT = "nothing left"
GOALS: dict[str, Callable[[Remains], bool]] = {
    NOT_SUSPECT: lambda left: left.verdict != Verdict.SUSPECT,
    NOTHING_LEFT: lambda left: not left.stands,
}


@dataclass(frozen=True)
class Rotation:
    """``entities`` (by the run's numbers, heaviest first) to replace on ``accounts`` members until ``goal`` is met."""

    goal: str
    entities: tuple[int, ...]
    accounts: int


def rotations(world: RunWorld, members: Ints) -> list[Rotation]:
    """What it takes until a suspect ring is no longer suspect, and until no ring is left.

    Entities that two members or more use are replaced in one order, those first that add most bits to the members'
    log-odds; each member gets one of its own in their place. The shortest beginning of that order that does is given:
    it is enough, one entity less is not, and another choice may be cheaper. Nothing where no beginning does.
    """
    whole = measured(world.graph, members, world.world)
    order = heaviest(world.world, whole)

    def met(goal: str, entities: int) -> bool:
        graph = with_replaced(world.graph, members, order[:entities])
        return GOALS[goal](what_remains(graph, members, world.smallest))

    found, least = [], 0
    suspect = whole.verdicts.verdict[0] == Verdict.SUSPECT
    for goal in (NOT_SUSPECT, NOTHING_LEFT) if suspect else (NOTHING_LEFT,):
        number = first_enough(partial(met, goal), least, len(order))
        if number is not None:
            found.append(Rotation(goal, tuple(order[:number]), _touched(world.graph, members, order[:number])))
            least = max(number - 1, 0)
    return found


def heaviest(world: World, whole: Measured) -> list[int]:
    """Entities that two members or more use (by the run's numbers), those with most bits over all members first.

    Bits are what the entity adds to the log-odds of its users; those outside the profile follow, by k log2(N/d).
    """
    number, weight, rarity = [], [], []
    for background, counts, made in zip(world.kinds, whole.counts.kinds, whole.made.kinds, strict=True):
        if background.incidence.kind.window:
            continue
        shared = counts.k >= 2
        entity, k = counts.entity[shared], counts.k[shared]
        row = made.weight.getrow(0).toarray().ravel()
        having = max(int(np.count_nonzero(background.breadth)), 1)
        number.append(background.incidence.entities[entity])
        weight.append(np.round(k * np.maximum(row[entity], 0.0), 3))
        rarity.append(np.round(k * np.log2(having / background.users[entity]), 3))
    numbers = np.concatenate([np.zeros(0, np.int64), *number])
    order = np.lexsort((numbers, -np.concatenate([np.zeros(0), *rarity]), -np.concatenate([np.zeros(0), *weight])))
    return [int(n) for n in numbers[order]]


def first_enough(met: Callable[[int], bool], least: int, most: int) -> int | None:
    """The smallest number that meets it, sought by halves between ``least`` (which may not) and ``most``."""
    if met(least):
        return least
    if not met(most):
        return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if met(middle) else (middle, most)
    return most


def _touched(graph: AccountGraph, members: Ints, entities: list[int]) -> int:
    """Members that use any of the entities."""
    uses = np.zeros(len(members), dtype=bool)
    for incidence in graph.kinds:
        chosen = np.isin(incidence.entities, entities)
        uses |= np.asarray(incidence.matrix[members] @ chosen.astype(np.int64)) > 0
    return int(uses.sum())
