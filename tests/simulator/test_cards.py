from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.cards import COLUMN, card_options
from linkage.simulator.options import Options
from linkage.simulator.population import Group, Population
from linkage.simulator.streams import Ints, Streams


@pytest.fixture(scope="module")
def cards(people: Population, streams: Streams) -> Options:
    table, count = card_options(people, streams)
    assert table.choice.min() >= 0
    assert table.choice.max() < count
    return table


def of(cards: Options, accounts: Ints) -> tuple[Ints, Ints]:
    mine = np.isin(cards.account, accounts)
    return cards.account[mine], cards.choice[mine]


def test_a_rings_cards_sit_on_few_accounts_each(cards: Options, people: Population) -> None:
    account, card = of(cards, people.pooled(COLUMN))
    pairs = np.unique(np.column_stack([account, card]), axis=0)
    users = np.bincount(pairs[:, 1])
    users = users[users > 0]
    assert 2.5 < users.mean() < 7
    assert users.max() < 25


def test_rings_never_share_a_card(cards: Options, people: Population) -> None:
    account, card = of(cards, people.pooled(COLUMN))
    pairs = np.unique(np.column_stack([people.ring[account], card]), axis=0)
    assert len(np.unique(pairs[:, 1])) == len(pairs)


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
    assert abs(np.isin(alone, cards.account).mean() - 0.70) < 0.04
    assert np.isin(people.of(Group.COMPANY), cards.account).all()
