"""Who lives in a world: accounts, the groups they belong to, and who works for whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from linkage.simulator.presets import Signup
from linkage.simulator.rings import Rings, plan_rings
from linkage.simulator.spec import EVADABLE, WorldSpec
from linkage.simulator.streams import Bools, Ints, Streams, repeat_counts


class Group(IntEnum):
    """What holds a group of accounts together."""

    INDIVIDUAL = 0
    VPN_USER = 1
    HOUSEHOLD = 2
    OWN_ACCOUNTS = 3
    COMPANY = 4
    AGENCY = 5
    AUTOMATION_FLEET = 6
    CAMPUS = 7
    OPERATOR = 8


class Duty(IntEnum):
    """What an operator's account is for: work, to be there (hardly used), or to be used long after its creation."""

    WORKER = 0
    SPARE = 1
    SLEEPER = 2


@dataclass(frozen=True)
class Jobs:
    """Which companies agency staff work for: ``account`` does jobs for the group ``company``; sorted by account."""

    account: Ints
    company: Ints


@dataclass(frozen=True)
class Population:
    """The accounts in order of their groups: one entry each; ``ring`` is -1 for honest accounts.

    ``group`` numbers all groups (an individual is a group of one), ``group_kind`` and ``group_size`` have one entry a
    group. ``duty`` is a :class:`Duty`, 0 for honest accounts; ``replaces`` the banned account of the same ring whose
    work, cards and templates this one takes over, or -1. ``evades`` says, account by evadable kind, who keeps away
    from the ring's pool. ``framer`` is the ring whose values an attacker plants on this honest account, or -1.
    """

    spec: WorldSpec
    kind: Ints
    group: Ints
    place: Ints
    ring: Ints
    duty: Ints
    replaces: Ints
    framer: Ints
    group_kind: Ints
    group_size: Ints
    rings: Rings
    jobs: Jobs
    evades: Bools

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.kind)

    @property
    def from_factory(self) -> Bools:
        """Ring by ring, whether its accounts come from a sign-up factory."""
        operations = self.spec.mix.operations
        return np.array([o.signup == Signup.FACTORY for o in operations], dtype=np.bool_)[self.rings.operation]

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
    """Draw the groups, the rings, who evades, who works for whom, and whom an attacker frames."""
    sizes = _honest_sizes(spec, streams.part("groups"))
    rings = plan_rings(round(spec.accounts * spec.mix.operator), spec.mix, streams.part("rings"))
    sizes[Group.OPERATOR] = rings.size
    sizes[Group.INDIVIDUAL] = np.ones(spec.accounts - sum(int(s.sum()) for s in sizes.values()), dtype=np.int64)
    kinds = sorted(sizes)
    group_size = np.concatenate([sizes[k] for k in kinds])
    group_kind = np.repeat(np.array(kinds), [len(sizes[k]) for k in kinds])
    group, place = repeat_counts(group_size)
    kind = group_kind[group]
    ring = np.where(kind == Group.OPERATOR, group - (len(group_size) - len(rings.size)), -1)
    duty, replaces = _duties(spec, rings, ring, place, streams.part("duties"))
    evades = streams.part("evade").random((spec.accounts, len(EVADABLE))) < np.array(spec.evade_rates)
    jobs = _jobs(kind, group, group_kind, streams.part("jobs"))
    framer = _framed(spec, kind, rings, streams.part("framed"))
    return Population(
        spec, kind, group, place, ring, duty, replaces, framer, group_kind, group_size, rings, jobs, evades
    )


