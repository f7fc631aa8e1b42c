"""Cards of a run with what would change them."""

from __future__ import annotations

import pandas as pd

from linkage.reports.card import Card
from linkage.reports.ring import Ring
from linkage.reports.run import Run
from linkage.whatif.kept import kept
from linkage.whatif.ring import RingWithout
from linkage.whatif.steady import ring_told
from linkage.whatif.world import load_world


def ring_card(run: Run, ring: Ring) -> Card:
    """The card of a ring with what is left of it without each family and its strongest entities, and the rotation.

    Raises:
        StorageFault: a table of the run is missing or can't be read.
    """
    card, without = ring.card(), RingWithout(ring, load_world(run))
    tables: dict[str, pd.DataFrame] = {}
    for name, table in card.tables.items():
        tables[name] = table
        if name == "without_family":
            tables |= {"without_family": without.without_family, "without_entity": without.without_entity}
            tables["rotation_entities"] = without.rotation_table
    if ring.bridge:
        tables["weakest_bridge_links"] = ring.bridge.links
    notes = {**card.notes, "stability": ring_told(run, kept(run), ring.id), "rotation": without.rotation_told}
    return Card(card.title, card.facts, tables, notes)
