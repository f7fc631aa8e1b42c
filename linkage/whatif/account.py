"""One member of a ring: where it stands, and where it would stand if some of what it uses tied nobody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linkage.model import AccountGraph, Role, Verdict
from linkage.rings.codelength import Ints
from linkage.rings.counts import ring_world
from linkage.rings.decide import Limits
from linkage.rings.find import forgeable_families
from linkage.rings.tables import any_of, roles_of
from linkage.rings.verdicts import is_ring
from linkage.whatif.changes import without_entities, without_links
from linkage.whatif.rotation import first_enough
from linkage.whatif.world import RunWorld, measured

STRONGEST = 30  # ties that are tried one by one: each is measured anew
PRUNED = 12  # entities of a set up to which each is tried again for whether the others would do without it


@dataclass(frozen=True)
class Standing:
    """Where an account stands: its log-odds for the ring in bits, its role (None: it would not be a member), and what
    the ring of the same members would be taken for (None: none would stand).
    """

    log_odds: float
    role: Role | None
    verdict: Verdict | None

    @property
    def member(self) -> bool:
        """Whether it would be counted as a member."""
        return self.role is not None


@dataclass(frozen=True)
class Change:
    """If these entities (by the run's numbers) tied nobody, or the logs had no kind of ``family``."""

    entities: tuple[int, ...]
    family: str | None
    then: Standing


@dataclass(frozen=True)
class Member:
    """A member of a ring, by the run's numbers."""

    world: RunWorld
    account: int
    ring: int

    @cached_property
    def members(self) -> Ints:
        """Everybody in the ring."""
        return self.world.members(self.ring)

    @cached_property
    def now(self) -> Standing:
        """As the run has it."""
        return self._standing(self.world.graph)

    @cached_property
    def ties(self) -> list[int]:
        """Entities of the ring's profile that it uses, those that add most to its log-odds first."""
        found = measured(self.world.graph, self.members, self.world.world)
        numbers, bits = [np.zeros(0, np.int64)], [np.zeros(0)]
        for background, made in zip(self.world.world.kinds, found.made.kinds, strict=True):
            if background.incidence.kind.window:
                continue
            row = background.incidence.matrix.getrow(self.account).indices
            profile, weight = made.own_weight.indices, np.round(made.own_weight.data, 3)
            used = np.isin(profile, row) & (weight > 0)
            numbers.append(background.incidence.entities[profile[used]])
            bits.append(weight[used])
        numbers_all = np.concatenate(numbers)
        return [int(n) for n in numbers_all[np.lexsort((numbers_all, -np.concatenate(bits)))]]

    @cached_property
    def without_each(self) -> list[Change]:
        """Each of the thirty strongest ties taken away alone."""
        return [self._without([entity]) for entity in self.ties[:STRONGEST]]

    @cached_property
    def without_families(self) -> list[Change]:
        """Each family that it has ties of taken away, by name."""
        families = sorted({
            i.kind.family for i in self.world.graph.kinds if np.isin(self.ties, i.entities).any()
        })  # fmt: skip
        return [Change((), f, self._standing(self.world.without_family(f))) for f in families]

    @cached_property
    def unplanted(self) -> Change | None:
        """If its ties of kinds that anyone can put on an account had been put there; None where it has no such tie."""
        forged = [i.entities for i in self.world.graph.kinds if i.kind.forgeable]
        planted = [entity for entity in self.ties if any(np.isin(entity, e) for e in forged)]
        if not planted:
            return None
        return Change(tuple(planted), None, self._standing(without_links(self.world.graph, self.account, planted)))

    @cached_property
    def enough(self) -> Change | None:
        """A set of ties without which it would be no member, none of them to spare; None where all are not enough.

        Taken away one after the other, those that add most first, until it is none; of up to twelve each is then tried
        again. Other sets may do as well, and one may be smaller.
        """
        number = first_enough(lambda n: not self._without(self.ties[:n]).then.member, 0, len(self.ties))
        if number is None:
            return None
        chosen = self.ties[:number]
        for entity in chosen[::-1] if number <= PRUNED else []:
            fewer = [other for other in chosen if other != entity]
            chosen = chosen if self._without(fewer).then.member else fewer
        return self._without(chosen)

    def _without(self, entities: Collection[int]) -> Change:
        graph = without_entities(self.world.graph, entities) if entities else self.world.graph
        return Change(tuple(entities), None, self._standing(graph))

    def _standing(self, graph: AccountGraph) -> Standing:
        if not graph.kinds:
            return Standing(0.0, None, None)
        world = ring_world(graph)
        found = measured(graph, self.members, world)
        mine = int(np.flatnonzero(found.pairs.account == self.account)[0])
        total = float(np.round(found.pairs.total[mine], 3))
        roles = roles_of(world, found.pairs, any_of(found.beside(Limits.of(self.world.method).shield)))[0]
        role = Role(roles[mine]) if total > 0 else None
        stands = found.scored.saved[0] > 0 and bool(
            is_ring(found.features, found.support, found.verdicts, forgeable_families(world))[0]
        )
        return Standing(total, role, Verdict(found.verdicts.verdict[0]) if stands else None)
