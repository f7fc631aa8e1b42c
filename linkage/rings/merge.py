"""Unite two groups when one profile for both saves more bits than two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import World, dense_labels, distinct, groups_of, rows_of
from linkage.rings.looks import Looks, joined, looks_by, looks_of
from linkage.rings.score import bits_of
from linkage.rings.unions import OnTheirOwn, Rule, Unions

NEIGHBOURS = 8  # partners tried a group; 20 gave the same rings on two worlds of 60,000 accounts, 5 worse ones
WITHIN = 4  # of groups in one cluster, nearly all of which unite; 2 leave many who evade in pieces
ALIKE = 4.0  # bits an account that pairs worth trying share on average, both ways; 298 of 314 that gained had more
NEEDED = 0.25  # of these bits in families that must save; all 99 pairs that gained on a world of 60,000 had twice that
UNLIKE = 30  # times as many members from which on a group is tried only with those whose links speak for it
SPEAKS = 0.3  # share of the smaller one's bits that its links must weigh in the other's profile; docs/method/search.md
GROWN = 1.05  # times what it had when last tried: a group that grew less is not tried with its partners again
ANY_SHARED = 1e-3  # weight of what two groups share outside their profiles: ranks partners without a common profile


@dataclass(frozen=True)
class _Groups:
    """Groups on their way: labels per account, how many, what they look like, which are to be tried with their
    partners, and how many members each had when it was tried last."""

    labels: Ints
    number: int
    looks: Looks
    fresh: np.ndarray
    tried: Ints


def merge(world: World, labels: Ints, rule: Rule | None = None, looks: Looks | None = None) -> Ints:
    """Labels after uniting, best pair first, as long as a union gains bits by the rule (:class:`OnTheirOwn`).

    ``looks`` are those of the groups before, where they are known.
    """
    rule = rule or OnTheirOwn()
    labels, number = dense_labels(labels)
    size = np.bincount(labels[labels >= 0], minlength=number)
    groups = _Groups(labels, number, looks or looks_by(world, labels), np.ones(number, dtype=bool), size)
    settled = np.full(len(labels), -1, dtype=np.int64)
    while groups.number >= 2 and groups.fresh.any():
        groups = _united(world, groups, rule, settled)
    return _both(groups.labels, settled)


def _united(world: World, groups: _Groups, rule: Rule, settled: Ints) -> _Groups:
    """The groups after one round; those of clusters in which nothing united, or all did, go to ``settled``."""
    target = _unite(world, groups, rule)
    changed, tried = np.bincount(target, minlength=groups.number) > 1, np.zeros(groups.number, dtype=np.int64)
    np.maximum.at(tried, target, groups.tried)
    labels, origin = _relabel(groups.labels, target)
    size = np.bincount(labels[labels >= 0], minlength=len(origin))
    fresh = size > GROWN * tried[origin]
    tried = np.where(fresh, size, tried[origin])
    home = rule.home(labels, len(origin))
    if home is not None:
        going_on = np.isin(home, home[fresh]) & (np.bincount(home)[home] > 1)
        labels = _set_aside(labels, going_on, settled)
        origin, fresh, tried = origin[going_on], fresh[going_on], tried[going_on]
    looks = _renewed(world, groups.looks, labels, origin, changed[origin])
    return _Groups(labels, len(origin), looks, fresh, tried)


def _set_aside(labels: Ints, going_on: np.ndarray, settled: Ints) -> Ints:
    """Move the groups that do not go on from ``labels`` to ``settled``."""
    done = (labels >= 0) & ~np.append(going_on, False)[labels]
    settled[done] = labels[done] + settled.max(initial=-1) + 1
    return dense_labels(np.where(done, -1, labels))[0]


def _renewed(world: World, looks: Looks, labels: Ints, origin: Ints, changed: np.ndarray) -> Looks:
    """Looks of all groups: new ones of those that changed, the others have those of the group they were."""
    made = looks_of(world, groups_of(labels, len(origin))[np.flatnonzero(changed)])
    place = np.where(changed, np.cumsum(changed) - 1 + int((~changed).sum()), np.cumsum(~changed) - 1)
    return joined(looks, origin[~changed], made, place)


def _both(labels: Ints, settled: Ints) -> Ints:
    return dense_labels(np.where(labels >= 0, labels + settled.max(initial=-1) + 1, settled))[0]


def _relabel(labels: Ints, target: Ints) -> tuple[Ints, Ints]:
    kept = np.unique(target)
    number = np.searchsorted(kept, target)
    return np.where(labels >= 0, number[np.maximum(labels, 0)], -1), kept


def _unite(world: World, groups: _Groups, rule: Rule) -> Ints:
    """Which group each group becomes: all that unite with the same one at once, where that saves more than the best
    two of them alone.

    Only pairs with a fresh part are tried: the others were tried before, and neither part has changed since, or hardly.
    """
    home = rule.home(groups.labels, groups.number)
    matrix = groups_of(groups.labels, groups.number)
    apart, size = bits_of(world, matrix), np.diff(matrix.indptr).astype(np.int64)
    bits = apart.family_bits.sum(axis=0)
    first, second = neighbours(world, groups.looks, home, rule.needed(), (size, bits) if home is None else None)
    tried = groups.fresh[first] | groups.fresh[second]
    first, second = first[tried], second[tried]
    home = np.zeros(groups.number, np.int64) if home is None else home

    def gain(parts: sp.csr_matrix) -> Floats:
        return rule.gain(apart, bits_of(world, matrix, parts), Unions(parts, size, home, groups.looks))

    bits = gain(_unions(np.tile(np.arange(len(first)), 2), np.concatenate([first, second]), groups.number))
    return _all_or_two(*_followed(bits, first, second, groups.number), gain)


def _unions(union: Ints, part: Ints, groups: int) -> sp.csr_matrix:
    """Unions x groups, 0/1, from the parts of each union."""
    ones = np.ones(len(part), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (union, part)), shape=(int(union.max(initial=-1)) + 1, groups))
    matrix.sort_indices()
    return matrix


def _followed(gain: Floats, first: Ints, second: Ints, groups: int) -> tuple[Ints, Ints, Floats]:
    """Pairs in order of gain unite, or join, when one is free, the union of the other: union of each group (itself
    where it stays alone), partner in the best pair of its union (-1 where it is in none), and the gain of that pair."""
    target, partner, best = np.arange(groups), np.full(groups, -1), np.zeros(groups)
    used = np.zeros(groups, dtype=bool)
    for i in np.lexsort((second, first, -gain)):
        if gain[i] <= 0:
            break
        a, b = first[i], second[i]
        if used[a] and used[b]:
            continue
        if used[a] or used[b]:
            a, b = (a, b) if used[a] else (b, a)
        else:
            partner[a], best[a] = b, gain[i]
        target[b], used[[a, b]] = target[a], True
    return target, partner, best


def _all_or_two(target: Ints, partner: Ints, best: Floats, gain: Callable[[sp.csr_matrix], Floats]) -> Ints:
    """Unions of three parts and more, where they save more than their best pair; else that pair."""
    parts = np.bincount(target, minlength=len(target))
    large = np.flatnonzero(parts > 2)
    inside = np.flatnonzero(np.isin(target, large))
    saves = gain(_unions(np.searchsorted(large, target[inside]), inside, len(target)))
    fails = np.zeros(len(target), dtype=bool)
    fails[large] = saves <= best[large]
    alone = fails[target] & (partner[target] != np.arange(len(target)))
    return np.where(alone, np.arange(len(target)), target)


def neighbours(
    world: World, looks: Looks, home: Ints | None = None, needed: np.ndarray | None = None,
    own: tuple[Ints, Floats] | None = None,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Pairs of groups worth trying: for each group the 8 that share most of its profile, 4 bits at least.

    With ``home`` (a cluster per group) the 4 of its cluster, those, too, that share no more than entities. Of these
    pairs those that share a quarter of a bit of the families ``needed`` (one boolean each; None: no matter which). With
    ``own``, the sizes and bits of groups, those of very unlike size only where the links of the smaller one, all
    together, weigh in the other's profile 30 % of its bits: a large group has some likeness to thousands.
    """
    groups = looks.weight[0].shape[0]
    likeness = needful = said = sp.csr_matrix((groups, groups))
    kinds = zip(world.kinds, looks.family, looks.weight, looks.used, strict=True)
    for column, (background, family, weight, used) in enumerate(kinds):
        if background.incidence.kind.window:
            continue
        if home is None:
            shared = weight @ used.T
        else:
            rarity = np.log2(max(world.accounts, 2) / np.maximum(background.users, 1))
            rare = used.multiply(rarity[None, :]).tocsr()
            weight, rare, used = _within(home, weight, rare, used)
            shared = weight @ used.T + ANY_SHARED * (rare @ used.T)
        likeness = likeness + shared
        said = said + shared.multiply(looks.having[:, column]) if own else said
        needful = needful + shared if needed is not None and needed[family] else needful
    first, second = _strongest(_between(likeness, ALIKE if home is None else 0), NEIGHBOURS if home is None else WITHIN)
    if needed is not None and len(first):
        enough = np.asarray((needful + needful.T).tocsr()[first, second]).ravel() >= NEEDED
        first, second = first[enough], second[enough]
    if own is not None and len(first):
        enough = _speaking(sp.csr_matrix(said), *own, first, second)
        first, second = first[enough], second[enough]
    return first, second


