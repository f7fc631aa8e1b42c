"""Addresses by the network they are part of, and the pools of them that several accounts leave by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from linkage.simulator.options import Numbers
from linkage.simulator.population import Population
from linkage.simulator.streams import Ints


class Net(IntEnum):
    """What an address is part of; decides the block that its text comes from."""

    HOME = 0
    CARRIER = 1
    VPN = 2
    DATACENTRE = 3
    OFFICE = 4


@dataclass(frozen=True)
class Pools:
    """Sets of addresses; an account uses at most ``spread`` of a pool's members, always the same ones.

    A member below the number of home lines is a line, whose address moves; any other is an address that stays.
    """

    first: Ints
    size: Ints
    spread: Ints
    members: Ints  # pool after pool


class Planner:
    """Collects pools and addresses while a plan is drawn. The first ``lines`` numbers are those of home lines."""

    def __init__(self, people: Population, lines: int) -> None:
        self.people, self.lines = people, lines
        self.nets = [np.full(lines, Net.HOME, dtype=np.int64)]
        self.numbers = Numbers()
        self.numbers.take(lines)
        self.sizes: list[Ints] = []
        self.spreads: list[Ints] = []
        self.members: list[Ints] = []
        self.count = 0

    def new_addresses(self, count: int, net: Net) -> Ints:
        """The numbers of ``count`` new addresses."""
        self.nets.append(np.full(count, net, dtype=np.int64))
        return self.numbers.take(count) + np.arange(count)

    def new_pools(self, sizes: Ints, members: Ints, spread: int) -> Ints:
        """The choices (see AddressPlan) that stand for new pools of these ``sizes``, cut from ``members`` in order."""
        self.sizes.append(sizes)
        self.spreads.append(np.full(len(sizes), spread, dtype=np.int64))
        self.members.append(members)
        self.count += len(sizes)
        return -2 - (self.count - len(sizes) + np.arange(len(sizes)))

    def fresh_pools(self, sizes: Ints, net: Net, spread: int) -> Ints:
        """New pools of addresses that nobody else has."""
        return self.new_pools(sizes, self.new_addresses(int(sizes.sum()), net), spread)

    def pools(self) -> Pools:
        """All pools so far."""
        size = np.concatenate(self.sizes)
        return Pools(np.cumsum(size) - size, size, np.concatenate(self.spreads), np.concatenate(self.members))
