"""Compiled loops over the tokens of texts: they see keyed hashes, never words.

A shingle is a few tokens in a row, counted beyond both ends of a text: of two tokens in short texts, where slots stand
close together, and of five in long ones, where two meet by chance. In long texts a token stays when what stands before
it, or behind it, is hardly ever seen without it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from linkage.engines.compiled import compiled

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint16]  # numbers of batches
Cells = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)

SHORT = 40  # tokens of a short text at most: a log line, a question
PAD = 4  # one less than the longest shingle
LEAST_WORDS = 6  # that a long text shares with others, or it has no skeleton
NEVER = np.uint16(65535)  # the age of what is not frequent
TRIED = 64  # ages of a text at most, the oldest: its time is as its length, whatever is in it
LINE = 16  # cells of 32 bits in 64 bytes, which come from memory together
MISSED = 2  # bits of 32 that a token's surroundings may have and the token lacks: it has half of their accounts or more

_BEFORE, _BEHIND = np.uint64(1), np.uint64(2)  # stand for what is beyond the ends of a text
_LONG = np.uint64(4)  # makes the skeleton of a long text another one than that of a short text
_RARE = np.uint64(5)  # makes of the slot what stands for rare words
_SKIPPED = np.uint64(3)  # makes the hash of a pair another one when a token is between
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_3, _27, _30, _31, _32 = np.uint64(3), np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_7, _NONE, _ONE = np.uint64(7), np.uint64(0), np.uint64(1)


class Ages(NamedTuple):
    """Hashes with the number of the batch that brought each: a table of a power of two places, zero in empty ones."""

    table: Hashes = np.zeros(2, np.uint64)
    held: Numbers = np.zeros(2, np.uint16)

    @classmethod
    def of(cls, hashes: Hashes, ages: Numbers) -> Ages:
        """``hashes`` are distinct, and none is zero; batches are numbered from 0 to 65,534."""
        places = 1 << max(2 if len(hashes) else 1, (4 * len(hashes) // 3).bit_length())
        made = cls(np.zeros(places, np.uint64), np.full(places, NEVER))
        filled(hashes, ages, made.table, made.held)
        return made


@compiled
def mixed(seed: np.uint64, value: np.uint64) -> np.uint64:
    """A hash of both (the finaliser of SplitMix64 by Steele, Lea and Flood, 2014)."""
    z = (seed * _STEP ^ value) + _STEP  # which of the two comes first counts: words in another order are others
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


@compiled
def shingles(token: Hashes, two: Hashes, four: Hashes, five: Hashes) -> None:
    """The hashes of all runs of two, four and five tokens of a text with PAD tokens beyond either end of it.

    Row i begins PAD tokens before token i. Fills the first rows of the arrays, up to 2 PAD more than there are tokens.
    """
    size = len(token) + 2 * PAD
    before = _BEFORE
    for i in range(1, size):
        this = _BEFORE if i < PAD else token[i - PAD] if i < size - PAD else _BEHIND
        two[i - 1] = mixed(before, this)
        if i >= 3:
            four[i - 3] = mixed(two[i - 3], two[i - 1])
        if i >= 4:
            five[i - 4] = mixed(four[i - 4], this)
        before = this


@compiled
def skips(token: Hashes, skip: Hashes) -> None:
    """The hashes of all pairs of tokens of a text with one between them, with PAD tokens beyond either end of it."""
    size = len(token) + 2 * PAD
    for i in range(size - 2):
        one = _BEFORE if i < PAD else token[i - PAD] if i < size - PAD else _BEHIND
        two = _BEFORE if i + 2 < PAD else token[i + 2 - PAD] if i + 2 < size - PAD else _BEHIND
        skip[i] = mixed(mixed(one, two), _SKIPPED)


@compiled
def buffers(start: Ints) -> tuple[Hashes, Hashes, Hashes]:
    """Room for the shingles of the longest text."""
    longest = 0
    for text in range(len(start) - 1):
        longest = max(longest, start[text + 1] - start[text])
    size = longest + 2 * PAD
    return np.empty(size, np.uint64), np.empty(size, np.uint64), np.empty(size, np.uint64)


@compiled
def set_bit(h: np.uint64, bit: np.uint32, cells: Cells) -> None:
    """Set an account's bit in both cells of a shingle: they are on one line, in either half of it."""
    line = np.int64((h >> _32) & np.uint64(len(cells) // LINE - 1)) * LINE
    cells[line + np.int64(h & _7)] |= bit
    cells[line + 8 + np.int64((h >> _3) & _7)] |= bit


@compiled
def bits_in(h: np.uint64, cells: Cells) -> np.uint32:
    """The bits that both cells of a shingle have."""
    line = np.int64((h >> _32) & np.uint64(len(cells) // LINE - 1)) * LINE
    return np.uint32(cells[line + np.int64(h & _7)] & cells[line + 8 + np.int64((h >> _3) & _7)])


@compiled
def count_bits(bits: np.uint32) -> int:
    """How many are set: in pairs, then in fours, in eights, in all (Warren, Hacker's Delight, 2003)."""
    x = np.int64(bits)
    x -= (x >> 1) & 0x55555555
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return int(((x * 0x01010101) & 0xFFFFFFFF) >> 24)


@compiled
def bit_of(account: np.uint64) -> np.uint32:
    """An account's bit: each pair of bits stands for half as many accounts as the pair before it."""
    level = 0
    while level < 15 and not account >> np.uint64(63 - level) & _ONE:
        level += 1
    return np.uint32(1) << np.uint32(2 * level + np.int64(account & _ONE))


@compiled
def add_shingles(start: Ints, token: Hashes, account: Hashes, cells: Cells) -> None:
    """Set each account's bit in its shingles: pairs, with a gap too, in short texts; four and five tokens in others."""
    two, four, five = buffers(start)
    for text in range(len(start) - 1):
        begin, end = start[text], start[text + 1]
        bit = bit_of(account[text])
        shingles(token[begin:end], two, four, five)
        if end - begin <= SHORT:
            skips(token[begin:end], four)
            for i in range(PAD - 1, end - begin + PAD):
                set_bit(two[i], bit, cells)
                set_bit(four[i - 1], bit, cells)
            continue
        for i in range(end - begin + PAD):
            set_bit(five[i], bit, cells)
            set_bit(four[i + 1], bit, cells)


@compiled
def filled(keys: Hashes, values: Numbers, table: Hashes, held: Numbers) -> None:
    """Put ``keys`` (none is zero, none comes twice) and their values into an empty table of a power of two places."""
    last = np.uint64(len(table) - 1)
    for i in range(len(keys)):
        place = keys[i] & last
        while table[place] != _NONE:
            place = (place + _ONE) & last
        table[place] = keys[i]
        held[place] = values[i]


@compiled
def found(key: np.uint64, known: Ages) -> np.uint16:
    """The age of ``key``, or NEVER."""
    last = np.uint64(len(known.table) - 1)
    place = key & last
    while known.table[place] != _NONE:
        if known.table[place] == key:
            return np.uint16(known.held[place])
        place = (place + _ONE) & last
    return NEVER


@compiled
def _in_runs(age: Numbers) -> Numbers:
    """Ages of tokens as far as two more beside them have it, too: chance keeps single ones."""
    out = np.full(len(age), NEVER)
    for i in range(-2, len(age)):
        oldest = np.uint16(0)
        for j in range(max(0, i), min(i + 3, len(age))):
            oldest = max(oldest, age[j])
        for j in range(max(0, i), min(i + 3, len(age))):
            out[j] = min(out[j], oldest)
    return out


@compiled
def bits_in_all(shingle: Hashes, first: int, end: int, cells: Cells, bits: Cells) -> None:
    """The bits of the shingles from ``first`` to ``end``: all at once, as memory then answers several at a time."""
    for i in range(first, end):
        bits[i] = bits_in(shingle[i], cells)


@compiled
def ages(
    start: Ints, token: Hashes, cells: Cells, least: int, known: Ages, now: np.uint16
) -> tuple[Numbers, Hashes]:
    """Which batch first kept each token, and what keeps tokens only now.

    A token of a short text stays for a frequent pair with one of the two on either side of it; one of a long text for a
    frequent shingle that it ends or begins, when the rest of that is hardly seen without it.
    """
    age, fresh, count = np.full(len(token), NEVER), np.empty(len(token), np.uint64), 0
    two, four, five = buffers(start)
    bits, around = np.empty(len(two), np.uint32), np.empty(len(two), np.uint32)
    frequent, reason = np.zeros(4, np.bool_), np.zeros(4, np.uint64)
    grown = len(known.table) > 2
    for text in range(len(start) - 1):
        begin, size = start[text], start[text + 1] - start[text]
        shingles(token[begin : begin + size], two, four, five)
        short = size <= SHORT
        if short:
            skips(token[begin : begin + size], four)
            bits_in_all(two, PAD - 1, size + PAD, cells, bits)
            bits_in_all(four, PAD - 2, size + PAD, cells, around)
        else:
            bits_in_all(five, 0, size + PAD, cells, bits)
            bits_in_all(four, 0, size + PAD + 1, cells, around)
        for i in range(size):
            for side in range(2):
                near = i + PAD - 1 + side if short else i + PAD * side
                frequent[side] = count_bits(bits[near]) >= least
                if short:
                    far = i + PAD - 2 + 2 * side
                    reason[side], reason[2 + side] = two[near], four[far]
                    frequent[2 + side] = count_bits(around[far]) >= least
                else:
                    reason[side] = mixed(five[near], np.uint64(side))
                    frequent[side] &= count_bits(around[near + side] & ~bits[near]) <= MISSED
            first = -1
            for one in range(3 if short else 1, -1, -1):
                if grown:
                    age[begin + i] = min(age[begin + i], found(reason[one], known))
                if frequent[one]:
                    first = one
            if age[begin + i] == NEVER and first >= 0:
                age[begin + i] = now
                fresh[count] = reason[first]
                count += 1
        if not short:
            age[begin : begin + size] = _in_runs(age[begin : begin + size])
    return age, fresh[:count].copy()


@compiled
def is_word(token: np.uint64, signs: Hashes) -> bool:
    """Whether a token is neither the slot nor a mark; ``signs`` are these, sorted."""
    place = np.searchsorted(signs, token)
    return bool(place == len(signs) or signs[place] != token)


@compiled
def words_of(token: Hashes, signs: Hashes) -> Bools:
    """Which tokens are words; by the last bits of signs most need no search."""
    word, ends = np.empty(len(token), np.bool_), np.zeros(1 << 12, np.bool_)
    last = np.uint64(len(ends) - 1)
    for sign in signs:
        ends[sign & last] = True
    for i in range(len(token)):
        word[i] = not ends[token[i] & last] or is_word(token[i], signs)
    return word


@compiled
def rare_of(slot: np.uint64) -> np.uint64:
    """The token that stands for words of a short text that are not shared: a slot, or a rare word of a template."""
    return mixed(slot, _RARE)


@compiled
def cut(token: Hashes, age: Numbers, slot: np.uint64, limit: np.uint16, out: Hashes) -> int:
    """Write a text's tokens up to an age, with one for all that is younger between two of them: a slot, in a short text
    :func:`rare_of` it when no slot is among it. Returns how many there are."""
    count, open_slot = 0, False
    rare = rare_of(slot) if len(token) <= SHORT else slot
    for i in range(len(token)):
        kept = age[i] <= limit and token[i] != slot
        if kept or not open_slot:
            out[count] = token[i] if kept else rare
            count += 1
        open_slot = not kept
        if token[i] == slot:
            out[count - 1] = slot
    return count


@compiled
def of_age(token: Hashes, age: Numbers, slot: np.uint64, limit: np.uint16, room: Hashes) -> np.uint64:
    """The hash of what :func:`cut` leaves of a text, with ``room`` to put that."""
    h = _NONE
    for i in range(cut(token, age, slot, limit, room)):
        h = mixed(h, room[i])
    if len(token) > SHORT:
        h = mixed(h, _LONG)
    return h if h != _NONE else _ONE


@compiled
def supported(age: Numbers, word: Bools, limit: np.uint16) -> bool:
    """Whether what a text shares says what it is: half of a short text's words, LEAST_WORDS of a long one's."""
    kept, words = 0, 0
    for i in range(len(word)):
        words += word[i]
        kept += word[i] and age[i] <= limit
    return 2 * kept >= words if len(word) <= SHORT else kept >= LEAST_WORDS


@compiled
def next_age(age: Numbers, least: int) -> np.uint16:
    """The oldest of the ages that are at least ``least``, or NEVER."""
    first = NEVER
    for i in range(len(age)):
        if least <= age[i] < first:
            first = age[i]
    return first


@compiled
def skeleton_hashes(
    start: Ints, token: Hashes, age: Numbers, word: Bools, slot: np.uint64, minted: Ages, now: np.uint16
) -> tuple[Hashes, Numbers]:
    """Each text's skeleton and its age: the oldest that was minted by then, else the youngest of those TRIED.

    A text that shares too little has the age NEVER; its hash is that of all its tokens when it is short, else zero.
    """
    n, room = len(start) - 1, np.empty(len(token), np.uint64)
    hashes, chosen = np.zeros(n, np.uint64), np.full(n, NEVER)
    for text in range(n):
        begin, end = start[text], start[text + 1]
        if begin == end:
            continue
        own, words = age[begin:end], word[begin:end]
        further, tried = next_age(own, 0), 0
        while chosen[text] == NEVER and tried < TRIED and (further != NEVER or not tried):
            limit, tried = min(further, now), tried + 1
            further = next_age(own, int(limit) + 1)
            if supported(own, words, limit):
                h = of_age(token[begin:end], own, slot, limit, room)
                if further == NEVER or tried == TRIED or found(h, minted) <= limit:
                    hashes[text], chosen[text] = h, limit
        if chosen[text] == NEVER and end - begin <= SHORT:
            hashes[text] = of_age(token[begin:end], own, slot, NEVER, room)
    return hashes, chosen


@compiled
def kept_tokens(start: Ints, token: Hashes, age: Numbers, limits: Numbers, slot: np.uint64) -> tuple[Ints, Hashes]:
    """The tokens of the skeletons of texts, each with those up to its limit."""
    out, ends, count = np.empty(len(token), np.uint64), np.zeros(len(start), np.int64), 0
    for text in range(len(start) - 1):
        begin, end = start[text], start[text + 1]
        count += cut(token[begin:end], age[begin:end], slot, limits[text], out[count:])
        ends[text + 1] = count
    return ends, out[:count].copy()


@compiled
def taken(start: Ints, value: npt.NDArray[T], rows: Ints) -> tuple[Ints, npt.NDArray[T]]:
    """The arrays of ``rows`` among those of several lengths, one behind the other."""
    ends = np.zeros(len(rows) + 1, np.int64)
    for i in range(len(rows)):
        ends[i + 1] = ends[i] + start[rows[i] + 1] - start[rows[i]]
    out = np.empty(ends[-1], value.dtype)
    for i in range(len(rows)):
        for j in range(ends[i + 1] - ends[i]):
            out[ends[i] + j] = value[start[rows[i]] + j]
    return ends, out


@compiled
def pairs(start: Ints, token: Hashes, word: Bools, most: int) -> tuple[Ints, npt.NDArray[np.uint32]]:
    """For each text its pairs of words in a row, and of words with one between them, which are the same hash: a word
    that is dropped leaves one behind. Marks are left out. The ``most`` smallest, sorted."""
    out, ends, count = np.empty(2 * len(token), np.uint32), np.zeros(len(start), np.int64), 0
    for text in range(len(start) - 1):
        own = np.empty(2 * (start[text + 1] - start[text]), np.uint32)
        size, words, one, two = 0, 0, _NONE, _NONE
        for i in range(start[text], start[text + 1]):
            if word[i]:
                for gap in range(min(words, 2)):
                    own[size] = mixed(two if gap else one, token[i]) >> _32
                    size += 1
                one, two, words = token[i], one, words + 1
        own = np.unique(own[:size])[:most]
        out[count : count + len(own)] = own
        count += len(own)
        ends[text + 1] = count
    return ends, out[:count].copy()
