"""Masked texts as keyed 64-bit hashes of their words and marks."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.templates import words
from linkage.templates.ids import Key
from linkage.templates.mask import SLOT
from linkage.templates.siphash import siphash
from linkage.templates.words import hashed_words

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_INNER = r"./\\@'’&+~$#%*_-"  # marks that stand within words, too: a/b, e.g., it's
_MARKS = _INNER.replace("\\\\", "\\")
_ALONE = rf"([{_SPACELESS}]|[^\p{{L}}\p{{M}}\p{{N}}\p{{Z}}\s{SLOT}{_INNER}])"
_CLASSES = {words.LETTER: r"[\p{L}\p{M}\p{N}]", words.ALONE: f"[{_SPACELESS}]", words.INNER: f"[{_INNER}]"}
_LITERALS = np.frombuffer(b"true\0false\0null\0", np.uint8)  # values in most languages of programs
_PLANES = ((0, 0xD800), (0xE000, 0x40000), (0xE0000, 0xE1000))  # hold all characters but private ones
_PURPOSE = "tokens 3"


@dataclass(frozen=True)
class Tokens:
    """Tokens of many texts: those of text i are ``token[start[i]:start[i + 1]]``."""

    start: npt.NDArray[np.int64]
    token: npt.NDArray[np.uint64]


def tokens_of(masked: pa.StringArray, key: Key) -> Tokens:
    """Words, marks and slots of masked texts in their order; a null text has none.

    Paths, names of three parts such as a.b.c, true, false and null, and words with a slot in them are slots.
    Characters of scripts that write no blanks are tokens of their own.
    """
    texts = pc.fill_null(masked, "")
    _, offsets, data = texts.buffers()
    start = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    letters = np.frombuffer(data or b"", np.uint8)
    one, two = _secret(key)
    return Tokens(*hashed_words(start, letters, _classes(), _LITERALS, one, two, slot_token(key)))


def spelled(masked: pa.StringArray, key: Key) -> dict[int, str]:
    """The words and marks of masked texts by their tokens; values are not among them."""
    apart = pc.replace_substring_regex(masked, _ALONE, r" \1 ")
    runs = pc.unique(pc.list_flatten(pc.utf8_split_whitespace(apart))).to_pylist()
    words = (word for run in runs for word in run.split())  # Arrow leaves a blank behind some words
    pieces = pa.array(sorted({piece for word in words for piece in _pieces(word)}), pa.string())
    found = tokens_of(pieces, key)
    first = np.append(found.token, slot_token(key))[found.start[:-1]]
    single = (np.diff(found.start) == 1) & (first != slot_token(key))
    return dict(zip(first[single].tolist(), pieces.filter(pa.array(single)).to_pylist(), strict=True))


def _pieces(run: str) -> tuple[str, ...]:
    """What may be a token of a run without blanks: the whole, what is between the marks at its edges, and these."""
    inner = run.strip(_MARKS)
    before, _, behind = run.partition(inner) if inner else (run, "", "")
    return tuple(piece for piece in (run, before, inner, behind) if piece)


def slot_token(key: Key) -> np.uint64:
    """The token of a slot."""
    return np.uint64(_hashes([SLOT], key)[0])


def sign_tokens(key: Key) -> npt.NDArray[np.uint64]:
    """The slot and the marks: tokens that are no words."""
    return _hashes([SLOT, *(mark * times for mark in string.punctuation for times in (1, 2, 3))], key)


def _hashes(tokens: list[str], key: Key) -> npt.NDArray[np.uint64]:
    one, two = _secret(key)
    texts = [np.frombuffer(token.encode(), np.uint8) for token in tokens]
    return np.array([siphash(text, 0, len(text), one, two) for text in texts], np.uint64)


def _secret(key: Key) -> tuple[np.uint64, np.uint64]:
    one, two = np.frombuffer(key.derived(_PURPOSE)[:16], "<u8")
    return np.uint64(one), np.uint64(two)


@cache
def _classes() -> npt.NDArray[np.uint8]:
    """The class of each character by its number; what is no letter, blank or inner mark stands alone."""
    numbers = np.concatenate([np.arange(first, end) for first, end in _PLANES])
    characters = pa.array(map(chr, numbers.tolist()), pa.string())
    classes = np.full(0x110000, words.ALONE, np.uint8)
    for name in (words.LETTER, words.ALONE, words.INNER):
        found = pc.match_substring_regex(characters, _CLASSES[name]).to_numpy(zero_copy_only=False)
        classes[numbers[found]] = name
    classes[numbers[pc.utf8_is_space(characters).to_numpy(zero_copy_only=False)]] = words.BLANK
    classes[ord(SLOT)] = words.SLOT
    return classes
