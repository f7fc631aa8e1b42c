"""The rings of operators: their sizes, whom they serve, and the style of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from linkage.simulator.presets import Mix, Operation, Signup
from linkage.simulator.streams import Bools, Floats, Ints

GOLDEN = (5**0.5 - 1) / 2  # its multiples fill 0 to 1 evenly, so that ring sizes differ little from seed to seed
NOBODY = -1  # in place of an operator: innocent customers


class AddressStyle(IntEnum):
    """Where a ring's traffic comes from."""

    DATACENTRE = 0
    RESIDENTIAL = 1
    VPN = 2


class DeviceStyle(IntEnum):
    """What a ring's devices look like: few fingerprints on many accounts, popular ones, or one an account."""

    FARM = 0
    POPULAR = 1
    UNIQUE = 2


class Rhythm(IntEnum):
    """When a ring works: around the clock, in daily shifts, or like people."""

    CLOCK = 0
    SHIFT = 1
    PEOPLE = 2


@dataclass(frozen=True)
class Service:
    """For whom rings work: ``ring`` does ``share`` of its work for ``operator`` (:data:`NOBODY`: innocent customers).

    One row for an ordinary ring, several for a proxy's; sorted by ring, the main operator first.
    """

    ring: Ints
    operator: Ints
    share: Floats


@dataclass(frozen=True)
class Rings:
    """The rings: one entry each. ``operator`` is the main one, ``operation`` the number in the mix's operations."""

    operator: Ints
    size: Ints
    operation: Ints
    address: Ints  # AddressStyle
    device: Ints  # DeviceStyle
    accounts_per_card: Ints
    rhythm: Ints  # Rhythm
    daily: Floats  # exchanges an account and day
    hand_off: Floats  # mean seconds
    factory: Bools  # all accounts of the operation are signed up at once
    balanced: Bools  # the operator spreads all of its jobs over all of its accounts, whatever their ring
    service: Service

    @property
    def operators(self) -> int:
        """How many operators there are."""
        return int(self.operator.max()) + 1 if len(self.operator) else 0

    @property
    def proxies(self) -> Ints:
        """The rings that serve several."""
        return np.flatnonzero(np.bincount(self.service.ring, minlength=len(self.size)) > 1)


def plan_rings(total: int, mix: Mix, rng: np.random.Generator) -> Rings:
    """Rings of about ``total`` accounts together, operation by operation, each with its styles."""
    sizes: list[Ints] = []
    owners: list[Ints] = []
    first: list[int] = []  # operator of each operation
    operators = 0
    for operation in mix.operations:
        size = ring_sizes(operation, total, rng)
        first.append(first[operation.serves[0]] if operation.serves else operators)
        sizes.append(size)
        owners.append(first[-1] + _dealt(operation, len(size), rng))
        operators = max(operators, int(owners[-1].max()) + 1)
    number = np.repeat(np.arange(len(sizes)), [len(s) for s in sizes])
    operator, size = _joined(owners), _joined(sizes)
    return _styled(mix, number, operator, size, _service(mix, number, operator, first), rng)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def ring_sizes(operation: Operation, total: int, rng: np.random.Generator) -> Ints:
    """Heavy-tailed sizes of the operation's rings in a world where operators have ``total`` accounts; at least one."""
    mine = max(round(total * operation.share), min(operation.smallest, max(3, total // 12)))
    smallest = max(min(operation.smallest, mine), round(mine * operation.smallest_share))
    largest = max(smallest, min(operation.largest, round(mine * operation.largest_share)))
    even = (rng.random() + GOLDEN * np.arange(1, mine + 1)) % 1.0
    drawn = np.minimum(smallest * (1 - even) ** (-1 / operation.tail), largest).astype(np.int64)
    size = drawn[: max(1, int(np.searchsorted(np.cumsum(drawn), mine, side="right")))]
    rest = mine - int(size.sum())
    return np.asarray(rng.permutation(np.append(size, rest) if rest >= smallest else size), dtype=np.int64)


def _dealt(operation: Operation, rings: int, rng: np.random.Generator) -> Ints:
    """The operator of each ring, from 0: one for all, or in a market some rings each."""
    if not operation.market:
        return np.zeros(rings, dtype=np.int64)
    rings_of = 1 + rng.binomial(operation.rings_per_operator - 1, rng.uniform(0, 0.8, rings))
    return np.repeat(np.arange(rings), rings_of)[:rings]


def _service(mix: Mix, operation: Ints, operator: Ints, first: list[int]) -> Service:
    """Ordinary rings serve their operator; a proxy serves several, in the shares that it carries."""
    rows: list[tuple[int, int, float]] = []
    for ring, (number, owner) in enumerate(zip(operation.tolist(), operator.tolist(), strict=True)):
        chosen = mix.operations[number]
        weights = np.array(chosen.carries) if chosen.carries else 1.5 ** -np.arange(max(1, len(chosen.serves)))
        shares = (1 - chosen.innocent) * weights / weights.sum()
        served = [first[s] for s in chosen.serves] or [owner]
        rows += [(ring, one, share) for one, share in zip(served, shares.tolist(), strict=True)]
        rows += [(ring, NOBODY, chosen.innocent)] if chosen.innocent else []
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Service(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])


def _styled(
    mix: Mix, operation: Ints, operator: Ints, size: Ints, service: Service, rng: np.random.Generator
) -> Rings:
    count = len(size)
    operations = mix.operations
    daily = np.array([o.daily for o in operations]).reshape(-1, 2)[operation]
    hand_off = np.array([o.hand_off for o in operations]).reshape(-1, 2)[operation]
    rhythms = np.cumsum(np.array([o.rhythm for o in operations]).reshape(-1, 3), axis=1)[operation]
    return Rings(
        operator, size, operation,
        address=rng.choice(3, count, p=[0.30, 0.40, 0.30]),
        device=rng.choice(3, count, p=[0.45, 0.30, 0.25]),
        accounts_per_card=rng.integers(3, 9, count),
        rhythm=(rng.random(count)[:, None] >= rhythms[:, :2]).sum(axis=1),
        daily=rng.uniform(*daily.T), hand_off=rng.uniform(*hand_off.T),
        factory=np.array([o.signup == Signup.FACTORY for o in operations], dtype=bool)[operation],
        balanced=np.array([o.balanced for o in operations], dtype=bool)[operation], service=service,
    )  # fmt: skip
