"""What times make of the graph: episodes of leased entities, and entities of the family `timing`."""

from __future__ import annotations

from linkage.config import TIMING_KINDS
from linkage.engines.step import Engine
from linkage.graph.episodes import cut_episodes
from linkage.graph.hand_offs import mint_hand_offs
from linkage.model import Kind


def mint_timing(engine: Engine) -> tuple[Kind, ...]:
    """Put into ``entities`` and ``observations`` what the times of the events show; returns the kinds that came up.

    Numbers of new entities follow those of the logs. Makes ``episodes`` (EPISODES) and ``hand_offs`` (HAND_OFFS) too.
    """
    cut_episodes(engine)
    mint_hand_offs(engine)
    found = engine.fetch("SELECT DISTINCT kind FROM entities ORDER BY kind")["kind"].to_pylist()
    return tuple(TIMING_KINDS[kind] for kind in found if kind in TIMING_KINDS)
