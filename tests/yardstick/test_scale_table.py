from __future__ import annotations

from linkage.yardstick.races import Race
from linkage.yardstick.scale import FLOOR, LINKAGE, Scale
from linkage.yardstick.scale_table import scale_table


def ours(seconds: float) -> Race:
    stages = {
        "sources": {"peak_bytes": 1_000_000_000, "rows": 1_234_567, "spilled_bytes": 2_500_000_000},
        "rings": {"peak_bytes": 3_000_000_000, "rows": 5, "spilled_bytes": 0},
    }
    steps = {"sources": seconds, "rings": 3 * seconds}
    return Race(steps, 3_100_000_000, figures={"f1": 0.97, "stages": stages})


def floor(seconds: float) -> Race:
    return Race({"query": seconds, "graph": 50.0, "Leiden": seconds}, 2_000_000_000, figures={"rows": {"query": 1_000}})


PEER = Race({"pairs": 4.0}, 500_000_000, figures={"f1": 0.5})
STOPPED = Race({"pairs": 4.0, "Louvain": 60.0}, 9_000_000_000, "over 8.0 GB")
FOUND = Scale({"1/4": {LINKAGE: ours(10), FLOOR: floor(10), "peer": PEER, "other": PEER},
               "1": {LINKAGE: ours(41), FLOOR: floor(41), "peer": STOPPED}})  # fmt: skip


def test_the_table_has_a_line_a_contender_and_step_with_growth_and_ratios() -> None:
    assert scale_table(FOUND).splitlines() == [
        "|  | 1/4: s | GB | 1: s | GB | 1 ÷ 1/4 | × floor | × linkage | rows | GB spilled | operator F1 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        "| **linkage** | 40.0 | 3.10 | 164.0 | 3.10 | 4.10 | 2.00 | 1.00 |  |  | 0.970 |",
        "| · sources | 10.0 | 1.00 | 41.0 | 1.00 | 4.10 | 0.50 | 0.25 | 1,234,567 | 2.50 |  |",
        "| · rings | 30.0 | 3.00 | 123.0 | 3.00 | 4.10 | 1.50 | 0.75 | 5 | 0.00 |  |",
        "| **floor** | 20.0 | 2.00 | 82.0 | 2.00 | 4.10 | 1.00 | 0.50 |  |  |  |",
        "| · query | 10.0 |  | 41.0 |  | 4.10 | 0.50 | 0.25 | 1,000 |  |  |",
        "| · graph | 50.0 |  | 50.0 |  | 1.00 | 0.61 | 0.30 |  |  |  |",
        "| · Leiden | 10.0 |  | 41.0 |  | 4.10 | 0.50 | 0.25 |  |  |  |",
        "| **peer** | 4.0 | 0.50 | over 8.0 GB, in *Louvain* after 64 s | 9.00 | – | 0.20 | 0.10 |  |  | 0.500 |",
        "| · pairs | 4.0 |  | – |  | – | 0.20 | 0.10 |  |  |  |",
        "| · Louvain | – |  | – |  | – | – | – |  |  |  |",
        "| **other** | 4.0 | 0.50 | – | – | – | 0.20 | 0.10 |  |  | 0.500 |",
        "| · pairs | 4.0 |  | – |  | – | 0.20 | 0.10 |  |  |  |",
    ]


def test_one_that_broke_before_its_first_step_is_shown() -> None:
    table = scale_table(Scale({"1": {"peer": Race({}, 10_000_000, "ModuleNotFoundError: No module named 'splink'")}}))
    line = "| **peer** | ModuleNotFoundError: No module named 'splink', in *start* after 0 s | 0.01 | – | – |  |  |  |"
    assert table.splitlines()[2] == line
