from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from linkage.simulator import Preset, WorldSpec, simulate
from linkage.yardstick.afternoon import duckdb_igraph, operator_f1, pandas_louvain, splink
from linkage.yardstick.races import AFTERWARDS


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("afternoon")
    simulate(path, WorldSpec(600, 3, preset=Preset.SEED_SCALE))
    return path


@pytest.mark.parametrize(
    ("task", "steps"),
    [
        (duckdb_igraph, ["pairs", "graph", "components", "Leiden"]),
        (pandas_louvain, ["read", "pairs"] * 4 + ["graph", "Louvain"]),
    ],
)
def test_peers_tell_their_steps_and_are_scored_afterwards(
    task: Callable[..., dict[str, Any]], steps: list[str], world: Path
) -> None:
    told: list[str] = []
    found = task(world, told.append)
    assert told == [*steps, AFTERWARDS]
    assert 0.1 < found["f1"] < 1
    assert found.get("f1 of components", 0) < found["f1"]


def test_splink_tells_its_steps(world: Path) -> None:
    pytest.importorskip("splink")
    told: list[str] = []
    found = splink(world, told.append)
    assert told == ["pairs", "records", "training", "prediction", "clusters", AFTERWARDS]
    assert 0 < found["f1"] < 1


def test_labels_as_in_the_truth_score_one_and_one_label_for_all_scores_little(world: Path) -> None:
    truth = pq.read_table(world / "truth.parquet")
    operators = truth["operator_id"].combine_chunks().dictionary_encode()
    labels = operators.indices.fill_null(-1).to_numpy()
    alone = np.where(labels < 0, 1_000 + np.arange(len(labels)), labels)
    ids = truth["account_id"].to_pylist()
    assert operator_f1(world, ids, alone) > 0.9  # those of the proxy serve two, and each is given the main one
    assert operator_f1(world, ids, np.zeros(len(ids), dtype=np.int64)) < 0.2
