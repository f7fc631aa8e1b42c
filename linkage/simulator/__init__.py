"""Simulated worlds with the truth beside them: for the demo, for tests, and to measure methods against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.simulator.presets import Preset
from linkage.simulator.spec import WorldSpec, WorldSummary

if TYPE_CHECKING:
    from linkage.simulator.world import simulate as simulate

__all__ = ["Preset", "WorldSpec", "WorldSummary", "simulate"]


def __getattr__(name: str) -> Any:
    # On first use only: the command line names presets, and 'linkage --help' need not wait for numpy and pyarrow.
    if name == "simulate":
        from linkage.simulator.world import simulate

        return simulate
    raise AttributeError(f"module 'linkage.simulator' has no attribute {name!r}")
