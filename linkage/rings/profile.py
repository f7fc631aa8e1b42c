"""A group's profile, and the log-odds that an account belongs to the group, given what it uses.

Per kind an account that has it either takes part in the profile or not, with pi = (s_in + 1/2) / (s_t + 1). One that
uses nothing of the profile gets log2(1 - pi). One that does gets log2 pi and, entity by entity, log2(p/q) for each
profile entity that it uses and log2((1-p)/(1-q)) for each that it does not; or, for a pool, log2(x/rho) for each link
into the pool and log2((1-x)/(1-rho)) for each link of the kind outside. What few share counts like a pool, link by link
(:mod:`linkage.rings.few`). The prior is -log2(N/s).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints, background_rate, fixed
from linkage.rings.codes import ENTITY_CODE
from linkage.rings.counts import Background, Counts, KindCounts, World, distinct, rows_of
from linkage.rings.few import Few, few_of
from linkage.rings.score import KindScore, Score


@dataclass(frozen=True)
class KindProfile:
    """One kind of G profiles.

    ``weight`` (G x entities, CSR) has what a link to the entity adds to the log-odds; ``own_weight`` the same for a
    member, with the member itself left out of p; ``unused``, in the places of ``weight``, what it adds when an account
    that takes part does not use it. The rest is per group: ``named``, whether the kind is told entity by entity; and in
    bits ``part`` and ``abstains`` once an account; ``joins``, ``part`` with all the unused entities; ``outside`` for
    each link of the kind (0 in entity code).
    """

    weight: sp.csr_matrix
    own_weight: sp.csr_matrix
    unused: sp.csr_matrix
    named: np.ndarray
    part: Floats
    joins: Floats
    abstains: Floats
    outside: Floats

    def terms(self) -> tuple[Floats, Floats]:
        """Bits when used and when not, per cell of the profile (by group, then entity); 0 when not for a pool's."""
        return self.weight.data + self.unused.data + self.outside[rows_of(self.weight)], self.unused.data

    def own(self, group: Ints, entity: Ints) -> tuple[Floats, np.ndarray]:
        """What links to entities add for members of groups, elementwise; and whether they stand there at all."""
        keys = rows_of(self.own_weight) * self.own_weight.shape[1] + self.own_weight.indices
        if not len(keys):
            return np.zeros(len(group)), np.zeros(len(group), dtype=bool)
        wanted = group * self.own_weight.shape[1] + entity
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = keys[place] == wanted
        return np.where(found, self.own_weight.data[place], 0.0), found


@dataclass(frozen=True)
class Profiles:
    """Profiles of G groups, in the order of the world's kinds; ``prior`` in bits per group."""

    kinds: tuple[KindProfile, ...]
    prior: Floats


def profiles(world: World, counts: Counts, scored: Score) -> Profiles:
    """Profiles of the groups by the codes that their score chose."""
    parts = zip(world.kinds, counts.kinds, scored.kinds, strict=True)
    kinds = tuple(_kind_profile(b, c, s, few_of(b, c, s) if world.few else None) for b, c, s in parts)
    return Profiles(kinds, fixed(np.log2(np.maximum(counts.size, 1) / world.accounts)))


def _kind_profile(background: Background, counts: KindCounts, scored: KindScore, few: Few | None) -> KindProfile:
    groups, chosen = len(counts.having), scored.chosen
    named = scored.ratio == ENTITY_CODE
    used, unused, own = _entity_bits(background, counts, scored)
    inside, outside = _pool_bits(background, counts, scored)
    unused = np.where(named[counts.group], unused, 0.0)
    weight = np.where(named[counts.group], used - unused, inside[counts.group])
    own_weight = np.where(named[counts.group], own - unused, inside[counts.group])
    joining, cells, own_cells = scored.joining, chosen, chosen
    if few:
        outside = np.where(few.told, few.outside, outside)
        weight = np.where(few.cells, few.bits - outside[counts.group], weight)
        own_weight = np.where(few.own_cells, few.own_bits - outside[counts.group], own_weight)
        unused = np.where(few.cells, 0.0, unused)
        joining, named = np.where(few.told, few.joining, joining), named & ~few.told
        cells, own_cells = chosen | few.cells, chosen | few.own_cells
    pi = (joining + 0.5) / (counts.having + 1)
    silent = np.bincount(counts.group[cells], minlength=groups) == 0
    absent = np.bincount(counts.group[chosen], weights=unused[chosen], minlength=groups)
    shape = (groups, background.entities)
    return KindProfile(
        weight=_matrix(weight[cells], (counts.group[cells], counts.entity[cells]), shape),
        own_weight=_matrix(own_weight[own_cells], (counts.group[own_cells], counts.entity[own_cells]), shape),
        unused=_matrix(unused[cells], (counts.group[cells], counts.entity[cells]), shape),
        named=named,
        part=np.where(silent, 0.0, fixed(np.log2(pi))),
        joins=np.where(silent, 0.0, fixed(np.log2(pi)) + absent),
        abstains=np.where(silent, 0.0, fixed(np.log2(1 - pi))),
        outside=np.where(silent | named, 0.0, outside),
    )


