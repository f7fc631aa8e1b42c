"""How far two groups of rings share entities beyond chance: entities that hardly anyone else uses.

A group's own entities are counted in two ways, and the better one counts: those that the other group uses at all, and
those that two of its accounts use. One bit says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.special import gammaln, hyp1f1

from linkage.operators.uses import Floats, Ints, KindUses

HALF = 0.5  # added to the strangers on a group's own entities: none seen is not never
CHOICE = 1.0  # bits to say which of the two ways counts
SOLD = "device"  # family whose entities are sold and rented, too: farms, images of one tool; it corroborates only


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
    How often accounts outside both use own ones, per link of the kind, says what chance would give (a Poisson law):
    of entities that the other group uses, and of those that two of its accounts use. The bits are -log2 of the chance
    of so many or more, less one, by the better way, averaged over both directions. ``expected`` is told of the first.
    """
    shared, expected, bits = [], [], []
    for kind in kinds:
        a, b = kind.used_by(first), kind.used_by(second)
        n_a, n_b = int(kind.links[first].sum()), int(kind.links[second].sum())
        out = kind.everywhere - a - b
        free = max(kind.all_links - n_a - n_b, 1)
        sides = np.array([_side(a, b, out, n_b / free), _side(b, a, out, n_a / free)]).T
        shared.append(np.count_nonzero((is_own(a, out) | is_own(b, out)) & (a > 0) & (b > 0)))
        expected.append(float(sides[1].sum()) / 2)
        bits.append(round(float(_better(*sides).sum()) / 2, 6))
    made = np.array(bits)
    return Tie(np.array(shared), np.array(expected), made, float(by_family(kinds, made[:, None])[0]))


def _side(owner: Ints, user: Ints, out: Ints, rate: float) -> list[float]:
    """Of the owner's own entities: how many the other group uses, and chance would give; the same by two accounts."""
    own = is_own(owner, out)
    strangers, squares = np.array([out[own].sum()]), np.array([((out[own] + 1) ** 2).sum()])
    once, twice = _by_chance(strangers, squares, np.array([rate]))
    used, by_two = (float(np.count_nonzero(own & (user >= least))) for least in (1, 2))
    return [used, float(once[0]), by_two, float(twice[0])]


def _by_chance(strangers: Ints, squares: Ints, rate: Floats) -> tuple[Floats, Floats]:
    """Own entities that a group would use by chance, and that two of its accounts would (at most).

    ``strangers`` are those on own entities, summed; ``squares`` sums (strangers + 1)^2: where m users are expected, two
    come with a chance of m^2 / 2 at most.
    """
    return (strangers + HALF) * rate, squares * rate * rate / 2


def _better(used: Floats, once: Floats, by_two: Floats, twice: Floats) -> Floats:
    bits = np.maximum(beyond_chance(used, once), beyond_chance(by_two, twice))
    return np.asarray(np.maximum(bits - CHOICE, 0.0), dtype=np.float64)


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
        return by_family(self._kinds, bits.reshape(len(self._kinds), int(self.of.max()) + 1))


