"""What is left of a ring, as tables and sentences."""

from __future__ import annotations

import pytest

from linkage.reports.run import Run
from linkage.whatif.changes import without_entities
from linkage.whatif.remains import what_remains
from linkage.whatif.ring import RingWithout
from linkage.whatif.rotation import NOT_SUSPECT, NOTHING_LEFT, Rotation
from linkage.whatif.world import RunWorld, measured


@pytest.fixture(scope="module")
def without(run: Run, world: RunWorld) -> RingWithout:
    """The first suspect ring."""
    return RingWithout(run.ring(run.rings["ring_id"].iloc[0]), world)


def test_each_family_with_what_is_left(without: RingWithout, world: RunWorld) -> None:
    table = without.without_family
    assert set(table["family"]) >= set(str(without.ring.row["families"]).split(","))
    assert table["bits"].is_monotonic_decreasing
    whole = measured(world.graph, without.members, world.world)
    for row in table.itertuples():
        carried = whole.scored.family_bits[world.world.families.index(row.family), 0]
        left = what_remains(world.without_family(row.family), without.members, world.smallest)
        assert (row.bits, row.left) == (pytest.approx(carried, abs=1e-3), left.saved)
        assert (row.accounts_left, row.verdict_left) == (len(left.members), left.verdict)


def test_the_strongest_entities_one_by_one(without: RingWithout, world: RunWorld, run: Run) -> None:
    table = without.without_entity
    assert len(table) == 3
    for row in table.itertuples():
        number = run.entity(f"{row.kind}:{row.entity}").number
        left = what_remains(without_entities(world.graph, [number]), without.members, world.smallest)
        assert (row.left, row.accounts_left, row.verdict_left) == (left.saved, len(left.members), left.verdict)
        rings = run.entity(f"{row.kind}:{row.entity}").rings.set_index("ring_id")
        assert rings.loc[without.ring.id, "ring_accounts"] == row.ring_accounts


def test_the_rotation_lists_its_entities_in_order(without: RingWithout) -> None:
    table, (soft, whole) = without.rotation_table, without.rotations
    assert len(table) == len(whole.entities)
    goals = table["then"].tolist()
    assert goals[-1] == (NOTHING_LEFT if len(whole.entities) > len(soft.entities) else NOT_SUSPECT)
    assert len(soft.entities) == 0 or goals[len(soft.entities) - 1] == NOT_SUSPECT
    assert [goal for goal in goals if goal] == list(dict.fromkeys(goal for goal in goals if goal))


def test_the_rotation_in_sentences(without: RingWithout, world: RunWorld) -> None:
    told = RingWithout(without.ring, world)
    entities = tuple(without.rotations[-1].entities)
    two = [Rotation(NOT_SUSPECT, (), 0), Rotation(NOTHING_LEFT, entities, 7)]
    told.__dict__["rotations"] = two
    assert told.rotation_told[0] == "It is no longer suspect once its members are asked once more who belongs to it."
    kinds = without.rotation_table["kind"].value_counts()
    assert told.rotation_told[1].startswith("No ring is left once ")
    assert told.rotation_told[1].endswith(f" are replaced, on 7 of its {len(without.members):,} accounts.")
    assert sum(kinds) == len(entities)
    told.__dict__["rotations"] = [Rotation(NOT_SUSPECT, entities, 7), two[1]]
    assert len(told.rotation_told) == 1  # one sentence where both goals take the same
    told.__dict__["rotations"] = []
    assert told.rotation_told == ["No replacement of what its members share dissolves it."]
    assert told.rotation_table.empty
