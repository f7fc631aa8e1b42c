"""Random numbers: every part of a world draws from a stream of its own, so that a change in one part stays there."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Streams:
    """The independent random streams of one seed, by name."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def part(self, name: str) -> np.random.Generator:
        """The stream ``name``; asking twice gives the same numbers twice."""
        digest = hashlib.sha256(name.encode("utf-8")).digest()
        return np.random.default_rng([self._seed, int.from_bytes(digest[:8], "big")])


def zipf_weights(size: int, exponent: float, shift: float = 1.0) -> Floats:
    """Probabilities of ranks 0 to ``size`` - 1, proportional to (rank + shift) ** -exponent."""
    weights = (np.arange(size) + shift) ** -exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def scatter(*numbers: Ints | int) -> Ints:
    """A fixed pseudo-random non-negative number for each tuple of ``numbers`` (splitmix64 finaliser, chained)."""
    with np.errstate(over="ignore"):
        state: npt.NDArray[np.uint64] = np.zeros((), dtype=np.uint64)
        for number in numbers:
            state = np.asarray(number).astype(np.uint64) + state + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
        return (state >> np.uint64(1)).astype(np.int64)


def repeat_counts(counts: Ints) -> tuple[Ints, Ints]:
    """For ``counts`` rows per owner: the owner of each row, and the row's place within its owner."""
    owner = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, place
