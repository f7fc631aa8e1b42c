"""Simulated worlds with the truth beside them: for the demo, for tests, and to measure methods against."""

from linkage.simulator.spec import Preset, WorldSpec, WorldSummary
from linkage.simulator.world import simulate

__all__ = ["Preset", "WorldSpec", "WorldSummary", "simulate"]
