"""Simulated worlds with the truth beside them: for the demo, for tests, and to measure methods against."""

from linkage.simulator.presets import Preset
from linkage.simulator.spec import WorldSpec, WorldSummary
from linkage.simulator.world import simulate

__all__ = ["Preset", "WorldSpec", "WorldSummary", "simulate"]
