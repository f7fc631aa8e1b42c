"""Masked texts as keyed 64-bit hashes of their words and marks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.templates.ids import Key
from linkage.templates.mask import SLOT

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_ALONE = rf"[^\p{{L}}\p{{M}}\p{{N}}_ ]|[{_SPACELESS}]"  # a mark, or a character of a script without blanks
_PURPOSE = "tokens 1"


@dataclass(frozen=True)
class Tokens:
    """Tokens of many texts: those of text i are ``token[start[i]:start[i + 1]]``."""

    start: npt.NDArray[np.int64]
    token: npt.NDArray[np.uint64]


def tokens_of(masked: pa.StringArray, key: Key) -> Tokens:
    """Words, marks and slots of masked texts in their order; a null text has none.

    Characters of scripts that write no blanks are tokens of their own.
    """
    spaced = pc.utf8_trim_whitespace(pc.replace_substring_regex(masked, _ALONE, r" \0 "))
    words = pc.utf8_split_whitespace(pc.fill_null(spaced, ""))
    filled = pc.greater(pc.binary_length(words.flatten()), 0).to_numpy(zero_copy_only=False)
    ends = np.asarray(words.offsets).astype(np.int64)
    start = np.concatenate(([0], np.cumsum(filled, dtype=np.int64)))[ends - ends[0]]
    coded = words.flatten().filter(pa.array(filled)).dictionary_encode()
    return Tokens(start, _hashes(coded.dictionary, key)[np.asarray(coded.indices)])


def slot_token(key: Key) -> np.uint64:
    """The token of a slot."""
    return np.uint64(_hashes(pa.array([SLOT]), key)[0])


def _hashes(words: pa.StringArray, key: Key) -> npt.NDArray[np.uint64]:
    secret = key.derived(_PURPOSE)
    hashes = (hashlib.blake2b(word.encode(), key=secret, digest_size=8).digest() for word in words.to_pylist())
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)
