"""How many bits it saves to describe groups of accounts through profiles: the decision of the method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import DESCRIBED, Floats, Ints, fixed, group_naming
from linkage.rings.codes import better_code, cheapest_name
from linkage.rings.compiled import at_once
from linkage.rings.counts import Background, Counts, KindCounts, World, count, distinct, members_alone
from linkage.rings.known import keys_of

OFTEN = 2  # unions that a group is part of, on average, from which on its members' links are set side by side
BLOCK = 20_000  # members scored at a time, however many unions are tried


@dataclass(frozen=True)
class KindScore:
    """One kind over G groups: ``bits`` of the better code; ``ratio`` the index into RATIOS of a pool, or ENTITY_CODE.

    ``chosen`` marks the cells in the profile, ``gain`` is what each named entity saves (0 for those of pools);
    ``joining`` is s_in, the members that use anything of the profile, and ``links`` their links, per group.
    """

    bits: Floats
    ratio: Ints
    chosen: np.ndarray
    gain: Floats
    joining: Ints
    links: Ints


@dataclass(frozen=True)
class Bits:
    """``saved`` bits per group; ``family_bits`` is families x groups, ``kind_bits`` kinds x groups."""

    saved: Floats
    family_bits: Floats
    kind_bits: Floats

    @property
    def paid(self) -> Floats:
        """Bits saved once it is paid for, too, which families are described: those that bound coincidence."""
        return np.asarray(self.saved - DESCRIBED * len(self.family_bits))

    @property
    def beyond_best_family(self) -> Floats:
        """Bits outside the strongest family, per group."""
        return np.asarray(self.family_bits.sum(axis=0) - self.family_bits.max(axis=0, initial=0.0))


@dataclass(frozen=True)
class Score(Bits):
    """The bits of groups, and how they come about: ``kinds`` in the order of the world.

    ``family_joining`` (families x groups): the members that take part in the family's best kind. ``tying`` are the
    families that tie accounts (see :class:`World`): windows are never a group's strongest family, nor its second.
    """

    kinds: tuple[KindScore, ...]
    family_joining: Ints
    tying: np.ndarray

    @property
    def strongest(self) -> Ints:
        """The family (as a row) with most bits, per group."""
        return np.asarray(np.where(self.tying[:, None], self.family_bits, -1.0).argmax(axis=0))

    @property
    def in_second_family(self) -> Ints:
        """Members that take part in the family which most take part in, the strongest left out; per group."""
        rows = np.arange(len(self.family_bits))[:, None]
        others = self.tying[:, None] & (rows != self.strongest)
        return np.asarray(np.where(others, self.family_joining, 0).max(axis=0, initial=0))


def bits_of(world: World, groups: sp.csr_matrix, unions: sp.csr_matrix | None = None) -> Bits:
    """Bits of groups (0/1, groups x accounts), or of unions (0/1, unions x groups) of groups that do not overlap.

    What this world has scored before is looked up.
    """
    if unions is None:
        unions = sp.identity(groups.shape[0], dtype=np.int64, format="csr")
    keys = np.asarray(unions.astype(np.uint64) @ keys_of(groups, world.accounts, world.who))
    unknown = np.flatnonzero(~world.known.find(keys)[1])
    fresh, place = np.unique(keys[unknown], return_index=True)
    if len(fresh):
        world.known.add(fresh, _scored_in_blocks(world, groups, unions[unknown[place]]))
    families = len(world.families)
    known = world.known.bits.reshape(-1, 1 + families + len(world.kinds))
    bits = known[world.known.find(keys)[0]].T
    return Bits(bits[0], bits[1 : 1 + families], bits[1 + families :])


def _scored_in_blocks(world: World, groups: sp.csr_matrix, unions: sp.csr_matrix) -> Floats:
    """What is saved, and the bits of each family and of each kind, in a row for each union."""
    alone, linked = replace(world, threads=1, kinds=world.prepared()), None
    parts = distinct(unions.indices)
    if unions.nnz >= OFTEN * len(parts):
        (linked, groups), unions = members_alone(alone, groups[parts]), unions[:, parts]

    def coded(block: slice) -> _Codes:
        return _codes(alone, count(alone, unions[block] @ groups, linked))[1]

    rows = []
    for codes in at_once(coded, _blocks(unions @ np.diff(groups.indptr).astype(np.int64)), world.threads):
        made = _bits(world, codes)
        rows.append(np.vstack([made.saved, made.family_bits, made.kind_bits]).T)
    return np.concatenate(rows)


def _blocks(sizes: Ints) -> Iterator[slice]:
    """Slices of about BLOCK members each, or of a single item."""
    number = np.cumsum(sizes) // BLOCK
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(sizes)]):
        yield slice(start, end)


def score(world: World, counts: Counts) -> Score:
    """Bits saved by each group: what its families save, less what it costs to name the group.

    A kind takes the better of its two codes, less one bit that says which. Kinds of one family tell of the same thing,
    so a family counts with its best kind only, less log2 of their number that says which. The group is named among all
    groups of its size, or as the users of one entity, whose family then does not count: whichever leaves more, less
    log2(kinds + 1) bits that say which.
    """
    kinds, codes = _codes(world, counts)
    bits = _bits(world, codes)
    joining = np.zeros(bits.family_bits.shape, dtype=np.int64)
    best = np.zeros(joining.shape)
    for row, told, kind in zip(_rows(world), _told(world, codes), kinds, strict=True):
        joining[row] = np.where(told > best[row], kind.joining, joining[row])
        best[row] = np.maximum(best[row], told)
    return Score(bits.saved, bits.family_bits, bits.kind_bits, kinds, joining, world.tying)


@dataclass(frozen=True)
class _Codes:
    """Sizes of groups; what the better code of each kind saves and what its cheapest name costs, kinds x groups."""

    size: Ints
    saves: Floats
    name: Floats


def _codes(world: World, counts: Counts) -> tuple[tuple[KindScore, ...], _Codes]:
    """All that compiled loops do for a score."""

    def coded(part: tuple[Background, KindCounts]) -> tuple[KindScore, Floats]:
        degrees, kind = part[0].degrees, part[1]
        return KindScore(*better_code(kind, degrees)), cheapest_name(kind, degrees, counts.size, world.accounts)

    parts = zip(world.prepared(), counts.kinds, strict=True)
    kinds, names = zip(*at_once(coded, parts, world.threads_for(int(counts.size.sum()))), strict=True)
    return kinds, _Codes(counts.size, np.stack([kind.bits for kind in kinds]), np.stack(names))


def _rows(world: World) -> list[int]:
    """The family of each kind, as a row."""
    families = world.families
    return [families.index(b.incidence.kind.family) for b in world.kinds]


def _told(world: World, codes: _Codes) -> Floats:
    """Bits of each kind, once it is said that this one of its family's kinds tells; kinds x groups."""
    rows = _rows(world)
    return np.asarray(fixed(codes.saves - np.log2([[rows.count(row)] for row in rows])))


def _bits(world: World, codes: _Codes) -> Bits:
    """The bits of groups; the observer is told of them."""
    family_bits = np.zeros((len(world.families), len(codes.size)))
    for row, told in zip(_rows(world), _told(world, codes), strict=True):
        family_bits[row] = np.maximum(family_bits[row], told)
    total = family_bits.sum(axis=0)
    saved = total - group_naming(world.accounts, codes.size)
    for row, name in zip(_rows(world), codes.name, strict=True):
        saved = np.maximum(saved, total - family_bits[row] - name)
    bits = Bits(fixed(saved - np.log2(len(world.kinds) + 1)), family_bits, codes.saves)
    if world.observe:
        world.observe(codes.size, bits.paid)
    return bits
