"""What a run costs, stage by stage and step by step."""

from __future__ import annotations

import time

import numpy as np

from linkage.costs import Costs
from linkage.engines import peak_memory
from linkage.engines.step import Cost


def test_steps_belong_to_the_stage_that_runs_and_their_spilling_adds_up() -> None:
    costs = Costs()
    with costs.stage("sources"):
        costs.add(Cost("read", 0.5, 10, 300))
        costs.add(Cost("sort", 0.25, 7, 30))
    with costs.stage("graph"):
        costs.add(Cost("links", 0.125, 3, 0))
    sources, graph = costs.data({"sources": 17, "graph": 3})
    assert (sources["name"], sources["rows"], sources["spilled_bytes"]) == ("sources", 17, 330)
    assert sources["steps"] == [
        {"name": "read", "seconds": 0.5, "rows": 10, "spilled_bytes": 300},
        {"name": "sort", "seconds": 0.25, "rows": 7, "spilled_bytes": 30},
    ]
    assert [step["name"] for step in graph["steps"]] == ["links"]
    assert graph["spilled_bytes"] == 0


def test_a_stage_is_timed_and_its_peak_is_that_of_the_process_so_far() -> None:
    costs = Costs()
    before, started = peak_memory(), time.perf_counter()
    with costs.stage("one"):
        time.sleep(0.02)
        held = np.ones(before // 8 + 1_000_000)  # as much again as was ever held
    with costs.stage("two"):
        del held
    lasted = time.perf_counter() - started
    one, two = costs.data({"one": 0, "two": 0})
    assert 0.02 <= one["seconds"] <= one["seconds"] + two["seconds"] <= lasted + 0.001, "seconds to three decimals"
    assert before + 4_000_000 < one["peak_bytes"] <= two["peak_bytes"] <= peak_memory() + 1_000_000
