"""Payment methods: own cards, lent ones, a household's, a company's, gift cards that strangers buy from one batch,
resellers' cards, each on a few of their customers' accounts; and the card pools of rings, which look much the same."""

from __future__ import annotations

import numpy as np

from linkage.simulator.options import NEVER, Numbers, Options, changing, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import EVADABLE, SECONDS
from linkage.simulator.streams import Ints, Streams, repeat_counts, zipf_weights

COLUMN = EVADABLE.index("payment_method")
PAYS = {  # share of accounts that have a payment method at all; the others are on free plans
    Group.INDIVIDUAL: 0.70, Group.VPN_USER: 0.70, Group.HOUSEHOLD: 0.80, Group.OWN_ACCOUNTS: 0.80, Group.COMPANY: 1.0,
    Group.AGENCY: 0.9, Group.AUTOMATION_FLEET: 1.0, Group.CAMPUS: 0.45, Group.OPERATOR: 0.95,
}
GIFTED = {  # share of accounts that pay with a gift card or a prepaid one
    Group.INDIVIDUAL: 0.06, Group.VPN_USER: 0.12, Group.HOUSEHOLD: 0.03, Group.CAMPUS: 0.10, Group.OPERATOR: 0.30,
}
RESOLD = {  # share of accounts whose owner bought them from a reseller, who pays with cards of the reseller's own
    Group.INDIVIDUAL: 0.03, Group.VPN_USER: 0.20, Group.CAMPUS: 0.05, Group.OPERATOR: 0.10,
}
RESELLER_ACCOUNTS = 3_000  # accounts of the world to one reseller
CARD_CUSTOMERS = (4, 16)  # accounts on each of a reseller's cards: fewest, below
BATCH = 30  # accounts of a ring that are bought, and paid for, together
STRAY = 0.2  # share of a ring's payments by any of its cards
CENTRAL = 0.05  # share of a ring's payments with a card that its operator bought for another ring
BATCH_ACCOUNTS = 150  # accounts of the world to one batch of gift cards that the service sees as one value
LENT = 0.02  # share of own cards that are a friend's
REPLACED = 0.06  # share of cards replaced in a quarter: reissued, lost, or changed after a refund
CLIENT_PAYS = 0.25  # share of agency staff whose account a client pays for


