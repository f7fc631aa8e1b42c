"""A ring and the crowd that it hides in: the customers of a VPN, the users of a popular prompt."""

from __future__ import annotations

import numpy as np

from linkage.rings.choose import BITS_BEYOND
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, count, dense_labels, groups_of, kept_labels
from linkage.rings.profile import Profiles, best_groups, member_pairs, profiles
from linkage.rings.purify import STEPS
from linkage.rings.score import Score, score

LOOSE = 1 / 3  # who evades two kinds of three still leaves a third of a ring in its second family; crowds have 0 to 0.2


def out_of_crowds(world: World, labels: Ints, smallest: int) -> Ints:
    """Labels after setting those whom several families tie apart from groups that one family holds together.

    In such a group under a third of the members take part in any other family. To say who takes part costs about what
    it would cost to name them, so bits saved do not tell a ring among strangers from a ring. What tells them apart is
    that the strangers share one thing (:func:`set_apart`).
    """
    labels, groups = dense_labels(labels, smallest)
    whole = score(world, count(world, groups_of(labels, groups)))
    loose = crowds(whole, np.bincount(labels[labels >= 0], minlength=groups))
    return set_apart(world, labels, loose, whole.strongest, smallest)


def set_apart(world: World, labels: Ints, loose: np.ndarray, strongest: Ints, smallest: int) -> Ints:
    """Labels (dense) after making groups of their own of those whom several families tie to a group of the ``loose``.

    Those whose log-odds without its ``strongest`` family (a row a group) are positive, with profiles made anew until
    nobody moves, become one where they save bits, over 10 of them outside their own strongest family. The rest stays
    what it was.
    """
    if not loose.any():
        return labels
    groups, size = len(loose), np.bincount(labels[labels >= 0], minlength=len(loose))
    part = _tied_otherwise(world, labels, kept_labels(labels, loose), strongest)
    scored = score(world, count(world, groups_of(part, groups)))
    taken = np.bincount(part[part >= 0], minlength=groups)
    enough = (scored.saved > 0) & (scored.beyond_best_family > BITS_BEYOND)
    apart = loose & enough & (taken >= smallest) & (taken < size)
    return dense_labels(np.where(kept_labels(part, apart) >= 0, part + groups, labels), smallest)[0]


def crowds(scored: Score, size: Ints) -> np.ndarray:
    """Which groups are crowds: under a third of the members take part in any family but the strongest."""
    return np.asarray(scored.in_second_family < LOOSE * size)


def customers(world: World, made: Profiles, scored: Score, labels: Ints, best: Ints) -> Ints:
    """The group of each account, where ``best`` puts those in a crowd into a ring that their other families favour.

    A crowd says by whose addresses an account works, not whose hands it is in: the ring's own accounts are customers of
    the VPN, too, and the crowd fits these better than a ring whose other members rent elsewhere. So to those who would
    be in a crowd its family tells nothing of rings, and they are in the one for which their log-odds without it are
    highest, and positive. ``labels`` are the groups that ``made`` and ``scored`` are of.
    """
    crowd = crowds(scored, np.bincount(labels[labels >= 0], minlength=len(scored.saved)))
    family = np.array([world.families.index(b.incidence.kind.family) for b in world.kinds])
    elsewhere = crowd.astype(np.int64)  # the home of groups to which nobody is sent
    for row in np.unique(scored.strongest[crowd]):
        asked = (best >= 0) & (crowd & (scored.strongest == row))[best]
        homes = np.where(asked, 0, -1), elsewhere
        ring = best_groups(world, made, labels, 0.0, homes, (family != row)[:, None])
        best = np.where(ring >= 0, ring, best)
    return best


def _tied_otherwise(world: World, labels: Ints, part: Ints, strongest: Ints) -> Ints:
    """Members of the groups in ``part`` that families other than their group's strongest tie to each other."""
    groups = len(strongest)
    family = np.array([world.families.index(b.incidence.kind.family) for b in world.kinds])
    tying = np.array([not b.incidence.kind.window for b in world.kinds])
    for _ in range(STEPS):
        counts = count(world, groups_of(part, groups))
        account = np.flatnonzero(labels >= 0).astype(np.int64)
        account = account[counts.size[labels[account]] > 0]
        pairs = member_pairs(world, profiles(world, counts, score(world, counts)), account, labels[account])
        counted = tying[:, None] & (family[:, None] != strongest[pairs.group])
        others = np.where(counted, pairs.bits[:-1], 0.0).sum(axis=0)
        stay = np.full(len(labels), -1, dtype=np.int64)
        stay[account[others > 0]] = labels[account[others > 0]]
        if np.array_equal(stay, part):
            break
        part = stay
    return part