def _speaking(said: sp.csr_matrix, size: Ints, bits: Floats, first: Ints, second: Ints) -> np.ndarray:
    """Which pairs are not of very unlike size, or have a smaller one whose links speak for the larger.

    ``said`` (groups x groups) is what the links of the group in the column weigh in the profile of that in the row.
    """
    small = np.where(size[first] <= size[second], first, second)
    large = first + second - small
    speaks = np.asarray(said[large, small]).ravel() >= SPEAKS * bits[small]
    return np.asarray((size[large] < UNLIKE * size[small]) | speaks)


def _between(likeness: sp.csr_matrix, least: float) -> sp.csr_matrix:
    """Likeness both ways of two different groups, where it is at least ``least`` and above 0."""
    likeness = (likeness + likeness.T).tocoo()
    kept = (likeness.row != likeness.col) & (likeness.data >= least) & (likeness.data > 0)
    cells = (likeness.data[kept], (likeness.row[kept], likeness.col[kept]))
    tidy = sp.csr_matrix(cells, shape=likeness.shape)
    tidy.sort_indices()
    return tidy


def _within(home: Ints, *looks: sp.csr_matrix) -> Iterator[sp.csr_matrix]:
    """Matrices whose columns are an entity in one cluster each: groups of two clusters then have none in common."""
    cells = [home[rows_of(matrix)] * matrix.shape[1] + matrix.indices for matrix in looks]
    present = distinct(np.concatenate(cells))
    for matrix, cell in zip(looks, cells, strict=True):
        column = np.searchsorted(present, cell)
        yield sp.csr_matrix((matrix.data, column, matrix.indptr), shape=(matrix.shape[0], len(present)))


def _strongest(likeness: sp.csr_matrix, partners: int) -> tuple[Ints, Ints]:
    rows = np.repeat(np.arange(likeness.shape[0]), np.diff(likeness.indptr))
    order = np.lexsort((likeness.indices, -np.round(likeness.data, 6), rows))
    rank = np.arange(len(rows)) - np.repeat(likeness.indptr[:-1], np.diff(likeness.indptr))
    kept = order[rank < partners]
    low = np.minimum(rows[kept], likeness.indices[kept]).astype(np.int64)
    high = np.maximum(rows[kept], likeness.indices[kept]).astype(np.int64)
    keys = distinct(low * likeness.shape[0] + high)
    return keys // likeness.shape[0], keys % likeness.shape[0]
