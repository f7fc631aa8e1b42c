from __future__ import annotations

import subprocess
import sys

COMPILED_LATER = """
import sys
from linkage.rings import ready_to_cut

def loops():
    return {
        (module, name, str(types))
        for module, its in list(sys.modules.items()) if module.startswith("linkage.rings")
        for name, loop in vars(its).items()
        for types in (getattr(loop, "signatures", None) or getattr(loop, "types", ()) if hasattr(loop, "py_func")
                      or hasattr(loop, "ntypes") else ())
    }

ready_to_cut()
before = loops()
import numpy as np
from dataclasses import replace
from linkage.rings.counts import world_of
from linkage.rings.inside import rings_inside
from linkage.communities import inner_proposer
from linkage.config import Proposers
from tests.rings.graphs import LIMITS, Town

town = Town(5, 300)
town.plant(range(24))
town.plant(range(24, 48))
graph = town.graph()
world, clusters = replace(world_of(graph), few=True), np.where(np.arange(300) < 48, 0, -1)
rings_inside(graph, world, clusters, inner_proposer(Proposers(), 1), LIMITS)
print(len(before), sorted(loops() - before))
"""


def test_whoever_is_ready_has_all_loops_that_cutting_a_cluster_takes() -> None:
    told = subprocess.run([sys.executable, "-c", COMPILED_LATER], capture_output=True, text=True, check=True).stdout
    number, later = told.split(maxsplit=1)
    assert int(number) > 20
    assert later.strip() == "[]"
