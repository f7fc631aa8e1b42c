"""Skeletons: the words of a text that texts of other accounts have in the same surroundings; the rest are slots.

A word stays when a shingle that covers it is frequent over distinct accounts. What has become frequent stays so, with
the number of the batch in which it did: a text's skeleton is sought with what was frequent first, and the oldest
one that was minted by then is its skeleton for ever, whatever becomes frequent later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.templates.frequency import Shingles
from linkage.templates.ids import Key
from linkage.templates.loops import (
    NEVER,
    SHORT,
    Ages,
    Hashes,
    Ints,
    Numbers,
    ages,
    kept_tokens,
    pairs,
    rare_of,
    skeleton_hashes,
    taken,
    words_of,
)
from linkage.templates.tokens import Tokens, sign_tokens, slot_token

FEATURES = 128  # pairs of words of a skeleton at most: a similarity of 0.2 is met within 0.04
LEAST_FEATURES = (16, 24)  # of a long text, and of a short one: log lines say different things in words much alike

Features = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Signs:
    """The tokens that are no words: the slot, what stands for rare words, and all of them, sorted."""

    slot: np.uint64
    rare: np.uint64
    all: Hashes

    @classmethod
    def of(cls, key: Key) -> Signs:
        """Those of ``key``."""
        slot = slot_token(key)
        rare = np.uint64(rare_of(slot))
        return cls(slot, rare, np.unique(np.append(sign_tokens(key), rare)))


@dataclass(frozen=True)
class Ragged:
    """Arrays of several lengths: the i-th is ``value[start[i]:start[i + 1]]``."""

    start: Ints
    value: npt.NDArray[np.generic]

    def __len__(self) -> int:
        return len(self.start) - 1

    def of(self, rows: Ints) -> Ragged:
        """Those of ``rows``, in their order."""
        return Ragged(*taken(self.start, self.value, rows))

    def cut(self, keep: npt.NDArray[np.bool_]) -> Ragged:
        """With nothing in those that ``keep`` is false for."""
        size = np.where(keep, np.diff(self.start), 0)
        return Ragged(np.concatenate(([0], np.cumsum(size))), self.value[np.repeat(keep, np.diff(self.start))])

    @classmethod
    def joined(cls, parts: list[Ragged]) -> Ragged:
        """One part behind the other."""
        size = np.concatenate([np.diff(part.start) for part in parts])
        return cls(np.concatenate(([0], np.cumsum(size))), np.concatenate([part.value for part in parts]))


@dataclass(frozen=True)
class Skeletons:
    """Distinct skeletons, sorted by hash.

    ``accounts``: 64 bits, one for each account by its hash: how many are set is how many accounts there are at least.
    ``tokens``: those of short ones, nothing for long ones. ``features``: the smallest hashes of pairs of words, sorted;
    nothing for those that have few.
    """

    hash: Hashes
    accounts: Hashes
    tokens: Ragged
    features: Ragged

    @classmethod
    def none(cls) -> Skeletons:
        """No skeleton."""
        hashes, start = np.zeros(0, np.uint64), np.zeros(1, np.int64)
        return cls(hashes, hashes, Ragged(start, hashes), Ragged(start, np.zeros(0, np.uint32)))

    @classmethod
    def joined(cls, parts: list[Skeletons]) -> Skeletons:
        """All distinct ones, whatever their order, with the accounts of all parts."""
        hashes = np.concatenate([part.hash for part in parts])
        order = np.argsort(hashes, kind="stable")
        distinct, first = np.unique(hashes[order], return_index=True)
        accounts = np.concatenate([part.accounts for part in parts])[order]
        rows = order[first]
        return cls(
            distinct,
            np.bitwise_or.reduceat(accounts, first) if len(first) else accounts,
            Ragged.joined([part.tokens for part in parts]).of(rows),
            Ragged.joined([part.features for part in parts]).of(rows),
        )


@dataclass(frozen=True)
class Known:
    """What decides on skeletons: shingles counted now, how many bits make one frequent, and what earlier batches
    found: shingles and minted skeletons with the numbers of their batches; ``now`` is this batch's number."""

    counted: Shingles
    least: int
    shingles: Ages
    minted: Ages
    now: int = 0


@dataclass(frozen=True)
class Found:
    """``hash`` of each text's skeleton, zero where there is none; the distinct ones that texts of several accounts may
    have; the tokens of each of these; and the shingles that are frequent since now, sorted."""

    hash: Hashes
    skeletons: Skeletons
    kept: Ragged
    fresh: Hashes


def each_once(hashes: Hashes) -> Hashes:
    """Each of the hashes once, sorted; what is given is sorted too. np.unique, which hashes them again, takes ten times
    as long."""
    hashes.sort()
    new = np.ones(len(hashes), bool)
    new[1:] = hashes[1:] != hashes[:-1]
    return hashes[new]


def skeletons(tokens: Tokens, accounts: Hashes, signs: Signs, known: Known) -> Found:
    """The skeleton of each text; ``accounts`` has the keyed hash of each text's account.

    A short text that shares less than half of its words has itself as its skeleton, and is not among the distinct
    ones; a long one that shares hardly any word has none.
    """
    now = np.uint16(known.now)
    start, token = tokens.start, tokens.token
    age, fresh = ages(start, token, known.counted.cells, known.least, known.shingles, now)
    word = words_of(token, signs.all)
    hashes, chosen = skeleton_hashes(start, token, age, word, signs.slot, known.minted, now)
    shared = np.flatnonzero(chosen != NEVER)
    return Found(hashes, *_distinct(tokens, age, hashes, chosen, accounts, shared, signs), each_once(fresh))


def _distinct(
    tokens: Tokens, age: Numbers, hashes: Hashes, chosen: Numbers, accounts: Hashes, shared: Ints, signs: Signs
) -> tuple[Skeletons, Ragged]:
    order = shared[np.argsort(hashes[shared], kind="stable")]
    distinct, first = np.unique(hashes[order], return_index=True)
    bits = np.uint64(1) << (accounts[order] >> np.uint64(58))
    rows = order[first]
    texts = Ragged(tokens.start, np.arange(len(tokens.token))).of(rows)
    places = texts.value.astype(np.int64)
    start, token = kept_tokens(texts.start, tokens.token[places], age[places], chosen[rows], signs.slot)
    kept = Ragged(start, token)
    features = Ragged(*pairs(start, token, words_of(token, signs.all), FEATURES))
    found = Skeletons(
        distinct,
        np.bitwise_or.reduceat(bits, first) if len(first) else bits,
        kept.cut(np.diff(texts.start) <= SHORT),
        features.cut(np.diff(features.start) >= np.where(np.diff(texts.start) > SHORT, *LEAST_FEATURES)),
    )
    return found, kept
