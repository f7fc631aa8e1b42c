"""What the accounts of a shared ring use, and for whom: what several use together, how often, tells whose it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.operators.ties import is_own
from linkage.operators.uses import Floats, Ints

NOBODY, OPEN = 0, -1  # whose: innocent customers'; not known at first. The operators are 1, 2, ...
ENOUGH = 2  # entities known as operators' that an account must use to show whom it works for
ROUNDS = 10
LEAST_SPREAD = 0.05  # of the logarithm of a rate, from entity to entity
LEAST_WIDTH = 0.7  # in doublings: of the numbers of users of what an operator gives out
STEPS = 2.0  # of a histogram of numbers of users, in every doubling
RARE = 0.1  # added to every step of a histogram

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Carried:
    """The uses of one kind by the accounts of rings that serve the same operators.

    ``accounts`` and their ``ring`` by dense number. One entry a link: ``account``, ``entity`` (dense) and how many
    ``times``. Of each entity: the accounts that use it ``everywhere``, and in ``sides`` (operators x entities) those of
    rings which are one operator's alone.
    """

    accounts: Ints
    ring: Ints
    account: Ints
    entity: Ints
    times: Ints
    everywhere: Ints
    sides: Ints


def known(carried: Carried) -> Ints:
    """Whose each entity is as far as others' use says: :data:`OPEN`, :data:`NOBODY`, or 1, 2, ... for the operators.

    It is an operator's when two accounts here and two of its own rings use it, and no more strangers than these; not so
    for two operators. It is nobody's when more strangers use it than accounts of all these rings.
    """
    here = np.bincount(carried.entity, minlength=len(carried.everywhere))
    strangers = carried.everywhere - here - carried.sides
    theirs = (here >= 2) & (carried.sides >= 2) & is_own(here + carried.sides, strangers)
    whose = np.full(len(here), OPEN)
    one = theirs.sum(axis=0) == 1
    whose[one] = theirs[:, one].argmax(axis=0) + 1
    ours = here + carried.sides.sum(axis=0)
    whose[carried.everywhere - ours > ours] = NOBODY
    return whose


def telling(carried: Carried) -> Flags:
    """Accounts that show for whom they work: they use two entities or more that are known as operators'."""
    theirs = (known(carried) > NOBODY)[carried.entity]
    return np.asarray(np.bincount(carried.account, theirs, len(carried.accounts)) >= ENOUGH)


def owners(carried: Carried) -> Floats:
    """How likely each entity is nobody's, and each operator's: (1 + operators) x entities, columns add up to 1.

    Whose an entity is that only accounts here use (a prompt rewritten for the ring, a customer's own), two things tell,
    by comparison with the known ones: how often those use it who do, as a part of all that they do (an account divides
    its work between those whom it serves, and about evenly between the entities of each); and how many use it (what an
    operator gives out is worked through by many, what a customer brings is not). Learned and applied in turn: a
    log-normal law of rates with one spread for all; of numbers of users a histogram for what is known as nobody's, and
    a log-normal law for all operators. Beforehand an entity is as likely to be nobody's as any operator's. Only telling
    accounts count. What one of them alone uses is nobody's, as is what none of them uses.

    Not guaranteed: two operators who use their entities equally often are told apart by what is known alone, and the
    rest is divided between them evenly.
    """
    used = _Used.of(carried)
    whose = np.where((used.users < 2) & (used.known == OPEN), NOBODY, used.known)
    open_ = whose == OPEN
    classes = len(carried.sides) + 1
    likely = (whose == np.arange(classes)[:, None]).astype(np.float64)
    seeds = likely * (used.users >= 2)
    able = seeds.any(axis=1)
    for _ in range(ROUNDS if open_.any() and able.any() else 0):
        bits = used.by_rate(likely * (used.users >= 2)) + used.by_users(seeds[NOBODY], likely[1:].sum(axis=0), classes)
        bits = np.where(able[:, None], bits, -np.inf)
        odds = np.exp(bits - bits.max(axis=0))
        likely[:, open_] = (odds / odds.sum(axis=0))[:, open_]
    likely[NOBODY, open_ & (likely.sum(axis=0) == 0)] = 1.0
    return np.asarray(likely, dtype=np.float64)


@dataclass(frozen=True)
class _Used:
    """Entities as telling accounts use them: how many do, how often, and out of how many uses of theirs."""

    known: Ints
    users: Ints
    times: Ints
    out_of: Ints

    @classmethod
    def of(cls, carried: Carried) -> _Used:
        kept = telling(carried)[carried.account]
        entity, account, times = carried.entity[kept], carried.account[kept], carried.times[kept]
        number = len(carried.everywhere)
        sent = np.bincount(account, times, len(carried.accounts)).astype(np.int64)
        users, often, out_of = (
            np.bincount(entity, w, number).astype(np.int64) for w in (np.ones(len(entity)), times, sent[account])
        )
        return cls(known(carried), users, often, out_of)

    def by_rate(self, weights: Floats) -> Floats:
        """Logarithm of the density of each entity's rate under each class; its mean is that of the class so far."""
        rate = np.log(np.maximum(self.times, 1) / np.maximum(self.out_of, 1))
        noise = 1 / np.maximum(self.times, 1)
        by = weights / (LEAST_SPREAD**2 + noise)
        mean = (by @ rate) / np.maximum(by.sum(axis=1), 1e-12)
        off = (rate - mean[:, None]) ** 2
        spread = max(float((by * (off - noise)).sum() / max(by.sum(), 1e-12)), LEAST_SPREAD**2)
        return np.asarray(-0.5 * off / (spread + noise) - 0.5 * np.log(spread + noise), dtype=np.float64)

    def by_users(self, nobodys: Floats, operators: Floats, classes: int) -> Floats:
        """Logarithm of the part of nobody's entities, and of the operators' together, that have so many users."""
        several = np.log2(np.maximum(self.users, 1))
        step = (STEPS * several).astype(np.int64)
        law = _smooth(np.bincount(step, nobodys * (self.users >= 2)).astype(np.float64))
        by = operators * (self.users >= 2)
        mean = (by @ several) / max(by.sum(), 1e-12)
        spread = max(float((by @ (several - mean) ** 2) / max(by.sum(), 1e-12)), LEAST_WIDTH**2)
        theirs = -0.5 * (several - mean) ** 2 / spread - 0.5 * np.log(2 * np.pi * spread) - np.log(STEPS)
        return np.stack([np.log(law[step]), *[theirs] * (classes - 1)])


def _smooth(counts: Floats) -> Floats:
    """A histogram as shares, each step mixed with the next ones."""
    mixed = np.convolve(counts, [0.25, 0.5, 0.25], "same") + RARE
    return np.asarray(mixed / mixed.sum(), dtype=np.float64)
