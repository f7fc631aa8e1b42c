"""Masked texts as keyed 64-bit hashes of their words and marks."""

from __future__ import annotations

import hashlib
import re
import string
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.templates.ids import Key
from linkage.templates.mask import SLOT

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_INNER = r"./\\@'’&+~$#%*_-"  # marks that stand within words, too: a/b, e.g., it's
_ALONE = rf"[^\p{{L}}\p{{M}}\p{{N}} {SLOT}{_INNER}]|[{_SPACELESS}]"
_VALUE = re.compile(
    rf".*{SLOT}.*|~?(?:/[^/]+)+/?|[^/]+(?:/[^/]+){{2,}}/?|(?:[a-z]:)?(?:\\[^\\]+)+|[\w$-]+(?:\.[\w$-]+){{2,}}"
    r"|true|false|null", re.DOTALL
)  # fmt: skip
_PURPOSE = "tokens 2"


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
    spaced = pc.utf8_trim_whitespace(pc.replace_substring_regex(masked, _ALONE, r" \0 "))
    words = pc.utf8_split_whitespace(pc.fill_null(spaced, ""))
    filled = pc.greater(pc.binary_length(words.flatten()), 0).to_numpy(zero_copy_only=False)
    ends = np.asarray(words.offsets).astype(np.int64)
    start = np.concatenate(([0], np.cumsum(filled, dtype=np.int64)))[ends - ends[0]]
    coded = words.flatten().filter(pa.array(filled)).dictionary_encode()
    parts = [_parts(word) for word in coded.dictionary.to_pylist()]
    return _unfolded(start, np.asarray(coded.indices), parts, key)


def _parts(word: str) -> list[str]:
    """A word without the marks at its edges, and these: a slot when it looks like a value."""
    bare = word.rstrip(".'’")
    if _VALUE.fullmatch(bare):
        return [SLOT, word[len(bare) :]] if len(bare) < len(word) else [SLOT]
    body = word.lstrip(_INNER)
    core = body.rstrip(_INNER)
    return [part for part in (word[: len(word) - len(body)], core, body[len(core) :]) if part]


def _unfolded(start: npt.NDArray[np.int64], word: npt.NDArray[np.int32], parts: list[list[str]], key: Key) -> Tokens:
    """The tokens of texts whose words are numbers in ``parts``."""
    size = np.array([len(part) for part in parts], np.int64)
    first = np.cumsum(size) - size
    hashes = _hashes(pa.array([token for part in parts for token in part], pa.string()), key)
    ends = np.concatenate(([0], np.cumsum(size[word])))
    place = np.repeat(first[word] - ends[:-1], size[word]) + np.arange(ends[-1])
    return Tokens(ends[start], hashes[place])


def slot_token(key: Key) -> np.uint64:
    """The token of a slot."""
    return np.uint64(_hashes(pa.array([SLOT]), key)[0])


def sign_tokens(key: Key) -> npt.NDArray[np.uint64]:
    """The slot and the marks: tokens that are no words."""
    runs = [mark * times for mark in string.punctuation for times in (1, 2, 3)]
    return _hashes(pa.array([SLOT, *runs]), key)


def _hashes(words: pa.StringArray, key: Key) -> npt.NDArray[np.uint64]:
    secret = key.derived(_PURPOSE)
    hashes = (hashlib.blake2b(word.encode(), key=secret, digest_size=8).digest() for word in words.to_pylist())
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)
