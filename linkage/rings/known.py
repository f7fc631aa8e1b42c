"""Bits of groups that were scored before: the search meets the same group, and above all the same union, many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from linkage.rings.codelength import Floats, Ints

Keys = npt.NDArray[np.uint64]


@dataclass
class Known:
    """Bits by group, in rows: what is saved, then the bits of each family, then those of each kind.

    ``keys`` are sorted, ``row`` says where the bits of each stand: they stay where they are written, and ``bits`` has
    room for more. A group's key is the sum of a random number of 64 bits for each of its accounts, so that the key of a
    union is the sum of its parts' keys. Two of a million groups share a key with a probability under 3e-8.
    """

    keys: Keys = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    row: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bits: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def find(self, keys: Keys) -> tuple[Ints, np.ndarray]:
        """The row of each key, and whether it is known at all."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=bool)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return self.row[place], self.keys[place] == keys

    def add(self, keys: Keys, bits: Floats) -> None:
        """Remember the bits (groups x columns) of groups that are not known yet, each once; ``keys`` are sorted."""
        first, past = len(self.keys), len(self.keys) + len(keys)
        if past > len(self.bits):
            longer = np.empty((past + past // 2, bits.shape[1]))
            longer[:first] = self.bits[:first].reshape(first, bits.shape[1])
            self.bits = longer
        self.bits[first:past] = bits
        place = np.searchsorted(self.keys, keys)
        self.keys, self.row = np.insert(self.keys, place, keys), np.insert(self.row, place, np.arange(first, past))


def keys_of(groups: sp.csr_matrix, accounts: int, who: Ints | None = None) -> Keys:
    """The key of each group of a 0/1 matrix, groups x accounts: all ``accounts``, or those that ``who`` numbers."""
    numbers = _numbers(accounts) if who is None else _numbers(accounts)[who]
    ones = np.ones(groups.nnz, dtype=np.uint64)
    summed = sp.csr_matrix((ones, groups.indices, groups.indptr), shape=groups.shape) @ numbers
    return np.asarray(summed, dtype=np.uint64)


@lru_cache(maxsize=1)
def _numbers(accounts: int) -> Keys:
    """A random number for each account, always the same ones."""
    return np.random.default_rng(0).integers(0, 2**64, accounts, dtype=np.uint64)
