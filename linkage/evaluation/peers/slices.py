"""Groups ranked by how unlikely they are, after SliceNDice (Nilforoshan & Shah, DSAA 2019).

Each kind is a view: a graph of accounts, where sharing a value of d users weighs log(N / d)^2. A group of n accounts
has v = n(n - 1)/2 pairs; under the model of the paper the weight of each pair is exponential with the view's mean,
C / V, so the group's mass c is Gamma distributed, and a view denser than its mean says -log of that density. A group's
suspiciousness is the sum over views. Groups grow from seeds, the users of one value: accounts are sorted by their mass
with the group, and a beginning of that order is the next group, as long as the suspiciousness rises. The paper adds and
drops one account at a time and stops when no step helps: the first peak along the order comes near to that, the highest
peak is what it strives for. The groups are ranked; an account's label is the first that holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy.sparse as sp
from scipy.special import gammaln

from linkage.evaluation.memberships import NONE, Labels
from linkage.evaluation.peers.graph import Bipartite, Floats

SMALLEST = 3  # accounts of a seed
ROUNDS = 8  # of growing; most groups stand still after three
TINY = 1e-300  # in the place of a mass of nothing
DENSER = 1 + 1e-9  # than the mean: more than rounding can make of equal ones


class Peak(StrEnum):
    """Where along the order of accounts a group ends."""

    FIRST = "first peak"
    HIGHEST = "highest peak"


RANKS = {Peak.FIRST: (400, 100, 25), Peak.HIGHEST: (50, 10)}  # how many groups count; the highest peak takes long


@dataclass(frozen=True)
class Views:
    """The graph as views: weight of each entity, and per kind the total mass C and the mean 1 / rate of a pair."""

    graph: Bipartite
    matrix: sp.csr_matrix  # accounts x entities
    weight: Floats  # of an entity
    kind: Labels  # of an entity
    users: Labels  # of an entity
    mean: Floats  # per kind, C / V

    @staticmethod
    def of(graph: Bipartite) -> Views:
        """The views of a graph."""
        weight, kind, users = np.zeros(graph.entities), np.zeros(graph.entities, int), np.zeros(graph.entities, int)
        kind[graph.entity], users[graph.entity] = graph.kind, graph.users
        weight[graph.entity] = np.log(graph.accounts / graph.users) ** 2
        mass = np.bincount(kind, weights=weight * users * (users - 1) / 2, minlength=graph.kinds)
        pairs = max(graph.accounts * (graph.accounts - 1) / 2, 1)
        return Views(graph, graph.incidence(), weight, kind, users, mass / pairs)

    def unlikelihood(self, size: Labels, mass: Floats) -> Floats:
        """Suspiciousness of groups: ``size`` accounts each, ``mass`` is groups x kinds; at least two accounts."""
        pairs = (size * (size - 1) / 2)[:, None]
        expected = np.maximum(self.mean, TINY)[None, :]
        logarithm = np.log(np.maximum(mass, TINY))
        surprise = pairs * np.log(expected) + gammaln(pairs) - (pairs - 1) * logarithm + mass / expected
        return np.asarray(np.where(mass > pairs * expected * DENSER, surprise, 0.0).sum(axis=1), dtype=np.float64)


def ranked_groups(graph: Bipartite) -> Iterator[tuple[str, Labels]]:
    """Labels from the groups of the highest ranks, for each way to end a group and each number in RANKS."""
    for peak, ranks in RANKS.items():
        groups = _groups(Views.of(graph), peak, max(ranks)) if graph.entities else []
        for count in ranks:
            labels = np.full(graph.accounts, NONE, dtype=np.int64)
            for rank, group in reversed(list(enumerate(groups[:count]))):
                labels[group] = rank
            yield f"{peak}, {count} groups", labels


def _groups(views: Views, peak: Peak, most: int) -> list[Labels]:
    """At most so many groups, the most suspicious first."""
    taken = np.zeros(views.graph.accounts, dtype=np.bool_)
    found: list[tuple[float, Labels]] = []
    columns = views.matrix.tocsc()
    for entity in seed_order(views):
        users = columns.indices[columns.indptr[entity] : columns.indptr[entity + 1]]
        if 2 * taken[users].sum() > len(users):
            continue
        score, group = grow(views, users, peak)
        taken[group] = True
        found.append((score, group))
        if len(found) == most:
            break
    return [group for _, group in sorted(found, key=lambda pair: (-pair[0], pair[1].tolist()))]


def seed_order(views: Views) -> Labels:
    """Entities of SMALLEST users and more, the most suspicious first by what their users share in it alone."""
    seeds = np.flatnonzero(views.users >= SMALLEST)
    mass = np.zeros((len(seeds), views.graph.kinds))
    size = views.users[seeds]
    mass[np.arange(len(seeds)), views.kind[seeds]] = views.weight[seeds] * size * (size - 1) / 2
    return seeds[np.argsort(-views.unlikelihood(size, mass), kind="stable")]


def grow(views: Views, users: Labels, peak: Peak) -> tuple[float, Labels]:
    """The group that grows from these accounts, and its suspiciousness."""
    best, group = -np.inf, users
    normal = views.weight / np.maximum(views.mean, TINY)[views.kind]
    for _ in range(ROUNDS):
        member = np.zeros(views.graph.accounts)
        member[group] = 1.0
        mass = views.matrix @ (normal * (views.matrix.T @ member))
        order = np.argsort(-mass, kind="stable")[: np.count_nonzero(mass)].astype(np.int64)
        scores = prefixes(views, order)
        size = _end(scores, peak)
        if scores[size - 1] <= best:
            break
        best, group = float(scores[size - 1]), np.sort(order[:size])
    return best, group


def _end(scores: Floats, peak: Peak) -> int:
    """How many accounts the group has, two at least."""
    falls = np.flatnonzero(np.diff(scores[1:]) < 0)
    if peak is Peak.FIRST and len(falls):
        return int(falls[0]) + 2
    return int(np.argmax(scores[1:])) + 2


def prefixes(views: Views, order: Labels) -> Floats:
    """Suspiciousness of the first 1, 2, 3, ... accounts of an order; 0 for a single one."""
    part = views.matrix[order].tocsc()  # rows are places in the order; each column's places ascend
    part.sort_indices()
    before = np.arange(len(part.indices)) - np.repeat(part.indptr[:-1], np.diff(part.indptr))
    entity = np.repeat(np.arange(part.shape[1]), np.diff(part.indptr))
    cell = part.indices.astype(np.int64) * views.graph.kinds + views.kind[entity]
    gained = np.bincount(cell, weights=views.weight[entity] * before, minlength=len(order) * views.graph.kinds)
    mass: Floats = np.cumsum(gained.reshape(len(order), views.graph.kinds), axis=0)
    scores = np.zeros(len(order))
    scores[1:] = views.unlikelihood(np.arange(2, len(order) + 1), mass[1:])
    return scores
