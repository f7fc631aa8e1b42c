from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.cards import BATCH_ACCOUNTS, COLUMN, REPLACED, card_options
from linkage.simulator.options import NEVER, Options
from linkage.simulator.population import Group, Population, populate
from linkage.simulator.presets import Preset
from linkage.simulator.spec import SECONDS, WorldSpec
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def cards(people: Population, streams: Streams) -> Options:
    table, count = card_options(people, streams)
    assert table.choice.min() >= 0
    assert max(table.choice.max(), table.after.max()) < count
    return table


def of(cards: Options, accounts: Ints) -> tuple[Ints, Ints]:
    mine = np.isin(cards.account, accounts)
    return cards.account[mine], cards.choice[mine]


def batches(people: Population) -> int:
    return people.accounts // BATCH_ACCOUNTS


def test_a_rings_cards_sit_on_few_accounts_each(cards: Options, people: Population) -> None:
    account, card = of(cards, people.pooled(COLUMN))
    pairs = np.unique(np.column_stack([account, card]), axis=0)
    users = np.bincount(pairs[:, 1])
    users = users[users > 0]
    assert 2.5 < users.mean() < 7
    assert users.max() < 25


def test_operators_never_share_a_card_and_their_rings_seldom(cards: Options, people: Population) -> None:
    account, card = of(cards, people.pooled(COLUMN))
    ring = people.ring[account]
    operators = np.unique(np.column_stack([people.rings.operator[ring], card]), axis=0)
    assert len(np.unique(operators[:, 1])) == len(operators)
    rings = np.unique(np.column_stack([ring, card]), axis=0)
    assert 0.01 < len(rings) / len(np.unique(rings[:, 1])) - 1 < 0.25


def test_no_honest_account_pays_with_a_pool(cards: Options, people: Population) -> None:
    _, pool = of(cards, people.pooled(COLUMN))
    _, own = of(cards, np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN)))
    assert len(np.intersect1d(pool, own)) == 0


def test_companies_use_one_card_or_a_few_and_fleets_one(cards: Options, people: Population) -> None:
    account, card = of(cards, people.of(Group.AUTOMATION_FLEET))
    assert all(len(set(card[people.group[account] == g])) == 1 for g in people.groups_of(Group.AUTOMATION_FLEET))
    account, card = of(cards, people.of(Group.COMPANY))
    per_group = [len(set(card[people.group[account] == g])) for g in people.groups_of(Group.COMPANY)]
    assert per_group.count(1) > len(per_group) / 3
    assert max(per_group) > 1


def test_free_plans_have_no_card(cards: Options, people: Population) -> None:
    alone = people.of(Group.INDIVIDUAL)
    own = cards.account[cards.choice >= batches(people)]
    assert abs(np.isin(alone, own).mean() - 0.70) < 0.04
    assert np.isin(people.of(Group.COMPANY), own).all()


def test_gift_cards_are_popular_among_strangers_and_evading_operators(cards: Options, people: Population) -> None:
    gift = cards.choice < batches(people)
    account, batch = cards.account[gift], cards.choice[gift]
    pairs = np.unique(np.column_stack([batch, people.group[account]]), axis=0)
    groups = np.sort(np.bincount(pairs[:, 0]))[::-1]
    assert groups[0] > 4 * np.median(groups) > 0
    evading = people.ring[account] >= 0
    assert not np.isin(account[evading], people.pooled(COLUMN)).any()
    assert len(np.intersect1d(batch[evading], batch[~evading])) > 0.8 * len(np.unique(batch[evading]))


def test_an_evading_account_pays_with_an_own_or_a_popular_value(cards: Options, people: Population) -> None:
    evading = np.setdiff1d(np.flatnonzero(people.ring >= 0), people.pooled(COLUMN))
    account, card = of(cards, evading)
    users = np.bincount(np.unique(np.column_stack([cards.choice, cards.account]), axis=0)[:, 0])
    gift = card < batches(people)
    alone = users[card] == 1
    assert not np.intersect1d(account[gift], account[alone]).size
    assert 0.15 < np.isin(evading, account[gift]).mean() < 0.45
    assert 0.5 < np.isin(evading, account[alone]).mean() < 0.75
    popular = np.unique(card[~alone])
    honest = of(cards, np.flatnonzero(people.ring < 0))[1]
    assert np.isin(popular, honest).mean() > 0.8


def test_a_resellers_customers_share_its_cards_as_a_ring_does_but_are_strangers(
    cards: Options, people: Population
) -> None:
    own = cards.choice >= batches(people)
    users = np.unique(np.column_stack([cards.choice, people.group[cards.account]])[own], axis=0)
    vpn = np.isin(users[:, 1], people.groups_of(Group.VPN_USER))
    shared = users[np.isin(users[:, 0], users[vpn, 0])]
    groups = np.bincount(shared[:, 0])
    resold = groups[groups > 2]
    assert len(resold) >= 5
    assert 3 < resold.mean() < 25


def test_accounts_bought_together_are_paid_for_together(cards: Options, people: Population) -> None:
    ring = int(np.argmax(people.rings.size))
    mine = np.isin(cards.account, people.pooled(COLUMN)) & (people.ring[cards.account] == ring)
    place, card = people.place[cards.account[mine]], cards.choice[mine]
    spread = [np.ptp(place[card == c]) for c in np.unique(card) if (card == c).sum() > 1]
    assert np.median(spread) < 0.5 * people.rings.size[ring]


def test_a_replaced_card_is_replaced_for_all_who_use_it(cards: Options, people: Population) -> None:
    rows = np.unique(np.column_stack([cards.choice, cards.until, cards.after]), axis=0)
    assert len(np.unique(rows[:, 0])) == len(rows)
    changed = rows[:, 1] < NEVER
    assert abs(changed.mean() - REPLACED) < 0.015
    assert rows[changed, 1].max() < SECONDS
    assert np.array_equal(rows[~changed, 0], rows[~changed, 2])
    assert not np.isin(rows[changed, 2], cards.choice).any()
    assert len(np.unique(rows[changed, 2])) == changed.sum()
    assert (rows[changed, 0] >= batches(people)).all()


def test_some_agency_staff_are_paid_for_by_a_client_they_work_for() -> None:
    people = populate(WorldSpec(20_000, 12), Streams(12))
    table, _ = card_options(people, Streams(12))
    account, card = of(table, people.of(Group.AGENCY))
    company, theirs = of(table, people.of(Group.COMPANY))
    clients = set(zip(people.jobs.account.tolist(), people.jobs.company.tolist(), strict=True))
    payer = dict(zip(theirs.tolist(), people.group[company].tolist(), strict=True))
    paid = [(a, payer[c]) for a, c in zip(account.tolist(), card.tolist(), strict=True) if c in payer]
    assert 0.15 < len(paid) / len(account) < 0.35
    assert set(paid) <= clients


def test_a_world_without_operators_pays_too() -> None:
    people = populate(WorldSpec(400, 12, preset=Preset.HONEST), Streams(12))
    table, _ = card_options(people, Streams(12))
    assert 0.6 < len(np.unique(table.account)) / 400 < 0.95
