from __future__ import annotations

import numpy as np

from linkage.simulator.cells import CELL, cells_of
from linkage.simulator.population import populate
from linkage.simulator.presets import Preset
from linkage.simulator.rings import AddressStyle
from linkage.simulator.spec import WorldSpec
from linkage.simulator.streams import Streams


def test_large_rings_are_cut_into_cells_of_which_some_have_another_style() -> None:
    people = populate(WorldSpec(20_000, 12, preset=Preset.DOMINANT), Streams(12))
    cells = cells_of(people.rings, Streams(12))
    assert np.array_equal(np.bincount(cells.ring), cells.count)
    accounts = np.flatnonzero(people.ring >= 0)
    cell = cells.of(people, accounts)
    assert np.array_equal(np.bincount(cell), cells.size)
    assert np.array_equal(cells.ring[cell], people.ring[accounts])
    assert cells.size.max() < 1.5 * CELL
    assert np.array_equal(cells.style[cells.first], people.rings.address)
    large = int(np.argmax(people.rings.size))
    assert len(set(cells.style[cells.ring == large])) > 1
    assert (cells.count[people.rings.size < CELL] == 1).all()
    assert set(cells.style) == set(AddressStyle)


def test_a_world_without_operators_has_no_cells() -> None:
    people = populate(WorldSpec(400, 12, preset=Preset.HONEST), Streams(12))
    assert len(cells_of(people.rings, Streams(12)).size) == 0
