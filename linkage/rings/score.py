"""How many bits it saves to describe groups of accounts through profiles: the decision of the method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import (
    CHOICE_OF_CODE,
    DESCRIBED,
    NAMED_SET,
    RATIOS,
    Floats,
    Ints,
    background_rate,
    entity_gain,
    fixed,
    group_naming,
    naming_by_entity,
    participation,
    pool_gain,
    pool_naming,
)
from linkage.rings.counts import Background, Counts, KindCounts, World, count, distinct
from linkage.rings.known import keys_of

BLOCK = 20_000  # members scored at a time, however many unions are tried
ENTITY_CODE = -1  # value of ``KindScore.ratio`` where a kind is coded entity by entity


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
    """``saved`` bits per group; ``family_bits`` is families x groups."""

    saved: Floats
    family_bits: Floats

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
    keys = np.asarray(unions.astype(np.uint64) @ keys_of(groups))
    unknown = np.flatnonzero(~world.known.find(keys)[1])
    fresh, place = np.unique(keys[unknown], return_index=True)
    asked, scored = unions[unknown[place]], []
    for block in _blocks(asked @ np.diff(groups.indptr).astype(np.int64)):
        made = score(world, count(world, asked[block] @ groups))
        scored.append(np.vstack([made.saved, made.family_bits]).T)
    if scored:
        world.known.add(fresh, np.concatenate(scored))
    rows = world.known.bits.reshape(-1, len(world.families) + 1)
    bits = rows[world.known.find(keys)[0]].T
    return Bits(bits[0], bits[1:])


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
    kinds = tuple(_score_kind(b, c) for b, c in zip(world.kinds, counts.kinds, strict=True))
    family_bits = np.zeros((len(world.families), len(counts.size)))
    joining = np.zeros(family_bits.shape, dtype=np.int64)
    rows = [world.families.index(b.incidence.kind.family) for b in world.kinds]
    for row, kind in zip(rows, kinds, strict=True):
        told = fixed(kind.bits - np.log2(rows.count(row)))
        joining[row] = np.where(told > family_bits[row], kind.joining, joining[row])
        family_bits[row] = np.maximum(family_bits[row], told)
    total = family_bits.sum(axis=0)
    saved = total - group_naming(world.accounts, counts.size)
    for row, background, numbers in zip(rows, world.kinds, counts.kinds, strict=True):
        saved = np.maximum(saved, total - family_bits[row] - _named_by(world, background, numbers, counts.size))
    saved = fixed(saved - np.log2(len(world.kinds) + 1))
    if world.observe:
        world.observe(counts.size, saved - DESCRIBED * len(world.families))
    return Score(saved, family_bits, kinds, joining, world.tying)


def _named_by(world: World, background: Background, counts: KindCounts, size: Ints) -> Floats:
    """Bits that name each group by its best entity of a kind; infinite where it has none.

    Among entities that one member uses the cost rises with their users, then falls: the best has fewest or most.
    """
    best = np.full(len(size), np.inf)
    for group, users, k in _best_names(background, counts):
        cost = naming_by_entity(users, k, size[group], world.accounts, max(background.entities, 1))
        np.minimum.at(best, group, cost)
    return best


def _best_names(background: Background, counts: KindCounts) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Group, users d and members k of the entities that may name a group for the fewest bits."""
    several = counts.k >= 2
    yield counts.group[several], background.users[counts.entity[several]], counts.k[several]
    group = np.flatnonzero(counts.fewest)
    for users in (counts.fewest[group], counts.most[group]):
        yield group, users, np.ones(len(group), dtype=np.int64)


def _score_kind(background: Background, counts: KindCounts) -> KindScore:
    """The score of a kind; what has no cell saves nothing, which is no news of most groups in most kinds."""
    groups = len(counts.having)
    present = distinct(counts.group)
    if len(present) == groups:
        return _better_code(background, counts)
    scored = _better_code(background, _among(counts, present))

    def everywhere(values: np.ndarray) -> np.ndarray:
        made = np.zeros(groups, dtype=values.dtype)
        made[present] = values
        return made

    return replace(
        scored,
        bits=everywhere(scored.bits),
        ratio=everywhere(scored.ratio),
        joining=everywhere(scored.joining),
        links=everywhere(scored.links),
    )


def _among(counts: KindCounts, groups: Ints) -> KindCounts:
    """The counts of the groups that have the cells, renumbered, and of those of their members that have links."""
    number = np.zeros(len(counts.having), dtype=np.int64)
    number[groups] = np.arange(len(groups))
    linked = np.zeros(len(counts.member_group), dtype=bool)
    linked[counts.link_member] = True
    return replace(
        counts,
        group=number[counts.group],
        having=counts.having[groups],
        links=counts.links[groups],
        reach=counts.reach[groups],
        link_member=(np.cumsum(linked) - 1)[counts.link_member],
        member_group=number[counts.member_group[linked]],
        member_breadth=counts.member_breadth[linked],
        member_reach=counts.member_reach[linked],
        fewest=counts.fewest[groups],
        most=counts.most[groups],
    )


