"""What a run costs: seconds, memory, rows and spilled bytes, stage by stage and step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from linkage.engines import Workers, peak_memory
from linkage.engines.step import Cost


@dataclass
class StageCost:
    """A stage: its seconds, the most bytes that the run has held until its end, and its SQL steps."""

    name: str
    seconds: float = 0.0
    peak: int = 0
    steps: list[Cost] = field(default_factory=list)


@dataclass
class Costs:
    """The stages of a run so far; ``workers`` are the processes beside this one."""

    workers: Workers = field(default_factory=Workers)
    stages: list[StageCost] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage; steps that are added meanwhile are its own."""
        cost = StageCost(name)
        self.stages.append(cost)
        started = perf_counter()
        yield
        cost.seconds = round(perf_counter() - started, 3)
        cost.peak = max(peak_memory() + self.workers.peak, *(stage.peak for stage in self.stages))

    def add(self, step: Cost) -> None:
        """Add a step to the stage that runs."""
        self.stages[-1].steps.append(step)

    def data(self, rows: Mapping[str, int]) -> list[dict[str, Any]]:
        """The stages for the manifest; ``rows`` has those of all tables that a stage wrote, by its name."""
        return [
            {
                "name": stage.name,
                "seconds": stage.seconds,
                "rows": rows[stage.name],
                "peak_bytes": stage.peak,
                "spilled_bytes": sum(step.spilled for step in stage.steps),
                "steps": [
                    {"name": s.step, "seconds": s.seconds, "rows": s.rows, "spilled_bytes": s.spilled}
                    for s in stage.steps
                ],
            }
            for stage in self.stages
        ]
