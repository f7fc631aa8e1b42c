"""What is left of a ring without each family of evidence, without its strongest entities, and after a rotation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from linkage.model import AccountGraph
from linkage.reports.ring import Ring
from linkage.reports.words import count, listed, things
from linkage.rings.codelength import Ints
from linkage.whatif.changes import without_entities
from linkage.whatif.remains import what_remains
from linkage.whatif.rotation import NOT_SUSPECT, NOTHING_LEFT, Rotation, heaviest, rotations
from linkage.whatif.world import RunWorld, measured

STRONGEST = 3  # entities that are taken away one by one
_GOALS = {NOT_SUSPECT: "It is no longer suspect once", NOTHING_LEFT: "No ring is left once"}
LEFT = ["left", "accounts_left", "verdict_left"]


@dataclass(frozen=True)
class RingWithout:
    """A ring of a run, and what would be left of it. Columns of what is left: ``left`` (bits that those who stay
    save), ``accounts_left`` (who stays) and ``verdict_left`` (missing when no ring would stand).
    """

    ring: Ring
    world: RunWorld

    @cached_property
    def members(self) -> Ints:
        """The ring's accounts, by number."""
        return self.world.members(self.ring.number)

    @cached_property
    def without_family(self) -> pd.DataFrame:
        """One row for each family that carries bits, most first: family, bits, and what is left without it."""
        world, whole = self.world.world, measured(self.world.graph, self.members, self.world.world)
        carried = zip(world.families, np.round(whole.scored.family_bits[:, 0], 3).tolist(), strict=True)
        rows = [
            (family, carries, *self._left(self.world.without_family(family)))
            for family, carries in sorted(carried, key=lambda row: (-row[1], row[0])) if carries > 0
        ]
        return pd.DataFrame(rows, columns=["family", "bits", *LEFT])

    @cached_property
    def without_entity(self) -> pd.DataFrame:
        """The three entities with most bits over all members: kind, entity, k here, and what is left without each."""
        whole = measured(self.world.graph, self.members, self.world.world)
        strongest = heaviest(self.world.world, whole)[:STRONGEST]
        named = self._named(strongest)
        left = [self._left(without_entities(self.world.graph, [number])) for number in strongest]
        return pd.concat([named, pd.DataFrame(left, columns=LEFT)], axis=1)

    @cached_property
    def rotations(self) -> list[Rotation]:
        """See :func:`linkage.whatif.rotation.rotations`."""
        return rotations(self.world, self.members)

    @property
    def rotation_table(self) -> pd.DataFrame:
        """Every entity of the longest rotation, as they are replaced: kind, entity, k here, and the goal then met."""
        if not self.rotations:
            return self._named([]).assign(then=[])
        ends = {len(r.entities): r.goal for r in self.rotations[::-1]}
        table = self._named(list(self.rotations[-1].entities))
        return table.assign(then=pd.Series([ends.get(n) for n in range(1, len(table) + 1)], dtype=object))

    @property
    def rotation_told(self) -> list[str]:
        """The rotations in sentences."""
        told = []
        longest = self.rotations[-1:]
        for rotation in [r for r in self.rotations[:-1] if r.entities != longest[0].entities] + longest:
            kinds = self._named(list(rotation.entities))["kind"].value_counts()
            what = listed([things(int(kinds[kind]), str(kind)) for kind in sorted(kinds.index)])
            where = f"{rotation.accounts:,} of its {count(len(self.members), 'account')}"
            told.append(
                f"{_GOALS[rotation.goal]} {what} are replaced, on {where}."
                if rotation.entities else f"{_GOALS[rotation.goal]} its members are asked once more who belongs to it."
            )
        return told or ["No replacement of what its members share dissolves it."]

    def _left(self, graph: AccountGraph) -> tuple[float, int, str | None]:
        remains = what_remains(graph, self.members, self.world.smallest)
        return remains.saved, len(remains.members), None if remains.verdict is None else str(remains.verdict)

    def _named(self, entities: list[int]) -> pd.DataFrame:
        """Kind, entity and k here of the entities, in their order."""
        return self.ring.store.query(
            """
            WITH asked AS (SELECT unnest($entities)::INTEGER AS entity, unnest(range(len($entities))) AS place)
            SELECT e.kind, e.value AS entity, (
                SELECT count(*) FROM links l JOIN ring_members m USING (account)
                WHERE l.entity = a.entity AND m.ring = $ring) AS ring_accounts
            FROM asked a JOIN entities e USING (entity) ORDER BY a.place
            """,
            entities=entities, ring=self.ring.number,
        )
