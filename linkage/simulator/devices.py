"""Device fingerprints: own and popular ones, shared family and office machines; farms, stock images and unique ones."""

from __future__ import annotations

import numpy as np

from linkage.simulator.options import Numbers, Options, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.rings import DeviceStyle
from linkage.simulator.spec import EVADABLE
from linkage.simulator.streams import Ints, Streams, repeat_counts, zipf_weights

COLUMN = EVADABLE.index("device")
POPULAR = 600  # stock phones and browsers, whose fingerprint thousands share
POPULAR_SHARE = 0.55
MACHINES = {  # shared machines of a group, share of its accounts that use one
    Group.HOUSEHOLD: (1, 0.40), Group.COMPANY: (2, 0.50), Group.AUTOMATION_FLEET: (1, 1.0), Group.CAMPUS: (12, 0.35),
}


def device_options(people: Population, streams: Streams) -> tuple[Options, int]:
    """Which devices each account may use, and how many devices there are."""
    numbers = Numbers()
    numbers.take(POPULAR)
    parts = [
        _own(people, numbers, streams.part("devices own")),
        _group_machines(people, numbers, streams.part("devices groups")),
        _ring_devices(people, numbers, streams.part("devices rings")),
    ]
    return joined(parts), numbers.used


def _popular(count: int, rng: np.random.Generator) -> Ints:
    return rng.choice(POPULAR, count, p=zipf_weights(POPULAR, 1.05, 3.0))


def _own(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """One to three devices a person, popular or own. Who has several accounts uses the same devices for all."""
    own = np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN))
    person = np.arange(people.accounts)
    several = people.of(Group.OWN_ACCOUNTS)
    person[several] = several - people.place[several]
    per_person = 1 + rng.binomial(2, 0.5, people.accounts)
    first = np.cumsum(per_person) - per_person
    total = int(per_person.sum())
    device = np.where(rng.random(total) < POPULAR_SHARE, _popular(total, rng), numbers.take(total) + np.arange(total))
    row, place = repeat_counts(per_person[person[own]])
    return options(own[row], device[first[person[own]][row] + place], 1.0 / (1 + place))


def _group_machines(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Family computers, office images and laboratory machines, each used by a part of the group."""
    parts = []
    for kind, (machines, share) in MACHINES.items():
        accounts = people.of(kind)
        accounts = accounts[rng.random(len(accounts)) < share]
        first = numbers.take(machines * len(people.group_size))
        pick = rng.integers(0, machines, len(accounts))
        parts.append(options(accounts, first + people.group[accounts] * machines + pick, 1.5))
    return joined(parts)


def _ring_devices(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Farms: one fingerprint on 8 to 40 accounts. Stock images: four popular fingerprints a ring. Else unique ones."""
    accounts = people.pooled(COLUMN)
    rings = people.rings
    owner, _ = repeat_counts(1 + rng.binomial(2, 0.5, len(accounts)))
    ring = people.ring[accounts[owner]]
    farm_size = np.maximum(1, np.round(rings.size / rng.integers(8, 41, len(rings.size)))).astype(np.int64)
    farm_first = numbers.take(int(farm_size.sum())) + np.cumsum(farm_size) - farm_size
    farm = farm_first[ring] + (rng.random(len(owner)) * farm_size[ring]).astype(np.int64)
    stock = _popular(4 * len(rings.size), rng).reshape(-1, 4)[ring, rng.integers(0, 4, len(owner))]
    unique = numbers.take(len(owner)) + np.arange(len(owner))
    style = rings.device[ring]
    device = np.select([style == DeviceStyle.FARM, style == DeviceStyle.POPULAR], [farm, stock], unique)
    return options(accounts[owner], device, 1.0)
