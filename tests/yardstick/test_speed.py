from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from linkage.pipeline import STAGES
from linkage.simulator import WorldSpec, simulate
from linkage.yardstick.speed import Speed, leiden_seconds, measure_speed, thinned


def test_each_stage_is_told_beside_one_leiden_run() -> None:
    told = Speed(1_000, 9_000, {"rings": 4.0, "reports": 1.0}, 0.5, 1_234.0)
    assert told.total == 5.0
    assert told.text.splitlines() == [
        "1,000 accounts, 9,000 links; one Leiden run 0.5 s",
        "rings             4.0 s    8.00 x",
        "reports           1.0 s    2.00 x",
        "whole run         5.0 s   10.00 x",
        "peak memory 1,234 MB",
    ]


def test_a_world_is_run_as_a_whole(tmp_path: Path) -> None:
    simulate(tmp_path / "world", WorldSpec(accounts=1_000, seed=81))
    told = measure_speed(tmp_path / "world")
    assert list(told.stages) == list(STAGES)
    assert told.accounts == 1_000
    assert told.links > 1_000
    assert min(told.leiden, told.peak, *told.stages.values()) > 0


def test_links_that_tell_nothing_are_no_edges() -> None:
    links = pa.table({"account": [0, 1, 2], "entity": [70, 70, 90], "bits": [0.0, 0.0, 0.0]})
    assert leiden_seconds(links, 3) > 0


def test_a_thinned_world_has_all_accounts_and_fewer_links(tmp_path: Path) -> None:
    simulate(tmp_path / "world", WorldSpec(accounts=1_000, seed=81))
    thinned(tmp_path / "world", tmp_path / "thin", 0.4)
    whole, thin = measure_speed(tmp_path / "world"), measure_speed(tmp_path / "thin")
    assert thin.accounts == whole.accounts
    assert 0.4 < thin.links / whole.links < 0.7