def _matrix(values: Floats, cells: tuple[Ints, Ints], shape: tuple[int, int]) -> sp.csr_matrix:
    return sp.csr_matrix((values, cells), shape=shape)


def _entity_bits(background: Background, counts: KindCounts, scored: KindScore) -> tuple[Floats, Floats, Floats]:
    """Bits when used, when not used, and when used by a member that is left out of p; p by Krichevsky-Trofimov.

    q is the rate among everybody outside the group, for accounts of the group's breadth: an operator with thousands of
    accounts would else hide behind its own entities.
    """
    k = counts.k.astype(np.float64)
    s = np.maximum(scored.joining, 1)[counts.group].astype(np.float64)
    others_use = np.maximum(background.users[counts.entity] - counts.k, 0)
    by_stranger = _outside_rate(background, counts, scored, np.maximum(others_use - 1, 0) + 0.5)
    by_member = _outside_rate(background, counts, scored, others_use + 0.5)
    p = np.minimum((k + 0.5) / (s + 1), (s + 0.5) / (s + 1))
    others = np.clip((k - 0.5) / s, 0.5 / s, 1 - 0.5 / (s + 1))
    unused = fixed(np.log2((1 - p) / (1 - by_member)))
    return fixed(np.log2(p / by_stranger)), unused, fixed(np.log2(others / by_member))


def _outside_rate(background: Background, counts: KindCounts, scored: KindScore, users: Floats) -> Floats:
    s = np.maximum(scored.joining, 1)[counts.group]
    links = np.maximum(background.links - counts.links, 1)[counts.group]
    return background_rate(users, links, scored.links[counts.group], s)


def _pool_bits(background: Background, counts: KindCounts, scored: KindScore) -> tuple[Floats, Floats]:
    """Bits of a link into the pool beyond those of one outside, and of one outside; per group.

    rho is the pool's part of the links of everybody outside the group.
    """
    groups, chosen = len(counts.having), scored.chosen
    inside = np.bincount(counts.group[chosen], weights=counts.k[chosen], minlength=groups)
    degrees = np.bincount(counts.group[chosen], weights=background.users[counts.entity[chosen]], minlength=groups)
    x = (inside + 0.5) / (np.maximum(scored.links, inside) + 1)
    rho = (np.maximum(degrees - inside, 0) + 0.5) / (np.maximum(background.links - counts.links, 0) + 1)
    rho = np.clip(rho, 1e-12, 1 - 1e-12)
    outside = fixed(np.log2((1 - x) / (1 - rho)))
    return fixed(np.log2(x / rho)) - outside, outside


@dataclass(frozen=True)
class Pairs:
    """Log-odds of accounts for groups.

    ``bits`` has kinds + 1 rows, the prior last, and a column for each pair of ``account`` and ``group``.
    """

    account: Ints
    group: Ints
    bits: Floats

    @property
    def total(self) -> Floats:
        """Log-odds in bits, per pair."""
        return np.asarray(self.bits.sum(axis=0))


