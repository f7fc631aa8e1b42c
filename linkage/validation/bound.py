"""Does the bound on coincidence hold? The method on graphs that chance made, where every ring is a coincidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from linkage.config import Method
from linkage.model import AccountGraph
from linkage.review.intervals import Share, exact
from linkage.rings.codelength import DESCRIBED, Floats, Ints
from linkage.rings.counts import World, count, world_of
from linkage.rings.score import score
from linkage.rings.split import part_of
from linkage.validation.exceedance import LEVELS, Level, levels
from linkage.validation.rerun import rings_of
from linkage.validation.rewire import rewired

SIZES = (3, 10, 30, 100, 300)  # accounts of a group that is fixed beforehand
EACH = 10  # groups of each size and way
DISCOVERY = 0.05  # q-value up to which a ring counts as discovered
Progress = Callable[[int, int], None]  # told how many draws are done, of how many


@dataclass(frozen=True)
class Bound:
    """What ``graphs`` rewired graphs of ``accounts`` accounts showed.

    ``candidates`` different groups were scored by the method on its way; ``best`` is the most bits that any saved.
    ``any_candidate`` counts graphs in which any saved so much, ``share`` candidates
    (0 to 1, by level). ``fixed`` has groups chosen without a look at the links, by the way they were chosen, and the
    bits that their links save before anything is paid for naming the group: the part of the code that searching can't
    excuse. ``rings`` came out, ``discovered`` counts graphs with a ring of q-value 0.05 or less.
    """

    graphs: int
    accounts: int
    links: int
    candidates: int
    best: float
    any_candidate: list[Level]
    share: list[float]
    fixed: dict[str, list[Level]]
    rings: int
    discovered: Share


@dataclass
class _Seen:
    """The different groups that one pass of the method scored; equal size and bits count as the same group."""

    parts: list[Floats] = field(default_factory=list)

    def __call__(self, size: Ints, saved: Floats) -> None:
        self.parts.append(np.unique(np.stack([size.astype(np.float64), saved]), axis=1))

    def saved(self) -> Floats:
        """Bits saved by each different group."""
        if not self.parts:
            return np.zeros(0)
        return np.asarray(np.unique(np.concatenate(self.parts, axis=1), axis=1)[1], dtype=np.float64)


def sampled(graph: AccountGraph, accounts: int, seed: int) -> AccountGraph:
    """The graph of at most ``accounts`` of its accounts, drawn at random; 0: all."""
    if not accounts or graph.accounts <= accounts:
        return graph
    chosen = np.sort(np.random.default_rng(seed).permutation(graph.accounts)[:accounts])
    return part_of(graph, chosen)


def check_bound(graph: AccountGraph, method: Method, graphs: int, seed: int, progress: Progress) -> Bound:
    """Run the method on ``graphs`` rewirings of the graph (seeds ``seed``, ``seed`` + 1, ...), and count."""
    best, above, candidates, rings, discovered = [], np.zeros(len(LEVELS), dtype=np.int64), 0, 0, 0
    fixed: dict[str, list[Floats]] = {}
    for number in range(graphs):
        progress(number, graphs)
        chance = rewired(graph, seed + number)
        seen = _Seen()
        found = rings_of(chance, method, seen)["rings"]
        saved = seen.saved()
        best.append(float(saved.max(initial=-np.inf)))
        above += [int((saved >= bits).sum()) for bits in LEVELS]
        candidates += len(saved)
        rings += found.num_rows
        discovered += bool((found["q_value"].to_numpy() <= DISCOVERY).any())
        for way, groups in fixed_groups(chance, seed + number).items():
            fixed.setdefault(way, []).append(told_bits(world_of(chance), groups))
    return Bound(
        graphs, graph.accounts, sum(int(k.matrix.nnz) for k in graph.kinds), candidates, max(best), levels(best),
        (above / max(candidates, 1)).tolist(), {way: levels(np.concatenate(bits)) for way, bits in fixed.items()},
        rings, exact(discovered, graphs),
    )  # fmt: skip


def told_bits(world: World, groups: sp.csr_matrix) -> Floats:
    """Bits that the links of each group save in all families, before the group is named."""
    scored = score(world, count(world, groups))
    return np.asarray(scored.family_bits.sum(axis=0) - DESCRIBED * len(world.families))


def fixed_groups(graph: AccountGraph, seed: int) -> dict[str, sp.csr_matrix]:
    """Groups that look at no link, as 0/1 matrices: random ones, random ones of broad accounts, the broadest.

    ``broad`` draws accounts by their number of links, ``broadest`` takes the accounts with most links of each kind.
    """
    dice = np.random.default_rng([seed, 1])
    sizes = [size for size in SIZES if 2 * size <= graph.accounts]
    total = np.sum([kind.breadth for kind in graph.kinds], axis=0).astype(np.float64)
    even = [dice.choice(graph.accounts, size, replace=False) for size in sizes for _ in range(EACH)]
    broad = [_by_weight(total, size, dice) for size in sizes for _ in range(EACH)]
    most = [np.argsort(-kind.breadth, kind="stable")[:size] for kind in graph.kinds for size in sizes]
    ways = {"random": even, "random, by breadth": broad, "broadest": most}
    return {way: _as_matrix(chosen, graph.accounts) for way, chosen in ways.items()}


def _by_weight(weight: Floats, size: int, dice: np.random.Generator) -> Ints:
    """``size`` different accounts, drawn by weight (Efraimidis & Spirakis 2006)."""
    keys = dice.exponential(size=len(weight)) / np.maximum(weight, 1e-9)
    return np.argsort(keys, kind="stable")[:size]


def _as_matrix(chosen: list[Ints], accounts: int) -> sp.csr_matrix:
    row = np.repeat(np.arange(len(chosen)), [len(group) for group in chosen])
    column = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    matrix = sp.csr_matrix((np.ones(len(column), dtype=np.int64), (row, column)), shape=(len(chosen), accounts))
    matrix.sort_indices()
    return matrix
