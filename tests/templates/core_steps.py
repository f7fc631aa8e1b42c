"""Texts to skeletons and families in one batch, without a catalogue."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from linkage.templates.frequency import Shingles
from linkage.templates.ids import Key
from linkage.templates.loops import Ages, Hashes
from linkage.templates.mask import masked
from linkage.templates.skeleton import Found, Known, Signs, skeletons
from linkage.templates.text import normalised
from linkage.templates.tokens import Tokens, tokens_of

KEY = Key(b"0123456789abcdef" * 4)
SIGNS = Signs.of(KEY)
CELLS = 1 << 20


def tokens(texts: list[str]) -> Tokens:
    return tokens_of(masked(normalised(pa.array(texts, pa.string()))), KEY)


def strangers(count: int, seed: int = 0) -> Hashes:
    """Hashes of as many accounts."""
    return np.random.default_rng(seed).integers(0, 1 << 64, count, dtype=np.uint64)


def known(counted: Shingles) -> Known:
    return Known(counted, counted.least(), Ages(), Ages())


def found(texts: list[str], accounts: Hashes | None = None) -> Found:
    """Skeletons of texts; each is of an account of its own unless accounts are told."""
    accounts = strangers(len(texts)) if accounts is None else accounts
    counted = Shingles(CELLS)
    counted.add(tokens(texts), accounts)
    return skeletons(tokens(texts), accounts, SIGNS, known(counted))


def of_rows(hashes: Hashes, distinct: Hashes, value: Hashes) -> Hashes:
    """The value of each row's hash among distinct ones, or the hash."""
    place = np.minimum(np.searchsorted(distinct, hashes), max(len(distinct) - 1, 0))
    return hashes if not len(distinct) else np.where(distinct[place] == hashes, value[place], hashes)