def touching_pairs(world: World, made: Profiles, labels: Ints, homes: tuple[Ints, Ints] | None = None) -> Pairs:
    """Every account with every group of whose profile it uses something, windows apart; by account, then group.

    ``labels`` says who is a member of what now: a member is left out of p in its own group. With ``homes``, of accounts
    and of groups, only pairs of one home; accounts with one below 0 are in no pair.
    """
    groups = max(len(made.prior), 1)
    kinds = list(zip(world.kinds, made.kinds, strict=True))
    things = [row for row, (b, _) in enumerate(kinds) if not b.incidence.kind.window]
    keyed = [_touching(kinds[row][0], kinds[row][1], homes) for row in things]
    keys = distinct(np.concatenate([k for k, _ in keyed])) if keyed else np.zeros(0, np.int64)
    account, group = keys // groups, keys % groups
    sums, touched = np.zeros((len(kinds), len(keys))), np.zeros((len(kinds), len(keys)), dtype=bool)
    for row, (key, data) in zip(things, keyed, strict=True):
        place = np.searchsorted(keys, key)
        sums[row, place], touched[row, place] = data, True
    for row in sorted(set(range(len(kinds))) - set(things)):
        sums[row] = _window_sums(kinds[row][0], kinds[row][1], account, group)
        touched[row] = sums[row] != 0
    own = np.flatnonzero(labels[account] == group)
    sums[:, own], touched[:, own] = _own_sums(world, made, account[own], group[own])
    return _with_constants(world, made, Pairs(account, group, sums), touched)


def _touching(background: Background, kind: KindProfile, homes: tuple[Ints, Ints] | None) -> tuple[Ints, Floats]:
    """Pairs as account x groups + group, and the bits of what the account uses of the group's profile."""
    matrix, groups = background.incidence.matrix, max(kind.weight.shape[0], 1)
    asked = np.arange(matrix.shape[0], dtype=np.int64) if homes is None else np.flatnonzero(homes[0] >= 0)
    product = ((matrix if homes is None else matrix[asked]) @ kind.weight.T).tocsr()
    account, group = asked[rows_of(product)], product.indices
    near = slice(None) if homes is None else homes[0][account] == homes[1][group]
    return (account * groups + group)[near], product.data[near]


def _window_sums(background: Background, kind: KindProfile, account: Ints, group: Ints) -> Floats:
    """Bits that the window of each account adds for its group, pair by pair: to multiply would touch everybody."""
    matrix = background.incidence.matrix
    window = np.zeros(matrix.shape[0], dtype=np.int64)
    window[background.breadth > 0] = matrix.indices
    bits = np.asarray(kind.weight[group, window[account]]).ravel()
    return np.where(background.breadth[account] > 0, bits, 0.0)


def member_pairs(world: World, made: Profiles, account: Ints, group: Ints) -> Pairs:
    """Given accounts, each with one given group, and each left out of p there."""
    sums, touched = _own_sums(world, made, account, group)
    return _with_constants(world, made, Pairs(account, group, sums), touched)


def _with_constants(world: World, made: Profiles, pairs: Pairs, touched: np.ndarray) -> Pairs:
    """With what breadth and taking part add. Windows add nothing where nothing else of the profile is used."""
    windows = np.array([b.incidence.kind.window for b in world.kinds])
    asked = touched[~windows].any(axis=0)
    rows = []
    for i, (background, kind) in enumerate(zip(world.kinds, made.kinds, strict=True)):
        breadth = background.breadth[pairs.account]
        joined = pairs.bits[i] + kind.joins[pairs.group] + breadth * kind.outside[pairs.group]
        absent = np.where(breadth > 0, kind.abstains[pairs.group], 0.0)
        rows.append(np.where(asked | ~windows[i], np.where(touched[i], joined, absent), 0.0))
    return Pairs(pairs.account, pairs.group, np.stack([*rows, made.prior[pairs.group]]))


def _own_sums(world: World, made: Profiles, account: Ints, group: Ints) -> tuple[Floats, np.ndarray]:
    sums = np.zeros((len(world.kinds), len(account)))
    touched = np.zeros(sums.shape, dtype=bool)
    for row, (background, kind) in enumerate(zip(world.kinds, made.kinds, strict=True)):
        chosen = background.incidence.matrix[account]
        pair = rows_of(chosen)
        values, found = kind.own(group[pair], chosen.indices)
        sums[row] = np.bincount(pair, weights=values, minlength=len(account))
        touched[row] = np.bincount(pair[found], minlength=len(account)) > 0
    return sums, touched
