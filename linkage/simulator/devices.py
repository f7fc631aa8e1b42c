"""Device fingerprints: own and popular ones, shared family and office machines; farms, stock images and unique ones.
Browser updates change them in the course of a world."""

from __future__ import annotations

import numpy as np

from linkage.simulator.options import NEVER, Numbers, Options, changing, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.rings import DeviceStyle
from linkage.simulator.spec import EVADABLE, SECONDS
from linkage.simulator.streams import Floats, Ints, Streams, repeat_counts, zipf_weights

COLUMN = EVADABLE.index("device")
POPULAR = 600  # stock phones and browsers, whose fingerprint thousands share
POPULAR_SHARE = 0.55
BROWSERS = 8  # each releases one update that changes fingerprints; the popular ones 0, 8, 16, … are of one browser
ADOPTION = 4 * 86_400  # mean seconds from an update's release until a user has it
OWN_CHANGES = 0.25  # share of own fingerprints that an update changes
STRAY = 0.3  # share of a farm's log-ins from another phone than the account's own
IMAGES_KEPT = 0.5  # share of rings that never update their stock images
FACTORY_ACCOUNTS = 40  # accounts that one machine of a factory signs up
MACHINES = {  # shared machines of a group, share of its accounts that use one
    Group.HOUSEHOLD: (1, 0.40), Group.COMPANY: (2, 0.50), Group.AGENCY: (2, 0.40), Group.AUTOMATION_FLEET: (1, 1.0),
    Group.CAMPUS: (12, 0.35),
}


def device_options(people: Population, streams: Streams) -> tuple[Options, int]:
    """Which devices each account may use, and how many devices there are.

    The first POPULAR numbers are popular fingerprints, the next POPULAR the same ones after their browser's update.
    """
    numbers = Numbers()
    numbers.take(2 * POPULAR)
    release = streams.part("devices updates").uniform(0.1, 0.9, BROWSERS) * SECONDS
    parts = [
        _own(people, numbers, release, streams.part("devices own")),
        _group_machines(people, numbers, streams.part("devices groups")),
        _ring_devices(people, numbers, release, streams.part("devices rings")),
        _sign_up_machines(people, numbers, streams.part("devices factories")),
    ]
    return joined(parts), numbers.used


def _popular(count: int, rng: np.random.Generator) -> Ints:
    return rng.choice(POPULAR, count, p=zipf_weights(POPULAR, 1.05, 3.0))


def _own(people: Population, numbers: Numbers, release: Floats, rng: np.random.Generator) -> Options:
    """One to three devices a person, popular or own. Who has several accounts uses the same devices for all."""
    own = np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN))
    person = np.arange(people.accounts)
    several = people.of(Group.OWN_ACCOUNTS)
    person[several] = several - people.place[several]
    per_person = 1 + rng.binomial(2, 0.5, people.accounts)
    first = np.cumsum(per_person) - per_person
    total = int(per_person.sum())
    popular = rng.random(total) < POPULAR_SHARE
    device = np.where(popular, _popular(total, rng), numbers.take(total) + np.arange(total))
    updated = np.where(popular, POPULAR + device, numbers.take(total) + np.arange(total))
    changes = popular | (rng.random(total) < OWN_CHANGES)
    until = np.where(changes, release[device % BROWSERS] + rng.exponential(ADOPTION, total), NEVER).astype(np.int64)
    row, place = repeat_counts(per_person[person[own]])
    mine = first[person[own]][row] + place
    return changing(options(own[row], device[mine], 1.0 / (1 + place)), until[mine], updated[mine])


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


def _ring_devices(people: Population, numbers: Numbers, release: Floats, rng: np.random.Generator) -> Options:
    """Farms: one fingerprint on 8 to 40 accounts. Stock images: four popular fingerprints a ring. Else unique ones."""
    accounts = people.pooled(COLUMN)
    rings = people.rings
    owner, _ = repeat_counts(1 + rng.binomial(2, 0.5, len(accounts)))
    ring = people.ring[accounts[owner]]
    farm_size = np.maximum(1, np.round(rings.size / rng.integers(8, 41, len(rings.size)))).astype(np.int64)
    farm_first = numbers.take(int(farm_size.sum())) + np.cumsum(farm_size) - farm_size
    nearby = people.place[accounts[owner]] / rings.size[ring]
    place = np.where(rng.random(len(owner)) < STRAY, rng.random(len(owner)), nearby)
    farm = farm_first[ring] + (place * farm_size[ring]).astype(np.int64)
    stock = _popular(4 * len(rings.size), rng).reshape(-1, 4)[ring, rng.integers(0, 4, len(owner))]
    unique = numbers.take(len(owner)) + np.arange(len(owner))
    style = rings.device[ring]
    device = np.select([style == DeviceStyle.FARM, style == DeviceStyle.POPULAR], [farm, stock], unique)
    kept = rng.random(len(rings.size)) < IMAGES_KEPT
    late = rng.exponential(3 * ADOPTION, len(rings.size))
    updates = (style == DeviceStyle.POPULAR) & ~kept[ring]
    until = np.where(updates, release[device % BROWSERS] + late[ring], NEVER).astype(np.int64)
    return changing(options(accounts[owner], device, 1.0), until, np.where(updates, POPULAR + device, device))


def _sign_up_machines(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """A factory's accounts are made on its machines, whatever ring they go to and whatever that ring uses later."""
    accounts = people.pooled(COLUMN)
    accounts = accounts[people.from_factory[people.ring[accounts]]]
    operator = people.rings.operator[people.ring[accounts]]
    machines = 1 + np.bincount(operator, minlength=people.rings.operators) // FACTORY_ACCOUNTS
    first = numbers.take(int(machines.sum())) + np.cumsum(machines) - machines
    return options(accounts, first[operator] + (rng.random(len(accounts)) * machines[operator]).astype(np.int64), 0.4)
