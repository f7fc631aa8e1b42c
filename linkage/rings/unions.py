"""What uniting two groups saves: on their own, inside a cluster, or as parts of a ring behind different addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from linkage.rings.codelength import Floats, Ints, log2_binomial
from linkage.rings.counts import home_of
from linkage.rings.score import Bits

WORTH = 5.0  # bits a change must save beyond its cost; from the method sketch


@dataclass(frozen=True)
class Pairs:
    """Pairs of groups by number: ``first`` and ``second``; ``size`` and ``home`` are per group."""

    first: Ints
    second: Ints
    size: Ints
    home: Ints


class Rule(Protocol):
    """Which groups may unite, and what that saves."""

    def home(self, labels: Ints, groups: int) -> Ints | None:
        """A number per group: only groups of the same one unite; None when any two may."""

    def gain(self, apart: Bits, together: Bits, pairs: Pairs) -> Floats:
        """Bits saved by each pair's union; ``apart`` scores the groups, ``together`` the unions."""


class OnTheirOwn:
    """Any two groups, when one profile for both saves more bits than two; a group that saves nothing counts as 0."""

    def home(self, labels: Ints, groups: int) -> Ints | None:
        """None: any two may unite."""
        return None

    def gain(self, apart: Bits, together: Bits, pairs: Pairs) -> Floats:
        """What the union saves, less what its parts save."""
        saved = np.maximum(apart.saved, 0)
        return np.asarray(together.saved - saved[pairs.first] - saved[pairs.second])


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

    def gain(self, apart: Bits, together: Bits, pairs: Pairs) -> Floats:
        """Bits of the families told apart, and log2 binomial(s_1 + s_2, s_1) for not having to say who is in which."""
        told = self.told_apart[:, pairs.home]
        parts = np.where(told, apart.family_bits, 0.0).sum(axis=0)
        whole = np.where(told[:, pairs.first], together.family_bits, 0.0).sum(axis=0)
        a, b = pairs.size[pairs.first], pairs.size[pairs.second]
        return np.asarray(whole - parts[pairs.first] - parts[pairs.second] + log2_binomial(a + b, a))


@dataclass(frozen=True)
class Behind:
    """Any two groups that are parts of one ring behind addresses of their own.

    Addresses (``rented``) are rented, by a part of a large ring at a time, and templates (``common``) are the
    operator's: its other rings use them, too. So it must save over 5 bits to tell all families but the rented one
    together, and all but the rented and the common one.
    """

    families: Sequence[str]
    rented: str
    common: str

    def home(self, labels: Ints, groups: int) -> Ints | None:
        """None: any two may unite."""
        return None

    def gain(self, apart: Bits, together: Bits, pairs: Pairs) -> Floats:
        """Bits together, less those apart, less 5: without the rented family, or without both, whichever is less."""
        parts, whole = apart.family_bits, together.family_bits
        change = whole - parts[:, pairs.first] - parts[:, pairs.second]
        telling = np.array([family != self.rented for family in self.families])
        own = telling & np.array([family != self.common for family in self.families])
        return np.asarray(np.minimum(change[telling].sum(axis=0), change[own].sum(axis=0)) - WORTH)
