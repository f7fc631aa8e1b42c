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
from linkage.rings.compiled import at_once, zeros
from linkage.rings.counts import Background, Counts, KindCounts, World, rows_of
from linkage.rings.favourite import Sought, best_touching
from linkage.rings.few import Few, few_of
from linkage.rings.score import KindScore, Score
from linkage.rings.touching import Cells, Csr, Homes, Terms, both, by_entity, members, touching


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
    shape = (groups, background.width)
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
    """The matrix of cells that stand in order of row, then column."""
    ends = np.cumsum(np.bincount(cells[0], minlength=shape[0]))
    return sp.csr_matrix((values, cells[1], np.concatenate([[0], ends])), shape=shape)


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
    uses, terms, cells, home = world.uses, _terms(made), _cells(world, made), _homes(homes)

    def found(part: Ints) -> tuple[Ints, Ints, Floats]:
        return touching(uses, cells, terms, part, labels, home, zeros(len(made.prior)))

    asked = _asked(world, homes)
    number, group, bits = zip(*at_once(found, np.array_split(asked, world.threads), world.threads), strict=True)
    account = np.repeat(asked, np.concatenate(number))
    return Pairs(account, np.concatenate(group), np.ascontiguousarray(np.concatenate(bits).T))


def best_groups(
    world: World, made: Profiles, labels: Ints, over: float = 0.0,
    homes: tuple[Ints, Ints] | None = None, counted: np.ndarray | None = None,
) -> Ints:  # fmt: skip
    """The group of each account for which its log-odds are highest, and over a bound; -1 where there is none.

    Among the pairs of :func:`touching_pairs`, of equal ones the lower group. ``counted`` (kinds x homes of accounts)
    says which kinds count, beside the prior; without it all do.

    Raises:
        ValueError: an account is at a home that ``counted`` has no column for.
    """
    uses, terms, cells = world.uses, _terms(made), _cells(world, made)
    places = 1 if homes is None else int(homes[0].max(initial=0)) + 1
    told = np.ones((places, len(made.kinds)), dtype=bool) if counted is None else np.ascontiguousarray(counted.T)
    if len(told) < places:
        raise ValueError(f"counted is for {len(told)} homes; accounts have {places}")
    sought = Sought(_homes(homes), told, over)

    def found(part: Ints) -> Ints:
        return best_touching(uses, cells, terms, part, labels, sought, zeros(len(made.prior)))

    asked, best = _asked(world, homes), np.full(world.here, -1, dtype=np.int64)
    best[asked] = np.concatenate(at_once(found, np.array_split(asked, world.threads), world.threads))
    return best


def _asked(world: World, homes: tuple[Ints, Ints] | None) -> Ints:
    return np.arange(world.here) if homes is None else np.flatnonzero(homes[0] >= 0)


def _homes(homes: tuple[Ints, Ints] | None) -> Homes:
    none = np.zeros(0, dtype=np.int64)
    return Homes(*(homes or (none, none)))


def member_pairs(world: World, made: Profiles, account: Ints, group: Ints) -> Pairs:
    """Given accounts, each with one given group, and each left out of p there."""
    bits = members(world.uses, _cells(world, made), _terms(made), account, group)
    return Pairs(account, group, np.ascontiguousarray(bits.T))


def _terms(made: Profiles) -> Terms:
    """What breadth and taking part add, for compiled loops."""
    joins, abstains, outside = (
        np.stack([getattr(kind, name) for kind in made.kinds], axis=1) for name in ("joins", "abstains", "outside")
    )
    return Terms(joins, abstains, outside, made.prior)


def _cells(world: World, made: Profiles) -> Cells:
    """The cells of the profiles, for compiled loops."""
    parts = [both(_csr(kind.weight), _csr(kind.own_weight)) for kind in made.kinds]
    first = world.uses.first
    entity = np.concatenate([part[1] + begin for part, begin in zip(parts, first, strict=False)])
    group, link, own = (np.concatenate([part[column] for part in parts]) for column in (0, 2, 3))
    return by_entity(group, entity, link, own, int(first[-1]))


def _csr(matrix: sp.csr_matrix) -> Csr:
    return Csr(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False), matrix.data)
