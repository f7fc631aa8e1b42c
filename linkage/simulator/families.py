"""Operators' prompt templates: families, of which each ring uses a part, often mutated; and what a proxy carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.cells import Cells, cells_of
from linkage.simulator.options import NEVER, Numbers, Options, changing, joined, options
from linkage.simulator.population import Population
from linkage.simulator.rings import NOBODY
from linkage.simulator.spec import EVADABLE
from linkage.simulator.streams import Bools, Ints, Streams, repeat_counts, scatter, zipf_weights

COLUMN = EVADABLE.index("prompt_template")
TOOLS, TOOL_TEMPLATES = 400, 12  # coding assistants, writing aids, connectors; each brings its own templates
MUTATED = 0.5  # share of a ring's copies of family templates that have other words than the original, in each cell
RENEWED = 0.4  # share of a family that is written anew for a new model
MOVING_OVER = 43_200  # mean seconds until a ring uses the new templates; half of the traffic moved within a day
SHARE_WEIGHT = 8.0  # weight of all that an account does for those whom its ring serves


@dataclass(frozen=True)
class Mutants:
    """Templates that are changed copies: ``number`` is a copy of ``root``."""

    number: Ints
    root: Ints


@dataclass(frozen=True)
class _Offers:
    """What each service (a ring working for somebody) offers its accounts, service after service.

    Where ``mutated`` the numbers are those of the first cell's copy, and the next cells' follow.
    """

    size: Ints
    template: Ints
    until: Ints  # second from which ``after`` stands in its place
    after: Ints
    mutated: Bools

    @property
    def first(self) -> Ints:
        return np.cumsum(self.size) - self.size


def tool_templates(count: int, tool: Ints, rng: np.random.Generator) -> Ints:
    """The templates of ``count`` uses of the tools ``tool``; a tool's first ones are the most used."""
    return tool * TOOL_TEMPLATES + rng.choice(TOOL_TEMPLATES, count, p=zipf_weights(TOOL_TEMPLATES, 1.0))


def popular_tools(shape: tuple[int, ...], rng: np.random.Generator) -> Ints:
    """Tools drawn by popularity, which has a heavy tail."""
    return rng.choice(TOOLS, shape, p=zipf_weights(TOOLS, 1.05, 2.0))


def ring_templates(
    people: Population, numbers: Numbers, release: int | None, streams: Streams
) -> tuple[Options, Mutants]:
    """What rings' accounts use of the families of those whom they serve, and which templates are mutated copies."""
    rng = streams.part("templates families")
    cells = cells_of(people.rings, streams)
    offers, mutants = _offers(people, numbers, release, cells, rng)
    service = people.rings.service
    account, row = _services(people)
    working = service.operator[row] != NOBODY
    parts = [
        _used(people, offers, cells, (account[working], row[working]), rng),
        _carried(people, numbers, account[~working], row[~working], streams.part("templates carried")),
    ]
    return joined(parts), mutants


def _services(people: Population) -> tuple[Ints, Ints]:
    """Each account that uses its ring's templates with each row of the services of its ring."""
    accounts = people.pooled(COLUMN)
    per_ring = np.bincount(people.rings.service.ring, minlength=len(people.rings.size))
    first = np.cumsum(per_ring) - per_ring
    owner, place = repeat_counts(per_ring[people.ring[accounts]])
    account = accounts[owner]
    return account, first[people.ring[account]] + place


