"""Group rings into operator clusters: which rings draw their templates from one set."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

WORTH = 10.0  # bits a union must save: 1 in 1,000 by chance


def _log2_binomial(n: float, k: float) -> float:
    return float((gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / np.log(2))


@dataclass
class _Group:
    rings: list[int]
    sets: list[frozenset[int]]
    bits: float = field(default=0.0)


def code_length(sets: list[frozenset[int]], entities: int) -> float:
    """Bits to describe the template sets of rings by one operator's set O and what each ring adds.

    O holds the templates that two rings or more have. It costs log2 binomial(E, |O|); each ring then costs log2
    binomial(|O|, picks) + log2 binomial(E - |O|, extras) for its picks from O and its own extras, and two counts.
    """
    seen: dict[int, int] = {}
    for templates in sets:
        for template in templates:
            seen[template] = seen.get(template, 0) + 1
    operator = {t for t, n in seen.items() if n >= 2}
    bits = _log2_binomial(entities, len(operator)) + float(np.log2(entities + 1))
    for templates in sets:
        picks = len(templates & operator)
        bits += _log2_binomial(len(operator), picks) + _log2_binomial(entities - len(operator), len(templates) - picks)
        bits += float(np.log2(len(operator) + 1) + np.log2(entities + 1))
    return bits


def cluster_rings(sets: list[frozenset[int]], entities: int) -> npt.NDArray[np.int64]:
    """Cluster number of each ring: unions, best first, while one saves more than 10 bits.

    ``sets`` are the template profiles of the rings, ``entities`` how many templates there are. Rings without templates
    stay alone.
    """
    groups = {i: _Group([i], [s]) for i, s in enumerate(sets)}
    for group in groups.values():
        group.bits = code_length(group.sets, entities)
    heap = [(-g, a, b) for a, b in _sharing(sets) if (g := _gain(groups[a], groups[b], entities)) > WORTH]
    heapq.heapify(heap)
    following = len(sets)
    while heap:
        _, a, b = heapq.heappop(heap)
        if a not in groups or b not in groups:
            continue
        united = _Group(groups[a].rings + groups[b].rings, groups[a].sets + groups[b].sets)
        united.bits = code_length(united.sets, entities)
        del groups[a], groups[b]
        for other, group in groups.items():
            if (gain := _gain(united, group, entities)) > WORTH:
                heapq.heappush(heap, (-gain, other, following))
        groups[following] = united
        following += 1
    labels = np.full(len(sets), -1, dtype=np.int64)
    for number, group in enumerate(sorted(groups.values(), key=lambda g: min(g.rings))):
        labels[group.rings] = number
    return labels


def _gain(a: _Group, b: _Group, entities: int) -> float:
    return round(a.bits + b.bits - code_length(a.sets + b.sets, entities), 6)


def _sharing(sets: list[frozenset[int]]) -> list[tuple[int, int]]:
    holders: dict[int, list[int]] = {}
    for ring, templates in enumerate(sets):
        for template in templates:
            holders.setdefault(template, []).append(ring)
    return sorted({(a, b) for rings in holders.values() for a in rings for b in rings if a < b})
