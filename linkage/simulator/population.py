"""Who lives in a world: accounts, the groups they belong to, and the rings of operators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from linkage.simulator.spec import Mix, WorldSpec
from linkage.simulator.streams import Bools, Ints, Streams, repeat_counts


class Group(IntEnum):
    """What holds a group of accounts together."""

    INDIVIDUAL = 0
    VPN_USER = 1
    HOUSEHOLD = 2
    OWN_ACCOUNTS = 3
    COMPANY = 4
    AUTOMATION_FLEET = 5
    CAMPUS = 6
    OPERATOR = 7


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


GOLDEN = (5**0.5 - 1) / 2  # its multiples fill 0 to 1 evenly, so that ring sizes differ little from seed to seed


@dataclass(frozen=True)
class Rings:
    """The rings: one entry each."""

    operator: Ints
    size: Ints
    address: Ints  # AddressStyle
    device: Ints  # DeviceStyle
    accounts_per_card: Ints

    @property
    def operators(self) -> int:
        """How many operators there are."""
        return int(self.operator.max()) + 1 if len(self.operator) else 0


@dataclass(frozen=True)
class Population:
    """The accounts in order of their groups: one entry each; ``ring`` is -1 for honest accounts.

    ``group`` numbers all groups (an individual is a group of one), ``group_kind`` and ``group_size`` have one entry a
    group. ``evades`` says, account by evadable kind, who keeps away from the ring's pool.
    """

    kind: Ints
    group: Ints
    place: Ints
    ring: Ints
    group_kind: Ints
    group_size: Ints
    rings: Rings
    evades: Bools

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.kind)

    def of(self, *kinds: Group) -> Ints:
        """The accounts in groups of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))

    def groups_of(self, kind: Group) -> Ints:
        """The groups of this kind."""
        return np.flatnonzero(self.group_kind == kind)

    def pooled(self, column: int) -> Ints:
        """Operators' accounts that use their ring's pool of the evadable kind ``column``."""
        return np.flatnonzero((self.ring >= 0) & ~self.evades[:, column])

    def on_their_own(self, column: int) -> Ints:
        """Accounts that live as individuals do in the evadable kind ``column``: individuals, and evading operators'."""
        alone = np.isin(self.kind, (Group.INDIVIDUAL, Group.VPN_USER))
        return np.flatnonzero(alone | ((self.ring >= 0) & self.evades[:, column]))


def populate(spec: WorldSpec, streams: Streams) -> Population:
    """Draw the groups, the rings, and who evades."""
    sizes = _honest_sizes(spec, streams.part("groups"))
    rings = plan_rings(round(spec.accounts * spec.mix.operator), spec.mix, streams.part("rings"))
    sizes[Group.OPERATOR] = rings.size
    alone = spec.accounts - sum(int(s.sum()) for s in sizes.values())
    sizes[Group.INDIVIDUAL] = np.ones(alone, dtype=np.int64)
    kinds = sorted(sizes)
    group_size = np.concatenate([sizes[k] for k in kinds])
    group_kind = np.repeat(np.array(kinds), [len(sizes[k]) for k in kinds])
    group, place = repeat_counts(group_size)
    kind = group_kind[group]
    ring = np.where(kind == Group.OPERATOR, group - (len(group_size) - len(rings.size)), -1)
    evades = streams.part("evade").random((spec.accounts, 4)) < spec.evade
    return Population(kind, group, place, ring, group_kind, group_size, rings, evades)


def _honest_sizes(spec: WorldSpec, rng: np.random.Generator) -> dict[Group, Ints]:
    mix, n = spec.mix, spec.accounts
    campuses = max(2, n // 20_000)
    return {
        Group.VPN_USER: np.ones(round(n * mix.vpn_user), dtype=np.int64),
        Group.HOUSEHOLD: _fill(n * mix.household, 2 + rng.choice(4, n, p=[0.50, 0.25, 0.18, 0.07])),
        Group.OWN_ACCOUNTS: _fill(n * mix.own_accounts, 2 + rng.choice(4, n, p=[0.55, 0.25, 0.12, 0.08])),
        Group.COMPANY: _fill(n * mix.company, np.clip(rng.lognormal(np.log(16), 0.9, n), 5, 200).astype(int)),
        Group.AUTOMATION_FLEET: _fill(n * mix.fleet, np.clip(rng.lognormal(np.log(10), 0.7, n), 4, 60).astype(int)),
        Group.CAMPUS: np.maximum(5, (n * mix.campus / campuses * rng.uniform(0.6, 1.4, campuses)).astype(np.int64)),
    }


def _fill(total: float, sizes: Ints) -> Ints:
    """The first of ``sizes`` that fit into ``total`` together; at least one."""
    return sizes[: max(1, int(np.searchsorted(np.cumsum(sizes), total)))]


def plan_rings(total: int, mix: Mix, rng: np.random.Generator) -> Rings:
    """Rings of heavy-tailed sizes, about ``total`` accounts together, dealt to operators, each with its styles."""
    largest = min(mix.ring_largest, max(mix.ring_smallest, total // 5))
    even = (rng.random() + GOLDEN * np.arange(1, total + 1)) % 1.0
    drawn = (mix.ring_smallest * (1 - even) ** (-1 / mix.ring_tail)).astype(np.int64)
    size = _fill(total, np.minimum(drawn, largest))
    rest = total - int(size.sum())
    size = rng.permutation(np.append(size, rest) if rest >= mix.ring_smallest else size)
    rings_of = 1 + rng.binomial(mix.rings_per_operator - 1, rng.uniform(0, 0.8, len(size)))
    operator = np.repeat(np.arange(len(size)), rings_of)[: len(size)]
    return Rings(
        operator=operator,
        size=size,
        address=rng.choice(3, len(size), p=[0.30, 0.40, 0.30]),
        device=rng.choice(3, len(size), p=[0.45, 0.30, 0.25]),
        accounts_per_card=rng.integers(3, 9, len(size)),
    )
