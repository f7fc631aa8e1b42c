"""The second level: rings inside a cluster, by a code of their own against the cluster's background."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from linkage.model import AccountGraph
from linkage.rings.choose import BITS_BEYOND, choose, worth_by_two_families
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, count, dense_labels, groups_of, world_of
from linkage.rings.decide import Limits, candidate_matrix
from linkage.rings.merge import merge
from linkage.rings.profile import profiles, touching_pairs
from linkage.rings.refine import refine
from linkage.rings.score import score
from linkage.rings.split import Proposer, part_of

REST_IS_A_RING = 0.25  # share of a cluster that may stay outside its rings before it counts as one; from the sketch


@dataclass(frozen=True)
class _Cluster:
    """A cluster as a small world of its own; ``members`` are its accounts in the whole world."""

    whole: World
    world: World
    members: Ints


def rings_inside(graph: AccountGraph, world: World, clusters: Ints, propose: Proposer, limits: Limits) -> Ints:
    """Ring of each account (-1: none), numbered over all clusters; a cluster that does not split is one ring."""
    rings = np.full(len(clusters), -1, dtype=np.int64)
    following = 0
    order = np.argsort(clusters, kind="stable")
    starts = np.searchsorted(clusters[order], np.arange(clusters.max(initial=-1) + 2))
    for start, end in pairwise(starts):
        members = order[start:end]
        inner = _split(graph, world, members, propose, limits)
        rings[members] = inner + following
        following += int(inner.max(initial=-1)) + 1
    return rings


def _split(graph: AccountGraph, whole: World, members: Ints, propose: Proposer, limits: Limits) -> Ints:
    undivided = np.zeros(len(members), dtype=np.int64)
    if len(members) < 2 * limits.smallest:
        return undivided
    part = part_of(graph, members)
    world = world_of(part)
    candidates = candidate_matrix(propose(part), limits.smallest)
    labels = choose(candidates, worth_by_two_families(score(world, count(world, candidates))), limits.smallest)
    labels = merge(world, refine(world, labels, limits.rounds, limits.smallest))
    labels, groups = dense_labels(refine(world, labels, 1, limits.smallest), limits.smallest)
    return _place_rest(_Cluster(whole, world, members), labels, groups) if groups else undivided


def _place_rest(cluster: _Cluster, labels: Ints, groups: int) -> Ints:
    """Accounts in no ring form one if they are over a quarter and stand alone; else each joins its best."""
    rest = labels < 0
    if rest.mean() > REST_IS_A_RING and _stands_alone(cluster, labels, groups):
        return np.where(rest, groups, labels)
    world = cluster.world
    counts = count(world, groups_of(labels, groups))
    pairs = touching_pairs(world, profiles(world, counts, score(world, counts)), labels)
    out = np.where(rest, int(counts.size.argmax()), labels)
    order = np.lexsort((pairs.group, -pairs.total, pairs.account))
    first = np.unique(pairs.account[order], return_index=True)[1]
    account, group = pairs.account[order][first], pairs.group[order][first]
    out[account] = np.where(rest[account], group, out[account])
    return out


def _stands_alone(cluster: _Cluster, labels: Ints, groups: int) -> bool:
    """Whether the rest has evidence of its own in every family that sets the cluster's rings apart.

    Else it is a ring's members who evade just that family: they have everything else in common with the ring.
    """
    world, whole = cluster.world, cluster.whole
    apart = (score(world, count(world, groups_of(labels, groups))).family_bits > BITS_BEYOND).any(axis=1)
    rest = np.full(whole.accounts, -1, dtype=np.int64)
    rest[cluster.members[labels < 0]] = 0
    own = score(whole, count(whole, groups_of(rest, 1))).family_bits[:, 0] > BITS_BEYOND
    return bool(own[apart].all())
