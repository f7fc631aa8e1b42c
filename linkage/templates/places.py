"""Places of short skeletons where a slot stands: what is around a place stays, and what stands in it varies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from linkage.engines.compiled import compiled
from linkage.templates.loops import Bools, Hashes, Ints

RARE = np.uint64(1)  # the filling of a slot that has a word that is not shared
FARTHEST = 4  # tokens that are looked at for a word beyond the two beside a place
WIDEST = 6  # tokens that one filling of a slot has at most
_PAD, _STEP, _FIRST, _SECOND = (
    np.uint64(1), np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
)  # fmt: skip
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
PLACE = np.dtype([
    ("around", "u8"), ("within", "u8"), ("first", "u8"), ("last", "u8"),
    ("row", "i4"), ("at", "i2"), ("size", "i1"), ("words", "i1"),
])  # fmt: skip


@compiled
def _mixed(seed: np.uint64, value: np.uint64) -> np.uint64:
    z = (seed ^ value) + _STEP
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


@compiled
def _farther(
    around: np.uint64, words: int, token: Hashes, word: Bools, text: tuple[int, int], place: tuple[int, int], least: int
) -> tuple[np.uint64, int]:
    """What is around a place of a text beyond the two tokens on either side of it, as far as there are enough words."""
    begin, end, k = text[0], text[1], place[0] - 3
    while words < least and k >= max(begin, place[0] - 2 - FARTHEST):
        around = _mixed(around, token[k])
        words += word[k]
        k -= 1
    around = _mixed(around, _PAD)
    k = place[1] + 2
    while words < least and k < min(end, place[1] + 2 + FARTHEST):
        around = _mixed(around, token[k])
        words += word[k]
        k += 1
    return around, words


@compiled
def windows(start: Ints, token: Hashes, word: Bools, part: int, parts: int, out: npt.NDArray[np.void]) -> int:
    """Every run of up to WIDEST tokens as a place: what is within, and the two tokens on either side of it.

    One token needs a word beside it, and so do more at the end of a text; elsewhere they need two. Where there are too
    few, those farther off count, too. Of ``parts`` by what
    is around them it gives one, ``part``. Returns how many there are, which may be more than ``out`` has room for.
    """
    count = 0
    for row in range(len(start) - 1):
        begin, end = start[row], start[row + 1]
        for i in range(begin, end):
            within = np.uint64(0)
            for j in range(i + 1, min(i + WIDEST, end) + 1):
                within = _mixed(within, token[j - 1])
                around, words = np.uint64(3), 0
                for k in (i - 2, i - 1, j, j + 1):
                    inside = begin <= k < end
                    around = _mixed(around, token[k] if inside else _PAD)
                    words += inside and word[k]
                least = 1 if j == end else min(2, j - i)
                if words < least:
                    around, words = _farther(around, words, token, word, (begin, end), (i, j), least)
                if words >= least and np.int64(around >> _32) % parts == part:
                    count += 1
                    if count > len(out):
                        continue
                    place = out[count - 1]
                    place["around"], place["within"] = around, within
                    place["first"], place["last"] = token[i], token[j - 1]
                    place["row"], place["at"], place["size"], place["words"] = row, i - begin, j - i, words
    return count


@compiled
def dropped(start: Ints, token: Hashes, word: Bools, slot: np.uint64, places: npt.NDArray[np.void]) -> Bools:
    """Which tokens stand in slots: those of ``places``, one after the other, while a third of the words stays."""
    drop: Bools = token == slot
    words, kept = np.zeros(len(start) - 1, np.int64), np.zeros(len(start) - 1, np.int64)
    for row in range(len(start) - 1):
        words[row] = word[start[row] : start[row + 1]].sum()
        kept[row] = words[row]
    for place in places:
        row = place["row"]
        begin = start[row] + place["at"]
        lost = 0
        for i in range(begin, begin + place["size"]):
            lost += word[i] and not drop[i]
        if kept[row] > lost and 3 * (kept[row] - lost) >= words[row]:
            kept[row] -= lost
            drop[begin : begin + place["size"]] = True
    return drop


@compiled
def slots(
    start: Ints, token: Hashes, drop: Bools, slot: np.uint64, rare: np.uint64
) -> tuple[Hashes, Ints, Hashes]:
    """Each row's hash without what stands in its slots; the slots' owners and fillings.

    The filling of a slot that is open already is zero, that of one which has a ``rare`` word is RARE.
    """
    n = len(start) - 1
    frame = np.zeros(n, np.uint64)
    owner, filling = np.empty(len(token), np.int64), np.empty(len(token), np.uint64)
    count = 0
    for row in range(n):
        i = start[row]
        while i < start[row + 1]:
            if not drop[i]:
                frame[row] = _mixed(frame[row], token[i])
                i += 1
                continue
            frame[row] = _mixed(frame[row], slot)
            owner[count] = row
            h, size = np.uint64(0), 0
            while i < start[row + 1] and drop[i]:
                h = _mixed(h, token[i])
                size += 1
                i += 1
            if size == 1 and token[i - 1] == slot:
                h = np.uint64(0)
            elif size == 1 and token[i - 1] == rare:
                h = RARE
            filling[count] = h
            count += 1
    return frame, owner[:count].copy(), filling[:count].copy()


@compiled
def rewritten(
    start: Ints, token: Hashes, drop: Bools, slot: np.uint64, rare: np.uint64, opened: Bools
) -> tuple[Ints, Hashes]:
    """The rows with their opened slots as one token each, ``rare`` words beside them too, and all other words back."""
    out, ends, count, at = np.empty(len(token), np.uint64), np.zeros(len(start), np.int64), 0, 0
    for row in range(len(start) - 1):
        i = start[row]
        while i < start[row + 1]:
            open_ = drop[i] and opened[at]
            held = i
            while i < start[row + 1] and drop[i] == drop[held]:
                now = slot if open_ else token[i]
                before = out[count - 1] if count > ends[row] else np.uint64(0)
                if now == slot and before == rare:
                    out[count - 1] = slot
                elif before != slot or now not in (slot, rare):
                    out[count] = now
                    count += 1
                i += 1
            at += drop[held]
        ends[row + 1] = count
    return ends, out[:count].copy()


@compiled
def row_hashes(start: Ints, token: Hashes) -> Hashes:
    """A hash of each row's tokens."""
    h = np.zeros(len(start) - 1, np.uint64)
    for row in range(len(start) - 1):
        for i in range(start[row], start[row + 1]):
            h[row] = _mixed(h[row], token[i])
    return h


