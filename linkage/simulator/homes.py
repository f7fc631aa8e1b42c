"""Life at home: lines whose leases move between strangers, people who move, the phone's carrier, hotspots, VPNs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.networks import Net, Planner
from linkage.simulator.options import NEVER, Options, changing, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import EVADABLE, SECONDS, WEEKS
from linkage.simulator.streams import Bools, Ints, Streams, zipf_weights

COLUMN = EVADABLE.index("ip")
Moves = tuple[tuple[float, float], ...]
MOVE_A_WEEK: Moves = ((0.40, 0.02), (0.35, 0.20), (0.25, 0.70))  # share of lines and chance: static to daily leases
MOVING = 0.03  # of homes change in a quarter; a tenth of the population moves in a year
OTHERS = 1 / 8  # lines of people who are no customers, but whose machines proxies exit through, to one customer's line
DUAL_STACK = 0.4  # of home lines; between a third and a half of consumer traffic is IPv6
NAT_ACCOUNTS = 3_000  # accounts behind one carrier address
CARRIERS, VPN_PROVIDERS, VPN_EXITS = 4, 5, 40  # exits of a provider
TOGETHER = (Group.HOUSEHOLD, Group.OWN_ACCOUNTS)


@dataclass(frozen=True)
class Homes:
    """Home lines: which line each account has, its line after a move, and the addresses of lines by week."""

    line: Ints
    moved: Ints  # second at which the account's home moves, or NEVER
    later: Ints  # line after that
    leases: Ints  # lines x weeks
    dual: Bools  # lines that have IPv6 too


def home_lines(people: Population, streams: Streams) -> Homes:
    """Draw the lines; one a household, one a person with several accounts, one for anybody else."""
    together = np.isin(people.kind, TOGETHER)
    person = np.where(together, np.arange(people.accounts) - people.place, np.arange(people.accounts))
    _, line = np.unique(person, return_inverse=True)
    homes = int(line.max()) + 1
    rng = streams.part("addresses moves")
    movers = np.flatnonzero(rng.random(homes) < MOVING)
    until = np.full(homes, NEVER)
    until[movers] = (SECONDS * rng.uniform(0.1, 0.9, len(movers))).astype(np.int64)
    later = np.arange(homes)
    later[movers] = homes + np.arange(len(movers))
    lines = homes + len(movers) + max(30, round(homes * OTHERS))
    leases = leases_of(lines, MOVE_A_WEEK, streams.part("addresses leases"))
    dual = streams.part("addresses dual stack").random(lines) < DUAL_STACK
    return Homes(line.astype(np.int64), until[line], later[line], leases, dual)


def leases_of(lines: int, moves: Moves, rng: np.random.Generator) -> Ints:
    """Lines x weeks of addresses: each week the lines whose lease moves swap them, so two never hold the same one.

    ``moves`` are shares of the lines with the chance that their lease moves in a week.
    """
    shares, chances = np.array(moves).T
    chance = rng.choice(chances, lines, p=shares)
    table = np.empty((lines, WEEKS), dtype=np.int64)
    table[:, 0] = np.arange(lines)
    for week in range(1, WEEKS):
        table[:, week] = table[:, week - 1]
        moved = np.flatnonzero(rng.random(lines) < chance)
        table[moved, week] = rng.permutation(table[moved, week])
    return table


def daily_life(plan: Planner, homes: Homes, vpn: Ints, rng: np.random.Generator) -> Options:
    """Home, the phone's carrier, now and then a hotspot or a VPN; students mostly without a line of their own."""
    people = plan.people
    own = np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN))
    own = own[people.kind[own] != Group.AUTOMATION_FLEET]
    nat_size = max(1, round(people.accounts * 1.8 / NAT_ACCOUNTS / CARRIERS))
    carriers = plan.fresh_pools(np.full(CARRIERS, nat_size), Net.CARRIER, 3)
    chance = rng.random((3, len(own)))
    home = own[chance[0] < np.where(people.kind[own] == Group.CAMPUS, 0.4, 0.85)]
    phone = own[(chance[1] < 0.65) | ~np.isin(own, home)]
    hidden = own[(chance[2] < 0.05) & (people.ring[own] < 0)]
    carrier = carriers[rng.choice(CARRIERS, people.accounts, p=zipf_weights(CARRIERS, 0.7))]
    return joined([
        changing(options(home, homes.line[home], 1.0), homes.moved[home], homes.later[home]),
        options(phone, carrier[phone], 0.45),
        options(hidden, vpn[_provider(len(hidden), rng)], 0.2),
        _hotspots(plan, own, rng),
    ])


def _hotspots(plan: Planner, own: Ints, rng: np.random.Generator) -> Options:
    """Cafés with their few regulars, and airports and chains whose few addresses thousands pass through."""
    accounts = plan.people.accounts
    sizes = np.array([max(4, accounts // 80), max(2, accounts // 4_000)])
    away = own[rng.random(len(own)) < 0.15]
    return options(away, plan.fresh_pools(sizes, Net.OFFICE, 2)[(rng.random(len(away)) < 0.3).astype(int)], 0.3)


def vpn_users(people: Population, vpn: Ints, rng: np.random.Generator) -> Options:
    """Customers of commercial VPN providers: most of their traffic leaves there."""
    accounts = people.of(Group.VPN_USER)
    return options(accounts, vpn[_provider(len(accounts), rng)], 2.5)


def _provider(count: int, rng: np.random.Generator) -> Ints:
    return rng.choice(VPN_PROVIDERS, count, p=zipf_weights(VPN_PROVIDERS, 0.8))
