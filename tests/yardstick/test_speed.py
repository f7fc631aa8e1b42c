from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from linkage.pipeline import STAGES
from linkage.simulator import WorldSpec, simulate
from linkage.yardstick.speed import Speed, leiden_seconds, measure_speed, thinned


def test_each_stage_is_told_beside_leiden_by_medians() -> None:
    runs = ({"rings": 4.0, "reports": 1.0}, {"rings": 6.0, "reports": 1.0}, {"rings": 4.5, "reports": 1.0})
    told = Speed(1_000, 9_000, runs, (0.5, 0.4, 1.0), 1_234.0)
    assert told.totals == [5.0, 7.0, 5.5]
    assert told.ratio == 11.0
    assert told.text.splitlines() == [
        "1,000 accounts, 9,000 links; medians of 3 runs",
        "rings             4.5 s    9.00 x",
        "reports           1.0 s    2.00 x",
        "whole run         5.5 s   11.00 x",
        "Leiden            0.5 s    1.00 x",
        "whole runs: 5.00, 7.00, 5.50 s",
        "Leiden runs, one after each: 0.50, 0.40, 1.00 s",
        "each run beside the Leiden run after it: 10.00, 17.50, 5.50 x",
        "peak memory 1,234 MB",
    ]


def test_a_world_is_run_as_a_whole_by_turns_with_leiden(tmp_path: Path) -> None:
    simulate(tmp_path / "world", WorldSpec(accounts=1_000, seed=81))
    told = measure_speed(tmp_path / "world", 2)
    assert [list(stages) for stages in told.runs] == [list(STAGES)] * 2
    assert told.accounts == 1_000
    assert told.links > 1_000
    assert len(told.leiden) == 2
    assert min(told.peak, *told.leiden, *told.runs[1].values()) > 0


def test_links_that_tell_nothing_are_no_edges() -> None:
    links = pa.table({"account": [0, 1, 2], "entity": [70, 70, 90], "bits": [0.0, 0.0, 0.0]})
    assert leiden_seconds(links, 3) > 0


def test_a_thinned_world_has_all_accounts_and_fewer_links(tmp_path: Path) -> None:
    simulate(tmp_path / "world", WorldSpec(accounts=1_000, seed=81))
    thinned(tmp_path / "world", tmp_path / "thin", 0.4)
    whole, thin = measure_speed(tmp_path / "world", 1), measure_speed(tmp_path / "thin", 1)
    assert thin.accounts == whole.accounts
    assert 0.4 < thin.links / whole.links < 0.7
