"""What an account may use: weighted options per account, and the draw of one of them per event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from linkage.simulator.spec import SECONDS
from linkage.simulator.streams import Floats, Ints

NEVER = SECONDS  # a replacement that does not happen within the world
NOBODY = -1


@dataclass(frozen=True)
class Options:
    """Options as parallel arrays: ``account`` may use ``choice``, with the relative frequency ``weight``.

    From the second ``until`` on ``after`` stands in place of ``choice``: a card was replaced, a browser updated.
    ``whose`` is the operator whose traffic the option carries, NOBODY for everything else.
    """

    account: Ints
    choice: Ints
    weight: Floats
    until: Ints
    after: Ints
    whose: Ints

    @cached_property
    def weight_before(self) -> Floats:
        """The weight of all rows before each row, and of all at the end."""
        return np.concatenate([[0.0], np.cumsum(self.weight)])


def options(account: Ints, choice: Ints, weight: Floats | float, whose: Ints | int = NOBODY) -> Options:
    """Options that never change, from arrays of one length; a single weight or owner counts for all."""
    shape = account.shape
    return Options(
        account, choice, np.broadcast_to(np.asarray(weight, dtype=np.float64), shape),
        np.broadcast_to(np.int64(NEVER), shape), choice, np.broadcast_to(np.asarray(whose, dtype=np.int64), shape),
    )


def changing(table: Options, until: Ints, after: Ints) -> Options:
    """The same options, each replaced by ``after`` from the second ``until`` on."""
    return replace(table, until=until, after=after)


def joined(parts: Sequence[Options]) -> Options:
    """All options of several parts, in order of account."""
    order = np.argsort(np.concatenate([p.account for p in parts]), kind="stable")
    return Options(*(np.concatenate([getattr(p, f.name) for p in parts])[order] for f in fields(Options)))


def draw_rows(table: Options, accounts: Ints, rng: np.random.Generator) -> Ints:
    """The row of ``table`` that each of ``accounts`` (one entry an event) draws by weight; -1 where it has none.

    ``table`` is in order of account.
    """
    upto = table.weight_before
    first = np.searchsorted(table.account, accounts, side="left")
    past = np.searchsorted(table.account, accounts, side="right")
    target = upto[first] + rng.random(len(accounts)) * (upto[past] - upto[first])
    row = np.clip(np.searchsorted(upto, target, side="right") - 1, first, np.maximum(past - 1, first))
    return np.where(past > first, row, -1).astype(np.int64)


def chosen(table: Options, rows: Ints, time: Ints) -> Ints:
    """What drawn rows stand for at ``time`` (seconds, one an event); -1 where nothing was drawn."""
    found = rows >= 0
    row = rows[found]
    result = np.full(len(rows), -1, dtype=np.int64)
    result[found] = np.where(time[found] < table.until[row], table.choice[row], table.after[row])
    return result


def draw(table: Options, accounts: Ints, rng: np.random.Generator, time: Ints | None = None) -> Ints:
    """One choice for each of ``accounts`` by weight, as it stands at ``time``; -1 where the account has none.

    Without ``time`` nothing has been replaced yet. ``table`` is in order of account.
    """
    return chosen(table, draw_rows(table, accounts, rng), np.zeros_like(accounts) if time is None else time)


class Numbers:
    """Hands out ranges of entity numbers of one kind."""

    def __init__(self) -> None:
        self.used = 0

    def take(self, count: int) -> int:
        """The first of ``count`` new numbers."""
        first = self.used
        self.used += count
        return first
