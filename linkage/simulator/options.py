"""What an account may use: weighted options per account, and the draw of one of them per event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linkage.simulator.streams import Floats, Ints


@dataclass(frozen=True)
class Options:
    """Options as parallel arrays: ``account`` may use ``choice``, with the relative frequency ``weight``."""

    account: Ints
    choice: Ints
    weight: Floats


def options(account: Ints, choice: Ints, weight: Floats | float) -> Options:
    """Options from arrays of one length; a single weight counts for all."""
    return Options(account, choice, np.broadcast_to(np.asarray(weight, dtype=np.float64), account.shape))


def joined(parts: Sequence[Options]) -> Options:
    """All options of several parts, in order of account."""
    account = np.concatenate([p.account for p in parts])
    order = np.argsort(account, kind="stable")
    choice = np.concatenate([p.choice for p in parts])
    weight = np.concatenate([p.weight for p in parts])
    return Options(account[order], choice[order], weight[order])


def draw(table: Options, accounts: Ints, rng: np.random.Generator) -> Ints:
    """One choice for each of ``accounts`` (one entry an event) by weight; -1 where the account has none.

    ``table`` is in order of account.
    """
    upto = np.concatenate([[0.0], np.cumsum(table.weight)])
    first = np.searchsorted(table.account, accounts, side="left")
    past = np.searchsorted(table.account, accounts, side="right")
    target = upto[first] + rng.random(len(accounts)) * (upto[past] - upto[first])
    row = np.clip(np.searchsorted(upto, target, side="right") - 1, first, np.maximum(past - 1, first))
    found = past > first
    result = np.full(len(accounts), -1, dtype=np.int64)
    result[found] = table.choice[row[found]]
    return result


class Numbers:
    """Hands out ranges of entity numbers of one kind."""

    def __init__(self) -> None:
        self.used = 0

    def take(self, count: int) -> int:
        """The first of ``count`` new numbers."""
        first = self.used
        self.used += count
        return first
