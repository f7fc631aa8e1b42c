"""Families: skeletons that one template wrote.

Short skeletons are one family where they differ only in slots. A place whose surroundings stay is a slot when many
different things stand in it, and words of different templates when they are few: "session opened" and
"session closed". Long ones are one family when they share enough pairs of words (MinHash; Broder 1997), whatever was
changed, dropped or moved between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.templates.loops import Bools, Hashes, Ints, words_of
from linkage.templates.places import (
    PLACE,
    WIDEST,
    Likeness,
    dropped,
    join_alike,
    rewritten,
    row_hashes,
    slots,
    windows,
)
from linkage.templates.skeleton import FEATURES, Ragged, Signs, Skeletons

FEW = 3  # words that tell templates apart in one place: opened, closed, reset. What has more is a slot
ALIKE = 0.1  # Jaccard's index of pairs of words; mutated copies of one template have 0.4, strangers 0.01
SPREAD = 1.0  # more for n pairs, over their root: chance makes few pairs look alike more easily
SAME = 0.65  # Jaccard's index from which long skeletons are one: one has more of its slots' words than the other
AHEAD = 4  # neighbours in a feature's list that each is compared with
AT_ONCE = 1 << 20  # places in memory, 200 bytes each
ROUNDS = 4  # of seeking slots: each round sees what the rounds before made alike


Places = npt.NDArray[np.void]  # of type PLACE


@dataclass(frozen=True)
class Families:
    """``family``: the number of each new skeleton's family. ``aliases``: rows of two families that are one from now on,
    the one that goes by the name of the other first."""

    family: Hashes
    aliases: npt.NDArray[np.uint64]


def families(known: Skeletons, family: Hashes, new: Skeletons, signs: Signs) -> Families:
    """The families of ``new`` skeletons beside ``known`` ones, whose families are ``family`` (aliases followed).

    A family's number is its smallest hash of a skeleton when it is minted. The same skeletons have the same families
    in whatever order and parts they were found, as long as one call has them all.
    """
    everyone = Skeletons.joined([known, new])
    parent = np.arange(len(everyone.hash))
    _join_short(everyone, signs, parent)
    _join_long(everyone.features, parent, ALIKE, SPREAD)
    return _numbered(known, family, new, everyone, parent)


def variants(known: Skeletons, number: Hashes, new: Skeletons, signs: Signs) -> Families:
    """The same for skeletons that are one but for how much of their slots is shared; a mutated copy is another.

    How much of a slot becomes frequent depends on what stands in it, so one template has several skeletons.
    """
    everyone = Skeletons.joined([known, new])
    parent = np.arange(len(everyone.hash))
    _join_short(everyone, signs, parent)
    _join_long(everyone.features, parent, SAME, 0.0)
    return _numbered(known, number, new, everyone, parent)


def _numbered(known: Skeletons, family: Hashes, new: Skeletons, everyone: Skeletons, parent: Ints) -> Families:
    group = _roots(parent)
    held = np.zeros(len(group), bool)
    number = np.full(len(group), np.iinfo(np.uint64).max, np.uint64)
    rows = np.searchsorted(everyone.hash, known.hash)
    held[group[rows]] = True
    np.minimum.at(number, group[rows], family)
    number = np.where(held, number, everyone.hash)[group]
    moved = number[rows] != family
    aliases = np.unique(np.stack([family[moved], number[rows][moved]], axis=1), axis=0)
    return Families(number[np.searchsorted(everyone.hash, new.hash)], aliases)


def _roots(parent: Ints) -> Ints:
    while True:
        further = parent[parent]
        if np.array_equal(further, parent):
            return parent
        parent = further


def _join_long(features: Ragged, parent: Ints, alike: float, spread: float) -> None:
    value = features.value.astype(np.uint32)
    owner = np.repeat(np.arange(len(features)), np.diff(features.start))
    order = np.argsort(value, kind="stable")
    join_alike(features.start, value, order, owner, parent, Likeness(alike, spread, FEATURES, AHEAD))


def _join_short(skeletons: Skeletons, signs: Signs, parent: Ints) -> None:
    rows = np.flatnonzero(np.diff(skeletons.tokens.start))
    frames, accounts, frame = skeletons.tokens.of(rows), skeletons.accounts[rows], np.arange(len(rows))
    for _ in range(ROUNDS if len(rows) else 0):
        frames = _with_slots(frames, accounts, signs)
        hashes = row_hashes(frames.start, frames.value.astype(np.uint64))
        _, first, into = np.unique(hashes, return_index=True, return_inverse=True)
        bits = np.zeros(len(first), np.uint64)
        np.bitwise_or.at(bits, into, accounts)
        settled = len(first) == len(frames)
        frames, accounts, frame = frames.of(first), bits, into[frame]
        if settled:
            break
    _join_same(rows, frame, parent)


def _join_same(rows: Ints, label: Ints, parent: Ints) -> None:
    order = np.argsort(label, kind="stable")
    _, first, size = np.unique(label[order], return_index=True, return_counts=True)
    parent[rows[order]] = np.repeat(rows[order][first], size)


def _with_slots(frames: Ragged, accounts: Hashes, signs: Signs) -> Ragged:
    """The frames after one round: what stands in a slot is one slot."""
    token = frames.value.astype(np.uint64)
    word = words_of(token, signs.all)
    drop = dropped(frames.start, token, word, signs.slot, _places(frames.start, token, word, accounts, signs.slot))
    frame, owner, filling, begins = slots(frames.start, token, drop, signs.slot)
    opened = _opened(frame, owner, filling, accounts)
    return Ragged(*rewritten(frames.start, token, drop, signs.slot, begins, opened))


def _places(start: Ints, token: Hashes, word: Bools, accounts: Hashes, slot: np.uint64) -> Places:
    """Places that look like slots, row by row, the narrowest and best surrounded first.

    What is around places sorts them into parts that are looked at one by one: memory for some AT_ONCE places will do.
    """
    parts = 1 + WIDEST * len(token) // AT_ONCE
    found = []
    for part in range(parts):
        room = np.empty(windows(start, token, word, part, parts, np.empty(0, PLACE)), PLACE)
        windows(start, token, word, part, parts, room)
        found.append(_slotlike_places(room, accounts, slot))
    places = np.concatenate(found)
    return places[np.lexsort((places["at"], -places["words"], places["size"], places["row"]))]


def _slotlike_places(places: Places, accounts: Hashes, slot: np.uint64) -> Places:
    """Those with surroundings in which many different things stand, or a slot and something else."""
    places = places[np.lexsort((places["within"], places["around"]))]
    _, group = np.unique(places["around"], return_inverse=True)
    one = places["size"] == 1
    bits = accounts[places["row"]]
    alone = _slotlike(_distinct(group[one], places["first"][one], group), _people(group[one], bits[one], group))
    alone |= _any(group, one & (places["first"] == slot)) & (_distinct(group[one], places["first"][one], group) > 1)
    more = ~one
    people = _people(group[more], bits[more], group)
    several = (
        (_distinct(group[more], places["within"][more], group) > FEW)
        & _slotlike(_distinct(group[more], places["first"][more], group), people)
        & _slotlike(_distinct(group[more], places["last"][more], group), people)
    )
    return places[np.where(one, alone[group], several[group])]


def _opened(frame: Hashes, owner: Ints, filling: Hashes, accounts: Hashes) -> Bools:
    """Which slots stay open among rows of one frame: a slot filled with few words makes them several frames."""
    _, group = np.unique(frame, return_inverse=True)
    number = np.arange(len(owner)) - np.searchsorted(owner, owner)
    while True:
        _, column = np.unique(group[owner] * (len(owner) + 1) + number, return_inverse=True)
        values = _distinct(column, filling, column)
        open_ = _any(column, filling == 0) | _slotlike(values, _people(column, accounts[owner], column))
        closed = np.flatnonzero((values > 1)[column] & ~open_[column])
        if not len(closed):
            return np.asarray((values > 1)[column] | (filling == 0))
        chosen = np.zeros(group.max() + 1, np.int64) - 1
        np.maximum.at(chosen, group[owner[closed]], len(owner) - number[closed])
        splits = chosen[group[owner]] == len(owner) - number
        apart = np.zeros(len(group), np.uint64)
        apart[owner[splits]] = filling[splits]
        _, group = np.unique(np.stack([group.astype(np.uint64), apart], axis=1), axis=0, return_inverse=True)


def _slotlike(values: Ints, people: Ints) -> Bools:
    """Whether a place with so many different fillings by so many accounts is a slot.

    In a slot new values keep coming: more than 1 + ln(accounts) of them, as in Ewens' formula with a rate of one.
    """
    return (values > 1) & ((values > FEW) | (values > 1 + np.log(np.maximum(people, 1))))


def _distinct(group: Ints, value: Hashes, all_: Ints) -> Ints:
    """How many different values each group has; ``all_`` has every group's number."""
    size = all_.max() + 1 if len(all_) else 0
    order = np.lexsort((value, group))
    group, value = group[order], value[order]
    new = np.ones(len(group), bool)
    new[1:] = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
    return np.bincount(group[new], minlength=size)


def _people(group: Ints, bits: Hashes, all_: Ints) -> Ints:
    """How many accounts each group has at least, up to 64."""
    out = np.zeros(all_.max() + 1 if len(all_) else 0, np.uint64)
    np.bitwise_or.at(out, group, bits)
    return np.bitwise_count(out).astype(np.int64)


def _any(group: Ints, true: Bools) -> Bools:
    return np.asarray(np.bincount(group, weights=true) > 0)
