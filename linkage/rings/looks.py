"""What groups look like to each other: whom to try a union with, and how far one's links speak for another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints, fixed
from linkage.rings.counts import Background, World, count, dense_labels, groups_of, rows_of
from linkage.rings.profile import profiles
from linkage.rings.score import score


@dataclass(frozen=True)
class Looks:
    """G groups; ``weight`` and ``used`` are matrices, groups x entities, one a kind.

    ``weight`` is what a link adds to the log-odds for the group, where that is positive; ``used`` the share of the
    group's members that use the entity. ``having`` (groups x kinds) counts the members that have the kind, ``joining``
    (groups x families) those that take part in what the group shares of the family; ``family`` is per kind.
    """

    weight: tuple[sp.csr_matrix, ...]
    used: tuple[sp.csr_matrix, ...]
    having: Ints
    joining: Ints
    family: Ints


def looks_of(world: World, groups: sp.csr_matrix) -> Looks:
    """The looks of groups given as a 0/1 matrix, groups x accounts."""
    counts = count(world, groups)
    scored = score(world, counts)
    made = profiles(world, counts, scored)
    used = [_used(b, groups, numbers.having) for b, numbers in zip(world.kinds, counts.kinds, strict=True)]
    families = world.families
    return Looks(
        tuple(kind.weight.maximum(0).tocsr() for kind in made.kinds),
        tuple(used),
        np.stack([numbers.having for numbers in counts.kinds], axis=1),
        np.where(scored.family_bits > 0, scored.family_joining, 0).T,
        np.array([families.index(b.incidence.kind.family) for b in world.kinds], dtype=np.int64),
    )


def looks_by(world: World, labels: Ints) -> Looks:
    """The looks of the groups that labels per account (-1: in none) give, in order of the label."""
    return looks_of(world, groups_of(*dense_labels(labels)))


def _used(background: Background, groups: sp.csr_matrix, having: Ints) -> sp.csr_matrix:
    """The share of each group's members that use an entity, groups x entities; see :attr:`Background.counted`."""
    used = (groups @ background.counted).tocsr()
    used.sort_indices()
    return sp.csr_matrix((used.data / having[rows_of(used)], used.indices, used.indptr), shape=used.shape)


def joined(before: Looks, kept: Ints, now: Looks, place: Ints) -> Looks:
    """The groups ``kept`` of some looks and all of others, one after the other, then in the order of ``place``."""

    def stacked(a: sp.csr_matrix, b: sp.csr_matrix) -> sp.csr_matrix:
        return sp.vstack([a[kept], b]).tocsr()[place]

    return Looks(
        tuple(stacked(a, b) for a, b in zip(before.weight, now.weight, strict=True)),
        tuple(stacked(a, b) for a, b in zip(before.used, now.used, strict=True)),
        np.concatenate([before.having[kept], now.having])[place],
        np.concatenate([before.joining[kept], now.joining])[place],
        now.family,
    )


def spoken(looks: Looks, parts: sp.csr_matrix, families: np.ndarray) -> Floats:
    """Bits by which the links of each union's parts speak for one another, by some families (one boolean each).

    ``parts`` is 0/1, unions x groups. Of each part counts the less of two: what the others' links into its profile
    weigh, and what its links into theirs do; and so half of the sum. Of several kinds of a family the most counts.
    """
    union, part = rows_of(parts), parts.indices
    said = np.zeros((2, len(families), len(part)))
    for kind in np.flatnonzero(families[looks.family]):
        weight, family = looks.weight[kind], looks.family[kind]
        users = looks.used[kind].multiply(looks.having[:, [kind]]).tocsr()
        for way, (its, theirs) in enumerate(((weight, users), (users, weight))):
            others = (parts @ theirs)[union] - theirs[part]
            bits = fixed(np.asarray(its[part].multiply(others).sum(axis=1)).ravel())
            said[way, family] = np.maximum(said[way, family], bits)
    least = said.sum(axis=1).min(axis=0)
    return np.asarray(np.bincount(union, weights=least, minlength=parts.shape[0]) / 2)


def worded_alike(looks: Looks, parts: sp.csr_matrix, families: np.ndarray) -> Floats:
    """How far the parts of each union use the same things of some families (one boolean each), from 0 to 1.

    Of the uses that each part's members make of what speaks for it, the share that goes to what speaks for another one,
    too, on average over the others; the least of these. 0 for a part for which nothing speaks. What it weighs does not
    count: the more parts there are, the less do things that all of them use set any apart from everybody else.
    """
    union, part = rows_of(parts), parts.indices
    others = np.diff(parts.indptr)[union] - 1
    own, said = np.zeros(len(part)), np.zeros(len(part))
    for kind in np.flatnonzero(families[looks.family]):
        speaks = (looks.weight[kind] > 0).astype(np.int64).tocsr()
        uses = looks.used[kind].multiply(looks.having[:, [kind]]).multiply(speaks).tocsr()
        theirs = (parts @ speaks)[union] - speaks[part]
        own += fixed(np.asarray(uses.sum(axis=1)).ravel())[part]
        said += fixed(np.asarray(uses[part].multiply(theirs).sum(axis=1)).ravel())
    least = np.ones(parts.shape[0])
    np.minimum.at(least, union, said / np.maximum(others * own, 1))
    return least