@compiled
def root(parent: Ints, i: int) -> int:
    """The first of the group that ``i`` is in."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled
def alike(one: npt.NDArray[np.uint32], two: npt.NDArray[np.uint32], most: int, least: float) -> bool:
    """Whether Jaccard's index of two sets by their ``most`` smallest hashes, sorted, is ``least`` (Broder 1997)."""
    i, j, both, all_ = 0, 0, 0, 0
    while all_ < most and i < len(one) and j < len(two):
        for _ in range(16):  # then another look at whether it can still become enough
            if all_ < most and i < len(one) and j < len(two):
                a, b = one[i], two[j]
                i += a <= b
                j += b <= a
                both += a == b
                all_ += 1
        rest = min(most - all_, len(one) - i, len(two) - j)
        if both + rest < least * (all_ + rest):
            return False
    all_ = min(most, all_ + len(one) - i + len(two) - j)
    return all_ > 0 and both >= least * all_


class Likeness(NamedTuple):
    """Alike by the ``most`` smallest features: ``least``, and ``spread`` over the root of the smaller number more.

    Each row is compared with ``ahead`` neighbours in a feature's list.
    """

    least: float
    spread: float
    most: int
    ahead: int


@compiled
def feature_lists(
    rows: Ints, start: Ints, feature: npt.NDArray[np.uint32], part: int, parts: int, out: Hashes
) -> int:
    """The features of ``rows``, each with the place of its row among these: one of ``parts``, by size.

    Returns how many there are, which may be more than ``out`` has room for.
    """
    count = 0
    for place in range(len(rows)):
        for i in range(start[rows[place]], start[rows[place] + 1]):
            if np.int64(np.uint64(feature[i]) * np.uint64(parts) >> _32) == part:
                if count < len(out):
                    out[count] = np.uint64(feature[i]) << _32 | np.uint64(place)
                count += 1
    return count


@compiled
def join_alike(
    lists: Hashes, rows: Ints, start: Ints, feature: npt.NDArray[np.uint32], parent: Ints, likeness: Likeness
) -> None:
    """Join rows that share a feature and are alike; ``lists`` are features and places among ``rows``, sorted.

    Of all that share one, each is compared with those next to it, and with the first where it is unlike the one
    before: time grows with the features, not with pairs of rows; those that are alike share many features, and so are
    neighbours in some list.
    """
    first = 0
    for at in range(len(lists)):
        if lists[at] >> _32 != lists[first] >> _32:
            first = at
        one = rows[np.int64(lists[at] & _LOW)]
        for other in range(max(first, at - likeness.ahead), at):
            _join(start, feature, one, rows[np.int64(lists[other] & _LOW)], parent, likeness)
        if at - likeness.ahead > first and root(parent, one) != root(parent, rows[np.int64(lists[at - 1] & _LOW)]):
            _join(start, feature, one, rows[np.int64(lists[first] & _LOW)], parent, likeness)


@compiled
def _join(
    start: Ints, feature: npt.NDArray[np.uint32], one: int, two: int, parent: Ints, likeness: Likeness
) -> None:
    a, b = root(parent, one), root(parent, two)
    if a == b:
        return
    mine, other = feature[start[one] : start[one + 1]], feature[start[two] : start[two + 1]]
    needed = likeness.least + likeness.spread / np.sqrt(min(len(mine), len(other)))
    if alike(mine, other, likeness.most, needed):
        parent[max(a, b)] = min(a, b)


@compiled
def unite(one: Ints, two: Ints, parent: Ints) -> None:
    """Join the groups of each two rows."""
    for i in range(len(one)):
        a, b = root(parent, one[i]), root(parent, two[i])
        parent[max(a, b)] = min(a, b)
