"""The card of a ring with what would change it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from linkage.reports.run import Run
from linkage.whatif.cards import ring_card
from linkage.whatif.ring import RingWithout
from linkage.whatif.steady import UNKNOWN
from linkage.whatif.world import RunWorld


@pytest.mark.parametrize("place", [0, -1])
def test_it_has_what_the_ring_tells_and_what_is_left(run: Run, world: RunWorld, place: int) -> None:
    ring = run.ring(run.rings["ring_id"].iloc[place])
    plain, card, without = ring.card(), ring_card(run, ring), RingWithout(ring, world)
    assert set(plain.tables) <= set(card.tables)
    for name, expected in (("without_family", without.without_family), ("without_entity", without.without_entity),
                           ("rotation_entities", without.rotation_table)):
        pd.testing.assert_frame_equal(card.tables[name], expected)
    for name, table in plain.tables.items():
        assert name == "without_family" or card.tables[name] is table
    assert card.notes["rotation"] == without.rotation_told
    assert card.notes["stability"] == [UNKNOWN]
    assert {name: card.notes[name] for name in plain.notes} == plain.notes
    assert ring.bridge is not None
    assert card.tables["weakest_bridge_links"]["bits"].sum() == pytest.approx(ring.bridge.bits)


def test_it_is_json_and_its_names_do_not_collide(run: Run) -> None:
    card = ring_card(run, run.ring(run.rings["ring_id"].iloc[0]))
    data = card.data()
    assert len(data) == len(card.facts) + len(card.tables) + len(card.notes)
    assert json.loads(json.dumps(data, default=str))["rotation"] == data["rotation"]
