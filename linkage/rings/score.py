"""How many bits it saves to describe groups of accounts through profiles: the decision of the method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.rings.codelength import (
    CHOICE_OF_CODE,
    RATIOS,
    Floats,
    Ints,
    background_rate,
    entity_gain,
    group_naming,
    pool_gain,
    pool_naming,
)
from linkage.rings.counts import Background, Counts, KindCounts, World, per_group

ENTITY_CODE = -1  # value of ``KindScore.ratio`` where a kind is coded entity by entity


@dataclass(frozen=True)
class KindScore:
    """One kind over G groups: ``bits`` of the better code; ``ratio`` the index into RATIOS of a pool, or ENTITY_CODE.

    ``gain`` holds the entity gain of each stored element of the kind's ``k``.
    """

    bits: Floats
    ratio: Ints
    gain: Floats


@dataclass(frozen=True)
class Score:
    """``saved`` bits per group; ``kinds`` in the order of the world; ``family_bits`` is families x groups."""

    saved: Floats
    kinds: tuple[KindScore, ...]
    family_bits: Floats

    @property
    def beyond_best_family(self) -> Floats:
        """Bits outside the strongest family, per group."""
        return np.asarray(self.family_bits.sum(axis=0) - self.family_bits.max(axis=0, initial=0.0))


def score(world: World, counts: Counts) -> Score:
    """Bits saved by each group: sum of its families' bits - log2 binomial(N, s) - log2 N.

    A kind takes the better of its two codes, less one bit that says which. Kinds of one family tell of the same thing,
    so a family counts with its best kind only.
    """
    kinds = tuple(_score_kind(b, c) for b, c in zip(world.kinds, counts.kinds, strict=True))
    family_bits = np.zeros((len(world.families), len(counts.size)))
    for background, kind in zip(world.kinds, kinds, strict=True):
        row = world.families.index(background.incidence.kind.family)
        family_bits[row] = np.maximum(family_bits[row], kind.bits)
    return Score(family_bits.sum(axis=0) - group_naming(world.accounts, counts.size), kinds, family_bits)


def _score_kind(background: Background, counts: KindCounts) -> KindScore:
    gain = entity_gains(background, counts)
    pools = np.stack([_pool_bits(background, counts, ratio) for ratio in RATIOS])
    best = pools.argmax(axis=0)
    pool_bits = pools.max(axis=0)
    entity_bits = per_group(gain, counts.k)
    bits = np.maximum(np.maximum(entity_bits, pool_bits) - CHOICE_OF_CODE, 0.0)
    return KindScore(bits, np.where(pool_bits > entity_bits, best, ENTITY_CODE), gain)


def rows_of(counts: KindCounts) -> Ints:
    """Group of each stored element of ``k``."""
    return np.repeat(np.arange(counts.k.shape[0]), np.diff(counts.k.indptr))


def entity_gains(background: Background, counts: KindCounts) -> Floats:
    """Entity gain of each stored element of ``k``."""
    group, entity = rows_of(counts), counts.k.indices
    s = counts.having[group]
    q = background_rate(background.users[entity], background.links, counts.links[group], s)
    return entity_gain(counts.k.data, s, q, background.entities)


def in_pool(background: Background, counts: KindCounts, ratio: float | Floats) -> np.ndarray:
    """Which stored elements of ``k`` belong to the pool: used by two members or more, and k/d at least ``ratio``."""
    k = counts.k.data
    return np.asarray((k >= 2) & (k >= ratio * background.users[counts.k.indices]))


def _pool_bits(background: Background, counts: KindCounts, ratio: float) -> Floats:
    groups, classes = counts.k.shape[0], len(background.class_sizes)
    chosen = in_pool(background, counts, ratio)
    group, entity = rows_of(counts)[chosen], counts.k.indices[chosen]
    cells = group * classes + background.degree_class[entity]
    members = np.bincount(cells, minlength=groups * classes).reshape(groups, classes)
    inside = np.bincount(group, weights=counts.k.data[chosen], minlength=groups)
    degrees = np.bincount(group, weights=background.users[entity], minlength=groups)
    naming = pool_naming(members, background.class_sizes)
    return pool_gain(inside, counts.links, degrees / max(background.links, 1), naming)
