"""A group's profile, and the log-odds that an account belongs to the group, given what it uses.

For a kind coded entity by entity an account gains log2(p/q) for each profile entity that it uses and
log2((1-p)/(1-q)) for each that it does not, if it has the kind at all. For a pool it gains log2(x/rho) for each link
into the pool and log2((1-x)/(1-rho)) for each link of the kind outside. The prior is -log2(N/s).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import RATIOS, Floats, Ints, background_rate, fixed
from linkage.rings.counts import Background, Counts, KindCounts, World, per_group
from linkage.rings.score import ENTITY_CODE, KindScore, Score, in_pool, rows_of


@dataclass(frozen=True)
class KindProfile:
    """One kind of G profiles.

    ``weight`` (G x entities, CSR): what a link to the entity adds to the log-odds over ``absent``;
    ``own_weight``: the same in the same places for a member, with the member itself left out of p;
    ``absent``: bits of an account that has the kind and uses nothing of the profile, per group (entity code);
    ``outside``: bits of each link of the kind, per group (pool code).
    """

    weight: sp.csr_matrix
    own_weight: sp.csr_matrix
    absent: Floats
    outside: Floats


@dataclass(frozen=True)
class Profiles:
    """Profiles of G groups, in the order of the world's kinds; ``prior`` in bits per group."""

    kinds: tuple[KindProfile, ...]
    prior: Floats


def profiles(world: World, counts: Counts, scored: Score) -> Profiles:
    """Profiles of the groups by the codes that their score chose."""
    kinds = tuple(
        _kind_profile(b, c, s) for b, c, s in zip(world.kinds, counts.kinds, scored.kinds, strict=True)
    )
    return Profiles(kinds, fixed(np.log2(np.maximum(counts.size, 1) / world.accounts)))


def _kind_profile(background: Background, counts: KindCounts, scored: KindScore) -> KindProfile:
    group = rows_of(counts)
    by_entity = (scored.ratio == ENTITY_CODE)[group] & (scored.gain > 0) & (scored.bits > 0)[group]
    used, unused, own = _entity_bits(background, counts, by_entity)
    pooled, inside, outside = _pool_bits(background, counts, scored)
    absent = per_group(np.where(by_entity, unused, 0.0), counts.k)
    weight = np.where(by_entity, used - unused, np.where(pooled, inside, 0.0))
    own_weight = np.where(by_entity, own - unused, np.where(pooled, inside, 0.0))
    return KindProfile(_like(counts.k, weight), _like(counts.k, own_weight), absent, outside)


def _like(k: sp.csr_matrix, values: Floats) -> sp.csr_matrix:
    made = sp.csr_matrix((values, k.indices.copy(), k.indptr.copy()), shape=k.shape)
    made.eliminate_zeros()
    return made


def _entity_bits(background: Background, counts: KindCounts, chosen: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Bits when used, when not used, and when used by a member that is left out of p; p by Krichevsky-Trofimov."""
    group, entity, k = rows_of(counts), counts.k.indices, counts.k.data.astype(np.float64)
    s = counts.having[group].astype(np.float64)
    q = background_rate(background.users[entity], background.links, counts.links[group], np.maximum(s, 1))
    p = (k + 0.5) / (s + 1)
    others = np.maximum(k - 0.5, 0.5) / np.maximum(s, 1)
    bits = [np.where(chosen, fixed(b), 0.0) for b in (np.log2(p / q), np.log2((1 - p) / (1 - q)), np.log2(others / q))]
    return bits[0], bits[1], bits[2]


def _pool_bits(background: Background, counts: KindCounts, scored: KindScore) -> tuple[np.ndarray, Floats, Floats]:
    """Which stored elements are in their group's pool; bits of a link inside (over outside), and of one outside."""
    group, entity = rows_of(counts), counts.k.indices
    pooled_group = (scored.ratio != ENTITY_CODE) & (scored.bits > 0)
    ratio = RATIOS[np.where(pooled_group, scored.ratio, 0)]
    pooled = pooled_group[group] & in_pool(background, counts, ratio[group])
    groups = counts.k.shape[0]
    inside = np.bincount(group, weights=np.where(pooled, counts.k.data, 0), minlength=groups)
    degrees = np.bincount(group, weights=np.where(pooled, background.users[entity], 0), minlength=groups)
    x = (inside + 0.5) / (counts.links + 1)
    rho = np.clip(degrees / max(background.links, 1), 1e-12, 1 - 1e-12)
    out = np.where(pooled_group, fixed(np.log2((1 - x) / (1 - rho))), 0.0)
    over = fixed(np.log2(x / rho)) - out
    return pooled, over[group], out


@dataclass(frozen=True)
class Pairs:
    """Log-odds of accounts for groups: ``bits`` (kinds + 1 rows, the prior last) of each pair ``account``, ``group``."""

    account: Ints
    group: Ints
    bits: Floats

    @property
    def total(self) -> Floats:
        """Log-odds in bits, per pair."""
        return np.asarray(self.bits.sum(axis=0))


def touching_pairs(world: World, made: Profiles, labels: Ints) -> Pairs:
    """Every account with every group of whose profile it uses something; sorted by account, then group.

    ``labels`` says who is a member of what now: a member is left out of p in its own group.
    """
    groups = max(len(made.prior), 1)
    products = [(b.incidence.matrix @ k.weight.T).tocsr() for b, k in zip(world.kinds, made.kinds, strict=True)]
    keyed = [(_rows(product) * groups + product.indices, product.data) for product in products]
    keys = np.unique(np.concatenate([k for k, _ in keyed])) if keyed else np.zeros(0, np.int64)
    account, group = keys // groups, keys % groups
    sums = np.zeros((len(keyed), len(keys)))
    for row, (key, data) in enumerate(keyed):
        sums[row, np.searchsorted(keys, key)] = data
    own = np.flatnonzero(labels[account] == group)
    sums[:, own] = _own_sums(world, made, account[own], group[own])
    return _with_constants(world, made, Pairs(account, group, sums))


def member_pairs(world: World, made: Profiles, account: Ints, group: Ints) -> Pairs:
    """Given accounts, each with one given group, and each left out of p there."""
    return _with_constants(world, made, Pairs(account, group, _own_sums(world, made, account, group)))


def _with_constants(world: World, made: Profiles, pairs: Pairs) -> Pairs:
    rows = []
    for sums, background, kind in zip(pairs.bits, world.kinds, made.kinds, strict=True):
        breadth = background.breadth[pairs.account]
        rows.append(sums + (breadth > 0) * kind.absent[pairs.group] + breadth * kind.outside[pairs.group])
    return Pairs(pairs.account, pairs.group, np.stack([*rows, made.prior[pairs.group]]))


def _own_sums(world: World, made: Profiles, account: Ints, group: Ints) -> Floats:
    sums = np.zeros((len(world.kinds), len(account)))
    for row, (background, kind) in enumerate(zip(world.kinds, made.kinds, strict=True)):
        chosen = background.incidence.matrix[account]
        pair = _rows(chosen)
        keys = _rows(kind.own_weight) * background.entities + kind.own_weight.indices
        wanted = group[pair] * background.entities + chosen.indices
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        found = keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
        values = np.where(found, kind.own_weight.data[place], 0.0) if len(keys) else np.zeros(len(wanted))
        sums[row] = np.bincount(pair, weights=values, minlength=len(account))
    return sums


def _rows(matrix: sp.csr_matrix) -> Ints:
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
