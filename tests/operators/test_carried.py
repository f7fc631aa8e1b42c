from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.operators.carried import NOBODY, OPEN, Carried, known, owners, telling

RATES = (3.0, 6.0, 2.5)  # uses of an entity by an account: nobody's, and two operators'


def proxy(seed: int, accounts: int = 120, rates: tuple[float, ...] = RATES) -> tuple[Carried, np.ndarray]:
    """A ring whose accounts use 4 to 8 entities for everybody; half of the operators' 24 are known by their rings.

    Customers' entities are 200 popular ones and 400 of their own. Returns whose each entity truly is, too.
    """
    dice = np.random.default_rng(seed)
    sizes = np.array([600, *[24] * (len(rates) - 1)])
    whose = np.repeat(np.arange(len(rates)), sizes)
    first = np.cumsum(sizes) - sizes
    links = {}
    for account in range(accounts):
        for owner, rate in enumerate(rates):
            number = dice.integers(4, 9)
            spread = dice.random(number) ** (1.5 if owner == NOBODY else 1.0)
            for entity in first[owner] + (spread * sizes[owner]).astype(int):
                links[account, int(entity)] = 1 + int(dice.poisson(rate))
    account, entity = np.array(sorted(links)).T
    times = np.array([links[key] for key in sorted(links)])
    place = np.arange(len(whose)) - first[whose]
    sides = np.array([np.where((whose == side + 1) & (place % 2 == 0), 9, 0) for side in range(len(rates) - 1)])
    popular = np.where((whose == NOBODY) & (place < 200), 500, 0)
    everywhere = np.bincount(entity, minlength=len(whose)) + sides.sum(axis=0) + popular
    return Carried(np.arange(accounts), np.zeros(accounts, int), account, entity, times, everywhere, sides), whose


def shares(carried: Carried) -> np.ndarray:
    kept = telling(carried)[carried.account]
    return owners(carried)[:, carried.entity[kept]] @ carried.times[kept] / carried.times[kept].sum()


@pytest.mark.parametrize("seed", range(6))
def test_shares_are_within_five_points_of_the_truth(seed: int) -> None:
    carried, whose = proxy(seed)
    true = np.bincount(whose[carried.entity], carried.times) / carried.times.sum()
    seen = np.bincount(known(carried)[carried.entity] + 1, carried.times) / carried.times.sum()
    assert seen[OPEN + 1] > 0.25, "a third of the traffic is on what nobody else uses"
    assert shares(carried) == pytest.approx(true, abs=0.02)


def test_three_operators() -> None:
    carried, whose = proxy(1, rates=(2.0, 3.0, 6.0, 12.0))
    true = np.bincount(whose[carried.entity], carried.times) / carried.times.sum()
    assert shares(carried) == pytest.approx(true, abs=0.06)


def test_operators_who_use_their_entities_alike_divide_what_is_not_known_evenly() -> None:
    carried, whose = proxy(2, rates=(3.0, 4.0, 4.0))
    kept = known(carried) == OPEN
    found = owners(carried)[:, kept & (whose > NOBODY) & (np.bincount(carried.entity, minlength=len(whose)) > 9)]
    assert found[1].mean() == pytest.approx(found[2].mean(), abs=0.1)


def test_whose_an_entity_is_as_far_as_others_say() -> None:
    """Entities: one operator's; both operators'; everybody's; with too few here; with more strangers; the ring's."""
    account = np.array([0, 1] * 3 + [0, 0, 1, 0, 1])
    entity = np.array([0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5])
    sides = np.array([[2, 2, 0, 5, 3, 0], [0, 3, 2, 0, 0, 0]])
    everywhere = np.array([4, 7, 90, 6, 11, 2])
    carried = Carried(np.arange(2), np.zeros(2, int), account, entity, np.ones(11, int), everywhere, sides)
    assert known(carried).tolist() == [1, OPEN, NOBODY, OPEN, NOBODY, OPEN]
    assert known(replace(carried, everywhere=everywhere - [0, 0, 0, 0, 1, 0])).tolist()[4] == 1


def test_an_account_tells_by_two_entities_that_are_known_as_operators() -> None:
    account = np.array([0, 0, 1, 1, 2])
    entity = np.array([0, 1, 0, 1, 0])
    everywhere, sides = np.array([6, 5]), np.array([[3, 0], [0, 3]])
    carried = Carried(np.arange(3), np.zeros(3, int), account, entity, np.ones(5, int), everywhere, sides)
    assert telling(carried).tolist() == [True, True, False]


def test_what_one_account_alone_uses_is_nobody_s_and_what_is_known_stays() -> None:
    carried, _ = proxy(3)
    found, first = owners(carried), known(carried)
    users = np.bincount(carried.entity, minlength=len(first))
    assert (found[NOBODY, (first == OPEN) & (users == 1)] == 1).all()
    for side in (NOBODY, 1, 2):
        assert (found[side, first == side] == 1).all()


def test_nothing_known_nothing_told() -> None:
    carried, _ = proxy(4)
    elsewhere = carried.everywhere - carried.sides.sum(axis=0)
    none = replace(carried, sides=np.zeros_like(carried.sides), everywhere=elsewhere)
    assert not telling(none).any()
    assert (owners(none)[NOBODY] == 1).all()


def test_without_a_known_customer_s_entity_all_open_ones_are_operators() -> None:
    account = np.repeat(np.arange(6), 3)
    entity = np.tile([0, 1, 2], 6)
    everywhere, sides = np.array([9, 9, 6]), np.array([[3, 0, 0], [0, 3, 0]])
    times = np.tile([2, 8, 8], 6)
    found = owners(Carried(np.arange(6), np.zeros(6, int), account, entity, times, everywhere, sides))
    assert found[NOBODY, 2] == 0
    assert found[2, 2] > 0.99


@given(st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_columns_add_up_to_one_whatever_the_order(seed: int) -> None:
    carried, _ = proxy(seed, accounts=25)
    found = owners(carried)
    assert found.sum(axis=0) == pytest.approx(1)
    order = np.random.default_rng(seed).permutation(len(carried.account))
    mixed = replace(carried, account=carried.account[order], entity=carried.entity[order], times=carried.times[order])
    assert (owners(mixed) == found).all()