def _offers(
    people: Population, numbers: Numbers, release: int | None, cells: Cells, rng: np.random.Generator
) -> tuple[_Offers, Mutants]:
    """An operator has 10 to 60 templates; each ring that serves it uses a part, and adds extras of its own.

    Each cell of the ring has copies of its own of what the ring mutates.
    """
    rings, service = people.rings, people.rings.service
    family = rng.integers(10, 61, rings.operators)
    starts = np.cumsum(family) - family
    total = int(family.sum())
    original, renewed = numbers.take(total), numbers.take(total)
    operator = np.maximum(service.operator, 0)
    served = service.operator != NOBODY
    balanced = rings.balanced[service.ring]
    part = np.where(balanced, 1.0, rng.uniform(0.4, 0.8, len(served)))
    picks = np.maximum(4, np.round(family[operator] * part)).astype(np.int64) * served
    extras = rng.integers(2, 9, len(served)) * served
    row, place = repeat_counts(picks + extras)
    shuffled = _shuffled_places(family[operator], rng)
    start_of_row = np.cumsum(family[operator]) - family[operator]
    in_family = place < picks[row]
    member = starts[operator[row]] + shuffled[start_of_row[row] + np.where(in_family, place, 0)]
    changes = in_family & (rng.random(total) < RENEWED)[member] & (release is not None)
    mutated = in_family & (rng.random(len(row)) < MUTATED) & ~balanced[row]
    copies = np.where(mutated, cells.count[service.ring[row]], 1)  # an extra is a copy of nothing
    own, own_renewed = (numbers.take(int(copies.sum())) + np.cumsum(copies) - copies for _ in range(2))
    template = np.where(in_family & ~mutated, original + member, own)
    after = np.where(mutated, own_renewed, renewed + member)
    moved = (0 if release is None else release) + rng.exponential(MOVING_OVER, len(served)).astype(np.int64)
    copied, copy = repeat_counts(np.where(mutated, copies, 0))
    mutants = Mutants(
        np.concatenate([own[copied] + copy, own_renewed[copied] + copy]),
        np.concatenate([original + member[copied], renewed + member[copied]]),
    )
    until, after = np.where(changes, moved[row], NEVER), np.where(changes, after, template)
    return _Offers(picks + extras, template, until, after, mutated), mutants


def _shuffled_places(sizes: Ints, rng: np.random.Generator) -> Ints:
    """For each owner the numbers 0 to size - 1 in random order, one owner after the other."""
    owner, place = repeat_counts(sizes)
    return place[np.lexsort((rng.random(len(owner)), owner))]


def _used(
    people: Population, offers: _Offers, cells: Cells, served: tuple[Ints, Ints], rng: np.random.Generator
) -> Options:
    """Several of the offers for each account and service ``served``; who replaces a banned account takes over its."""
    account, row = served
    source = _replaced(people)[account]
    count = (4 + rng.poisson(4.0, people.accounts))[source]
    key = int(rng.integers(0, 1 << 62))
    owner, place = repeat_counts(count)
    service = row[owner]
    pick = offers.first[service] + scatter(source[owner], service, place, key) % offers.size[service]
    share = people.rings.service.share[service] * SHARE_WEIGHT / count[owner]
    copy = (cells.of(people, source) - cells.first[people.ring[source]])[owner] * offers.mutated[pick]
    table = options(account[owner], offers.template[pick] + copy, share, people.rings.service.operator[service])
    return changing(table, offers.until[pick], offers.after[pick] + copy)


def _replaced(people: Population) -> Ints:
    """For each account the first of those whose work it took over, one after the other; itself where there is none."""
    source = np.where(people.replaces >= 0, people.replaces, np.arange(people.accounts))
    while not np.array_equal(further := source[source], source):
        source = further
    return source


def _carried(people: Population, numbers: Numbers, account: Ints, row: Ints, rng: np.random.Generator) -> Options:
    """A proxy's innocent customers: common tools, and prompts of their own that come from many of its accounts."""
    customers = np.maximum(1, people.rings.size // 2) * np.isin(np.arange(len(people.rings.size)), people.ring[account])
    own_first = numbers.take(int(customers.sum())) + np.cumsum(customers) - customers
    count = 5 + rng.poisson(5.0, len(account))
    owner, _ = repeat_counts(count)
    tool = tool_templates(len(owner), popular_tools((len(owner),), rng), rng)
    ring = people.ring[account[owner]]
    own = own_first[ring] + (rng.random(len(owner)) ** 2 * customers[ring]).astype(np.int64)
    template = np.where(rng.random(len(owner)) < 0.7, tool, own)
    share = people.rings.service.share[row[owner]] * SHARE_WEIGHT / count[owner]
    return options(account[owner], template, share)
