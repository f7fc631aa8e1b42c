"""Skeletons in words, for investigators who may read them: nothing of the kind exists unless a file for it is named.

A skeleton is told when texts of PEOPLE accounts have that very skeleton: each of its words stands in the texts of all
of them, so that nobody's own words are among them, as one person has five accounts at most as a rule. Words of fewer
accounts are forgotten with the batch that they came in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkage.config import Level
from linkage.errors import ConfigError, StorageFault
from linkage.templates.ids import Key
from linkage.templates.loops import Hashes
from linkage.templates.mask import SLOT
from linkage.templates.skeleton import Found
from linkage.templates.tokens import Tokens, spelled

PEOPLE = 6
CELLS = 1 << 24  # of 64 bits, one for each word: 128 MB
WORDS = pa.schema([("id", pa.string()), ("words", pa.string())])
Ids = Callable[[Level, Hashes], pa.StringArray]


class Readable:
    """Skeletons in words: those of earlier batches, and those of this one once all of it is read."""

    def __init__(self, key: Key, before: pa.Table | None = None) -> None:
        """``before``: what :func:`read_words` found."""
        self._key, self._before = key, WORDS.empty_table() if before is None else before
        self._people: Hashes = np.zeros(CELLS, np.uint64)
        self._word: dict[int, str] = {}
        self._accounts: dict[int, int] = {}
        self._tokens: dict[int, list[int]] = {}

    def read(self, tokens: Tokens, accounts: Hashes, masked: pa.StringArray) -> None:
        """Learn the words of masked texts that texts of several accounts have. Not for two threads at once."""
        cell = tokens.token & np.uint64(CELLS - 1)
        bits = np.repeat(np.uint64(1) << (accounts >> np.uint64(58)), np.diff(tokens.start))
        np.bitwise_or.at(self._people, cell, bits)
        token, first = np.unique(tokens.token, return_index=True)
        shared = np.bitwise_count(self._people[cell[first]]) >= PEOPLE
        new = [i for i in np.flatnonzero(shared).tolist() if int(token[i]) not in self._word]
        rows = np.unique(np.searchsorted(tokens.start, first[new], side="right") - 1)
        words, needed = spelled(masked.take(pa.array(rows)), self._key), set(token[new].tolist())
        self._word.update({number: word for number, word in words.items() if number in needed})

    def learn(self, found: Found) -> None:
        """Learn which skeletons texts of several accounts have. Not for two threads at once."""
        accounts = found.skeletons.accounts.tolist()
        for row, number in enumerate(found.skeletons.hash.tolist()):
            self._accounts[number] = self._accounts.get(number, 0) | accounts[row]
            if self._accounts[number].bit_count() >= PEOPLE and number not in self._tokens:
                self._tokens[number] = found.kept.of(np.array([row])).value.tolist()

    def grown(self, ids: Ids, levels: Sequence[Level]) -> pa.Table:
        """All that is known, by id: a skeleton in words stands beside its id at each of the ``levels``."""
        numbers = np.array(sorted(self._tokens), np.uint64)
        words = pa.array([self._told(number) for number in numbers.tolist()], pa.string())
        parts = [pa.table([ids(level, numbers), words], schema=WORDS) for level in levels]
        both = pa.concat_tables([self._before, *parts]).group_by(WORDS.names).aggregate([])
        return both.sort_by([(name, "ascending") for name in WORDS.names])

    def _told(self, number: int) -> str:
        return " ".join(self._word.get(token, SLOT) for token in self._tokens[number])


def read_words(path: Path) -> pa.Table:
    """The skeletons in words of a file, none where there is no file.

    Raises:
        ConfigError: others than its owner can read it.
        StorageFault: it can't be read, or is something else.
    """
    if not path.exists():
        return WORDS.empty_table()
    if path.stat().st_mode & 0o077:
        raise ConfigError(
            "others than its owner can read the words of prompts in it.", where=str(path), todo="Say `chmod 600` to it."
        )
    try:
        return pq.read_table(path).select(WORDS.names).cast(WORDS)
    except (OSError, pa.ArrowException, KeyError):
        raise StorageFault(
            "this is no file of templates in words, or a broken one.", where=str(path),
            todo="Restore the file, or name another one as templates.words.",
        ) from None  # fmt: skip


def words_of_ids(words: pa.Table, asked: list[str]) -> dict[str, list[str]]:
    """What is known of some ids, each with its skeletons in words; a family has one or more."""
    rows = words.filter(pc.is_in(words["id"], pa.array(asked, pa.string()))).to_pylist()
    return {one: [row["words"] for row in rows if row["id"] == one] for one in asked}
