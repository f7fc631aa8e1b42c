"""Families: skeletons that one template wrote.

Short skeletons are one family where they differ only in slots. A place whose surroundings stay is a slot when many
different things stand in it, and words of different templates when they are few: "session opened" and
"session closed". A word that is not shared counts as one thing for each account that has one there. Long skeletons are
one family when they share enough pairs of words (MinHash; Broder 1997), whatever was changed, dropped or moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.config import Level
from linkage.templates.gathered import Gathered
from linkage.templates.loops import Bools, Hashes, Ints, words_of
from linkage.templates.places import (
    PLACE,
    RARE,
    WIDEST,
    Likeness,
    dropped,
    feature_lists,
    join_alike,
    rewritten,
    row_hashes,
    slots,
    unite,
    windows,
)
from linkage.templates.skeleton import FEATURES, Ragged, Signs

FEW = 3  # words that tell templates apart in one place: opened, closed, reset. What has more is a slot
ALIKE = 0.1  # Jaccard's index of pairs of words; mutated copies of one template have 0.4, strangers 0.01
SPREAD = 1.1  # more for n pairs, over their root: chance makes few pairs look alike more easily
SAME = 0.7  # the same from which long skeletons are one: one has more of its slots' words than the other
TELLING = 48  # pairs that make short skeletons one by likeness; fewer make families only
AHEAD, NEXT = 4, 2  # neighbours in a feature's list that each is compared with, for families and for skeletons
SMALLEST = 3  # features that put what is alike side by side
AT_ONCE = 1 << 20  # places in memory, 200 bytes each
TOGETHER, LISTED = 1 << 26, 1 << 23  # features in memory at once, 4 bytes each, and those in lists, 8 bytes each
ROUNDS = 4  # of seeking slots: each round sees what the rounds before made alike


Places = npt.NDArray[np.void]  # of type PLACE


@dataclass(frozen=True)
class Families:
    """``family``: the number of each new skeleton's family. ``aliases``: rows of two families that are one from now on,
    the one that goes by the name of the other first."""

    family: Hashes
    aliases: npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Numbered:
    """``families`` by level, and the rows that speak for all of one number at the level of skeletons, sorted."""

    families: Mapping[Level, Families]
    speakers: Ints


def numbered(everyone: Gathered, known: Hashes, numbers: Mapping[Level, Hashes], signs: Signs) -> Numbered:
    """The numbers of new skeletons at either level: of ``everyone`` but the ``known``, which have ``numbers``.

    At the level of skeletons those have one number that are one but for how much of their slots is shared: how much
    of a slot becomes frequent depends on what stands in it, so one template has several. At that of families mutated
    copies have that of what they copy: of those with one number as skeletons, one speaks for all.

    A number is the smallest hash of a skeleton when it is minted. The same skeletons have the same numbers in whatever
    order and parts they were found, as long as one call has them all. ``known`` is sorted, its aliases followed.
    """
    rows = everyone.rows
    parent = np.arange(len(rows))
    _join_short(everyone, signs, parent)
    telling = rows["features"] >= np.where(rows["tokens"] > 0, TELLING, 1)  # short ones have their tokens
    same = Likeness(SAME, 0.0, FEATURES, NEXT)
    parts = 1 + int(rows["features"].sum()) // TOGETHER
    apart = rows["smallest"].astype(np.uint64) * np.uint64(parts) >> np.uint64(32)
    for part in range(parts):
        _join_long(everyone, np.flatnonzero(telling & (apart == part)), parent, same)
    if parts > 1:  # of one template some may be in different parts
        speakers = _speakers(rows, parent)
        _join_long(everyone, speakers[telling[speakers]], parent, same)
    skeletons = _numbered(known, numbers[Level.SKELETON], rows["hash"], parent)
    speakers = _speakers(rows, parent)
    _join_long(everyone, speakers, parent, Likeness(ALIKE, SPREAD, FEATURES, AHEAD))
    families = _numbered(known, numbers[Level.FAMILY], rows["hash"], parent)
    return Numbered({Level.SKELETON: skeletons, Level.FAMILY: families}, speakers)


def _speakers(rows: npt.NDArray[np.void], parent: Ints) -> Ints:
    """Of each group that has features the row that most accounts have, as far as 64 bits tell, the first of several."""
    having = np.flatnonzero(rows["features"])
    group = _roots(parent)[having]
    order = np.lexsort((-np.bitwise_count(rows["accounts"][having]).astype(np.int64), group))
    return np.sort(having[order[np.unique(group[order], return_index=True)[1]]])


def _numbered(known: Hashes, family: Hashes, hashes: Hashes, parent: Ints) -> Families:
    group = _roots(parent)
    held, new = np.zeros(len(group), bool), np.ones(len(group), bool)
    number = np.full(len(group), np.iinfo(np.uint64).max, np.uint64)
    rows = np.searchsorted(hashes, known)
    held[group[rows]], new[rows] = True, False
    np.minimum.at(number, group[rows], family)
    number = np.where(held, number, hashes)[group]
    moved = number[rows] != family
    aliases = np.unique(np.stack([family[moved], number[rows][moved]], axis=1), axis=0)
    return Families(number[new], aliases)


def _roots(parent: Ints) -> Ints:
    while True:
        further = parent[parent]
        if np.array_equal(further, parent):
            return parent
        parent = further


def _in_order(features: Ragged) -> Ints:
    """Places by the smallest features: those that are alike stand together."""
    size = np.diff(features.start)
    smallest = [features.value[features.start[:-1] + np.minimum(i, size - 1)] for i in range(SMALLEST)]
    return np.lexsort(smallest[::-1])


def _join_long(everyone: Gathered, rows: Ints, parent: Ints, likeness: Likeness) -> None:
    """Join those of ``rows``, which have features, that are alike."""
    features = everyone.features(rows)
    value, order = features.value.astype(np.uint32, copy=False), _in_order(features)
    _, first, into = np.unique(_roots(parent)[rows], return_index=True, return_inverse=True)
    joined = first[into]  # what is one group already is not compared
    parts = 1 + len(value) // LISTED
    for part in range(parts):
        lists = np.empty(feature_lists(order, features.start, value, part, parts, np.empty(0, np.uint64)), np.uint64)
        feature_lists(order, features.start, value, part, parts, lists)
        lists.sort()
        join_alike(lists, order, features.start, value, joined, likeness)
    unite(rows, rows[_roots(joined)], parent)


def _join_short(everyone: Gathered, signs: Signs, parent: Ints) -> None:
    rows = np.flatnonzero(everyone.rows["tokens"])
    frames, accounts, frame = everyone.tokens(rows), everyone.rows["accounts"][rows], np.arange(len(rows))
    for _ in range(ROUNDS if len(rows) else 0):
        before, frames = frames, _with_slots(frames, accounts, signs)
        hashes = row_hashes(frames.start, frames.value.astype(np.uint64))
        _, first, into = np.unique(hashes, return_index=True, return_inverse=True)
        bits = np.zeros(len(first), np.uint64)
        np.bitwise_or.at(bits, into, accounts)
        settled = len(first) == len(frames) and np.array_equal(frames.value, before.value)
        frames, accounts, frame = frames.of(first), bits, into[frame]
        if settled:
            break
    token = frames.value.astype(np.uint64)
    same = row_hashes(frames.start, np.where(token == signs.rare, signs.slot, token))
    _join_same(rows, np.unique(same, return_inverse=True)[1][frame], parent)


def _join_same(rows: Ints, label: Ints, parent: Ints) -> None:
    order = np.argsort(label, kind="stable")
    _, first, size = np.unique(label[order], return_index=True, return_counts=True)
    parent[rows[order]] = np.repeat(rows[order][first], size)


def _with_slots(frames: Ragged, accounts: Hashes, signs: Signs) -> Ragged:
    """The frames after one round: what stands in a slot is one slot."""
    token = frames.value.astype(np.uint64)
    word = words_of(token, signs.all)
    drop = dropped(frames.start, token, word, signs.slot, _places(frames.start, token, word, accounts, signs))
    frame, owner, filling = slots(frames.start, token, drop, signs.slot, signs.rare)
    opened = _opened(frame, owner, filling, accounts)
    return Ragged(*rewritten(frames.start, token, drop, signs.slot, signs.rare, opened))


def _places(start: Ints, token: Hashes, word: Bools, accounts: Hashes, signs: Signs) -> Places:
    """Places that look like slots, row by row, the narrowest and best surrounded first.

    What is around places sorts them into parts that are looked at one by one: memory for some AT_ONCE places will do.
    """
    parts = 1 + WIDEST * len(token) // AT_ONCE
    found = []
    for part in range(parts):
        room = np.empty(windows(start, token, word, part, parts, np.empty(0, PLACE)), PLACE)
        windows(start, token, word, part, parts, room)
        found.append(_slotlike_places(room, accounts, signs))
    places = np.concatenate(found)
    return places[np.lexsort((places["at"], -places["words"], places["size"], places["row"]))]


def _slotlike_places(places: Places, accounts: Hashes, signs: Signs) -> Places:
    """Those with surroundings in which many different things stand, or a slot and something else."""
    places = places[np.lexsort((places["within"], places["around"]))]
    _, group = np.unique(places["around"], return_inverse=True)
    one = places["size"] == 1
    bits = accounts[places["row"]]
    of, first = group[one], places["first"][one]
    alone = _slotlike(_values(of, first, bits[one], group, signs.rare), _people(of, bits[one], group))
    alone |= _any(group, one & (places["first"] == signs.slot)) & (_distinct(of, first, group) > 1)
    held = _any(group, one & (places["first"] == signs.slot))
    of, bits, places_of = group[~one], bits[~one], places[~one]
    people = _people(of, bits, group)
    several = (
        (_distinct(of, places_of["within"], group) > FEW)
        & _slotlike(_values(of, places_of["first"], bits, group, signs.rare), people)
        & _slotlike(_values(of, places_of["last"], bits, group, signs.rare), people)
    )
    filled = held[group] & (places["first"] != signs.slot) & (places["last"] != signs.slot)
    return places[np.where(one, alone[group], several[group] | filled)]


def _opened(frame: Hashes, owner: Ints, filling: Hashes, accounts: Hashes) -> Bools:
    """Which slots stay open among rows of one frame: a slot filled with few words makes them several frames."""
    _, group = np.unique(frame, return_inverse=True)
    number = np.arange(len(owner)) - np.searchsorted(owner, owner)
    while True:
        _, column = np.unique(group[owner] * (len(owner) + 1) + number, return_inverse=True)
        values = _values(column, filling, accounts[owner], column, RARE)
        open_ = _any(column, filling == 0) | _slotlike(values, _people(column, accounts[owner], column))
        closed = np.flatnonzero((_distinct(column, filling, column) > 1)[column] & ~open_[column])
        if not len(closed):
            return np.asarray(open_[column])
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


def _values(group: Ints, value: Hashes, bits: Hashes, all_: Ints, rare: np.uint64) -> Ints:
    """How many different values each group has, when hardly any two accounts have the same ``rare`` one."""
    common = value != rare
    return _distinct(group[common], value[common], all_) + _people(group[~common], bits[~common], all_)


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
