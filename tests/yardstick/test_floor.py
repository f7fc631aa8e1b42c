from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from linkage.simulator import Preset, WorldSpec, simulate
from linkage.yardstick.floor import GRAPH, LEIDEN, QUERY, floor, weighted_graph
from linkage.yardstick.races import AFTERWARDS


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("floor")
    simulate(path, WorldSpec(800, 3, preset=Preset.MARKET))
    return path


def test_the_floor_has_every_pair_once_and_an_edge_for_each_that_is_shared(world: Path) -> None:
    told: list[str] = []
    found = floor(world, told.append)
    assert told == [QUERY, GRAPH, LEIDEN, AFTERWARDS]
    degrees = """
        select count(distinct account_id) from '{w}/payments.parquet' group by payment_fingerprint
        union all select count(distinct account_id) from '{w}/sessions-*.parquet' group by ip
        union all select count(distinct account_id) from '{w}/sessions-*.parquet' group by device_fingerprint
        union all select count(distinct account_id) from '{w}/exchanges/*.parquet' group by prompt_template_hash"""
    with duckdb.connect() as connection:
        users = connection.execute(degrees.format(w=world)).fetchnumpy()["count(DISTINCT account_id)"]
    assert found == {"rows": {QUERY: int(users.sum()), LEIDEN: int(users[users > 1].sum())}}


def test_edges_weigh_the_rarity_of_what_they_lead_to() -> None:
    graph, weights = weighted_graph(np.array([0, 1, 2]), np.array([0, 0, 1]), np.array([2.0, 2.0, 0.0]))
    assert graph.get_edgelist() == [(0, 3), (1, 3)]
    assert graph.vcount() == 5
    assert weights.tolist() == [2.0, 2.0]
