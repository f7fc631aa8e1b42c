"""Words, marks and slots of UTF-8 texts as keyed 64-bit hashes, in one pass over the bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linkage.engines.compiled import compiled
from linkage.templates.siphash import siphash

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

LETTER, BLANK, INNER, ALONE, SLOT = 0, 1, 2, 3, 4  # a letter or digit; a mark that may stand within a word; a token
_SLASH, _BACKSLASH, _DOT, _TILDE, _QUOTE = 0x2F, 0x5C, 0x2E, 0x7E, 0x27
_DOLLAR, _DASH, _LOW, _EQUALS, _COLON = 0x24, 0x2D, 0x5F, 0x3D, 0x3A
_OPENING = np.full(256, 0xFF, np.uint8)  # the bracket that each one closes
_OPENING[list(b")]}>")] = list(b"([{<")
_ENDING = np.zeros(256, np.bool_)  # marks that end a value: between = and one of these it is empty
_ENDING[list(b",;)]}>&|")] = True


@compiled
def _size(byte: int) -> int:
    """How many bytes the character that begins with this one has."""
    return 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@compiled
def _class(data: Bytes, at: int, classes: Bytes) -> int:
    byte = np.int64(data[at])
    if byte < 0x80:
        return int(classes[byte])
    if byte < 0xE0:
        return int(classes[(byte & 0x1F) << 6 | (data[at + 1] & 0x3F)])
    if byte < 0xF0:
        return int(classes[(byte & 0x0F) << 12 | np.int64(data[at + 1] & 0x3F) << 6 | (data[at + 2] & 0x3F)])
    high = (byte & 0x07) << 18 | np.int64(data[at + 1] & 0x3F) << 12
    return int(classes[high | np.int64(data[at + 2] & 0x3F) << 6 | (data[at + 3] & 0x3F)])


@compiled
def _is_path(data: Bytes, begin: int, end: int) -> bool:
    """Whether bytes are /a, ~/a/, a/b/c or backslashes with names behind them."""
    if data[begin] == _BACKSLASH:
        for i in range(begin + 1, end + 1):
            if (i == end or data[i] == _BACKSLASH) and data[i - 1] == _BACKSLASH:
                return False
        return True
    rooted = data[begin] == _SLASH or (data[begin] == _TILDE and begin + 1 < end and data[begin + 1] == _SLASH)
    names, open_name = 0, False
    first = begin + (1 if rooted and data[begin] == _TILDE else 0)
    for i in range(first, end):
        if data[i] != _SLASH:
            names += not open_name
            open_name = True
        elif i > first and not open_name:
            return False
        else:
            open_name = False
    return names >= (1 if rooted else 3)


@compiled
def _dotted(data: Bytes, begin: int, end: int, classes: Bytes) -> int:
    """How many names are in bytes such as a.b.c: names of letters, digits, ``_``, ``$`` and ``-``; 0 in others."""
    names, open_name, i = 0, False, begin
    while i < end:
        byte = data[i]
        if byte == _DOT:
            if not open_name:
                return 0
            open_name = False
        elif byte in (_DOLLAR, _DASH, _LOW) or _class(data, i, classes) == LETTER:
            names += not open_name
            open_name = True
        else:
            return 0
        i += _size(byte)
    return names if open_name else 0


@compiled
def _is_literal(data: Bytes, begin: int, end: int, literals: Bytes) -> bool:
    """Whether bytes are one of the literals, each of which ends with a zero."""
    at = 0
    while at < len(literals):
        size = 0
        same = True
        while literals[at + size] != 0:
            same = same and begin + size < end and data[begin + size] == literals[at + size]
            size += 1
        if same and size == end - begin:
            return True
        at += size + 1
    return False


@compiled
def _edges(data: Bytes, begin: int, end: int, classes: Bytes) -> tuple[int, int, int, bool]:
    """Of a word: where its first and its last letter begin and end, where its closing points and quotes begin, and
    whether a slot is in it."""
    first, last, close, slot, i = end, begin, begin, False, begin
    while i < end:
        kind, size = _class(data, i, classes), _size(data[i])
        slot = slot or kind == SLOT
        if kind != INNER:
            first, last = min(first, i), i + size
        if not (data[i] == _DOT or data[i] == _QUOTE or (kind == INNER and size > 1)):
            close = i + size
        i += size
    return first, last, close, slot


@compiled
def _is_empty(data: Bytes, at: int, end: int, classes: Bytes) -> bool:
    """Whether nothing is behind the = at ``at`` that has a name before it."""
    if data[at - 1] >= 0x80 or _class(data, at - 1, classes) not in (LETTER, INNER):
        return False
    return at + 1 == end or _class(data, at + 1, classes) == BLANK or bool(_ENDING[data[at + 1]])


@compiled
def _run_end(data: Bytes, begin: int, limit: int, classes: Bytes) -> int:
    """Where the run of letters, inner marks and slots that begins here ends."""
    i = begin
    while i < limit and _class(data, i, classes) not in (BLANK, ALONE):
        i += _size(data[i])
    return min(i, limit)


@compiled
def hashed_words(
    start: Ints, data: Bytes, classes: Bytes, literals: Bytes, one: np.uint64, two: np.uint64, slot: np.uint64
) -> tuple[Ints, Hashes]:
    """The tokens of texts in UTF-8; ``classes`` has the class of each character.

    A word is a run of letters, inner marks and slots. One that is a value is a slot; of others the marks at the edges
    are tokens of their own.
    """
    ends, out, count = np.zeros(len(start), np.int64), np.empty(2 * (start[-1] - start[0]) + 1, np.uint64), 0
    for text in range(len(start) - 1):
        i, limit = start[text], start[text + 1]
        bound = -2  # where the last value ends, or name of several parts
        while i < limit:
            kind = _class(data, i, classes)
            if kind in (BLANK, ALONE):
                size = _size(data[i])
                if kind == ALONE:
                    if i > start[text] and data[i - 1] == _OPENING[data[i]]:
                        out[count] = slot
                        count += 1
                    out[count] = siphash(data, i, i + size, one, two)
                    count += 1
                    if i > start[text] and data[i] == _EQUALS and _is_empty(data, i, limit, classes):
                        out[count] = slot
                        count += 1
                i += size
                continue
            begin, i = i, _run_end(data, i, limit, classes)
            first, last, close, has_slot = _edges(data, begin, i, classes)
            names = _dotted(data, begin, close, classes)
            value = close > begin and (
                has_slot
                or _is_path(data, begin, close)
                or names >= 3
                or _is_literal(data, begin, close, literals)
            )
            cuts = (begin, begin, close, i) if value else (begin, first, max(first, last), i)
            if value and bound == begin - 1 and data[bound] == _COLON:
                count -= 1
                out[count - 1] = slot
                cuts = (close, close, close, i)
            if value or names > 1:
                bound = close
            for part in range(3):
                if cuts[part] < cuts[part + 1]:
                    out[count] = slot if value and part == 1 else siphash(data, cuts[part], cuts[part + 1], one, two)
                    count += 1
        ends[text + 1] = count
    return ends, out[:count].copy()
