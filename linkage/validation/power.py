"""How strong must a ring be to be found? Rings of known strength among links that chance made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linkage.config import Method
from linkage.errors import InputRefused
from linkage.model import AccountGraph
from linkage.review.intervals import Share, exact
from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.score import score
from linkage.validation.planted import Recipe, plant
from linkage.validation.rerun import rings_of
from linkage.validation.rewire import rewired

SIZES, SHARES = (4, 6, 10, 16), (0.2, 0.3, 0.4, 0.5, 0.7, 0.9)  # from rings that save nothing to 300 bits
RECIPES = tuple(Recipe(size, share) for size in SIZES for share in SHARES)
STEPS = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)  # bits saved, where one step of the curve ends
WHOLE = 0.9  # B-cubed F1 over a ring's members from which it counts as found whole
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Step:
    """Planted rings that save ``low`` to ``high`` bits (infinite at the ends), and the share found whole."""

    low: float
    high: float
    found: Share
    mean_f1: float


@dataclass(frozen=True)
class Power:
    """The power curve: ``rings`` planted in ``graphs`` rewired graphs of ``accounts`` accounts."""

    graphs: int
    accounts: int
    rings: int
    steps: list[Step]


def power_curve(graph: AccountGraph, method: Method, graphs: int, seed: int, progress: Progress) -> Power:
    """Plant one ring of each recipe into each of ``graphs`` rewirings, and run the method on them.

    A ring's strength is what the method's own code says that its true members save: what the ring
    would be published with if it were found to the account.

    Raises:
        InputRefused: the graph has too few accounts for the rings.
    """
    need = 2 * sum(recipe.size for recipe in RECIPES)
    if graph.accounts < need:
        raise InputRefused(
            f"{graph.accounts:,} accounts are too few to plant rings among.", todo=f"It takes {need:,} or more."
        )
    bits, f1 = [], []
    for number in range(graphs):
        progress(number, graphs)
        dice = np.random.default_rng([seed + number, 2])
        planted, labels = plant(rewired(graph, seed + number), RECIPES, dice)
        world = world_of(planted)
        bits.append(score(world, count(world, groups_of(labels, len(RECIPES)))).paid)
        f1.append(wholeness(labels, _ring_of(rings_of(planted, method)["members"], planted.accounts)))
    return Power(graphs, graph.accounts, graphs * len(RECIPES), curve(np.concatenate(bits), np.concatenate(f1)))


def curve(bits: Floats, f1: Floats) -> list[Step]:
    """The share of rings found whole, step by step of the bits that they save."""
    edges = np.array([-np.inf, *STEPS, np.inf])
    place = np.searchsorted(edges[1:-1], bits, side="right")
    made = []
    for step in range(len(edges) - 1):
        inside = f1[place == step]
        share = exact(int((inside >= WHOLE).sum()), len(inside))
        mean = float(inside.mean()) if len(inside) else float("nan")
        made.append(Step(float(edges[step]), float(edges[step + 1]), share, mean))
    return made


def wholeness(true: Ints, found: Ints) -> Floats:
    """B-cubed F1 over the members of each true ring; accounts in no found ring are alone. Both -1: none.

    For a ring of s members of which c are in a found ring of f accounts, each of these has precision c/f and recall
    c/s; one that is in none has 1 and 1/s.
    """
    rings = int(true.max(initial=-1)) + 1
    members = true >= 0
    alone = found.max(initial=-1) + 1 + np.arange(len(found))
    cluster = np.where(found >= 0, found, alone)
    sizes = np.bincount(cluster, minlength=1)
    cells, common = np.unique(np.stack([true[members], cluster[members]]), axis=1, return_counts=True)
    size = np.bincount(true[members], minlength=rings)
    precision = np.bincount(cells[0], weights=common**2 / sizes[cells[1]], minlength=rings) / np.maximum(size, 1)
    recall = np.bincount(cells[0], weights=common**2 / size[cells[0]], minlength=rings) / np.maximum(size, 1)
    return np.asarray(2 * precision * recall / np.maximum(precision + recall, 1e-12))


def _ring_of(members: pa.Table, accounts: int) -> Ints:
    labels = np.full(accounts, -1, dtype=np.int64)
    labels[members["account"].to_numpy()] = members["ring"].to_numpy()
    return labels
