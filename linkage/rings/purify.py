"""Take out of a group those whom only one kind of evidence ties to it."""

from __future__ import annotations

import numpy as np

from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import World, count, dense_labels, groups_of, kept_labels
from linkage.rings.profile import member_pairs, profiles
from linkage.rings.score import Bits, bits_of, score
from linkage.rings.unions import WORTH

DOMINANT = 0.35  # share of a group's bits from which a kind is tested; from the method sketch
STEPS = 10  # of expectation and maximisation; the parts settle in three to six


def purify(world: World, labels: Ints, smallest: int) -> Ints:
    """Labels after splitting groups that one kind holds together.

    For each kind that carries more than 35 % of a group's bits, a two-part mixture inside the group: an account stays
    while its log-odds from the *other* kinds are positive, profiles are made anew from those who stay, until nobody
    moves. Part and rest replace the group when together they save more than 5 bits over the whole.
    """
    labels, groups = dense_labels(labels, smallest)
    for kind, background in enumerate(world.kinds):
        if groups and not background.incidence.kind.window:
            labels, groups = dense_labels(_purify_kind(world, labels, groups, kind), smallest)
    return labels


def _purify_kind(world: World, labels: Ints, groups: int, kind: int) -> Ints:
    whole = bits_of(world, groups_of(labels, groups))
    tested = dominated_by(whole, kind) & (np.bincount(labels[labels >= 0], minlength=groups) > smallest_testable())
    if not tested.any():
        return labels
    part = _settled(world, kept_labels(labels, tested), labels, groups, kind)
    rest = np.where((kept_labels(labels, tested) >= 0) & (part < 0), labels + groups, -1)
    both = np.where(part >= 0, part, rest)
    saved = np.maximum(bits_of(world, groups_of(both, 2 * groups)).saved, 0)
    split = tested & (saved[:groups] > 0) & (saved[:groups] + saved[groups:] > np.maximum(whole.saved, 0) + WORTH)
    return np.where(kept_labels(labels, split) >= 0, both, labels)


def _settled(world: World, part: Ints, labels: Ints, groups: int, kind: int) -> Ints:
    """The part of each group that stays, with profiles made anew until nobody moves."""
    moving = np.bincount(part[part >= 0], minlength=groups) > 0
    for _ in range(STEPS):
        stay = _others_positive(world, kept_labels(part, moving), groups, labels, kind)
        moved = (stay != part) & (kept_labels(labels, moving) >= 0)
        part = np.where(moved, stay, part)
        moving = np.bincount(labels[moved], minlength=groups) > 0  # what did not move has its profile already
        if not moving.any():
            break
    return part


def smallest_testable() -> int:
    """A part of three and a rest of one: smaller groups have nothing to split."""
    return 3


def dominated_by(scored: Bits, kind: int) -> np.ndarray:
    """Which groups owe more than 35 % of their bits to the kind."""
    total: Floats = scored.kind_bits.sum(axis=0)
    return np.asarray((total > 0) & (scored.kind_bits[kind] > DOMINANT * total))


def _others_positive(world: World, part: Ints, groups: int, labels: Ints, kind: int) -> Ints:
    """Members of the original groups whose evidence from the other kinds, windows apart, speaks for the part."""
    counts = count(world, groups_of(part, groups))
    scored = score(world, counts)
    account = np.flatnonzero(labels >= 0).astype(np.int64)
    account = account[counts.size[labels[account]] > 0]
    pairs = member_pairs(world, profiles(world, counts, scored), account, labels[account])
    tying = np.array([not b.incidence.kind.window for b in world.kinds])
    others = pairs.bits[:-1][tying].sum(axis=0) - pairs.bits[kind]
    stay = np.full(len(labels), -1, dtype=np.int64)
    keep = account[others > 0]
    stay[keep] = labels[keep]
    return stay