def _honest_sizes(spec: WorldSpec, rng: np.random.Generator) -> dict[Group, Ints]:
    mix, n = spec.mix, spec.accounts
    campuses = max(2, n // 20_000)
    return {
        Group.VPN_USER: np.ones(round(n * mix.vpn_user), dtype=np.int64),
        Group.HOUSEHOLD: _fill(n * mix.household, 2 + rng.choice(4, n, p=[0.50, 0.25, 0.18, 0.07])),
        Group.OWN_ACCOUNTS: _fill(n * mix.own_accounts, 2 + rng.choice(4, n, p=[0.55, 0.25, 0.12, 0.08])),
        Group.COMPANY: _fill(n * mix.company, np.clip(rng.lognormal(np.log(16), 0.9, n), 5, 200).astype(int)),
        Group.AGENCY: _fill(n * mix.agency, np.clip(rng.lognormal(np.log(12), 0.6, n), 5, 60).astype(int)),
        Group.AUTOMATION_FLEET: _fill(n * mix.fleet, np.clip(rng.lognormal(np.log(10), 0.7, n), 4, 60).astype(int)),
        Group.CAMPUS: np.maximum(5, (n * mix.campus / campuses * rng.uniform(0.6, 1.4, campuses)).astype(np.int64)),
    }


def _fill(total: float, sizes: Ints) -> Ints:
    """The first of ``sizes`` that fit into ``total`` together; at least one, cut to the total in small worlds."""
    sizes = np.minimum(sizes, max(5, int(total)))
    return sizes[: max(1, int(np.searchsorted(np.cumsum(sizes), total)))]


def _duties(
    spec: WorldSpec, rings: Rings, ring: Ints, place: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Duties of the rings' accounts, and whom they replace: the last of a ring stand in for its first."""
    duty = np.full(len(ring), Duty.WORKER, dtype=np.int64)
    replaces = np.full(len(ring), -1, dtype=np.int64)
    mine = np.flatnonzero(ring >= 0)
    operations = spec.mix.operations
    shares = np.array([(o.spare, o.sleeper, o.replaced) for o in operations]).reshape(-1, 3)[rings.operation]
    originals = np.maximum(1, np.round(rings.size * (1 - shares[:, 2]))).astype(np.int64)[ring[mine]]
    successor = place[mine] >= originals
    replaces[mine[successor]] = (mine - originals)[successor]
    spare, sleeper = shares[ring[mine], 0], shares[ring[mine], 1]
    number = rng.random(len(mine))
    free = ~successor & ~np.isin(mine, replaces)  # whoever is banned or stands in for a banned one does work
    duty[mine[free & (number < spare)]] = Duty.SPARE
    duty[mine[free & (number >= 1 - sleeper)]] = Duty.SLEEPER
    return duty, replaces


def _jobs(kind: Ints, group: Ints, group_kind: Ints, rng: np.random.Generator) -> Jobs:
    """An agency has three to eight clients among the companies; each of its staff works for one to three of them."""
    staff = np.flatnonzero(kind == Group.AGENCY)
    companies = np.flatnonzero(group_kind == Group.COMPANY)
    agencies = np.flatnonzero(group_kind == Group.AGENCY)
    clients = rng.integers(3, 9, len(agencies))
    offered = companies[rng.integers(0, len(companies), (len(agencies), 8))]
    owner, _ = repeat_counts(rng.integers(1, 4, len(staff)))
    agency = np.searchsorted(agencies, group[staff[owner]])
    pick = (rng.random(len(owner)) * clients[agency]).astype(np.int64)
    pairs = np.unique(np.column_stack([staff[owner], offered[agency, pick]]), axis=0)
    return Jobs(pairs[:, 0], pairs[:, 1])


def _framed(spec: WorldSpec, kind: Ints, rings: Rings, rng: np.random.Generator) -> Ints:
    """Individuals at random, each framed with a ring; larger rings frame more."""
    framer = np.full(len(kind), -1, dtype=np.int64)
    if spec.plant and len(rings.size):
        people = np.flatnonzero(np.isin(kind, (Group.INDIVIDUAL, Group.VPN_USER)))
        victims = rng.permutation(people)[: spec.plant_victims]
        framer[victims] = rng.choice(len(rings.size), len(victims), p=rings.size / rings.size.sum())
    return framer
