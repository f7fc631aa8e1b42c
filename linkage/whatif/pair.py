"""Why two accounts are not in one ring: what uniting their rings, or making one of what they share, would save."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.reports.card import Card
from linkage.reports.pair import Pair
from linkage.reports.run import Run
from linkage.reports.visible import shortened
from linkage.reports.words import bits, count, listed, records
from linkage.rings.codelength import Ints
from linkage.rings.counts import count as counted
from linkage.rings.counts import groups_of
from linkage.rings.inside import cut_saves
from linkage.rings.picks import in_common
from linkage.rings.score import score
from linkage.whatif.world import RunWorld, load_world, measured

TRIED = 5  # shared entities whose users are tried as a group, the rarest first
WIDEST = 2_000  # users above which an entity's users are not tried: no pair is explained by what so many use
LONGEST = 40  # characters of a value


@dataclass(frozen=True)
class Apart:
    """Two accounts of a run that are not in one ring."""

    run: Run
    pair: Pair
    world: RunWorld

    @property
    def told(self) -> list[str]:
        """The reasons in sentences; none where both are in one ring."""
        rings = [account.row["ring"] for account in (self.pair.a, self.pair.b)]
        if self.pair.same_ring:
            return []
        if None not in rings:
            return self.union(int(rings[0]), int(rings[1]))
        return self.groups() if rings == [None, None] else self._rarest()

    def union(self, first: int, second: int) -> list[str]:
        """What one ring of both would save, beside the two."""
        names = {int(row["ring"]): str(row["ring_id"]) for row in records(self.run.rings)}
        a, b = (self.world.members(ring) for ring in (first, second))
        apart = self._saved(a) + self._saved(b)
        together = self._saved(np.union1d(a, b))
        both = f"{names[first]} and {names[second]}"
        said = (
            f"As one ring {both} would save {bits(together)}, as two they save {bits(apart)}: uniting them would cost "
            f"{bits(apart - together)}."
            if together <= apart else
            f"As one ring {both} would save {bits(together)}, {bits(together - apart)} more than as two."
        )
        return [said, *self._cut(first, second, together > apart)]

    def _cut(self, first: int, second: int, better: bool) -> list[str]:
        """What cutting the rings' common cluster saves; or that the search did not try them together."""
        cluster = self.world.cluster
        if cluster[first] != cluster[second]:
            return ["They come from different clusters, and the search did not unite them."] if better else []
        rings = np.flatnonzero(cluster == cluster[first])
        labels = np.where(np.isin(self.world.ring, rings), self.world.ring, -1)
        whole = np.where(labels >= 0, 0, -1).astype(np.int64)
        world, cluster_of = self.world.world, groups_of(whole, 1)
        found, common = score(world, counted(world, cluster_of)), in_common(world, cluster_of)
        saves = float(cut_saves(world, found, whole, labels.astype(np.int64), common)[0])
        parts = count(len(rings), "ring")
        return [
            f"Both are parts of one cluster, linked as a whole; told as its {parts} it takes {bits(saves)} less to "
            "describe than told as one." if saves > 0 else
            f"Both are parts of one cluster, linked as a whole, which was cut into {parts} on the way."
        ]

    def groups(self) -> list[str]:
        """What the users of the rarest entities that both share would save as a group, for two in no ring."""
        rows = records(self.pair.shared[self.pair.shared["all_accounts"] <= WIDEST].head(TRIED))
        return self._rarest() + [self._as_group(f"{row['kind']}:{row['entity']}") for row in rows]

    def _as_group(self, entity: str) -> str:
        """What the users of an entity would save as one ring."""
        users, name = self._users(entity), shortened(entity, LONGEST)
        if len(users) < self.world.smallest:
            return f"Only {count(len(users), 'account')} use {name}; a ring has {self.world.smallest} or more."
        found = measured(self.world.graph, users, self.world.world)
        saved, families = float(found.scored.saved[0]), self.world.world.families
        carried = zip(families, found.scored.family_bits[:, 0].tolist(), strict=True)
        named = listed([f"{family} {bits(carries)}" for family, carries in carried if carries > 0])
        said = f"The {len(users):,} accounts that use {name} would save {bits(saved)} as a group"
        said += f" (evidence: {named})" if named else ""
        if saved <= 0:
            return f"{said}: {bits(-saved)} too few for a ring."
        return f"{said}, yet what else they use ties them elsewhere, or to nobody."

    def _rarest(self) -> list[str]:
        if self.pair.shared.empty:
            return []
        row = records(self.pair.shared.head(1))[0]
        return [
            f"The rarest thing that they share, {row['kind']}:{shortened(row['entity'], LONGEST)}, is used by "
            f"{row['all_accounts']:,} of {row['all_accounts_with_kind']:,} accounts: worth {bits(row['bits'])}."
        ]

    def _users(self, name: str) -> Ints:
        number = self.run.entity(name).number
        rows = self.run.store.query("SELECT account FROM links WHERE entity = $entity ORDER BY account", entity=number)
        return rows["account"].to_numpy(dtype=np.int64)

    def _saved(self, members: Ints) -> float:
        return float(np.round(measured(self.world.graph, members, self.world.world).scored.saved[0], 3))


def pair_card(run: Run, a: str, b: str) -> Card:
    """The card of two accounts with, where they are not in one ring, what uniting or grouping them would save.

    Raises:
        NotFound: one of the accounts is unknown, or both are the same.
        StorageFault: a table of the run is missing or can't be read.
    """
    pair = run.why(a, b)
    card = pair.card()
    if pair.same_ring:
        return card
    more = Apart(run, pair, load_world(run)).told
    return Card(card.title, card.facts, card.tables, {**card.notes, "why_not": [*card.notes["why_not"], *more]})