def _better_code(background: Background, counts: KindCounts) -> KindScore:
    named, pool = _entity_code(background, counts), _pool_code(background, counts)
    pooled = pool.bits > named.bits
    bits = np.maximum(np.where(pooled, pool.bits, named.bits) - CHOICE_OF_CODE, 0.0)
    cell = pooled[counts.group]
    return KindScore(
        bits,
        np.where(pooled, pool.ratio, ENTITY_CODE),
        np.where(cell, pool.chosen, named.chosen) & (bits > 0)[counts.group],
        np.where(cell, 0.0, named.gain),
        np.where(pooled, pool.joining, named.joining),
        np.where(pooled, pool.links, named.links),
    )


def taking_part(counts: KindCounts, chosen: np.ndarray) -> tuple[Ints, Ints, Floats]:
    """s_in, their links and their reach: members that use any of the chosen cells, per group."""
    member = np.zeros(len(counts.member_group), dtype=bool)
    member[counts.link_member[chosen[counts.link_cell]]] = True
    groups = len(counts.having)
    joining = np.bincount(counts.member_group[member], minlength=groups)
    links = np.bincount(counts.member_group[member], weights=counts.member_breadth[member], minlength=groups)
    reach = np.bincount(counts.member_group[member], weights=counts.member_reach[member], minlength=groups)
    return joining.astype(np.int64), links.astype(np.int64), np.asarray(reach, dtype=np.float64)


def _entity_code(background: Background, counts: KindCounts) -> KindScore:
    groups = len(counts.having)
    chosen = gain_among(background, counts, counts.having, counts.reach) > 0
    joining, links, reach = taking_part(counts, chosen)
    gain = np.where(chosen, gain_among(background, counts, joining, reach), 0.0)
    named = np.bincount(counts.group, weights=gain, minlength=groups)
    bits = fixed(named - participation(joining, counts.having) - NAMED_SET)
    return KindScore(bits, np.full(groups, ENTITY_CODE), gain > 0, gain, joining, links)


def gain_among(background: Background, counts: KindCounts, accounts: Ints, reach: Floats) -> Floats:
    """Entity gain of each cell among some of a group's accounts: ``accounts`` and their ``reach``, per group."""
    s = np.maximum(accounts, 1)[counts.group]
    q = background_rate(background.pull[counts.entity], max(background.links, 1), reach[counts.group], s)
    return entity_gain(np.minimum(counts.k, s), s, q, max(background.entities, 1))


def _pool_code(background: Background, counts: KindCounts) -> KindScore:
    """The best of ten pools, cut at the ratios of k/d; everything below has one column a ratio."""
    groups = len(counts.having)
    level = pool_level(background, counts)
    inside = _at_least(counts.group, level, counts.k, groups)
    expected = _at_least(counts.group, level, expected_uses(background, counts), groups)
    joining, links = _joining_by_level(counts, level)
    naming = _naming_by_level(background, counts, level) + participation(joining, counts.having[:, None])
    bits = pool_gain(inside, links, expected / np.maximum(counts.links, 1)[:, None], naming)
    best = bits.argmax(axis=1)
    row = np.arange(groups)
    return KindScore(
        bits[row, best], best, level > best[counts.group], np.zeros(len(level)), joining[row, best], links[row, best]
    )


def expected_uses(background: Background, counts: KindCounts) -> Floats:
    """How many of the group's members chance would make use each cell's entity, to 2**-32: sums are exact."""
    s = np.maximum(counts.having, 1)[counts.group]
    q = background_rate(background.pull[counts.entity], max(background.links, 1), counts.reach[counts.group], s)
    return np.asarray(np.rint(q * s * 2.0**32) / 2.0**32, dtype=np.float64)


def pool_level(background: Background, counts: KindCounts) -> Ints:
    """How many of the ten ratios each cell's k/d reaches, 0 for an entity that only one member uses."""
    reached = np.searchsorted(RATIOS, counts.k / np.maximum(background.users[counts.entity], 1) + 1e-12, side="right")
    return np.where(counts.k >= 2, reached, 0).astype(np.int64)


def _at_least(group: Ints, level: Ints, values: Ints | Floats, groups: int) -> Floats:
    """Sum of values per group (rows) over the cells that reach each ratio (columns)."""
    width = len(RATIOS) + 1
    table = np.bincount(group * width + level, weights=values, minlength=groups * width).reshape(groups, width)
    return np.asarray(table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:])


def _joining_by_level(counts: KindCounts, level: Ints) -> tuple[Ints, Ints]:
    """s_in and n_in per group and ratio: a member takes part in every pool that its best entity belongs to."""
    best = np.zeros(len(counts.member_group), dtype=np.int64)
    if len(counts.link_member):
        starts = np.flatnonzero(np.diff(counts.link_member, prepend=-1))
        best[counts.link_member[starts]] = np.maximum.reduceat(level[counts.link_cell], starts)
    groups = len(counts.having)
    joining = _at_least(counts.member_group, best, np.ones(len(best), dtype=np.int64), groups)
    links = _at_least(counts.member_group, best, counts.member_breadth, groups)
    return joining.astype(np.int64), links.astype(np.int64)


def _naming_by_level(background: Background, counts: KindCounts, level: Ints) -> Floats:
    groups, classes = len(counts.having), len(background.class_sizes)
    row = counts.group * classes + background.degree_class[counts.entity]
    table = _at_least(row, level, np.ones(len(level), dtype=np.int64), groups * classes)
    return pool_naming(table.reshape(groups, classes, len(RATIOS)).swapaxes(1, 2), background.class_sizes)
