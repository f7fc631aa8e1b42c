from __future__ import annotations

import numpy as np

from linkage.simulator.options import NEVER, NOBODY, Numbers, changing, chosen, draw, draw_rows, joined, options


def test_joined_options_are_in_order_of_account_and_keep_their_rows() -> None:
    first = options(np.array([2, 0]), np.array([20, 0]), 1.0, whose=4)
    changed = options(np.array([1, 0]), np.array([10, 5]), np.array([2.0, 3.0]))
    both = joined([first, changing(changed, np.array([60, 70]), np.array([11, 6]))])
    assert both.account.tolist() == [0, 0, 1, 2]
    assert both.choice.tolist() == [0, 5, 10, 20]
    assert both.weight.tolist() == [1.0, 3.0, 2.0, 1.0]
    assert both.until.tolist() == [NEVER, 70, 60, NEVER]
    assert both.after.tolist() == [0, 6, 11, 20]
    assert both.whose.tolist() == [4, NOBODY, NOBODY, 4]


def test_draw_follows_the_weights_and_stays_within_the_account() -> None:
    table = options(np.array([0, 0, 2, 3, 3]), np.array([7, 8, 9, 10, 11]), np.array([1.0, 3.0, 0.5, 1.0, 0.0]))
    accounts = np.repeat(np.arange(5), 4_000)
    chosen = draw(table, accounts, np.random.default_rng(1)).reshape(5, 4_000)
    assert set(chosen[0]) == {7, 8}
    assert abs((chosen[0] == 8).mean() - 0.75) < 0.03
    assert set(chosen[1]) == {-1}
    assert set(chosen[2]) == {9}
    assert set(chosen[3]) == {10}
    assert set(chosen[4]) == {-1}


def test_a_replacement_counts_from_its_second_on() -> None:
    table = changing(options(np.array([0, 1]), np.array([7, 8]), 1.0), np.array([100, NEVER]), np.array([9, 8]))
    rows = draw_rows(table, np.array([0, 0, 1, 2]), np.random.default_rng(1))
    assert rows.tolist() == [0, 0, 1, -1]
    assert chosen(table, rows, np.array([99, 100, 10**6, 5])).tolist() == [7, 9, 8, -1]
    assert draw(table, np.array([0]), np.random.default_rng(1)).tolist() == [7]
    assert draw(table, np.array([0]), np.random.default_rng(1), np.array([100])).tolist() == [9]


def test_numbers_hands_out_ranges_that_do_not_meet() -> None:
    numbers = Numbers()
    assert [numbers.take(3), numbers.take(0), numbers.take(2)] == [0, 3, 3]
    assert numbers.used == 5
