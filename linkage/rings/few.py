"""What a few of a group share of a kind that nobody passes around: cards, not addresses and not what can be forged.

A pool pays for its name, and the cards of a ring that evades, each on two or three accounts, often do not. That is a
reason not to count them for the ring; it is none to count nothing for an account that pays with a member's card. So
links are told apart by how many of the entity's *other* users are members. Nobody's own link speaks for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.rings.codelength import Floats, Ints, fixed
from linkage.rings.codes import ENTITY_CODE, taking_part
from linkage.rings.counts import Background, KindCounts
from linkage.rings.score import KindScore

SHARE = 0.2  # of an entity's other users, from which on members count; 0.1 to 0.34 did alike
CLASSES = 2  # one other member, who may be there by mistake and bring a household along, or several
AT_LEAST = 2  # members that share: one alone shares with nobody


@dataclass(frozen=True)
class Few:
    """Log-odds of links to what few share; arrays are per cell of the counts, or per group.

    ``told`` marks the groups of which the kind is described in no other way. ``cells`` are those that count for
    strangers, ``own_cells`` for members; ``bits`` and ``own_bits`` are log2(x/rho) of a link there, and ``outside``,
    per group, of one elsewhere. ``joining`` are the members that share anything.
    """

    told: np.ndarray
    cells: np.ndarray
    own_cells: np.ndarray
    bits: Floats
    own_bits: Floats
    outside: Floats
    joining: Ints


def few_of(background: Background, counts: KindCounts, scored: KindScore) -> Few | None:
    """What few share of a kind, or None where it can be forged, passes between strangers, or is a window of times.

    Classes of links: one other user of the entity is a member, or several are, and they are a fifth of the other users;
    all the rest is one more.
    x is the share of a class in the links of the members that share anything, smoothed by one link spread like
    everybody else's; rho its share in the links of everybody else, half a link added to each class and, for a stranger,
    one taken off. Groups with a pool that pays get the classes beside it, others in place of it.
    """
    if not background.stays:
        return None
    members, strangers = _class_of(background, counts, counts.k - 1), _class_of(background, counts, counts.k)
    theirs = _by_class(counts, members, counts.k)
    others = _by_class(counts, strangers, background.users[counts.entity] - counts.k)
    joining, links = taking_part(counts, members > 0)
    everybody = np.maximum(background.links - counts.links, 1)[:, None] + (CLASSES + 1) / 2
    rho, rho_without = (others + 0.5) / everybody, (np.maximum(others - 1, 0) + 0.5) / everybody
    x = (theirs + rho) / (links[:, None] + 1)
    pays = np.bincount(counts.group[scored.chosen], minlength=len(joining)) > 0
    several = joining >= AT_LEAST
    beside = (several & pays & (scored.ratio != ENTITY_CODE))[counts.group] & ~scored.chosen
    told = several & ~pays
    place = (counts.group, np.maximum(strangers, 1) - 1), (counts.group, np.maximum(members, 1) - 1)
    bits, own_bits = fixed(np.log2(x / rho_without))[place[0]], fixed(np.log2(x / rho))[place[1]]
    return Few(
        told,
        (strangers > 0) & (told[counts.group] | (beside & (bits > 0))),
        (members > 0) & (told[counts.group] | (beside & (own_bits > 0))),
        bits,
        own_bits,
        fixed(np.log2((1 - x.sum(axis=1)) / (1 - rho.sum(axis=1)))),
        joining,
    )


def _class_of(background: Background, counts: KindCounts, members: Ints) -> Ints:
    """Class of a link with ``members`` among the entity's other users, per cell; 0 for the rest."""
    others = np.maximum(background.users[counts.entity] - 1, 1)
    return np.where(members < SHARE * others, 0, np.minimum(members, CLASSES)).astype(np.int64)


def _by_class(counts: KindCounts, number: Ints, links: Ints) -> Floats:
    """Sum of links per group and class (class 0 left out)."""
    groups, width = len(counts.having), CLASSES + 1
    table = np.bincount(counts.group * width + number, weights=links, minlength=groups * width)
    return np.asarray(table.reshape(groups, width)[:, 1:], dtype=np.float64)
