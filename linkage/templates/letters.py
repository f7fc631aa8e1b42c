"""What one character becomes: its compatibility form, a look-alike the ASCII that it imitates, the unseen nothing.

Look-alikes are those of Unicode's security report (UTS 39) as the library confusable-homoglyphs has them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

GONE = 0  # U+0000 itself is gone as well
JOINS = 8
_SIZE = 0x110000
_SPANS = (  # what lies between is left as it is: ideographs, Hangul syllables, private use and what is unassigned
    (0x00, 0x3400),
    (0xA000, 0xAC00),
    (0xD7B0, 0xD800),
    (0xF900, 0x17000),
    (0x18B00, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE1000),
)
_BLANK = {"Zs": " ", "Zl": "\n", "Zp": "\n"}
_UNSEEN = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800}  # fillers, joiners, empty braille
_SELECTORS = ((0xFE00, 0xFE10), (0x180B, 0x1810), (0xE0000, 0xE1000))  # variation selectors and tags
_SIGNS = str.maketrans("—―«»‹›„‚“”‘’‛‟′″「」『』〝〞", "--\"\"\"\"\"'\"\"'''\"'\"\"\"\"\"\"\"")


@dataclass(frozen=True)
class Letters:
    """For each code point: what takes its place (GONE: nothing), that one's bytes in UTF-8, and whether it JOINS.

    What joins takes its form from its neighbours too, as combining marks do.
    """

    becomes: npt.NDArray[np.uint32]
    bytes_and_joins: npt.NDArray[np.uint8]  # bytes, and JOINS added


@cache
def letters() -> Letters:
    """The table, made once in a process, when the first text that is not ASCII asks for it."""
    becomes, joins = np.arange(_SIZE, dtype=np.uint32), np.zeros(_SIZE, bool)
    imitated = dict(_imitated())
    for first, end in _SPANS:
        for code in range(first, end):
            form = unicodedata.normalize("NFKC", _seen(chr(code)))
            form = imitated.get(form, form).translate(_SIGNS)
            becomes[code] = ord(form) if len(form) == 1 else GONE if not form else code
            mark = unicodedata.category(chr(code))[0] == "M" or 0x1100 <= code < 0x1200  # and the parts of Hangul
            joins[code] = len(form) > 1 or (form != "" and mark)
    size = np.searchsorted([1, 0x80, 0x800, 0x10000], becomes, side="right").astype(np.uint8)
    return Letters(becomes, size | joins * np.uint8(JOINS))


def _seen(char: str) -> str:
    """The character, a blank or line break for every kind of them, nothing for what no one sees."""
    code, category = ord(char), unicodedata.category(char)
    if char in "\n\r\x0b\x0c\x85":
        return "\n"
    if char == "\t":
        return " "
    if category in _BLANK:
        return _BLANK[category]
    unseen = category in ("Cc", "Cf") or code in _UNSEEN or any(a <= code < b for a, b in _SELECTORS)
    return "" if unseen else char


def _imitated() -> Iterator[tuple[str, str]]:
    """Pairs of a character that is not ASCII and the one of the same class in ASCII that it imitates."""
    from confusable_homoglyphs.confusables import confusables_data  # reads a megabyte when it is imported

    for char, likes in confusables_data.items():
        if len(char) != 1 or char.isascii() or unicodedata.bidirectional(char) in ("R", "AL"):
            continue
        category = unicodedata.category(char)
        for like in (one["c"] for one in likes):
            if len(like) == 1 and like.isascii() and _class(category) == _class(unicodedata.category(like)):
                yield char, "I" if like == "l" and category == "Lu" else like


def _class(category: str) -> str:
    """Letters imitate letters and signs signs; digits are left to the compatibility form."""
    return {"L": "letter", "N": "number"}.get(category[0], "sign")
