"""Payment methods: own cards, a household's, a company's; and the card pools of rings, each card on few accounts."""

from __future__ import annotations

import numpy as np

from linkage.simulator.options import Numbers, Options, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import EVADABLE
from linkage.simulator.streams import Ints, Streams, repeat_counts

COLUMN = EVADABLE.index("payment_method")
PAYS = {  # share of accounts that have a payment method at all; the others are on free plans
    Group.INDIVIDUAL: 0.70, Group.VPN_USER: 0.70, Group.HOUSEHOLD: 0.80, Group.OWN_ACCOUNTS: 0.80, Group.COMPANY: 1.0,
    Group.AGENCY: 0.9,
    Group.AUTOMATION_FLEET: 1.0, Group.CAMPUS: 0.45, Group.OPERATOR: 0.95,
}


def card_options(people: Population, streams: Streams) -> tuple[Options, int]:
    """Which cards each account may pay with, and how many cards there are."""
    numbers = Numbers()
    parts = [
        _own(people, numbers, streams.part("cards own")),
        _shared(people, numbers, streams.part("cards shared")),
        _company(people, numbers, streams.part("cards company")),
        _pools(people, numbers, streams.part("cards pools")),
    ]
    return joined(parts), numbers.used


def _payers(people: Population, accounts: Ints, rng: np.random.Generator) -> Ints:
    share = np.array([PAYS[k] for k in Group])
    return accounts[rng.random(len(accounts)) < share[people.kind[accounts]]]


def _own(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """One or two cards of one's own; a few pay with the card of a friend."""
    accounts = np.union1d(people.on_their_own(COLUMN), people.of(Group.CAMPUS))
    accounts = _payers(people, accounts, rng)
    owner, _ = repeat_counts(1 + (rng.random(len(accounts)) < 0.15))
    card = numbers.take(len(owner)) + np.arange(len(owner))
    lent = rng.random(len(card)) < 0.02
    card[lent] = rng.choice(card, int(lent.sum()))
    return options(accounts[owner], card, 1.0)


def _shared(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Households and people with several accounts: mostly one card for all, else one each."""
    accounts = _payers(people, people.of(Group.HOUSEHOLD, Group.OWN_ACCOUNTS), rng)
    together = rng.random(len(people.group_size)) < 0.75
    first = numbers.take(len(people.group_size) + len(accounts))
    own = first + len(people.group_size) + np.arange(len(accounts))
    return options(accounts, np.where(together[people.group[accounts]], first + people.group[accounts], own), 1.0)


def _company(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """One card for all, one a team of about fifteen, or (some companies) every employee's own; fleets have one."""
    accounts = people.of(Group.COMPANY, Group.AUTOMATION_FLEET)
    style = rng.choice(3, len(people.group_size), p=[0.60, 0.28, 0.12])
    style[people.group_kind == Group.AUTOMATION_FLEET] = 0
    team_size = np.array([10_000, 15, 1])[style][people.group[accounts]]
    team = people.group[accounts] * 10_000 + people.place[accounts] // team_size
    _, card = np.unique(team, return_inverse=True)
    return options(accounts, numbers.take(len(accounts)) + card, 1.0)


def _pools(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Rings: as many cards as put the ring's number of accounts on each, one to three of them an account."""
    accounts = _payers(people, people.pooled(COLUMN), rng)
    per_account = 1 + rng.binomial(2, 0.5, len(accounts))
    cards = np.maximum(2, np.round(people.rings.size * 2 / people.rings.accounts_per_card)).astype(np.int64)
    first = numbers.take(int(cards.sum())) + np.cumsum(cards) - cards
    owner, _ = repeat_counts(per_account)
    ring = people.ring[accounts[owner]]
    return options(accounts[owner], first[ring] + (rng.random(len(owner)) * cards[ring]).astype(np.int64), 1.0)
