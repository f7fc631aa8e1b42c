"""The cheapest rotation: it is enough, one entity less is not."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.config import Method
from linkage.model import Verdict
from linkage.reports.run import Run
from linkage.rings.codelength import Ints
from linkage.whatif.changes import with_replaced
from linkage.whatif.remains import what_remains
from linkage.whatif.rotation import NOT_SUSPECT, NOTHING_LEFT, Rotation, heaviest, rotations
from linkage.whatif.world import RunWorld, measured
from tests.rings.graphs import NETWORK, PAYMENT, graph_of


def left_after(world: RunWorld, members: Ints, entities: tuple[int, ...]) -> Verdict | None:
    return what_remains(with_replaced(world.graph, members, entities), members, world.smallest).verdict


def test_it_is_enough_and_one_entity_less_is_not(run: Run, world: RunWorld) -> None:
    rings = run.rings[run.rings["verdict"] == "suspect"].head(3)
    assert len(rings) == 3
    for number in rings["ring"]:
        members = world.members(number)
        found = {r.goal: r for r in rotations(world, members)}
        assert list(found) == [NOT_SUSPECT, NOTHING_LEFT]
        soft, whole = found[NOT_SUSPECT], found[NOTHING_LEFT]
        assert left_after(world, members, soft.entities) != Verdict.SUSPECT
        assert left_after(world, members, whole.entities) is None
        assert not soft.entities or left_after(world, members, soft.entities[:-1]) == Verdict.SUSPECT
        assert left_after(world, members, whole.entities[:-1]) is not None
        assert whole.entities[: len(soft.entities)] == soft.entities


def test_accounts_are_those_that_use_any_of_them(run: Run, world: RunWorld) -> None:
    number = int(run.rings["ring"].iloc[0])
    links = run.store.frame("links")
    for rotation in rotations(world, world.members(number)):
        users = set(links[links["entity"].isin(rotation.entities)]["account"]) & set(world.members(number).tolist())
        assert rotation.accounts == len(users)


def test_the_order_is_by_bits_over_all_members(run: Run, world: RunWorld) -> None:
    number = int(run.rings["ring"].iloc[0])
    members = world.members(number)
    order = heaviest(world.world, measured(world.graph, members, world.world))
    terms = run.store.query(
        "SELECT l.entity, count(*) AS k, sum(CASE WHEN p.code = 'pool' THEN 1 END) AS pooled, "
        "max(p.bits_in - p.bits_out) AS bits FROM links l JOIN ring_members m USING (account) "
        "JOIN profiles p ON p.entity = l.entity AND p.ring = m.ring WHERE m.ring = $ring GROUP BY l.entity",
        ring=number,
    )
    outside = run.store.query(
        "SELECT kind, bits_out FROM profiles WHERE ring = $ring AND code = 'outside'", ring=number
    ).set_index("kind")["bits_out"]
    kind = run.store.frame("entities").set_index("entity")["kind"]
    carried = {
        int(r.entity): r.k * (r.bits - (outside[kind[r.entity]] if r.pooled > 0 else 0.0)) for r in terms.itertuples()
    }
    ranked = [e for e in order if carried.get(e, 0.0) > 0]
    assert [carried[e] for e in ranked] == pytest.approx(sorted((carried[e] for e in ranked), reverse=True), rel=1e-3)
    assert order[: len(ranked)] == ranked


def test_no_replacement_helps_where_nothing_is_shared() -> None:
    graph = graph_of(60, [(NETWORK, [(a, a) for a in range(60)]), (PAYMENT, [(a, a) for a in range(60)])])
    world = RunWorld(graph, np.full(60, -1), np.zeros(0, np.int64), Method())
    assert rotations(world, np.arange(5)) == [Rotation(NOTHING_LEFT, (), 0)]