class _Sums:
    """One kind: links per group, and the accounts outside a group on the entities that are its own."""

    def __init__(self, kind: KindUses, of: Ints, lenient: bool) -> None:
        self.kind = kind
        self.elsewhere = kind.everywhere - kind.used_by(np.flatnonzero(of >= 0)) if lenient else None
        groups = int(of.max(initial=-1)) + 1
        cells = _by_group(kind.users, np.arange(kind.users.shape[1]), of)
        outside = self._outside(cells.entity, cells.users)
        own = is_own(cells.users, outside)
        self.links = np.bincount(of[of >= 0], kind.links[of >= 0], groups)
        self.strangers = np.bincount(cells.group[own], outside[own], groups).astype(np.int64)
        self.squares = np.bincount(cells.group[own], (outside[own] + 1) ** 2, groups).astype(np.int64)

    def add(self, rings: Ints) -> None:
        """Take in a new group of these rings."""
        users = self.kind.used_by(rings)
        outside = self._outside(np.arange(len(users)), users)
        self.links = np.append(self.links, self.kind.links[rings].sum())
        mine = outside[is_own(users, outside)]
        self.strangers = np.append(self.strangers, mine.sum())
        self.squares = np.append(self.squares, ((mine + 1) ** 2).sum())

    def _outside(self, entity: Ints, users: Ints) -> Ints:
        """Strangers on these entities, of which a group, or two, are ``users``."""
        return self.kind.everywhere[entity] - users if self.elsewhere is None else self.elsewhere[entity]

    def bits(self, of: Ints, one: int) -> Floats:
        """Bits of the group ``one`` with each group, averaged over both directions."""
        users = self.kind.used_by(np.flatnonzero(of == one))
        groups = len(self.links)
        group, entity, b = _by_group(self.kind.users, np.flatnonzero(users), np.where(of == one, -1, of))
        a = users[entity]
        out = self._outside(entity, a + b)
        free = np.maximum(self.kind.all_links - self.links - self.links[one], 1)
        made = np.zeros(groups)
        ways = (
            (a, b, self.strangers[one], self.squares[one], self.links),
            (b, a, self.strangers, self.squares, self.links[one]),
        )
        for owner, user, strangers, squares, links in ways:
            own, unseen = is_own(owner, out), self._outside(entity, owner)
            before = is_own(owner, unseen)
            seen = np.where(own, out, 0) - np.where(before, unseen, 0)
            squared = np.where(own, (out + 1) ** 2, 0) - np.where(before, (unseen + 1) ** 2, 0)
            strange, strange_squares = (np.bincount(group, x, groups).astype(np.int64) for x in (seen, squared))
            once, twice = _by_chance(strangers + strange, squares + strange_squares, np.asarray(links / free))
            used, by_two = (np.bincount(group, own & (user >= n), groups).astype(np.float64) for n in (1, 2))
            made += _better(used, once, by_two, twice)
        return np.asarray(np.round(made / 2, 6), dtype=np.float64)


def is_own(inside: Ints, outside: Ints) -> np.ndarray:
    """Whether an entity is a group's own: two members use it, and no more accounts outside."""
    return (inside >= 2) & (outside <= inside)


class _Cells(NamedTuple):
    """How many members of a group use an entity, where any do."""

    group: Ints
    entity: Ints
    users: Ints


def _by_group(users: sp.csc_matrix, entities: Ints, of: Ints) -> _Cells:
    """The users by ring of some entities, added up by group; read off the arrays, as matrices take far longer."""
    number = np.diff(users.indptr)[entities]
    cells = np.repeat(users.indptr[entities] - np.cumsum(number) + number, number) + np.arange(number.sum())
    group, entity = of[users.indices[cells]], np.repeat(entities, number)
    kept, width = group >= 0, users.shape[1]
    keys, place = np.unique(group[kept] * width + entity[kept], return_inverse=True)
    return _Cells(keys // width, keys % width, np.bincount(place, users.data[cells][kept]).astype(np.int64))


def by_family(kinds: list[KindUses], bits: Floats) -> Floats:
    """Kinds x groups to bits per group: the best kind of each family, added up; sold things as much as all the rest."""
    families = np.array([kind.family for kind in kinds])
    best = {name: bits[families == name].max(axis=0) for name in np.unique(families).tolist()}
    sold = best.pop(SOLD, np.zeros(bits.shape[1]))
    rest = np.sum(list(best.values()), axis=0) if best else np.zeros(bits.shape[1])
    return np.asarray(np.round(rest + np.minimum(sold, rest), 6), dtype=np.float64)


def beyond_chance(number: Floats, expected: Floats) -> Floats:
    """-log2 P(Poisson(expected) >= number) where the number exceeds what is expected, else 0.

    P = e^-m m^x / x! * 1F1(1; x + 1; m): the terms of the tail, summed; its logarithm neither cancels nor underflows.
    """
    more = (number > expected) & (expected > 0)
    x, m = np.where(more, number, 1.0), np.where(more, expected, 0.5)
    nats = m - x * np.log(m) + gammaln(x + 1) - np.log(hyp1f1(1.0, x + 1, m))
    return np.asarray(np.where(more, np.maximum(nats, 0.0) / np.log(2), 0.0), dtype=np.float64)
