"""How far two groups of rings share entities beyond chance: entities that hardly anyone else uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import gammaln, hyp1f1

from linkage.operators.uses import Floats, Ints, KindUses

HALF = 0.5  # added to the strangers on a group's own entities: none seen is not never


@dataclass(frozen=True)
class Tie:
    """What two groups share, one entry a kind: own entities of either that both use, what chance would give, bits.

    ``total`` adds up the best kind of each family.
    """

    shared: Ints
    expected: Floats
    bits: Floats
    total: float


def between(kinds: list[KindUses], first: Ints, second: Ints) -> Tie:
    """The tie between two groups of rings, given as ring numbers.

    An entity is a group's own when two members or more use it, and no more accounts outside both groups than members.
    How often accounts outside both use own ones, per link of the kind, says what chance would give (a Poisson law);
    the bits are -log2 of the chance of so many or more, averaged over both directions.
    """
    shared, expected, bits = [], [], []
    for kind in kinds:
        a, b = kind.used_by(first), kind.used_by(second)
        n_a, n_b = int(kind.links[first].sum()), int(kind.links[second].sum())
        out = kind.everywhere - a - b
        free = max(kind.all_links - n_a - n_b, 1)
        there, chance_there = _directed(is_own(a, out), b, out, n_b / free)
        back, chance_back = _directed(is_own(b, out), a, out, n_a / free)
        pair = beyond_chance(np.array([there, back]), np.array([chance_there, chance_back]))
        shared.append(np.count_nonzero((is_own(a, out) | is_own(b, out)) & (a > 0) & (b > 0)))
        expected.append((chance_there + chance_back) / 2)
        bits.append(round(float(pair.sum()) / 2, 6))
    made = np.array(bits)
    return Tie(np.array(shared), np.array(expected), made, float(_by_family(kinds, made[:, None])[0]))


def _directed(own: np.ndarray, used: Ints, out: Ints, rate: float) -> tuple[float, float]:
    return float(np.count_nonzero(own & (used > 0))), (float(out[own].sum()) + HALF) * rate


class Groups:
    """Groups of rings that unite, and how strongly one is tied to every other: :func:`between`, for many at once.

    ``of`` has the group of each ring, -1 for those that take no part. With ``lenient`` the other groups are no
    strangers: what many rings of one operator share is hardly anyone else's then, though no two of them own it.
    """

    def __init__(self, kinds: list[KindUses], of: Ints, lenient: bool = False) -> None:
        self.of = of.copy()
        self._kinds = kinds
        self._sums = [_Sums(kind, of, lenient) for kind in kinds]

    def unite(self, first: int, second: int) -> int:
        """Make one of two groups; its number is one higher than any before."""
        name = int(self.of.max()) + 1
        self.of[(self.of == first) | (self.of == second)] = name
        for sums in self._sums:
            sums.add(np.flatnonzero(self.of == name))
        return name

    def ties(self, one: int) -> Floats:
        """Bits of the group ``one`` with every group so far; 0 with itself and with those that were united."""
        bits = np.array([sums.bits(self.of, one) for sums in self._sums])
        return _by_family(self._kinds, bits.reshape(len(self._kinds), int(self.of.max()) + 1))


class _Sums:
    """One kind: links per group, and the accounts outside a group on the entities that are its own."""

    def __init__(self, kind: KindUses, of: Ints, lenient: bool) -> None:
        self.kind = kind
        self.elsewhere = kind.everywhere - kind.used_by(np.flatnonzero(of >= 0)) if lenient else None
        groups = int(of.max(initial=-1)) + 1
        cells = _by_group(kind.users.tocoo(), of, groups).tocoo()
        outside = self._outside(cells.col, cells.data)
        own = is_own(cells.data, outside)
        self.links = np.bincount(of[of >= 0], kind.links[of >= 0], groups)
        self.strangers = np.bincount(cells.row[own], outside[own], groups)

    def add(self, rings: Ints) -> None:
        """Take in a new group of these rings."""
        users = self.kind.used_by(rings)
        outside = self._outside(np.arange(len(users)), users)
        self.links = np.append(self.links, self.kind.links[rings].sum())
        self.strangers = np.append(self.strangers, outside[is_own(users, outside)].sum())

    def _outside(self, entity: Ints, users: Ints) -> Ints:
        """Strangers on these entities, of which a group, or two, are ``users``."""
        return self.kind.everywhere[entity] - users if self.elsewhere is None else self.elsewhere[entity]

    def bits(self, of: Ints, one: int) -> Floats:
        """Bits of the group ``one`` with each group, averaged over both directions."""
        users = self.kind.used_by(np.flatnonzero(of == one))
        columns = np.flatnonzero(users)
        groups = len(self.links)
        others = np.where(of == one, -1, of)
        cells = _by_group(self.kind.users[:, columns].tocoo(), others, groups).tocoo()
        entity = columns[cells.col]
        a, b = users[entity], cells.data
        out = self._outside(entity, a + b)
        free = np.maximum(self.kind.all_links - self.links - self.links[one], 1)
        made = np.zeros(groups)
        ways = ((a, self.strangers[one], self.links), (b, self.strangers, self.links[one]))
        for owner, strangers, links in ways:
            own, unseen = is_own(owner, out), self._outside(entity, owner)
            seen = np.where(own, out, 0) - np.where(is_own(owner, unseen), unseen, 0)
            strange = strangers + np.bincount(cells.row, seen, groups)
            number = np.bincount(cells.row, own, groups).astype(np.float64)
            made += beyond_chance(number, (strange + HALF) * (links / free))
        return np.asarray(np.round(made / 2, 6), dtype=np.float64)


def is_own(inside: Ints, outside: Ints) -> np.ndarray:
    """Whether an entity is a group's own: two members use it, and no more accounts outside."""
    return (inside >= 2) & (outside <= inside)


def _by_group(cells: sp.coo_matrix, of: Ints, groups: int) -> sp.csr_matrix:
    """Rows of rings added up to rows of groups."""
    kept = of[cells.row] >= 0
    places = (of[cells.row][kept], cells.col[kept])
    return sp.csr_matrix((cells.data[kept], places), shape=(groups, cells.shape[1]))


def _by_family(kinds: list[KindUses], bits: Floats) -> Floats:
    """Kinds x groups to bits per group: the best kind of each family, added up."""
    families = np.array([kind.family for kind in kinds])
    best = [bits[families == family].max(axis=0) for family in np.unique(families)]
    return np.asarray(np.round(np.sum(best, axis=0), 6) if best else np.zeros(bits.shape[1]), dtype=np.float64)


def beyond_chance(number: Floats, expected: Floats) -> Floats:
    """-log2 P(Poisson(expected) >= number) where the number exceeds what is expected, else 0.

    P = e^-m m^x / x! * 1F1(1; x + 1; m): the terms of the tail, summed; its logarithm neither cancels nor underflows.
    """
    more = (number > expected) & (expected > 0)
    x, m = np.where(more, number, 1.0), np.where(more, expected, 0.5)
    nats = m - x * np.log(m) + gammaln(x + 1) - np.log(hyp1f1(1.0, x + 1, m))
    return np.asarray(np.where(more, np.maximum(nats, 0.0) / np.log(2), 0.0), dtype=np.float64)
