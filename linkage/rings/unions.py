"""What uniting groups saves: on their own, inside a cluster, or as parts of a ring behind different addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints, log2_factorial
from linkage.rings.counts import home_of
from linkage.rings.looks import Looks, spoken, worded_alike
from linkage.rings.picks import InCommon, picks
from linkage.rings.score import Bits

WORTH = 5.0  # bits a change must save beyond its cost; from the method sketch
SAME_WORDS = 1 / 3  # of the uses of templates of each part are of those of the others, too; docs/method/search.md


@dataclass(frozen=True)
class Unions:
    """Unions of two groups and more: ``parts`` (0/1, unions x groups); ``size``, ``home`` and ``looks`` of groups."""

    parts: sp.csr_matrix
    size: Ints
    home: Ints
    looks: Looks

    @property
    def homes(self) -> Ints:
        """The home of each union: that of its parts."""
        return np.asarray(self.home[self.parts.indices[self.parts.indptr[:-1]]])

    def sum(self, values: Floats) -> Floats:
        """The sum over its parts for each union; ``values`` has a number a group, or rows of them."""
        return np.asarray((self.parts @ values.T).T)


class Rule(Protocol):
    """Which groups may unite, and what that saves."""

    def home(self, labels: Ints, groups: int) -> Ints | None:
        """A number per group: only groups of the same one unite; None when any two may."""

    def needed(self) -> np.ndarray | None:
        """Families (one boolean each) of which two groups must share something to save anything; None: any."""

    def gain(self, apart: Bits, together: Bits, unions: Unions) -> Floats:
        """Bits that each union saves; ``apart`` scores the groups, ``together`` the unions."""


class OnTheirOwn:
    """Any two groups, when one profile for both saves more bits than two; a group that saves nothing counts as 0."""

    def home(self, labels: Ints, groups: int) -> Ints | None:
        """None: any two may unite."""
        return None

    def needed(self) -> np.ndarray | None:
        """None: any."""
        return None

    def gain(self, apart: Bits, together: Bits, unions: Unions) -> Floats:
        """What the union saves, less what its parts save."""
        return np.asarray(together.saved - unions.sum(np.maximum(apart.saved, 0)))


@dataclass(frozen=True)
class Within:
    """Parts of one cluster, when that shortens the cluster's description.

    ``cluster`` is per account (-1: none), ``told_apart`` (families x clusters) says which families are described ring
    by ring; the others are described once for the cluster, whoever unites.
    """

    cluster: Ints
    told_apart: np.ndarray

    def home(self, labels: Ints, groups: int) -> Ints:
        """The cluster of each group."""
        return home_of(labels, groups, self.cluster)

    def needed(self) -> np.ndarray | None:
        """None: any."""
        return None

    def gain(self, apart: Bits, together: Bits, unions: Unions) -> Floats:
        """Bits of the families told apart, and what need not be named."""
        return self._saved(unions, (apart.family_bits, 0.0), (together.family_bits, 0.0))

    def _saved(
        self, unions: Unions, apart: tuple[Floats, Floats | float], together: tuple[Floats, Floats | float]
    ) -> Floats:
        """What unions save, and log2 s! / (s_1! s_2! ...) for not having to say who is in which.

        ``apart`` and ``together`` have the bits of families told apart, and of the others.
        """
        parts = unions.sum(np.where(self.told_apart[:, unions.home], *apart).sum(axis=0))
        whole = np.where(self.told_apart[:, unions.homes], *together).sum(axis=0)
        naming = log2_factorial(unions.parts @ unions.size) - unions.sum(log2_factorial(unions.size))
        return np.asarray(whole - parts + naming)


@dataclass(frozen=True)
class Picking(Within):
    """Parts of one cluster that pick from what it has in common, when that shortens the cluster's description.

    ``common`` is what each cluster has in common; families that are not ``told_apart`` are told as picks of it
    (:func:`linkage.rings.picks.picks`).
    """

    common: InCommon

    def gain(self, apart: Bits, together: Bits, unions: Unions) -> Floats:
        """Bits of the families, and what need not be named."""
        kinds = zip(unions.looks.used, unions.looks.having.T, strict=True)
        used = [share.multiply(having[:, None]).tocsr() for share, having in kinds]
        of_parts = picks(self.common, used, unions.home)
        of_unions = picks(self.common, [unions.parts @ users for users in used], unions.homes)
        return self._saved(unions, (apart.family_bits, of_parts), (together.family_bits, of_unions))


@dataclass(frozen=True)
class Behind:
    """Any two groups that are parts of one ring behind addresses of their own.

    Addresses (``rented``) are rented, by a part of a large ring at a time, and templates (``common``) are the
    operator's: its other rings use them, too. So it must save over 5 bits to tell all families but the rented one
    together, and all but the rented and the common one. Parts of a ring reword some of its templates, each in its own
    way, and the more they send the more bits that makes: parts that use for a third the same are asked the second only.

    Who is in which part need then not be said. But accounts that share nothing of their own are no better known for
    that, nor are those of two rings: it counts among the members that take part, and as far as what each part uses
    speaks for the others, in families other than ``windows``.
    """

    families: Sequence[str]
    rented: str
    common: str
    windows: Sequence[str] = ()
    group: Ints | None = None

    def home(self, labels: Ints, groups: int) -> Ints | None:
        """The group of each, where parts of one group alone may unite (``group``, per account); None: any two may."""
        return None if self.group is None else home_of(labels, groups, self.group)

    def needed(self) -> np.ndarray:
        """All families but the rented, the common and those of windows."""
        return ~np.isin(self.families, [self.rented, self.common, *self.windows])

    def own(self) -> np.ndarray:
        """All families but the rented and the common one."""
        return ~np.isin(self.families, [self.rented, self.common])

    def gain(self, apart: Bits, together: Bits, unions: Unions) -> Floats:
        """Bits together, less those apart, less 5: without the rented family, or without both, whichever is less.

        Without both where the parts are worded alike. With what :meth:`_known` says of the families that are neither.
        """
        change = together.family_bits - unions.sum(apart.family_bits)
        telling = np.array([family != self.rented for family in self.families])
        alike = self.alike(unions.looks, unions.parts)
        with_words, without = change[telling].sum(axis=0), change[self.own()].sum(axis=0)
        saved = np.where(alike, without, np.minimum(with_words, without))
        return np.asarray(saved + _known(unions, self.needed()) - WORTH)

    def alike(self, looks: Looks, parts: sp.csr_matrix) -> np.ndarray:
        """Which unions (``parts``, 0/1, unions x groups) have parts that use the same templates for a third."""
        common = np.array([family == self.common for family in self.families])
        return np.asarray(worded_alike(looks, parts, common) >= SAME_WORDS)


def _known(unions: Unions, own: np.ndarray) -> Floats:
    """Bits for not having to say who is in which part: log2 j! / (j_1! j_2! ...), but no more than is spoken.

    j counts the members that take part in the family which most do, of those that ``own`` marks.
    """
    joining = unions.looks.joining[:, own].max(axis=1, initial=0)
    naming = log2_factorial(unions.parts @ joining) - unions.sum(log2_factorial(joining))
    return np.asarray(np.minimum(naming, spoken(unions.looks, unions.parts, own)))
