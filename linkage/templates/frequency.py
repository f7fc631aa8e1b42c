"""Which shingles are frequent over distinct accounts, in memory that does not grow with what is counted."""

from __future__ import annotations

import numpy as np

from linkage.templates.loops import LINE, Cells, Hashes, add_shingles
from linkage.templates.tokens import Tokens

CELLS = 1 << 27  # of 32 bits: 512 MB
LEAST = 2  # bits: two accounts at least, three as a rule, as half of all accounts have one of two bits
CHANCE = 0.02  # share of shingles that look frequent at most because their cells are full of others
SAMPLE = 1 << 16  # lines of cells that tell how full they are


class Shingles:
    """Counts distinct accounts by shingle.

    Each shingle has two cells of 32 bits, and each account one of the bits: an account sets its bit in both, and the
    bits that both have tell how many accounts there are, two bits for twice as many. What is added is the same in any
    order, and in parts that :meth:`merge` brings together.
    """

    def __init__(self, cells: int = CELLS) -> None:
        """``cells`` is a power of two, and a multiple of 16."""
        self.cells: Cells = np.zeros(cells, np.uint32)

    def add(self, tokens: Tokens, accounts: Hashes) -> None:
        """Count texts; ``accounts`` has the keyed 64-bit hash of each text's account. Not for two threads at once."""
        add_shingles(tokens.start, tokens.token, accounts, self.cells)

    def merge(self, other: Shingles) -> None:
        """Count what ``other``, of the same size, has counted."""
        np.bitwise_or(self.cells, other.cells, out=self.cells)

    def least(self) -> int:
        """How many bits make a shingle frequent: LEAST, more where the cells are so full that chance makes LEAST.

        The bits that cells of different shingles have in common tell what chance does.
        """
        lines = self.cells.reshape(-1, 2, LINE // 2)
        lines = lines[:: max(1, len(lines) // SAMPLE)]
        shared = np.bitwise_count(lines[:, 0, :-1] & lines[:, 1, 1:])
        counts = np.bincount(shared.ravel())
        beyond = np.cumsum(counts[::-1])[::-1] / counts.sum()
        return max(LEAST, int(np.argmax(np.append(beyond, 0.0) <= CHANCE)))