def card_options(people: Population, streams: Streams) -> tuple[Options, int]:
    """Which cards each account may pay with, and how many cards there are.

    Gift cards have the first numbers. Operators' accounts that evade pay with own cards, gift cards or a reseller's.
    """
    numbers = Numbers()
    batches = max(4, people.accounts // BATCH_ACCOUNTS)
    numbers.take(batches)
    gifts = _gifts(people, batches, streams.part("cards gifts"))
    resold = _resold(people, numbers, streams.part("cards resold"))
    popular = np.concatenate([gifts.account, resold.account])
    cards = [
        resold,
        _own(people, numbers, popular, streams.part("cards own")),
        _shared(people, numbers, streams.part("cards shared")),
        _company(people, numbers, streams.part("cards company")),
        _pools(people, numbers, streams.part("cards pools")),
    ]
    return joined([gifts, _replaced(joined(cards), numbers, streams.part("cards replaced"))]), numbers.used


def _payers(people: Population, accounts: Ints, rng: np.random.Generator) -> Ints:
    share = np.array([PAYS[k] for k in Group])
    return accounts[rng.random(len(accounts)) < share[people.kind[accounts]]]


def _some(people: Population, shares: dict[Group, float], rng: np.random.Generator) -> Ints:
    """The accounts drawn by ``shares`` of their kind; none that uses its ring's pool."""
    share = np.array([shares.get(kind, 0.0) for kind in Group])[people.kind]
    share[people.pooled(COLUMN)] = 0.0
    return np.flatnonzero(rng.random(people.accounts) < share)


def _resold(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Customers of resellers: strangers to each other, who found the same shop."""
    accounts = _some(people, RESOLD, rng)
    resellers = max(3, people.accounts // RESELLER_ACCOUNTS)
    reseller = rng.choice(resellers, len(accounts), p=zipf_weights(resellers, 0.7))
    customers = np.bincount(reseller, minlength=resellers)
    cards = np.maximum(1, customers // rng.integers(*CARD_CUSTOMERS, resellers))
    first = numbers.take(int(cards.sum())) + np.cumsum(cards) - cards
    owner, _ = repeat_counts(1 + (rng.random(len(accounts)) < 0.25))
    shop = reseller[owner]
    return options(accounts[owner], first[shop] + (rng.random(len(owner)) * cards[shop]).astype(np.int64), 1.0)


def _gifts(people: Population, batches: int, rng: np.random.Generator) -> Options:
    """Batches of heavy-tailed size; rings that evade buy from the same ones as everybody else."""
    accounts = _some(people, GIFTED, rng)
    owner, _ = repeat_counts(1 + rng.binomial(2, 0.3, len(accounts)))
    batch = rng.choice(batches, len(owner), p=zipf_weights(batches, 0.9, 2.0))
    return options(accounts[owner], batch, 1.0)


def _own(people: Population, numbers: Numbers, popular: Ints, rng: np.random.Generator) -> Options:
    """One or two cards of one's own; a few pay with a friend's. Operators' accounts use own cards or popular ones."""
    accounts = np.union1d(people.on_their_own(COLUMN), people.of(Group.CAMPUS))
    accounts = _payers(people, accounts, rng)
    accounts = accounts[~((people.ring[accounts] >= 0) & np.isin(accounts, popular))]
    owner, _ = repeat_counts(1 + (rng.random(len(accounts)) < 0.15))
    card = numbers.take(len(owner)) + np.arange(len(owner))
    lent = rng.random(len(card)) < LENT
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
    """One card for all, one a team of about fifteen, or (some companies) every employee's own; fleets and agencies
    have one, but a client may pay for the agency's staff that work for it."""
    accounts = people.of(Group.COMPANY, Group.AGENCY, Group.AUTOMATION_FLEET)
    style = rng.choice(3, len(people.group_size), p=[0.60, 0.28, 0.12])
    style[people.group_kind != Group.COMPANY] = 0
    team_size = np.array([10_000, 15, 1])[style][people.group[accounts]]
    team = people.group[accounts] * 10_000 + people.place[accounts] // team_size
    _, number = np.unique(team, return_inverse=True)
    card = np.full(people.accounts, -1, dtype=np.int64)
    card[accounts] = numbers.take(len(accounts)) + number
    jobs = people.jobs
    staff, first_job = np.unique(jobs.account, return_index=True)
    paid_for = rng.random(len(staff)) < CLIENT_PAYS
    first_of_client = np.searchsorted(people.group, jobs.company[first_job])
    card[staff[paid_for]] = card[first_of_client[paid_for]]
    payers = _payers(people, accounts, rng)
    return options(payers, card[payers], 1.0)


def _pools(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Rings: as many cards as put the ring's number of accounts on each, one to three of them an account; accounts of
    one batch share them, but for some that are paid with any card at hand, now and then another ring's of the same
    operator."""
    accounts = _payers(people, people.pooled(COLUMN), rng)
    per_account = 1 + rng.binomial(2, 0.5, len(accounts))
    cards = np.maximum(2, np.round(people.rings.size * 2 / people.rings.accounts_per_card)).astype(np.int64)
    first = numbers.take(int(cards.sum())) + np.cumsum(cards) - cards
    owner, _ = repeat_counts(per_account)
    account = accounts[owner]
    ring = people.ring[account]
    size = people.rings.size[ring]
    lent = rng.random(len(owner)) < CENTRAL
    colleague = _colleagues(people, rng)[ring]
    nearby = people.place[account] // BATCH * BATCH + rng.random(len(owner)) * BATCH
    place = np.where((rng.random(len(owner)) < STRAY) | (nearby >= size), rng.random(len(owner)) * size, nearby)
    payer = np.where(lent, colleague, ring)
    return options(account, first[payer] + (place / size * cards[payer]).astype(np.int64), 1.0)


def _colleagues(people: Population, rng: np.random.Generator) -> Ints:
    """For each ring another one of its operator, itself where there is none: the next in a random circle."""
    order = np.lexsort((rng.random(len(people.rings.size)), people.rings.operator))
    operator = people.rings.operator[order]
    first = np.searchsorted(operator, operator)
    last = np.searchsorted(operator, operator, side="right") - 1
    place = np.arange(len(order))
    following = np.empty_like(order)
    following[order] = order[np.where(place == last, first, place + 1)]
    return following


def _replaced(table: Options, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Some cards give way to a new one, for all who use them at once."""
    count = numbers.used
    replaced = np.flatnonzero(rng.random(count) < REPLACED)
    until = np.full(count, NEVER)
    until[replaced] = rng.integers(0, SECONDS, len(replaced))
    after = np.arange(count)
    after[replaced] = numbers.take(len(replaced)) + np.arange(len(replaced))
    return changing(table, until[table.choice], after[table.choice])
