"""Counts of distinct accounts: never more than there are, in any order, and wary when memory is full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.templates.frequency import LEAST, Shingles
from linkage.templates.loops import NEVER, Ages, bit_of, bits_in, count_bits, found, set_bit
from linkage.templates.tokens import Tokens
from tests.templates.core_steps import strangers, tokens

TEXTS = [f"the same words in every one of these texts but number {word} of them" for word in "abcdef"]


def test_order_and_parts_do_not_matter() -> None:
    made, accounts = tokens(TEXTS), strangers(6)
    whole, parts, other = Shingles(1 << 10), Shingles(1 << 10), Shingles(1 << 10)
    whole.add(made, accounts)
    back = tokens(TEXTS[::-1])
    parts.add(Tokens(back.start[:4], back.token), accounts[::-1][:3].copy())
    other.add(Tokens(back.start[3:], back.token), accounts[::-1][3:].copy())
    parts.merge(other)
    assert whole.cells.any()
    np.testing.assert_array_equal(whole.cells, parts.cells)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 2**64 - 1), max_size=40))
def test_bits_are_at_most_the_accounts_and_grow_with_them(accounts: list[int]) -> None:
    cells, shingle = np.zeros(64, np.uint32), np.uint64(0x1234567890ABCDEF)
    before = 0
    for account in accounts:
        set_bit(shingle, bit_of(np.uint64(account)), cells)
        now = count_bits(bits_in(shingle, cells))
        assert before <= now <= before + 1
        before = now
    assert before <= len(set(accounts))
    assert (before > 0) == bool(accounts)


def test_two_more_bits_stand_for_twice_as_many_accounts() -> None:
    counts = []
    for accounts in (64, 256, 1024, 4096):
        bits = np.bitwise_or.reduce([bit_of(account) for account in strangers(accounts, accounts)])
        counts.append(count_bits(bits))
    assert 12 <= counts[-1] - counts[0] + 2 <= 17  # six doublings are twelve bits, give or take two of noise
    assert counts == sorted(counts)


def test_bits_are_counted_as_python_counts_them() -> None:
    for bits in np.random.default_rng(3).integers(0, 1 << 32, 200, dtype=np.uint32):
        assert count_bits(bits) == int(bits).bit_count()


def test_full_cells_make_more_accounts_necessary() -> None:
    empty, full = Shingles(1 << 14), Shingles(1 << 10)
    empty.add(tokens(TEXTS), strangers(6))
    words = [" ".join(f"{a}{b}{c}" for b in "abcdefgh" for c in "klmnopqr") for a in "stuvwxyzabcdefghi"]
    for _ in range(20):
        full.add(tokens(words), strangers(len(words)))
    assert empty.least() == LEAST
    assert full.least() > LEAST


@settings(deadline=None)  # the first call compiles
@given(st.dictionaries(st.integers(1, 2**64 - 1), st.integers(0, 65_534), max_size=60), st.integers(1, 2**64 - 1))
def test_ages_are_a_dictionary(content: dict[int, int], other: int) -> None:
    made = Ages.of(np.array(list(content), np.uint64), np.array(list(content.values()), np.uint16))
    for key in [*content, other]:
        assert found(np.uint64(key), made) == content.get(key, NEVER)


@pytest.mark.parametrize("key", [1, 2, 2**64 - 1])
def test_nothing_is_found_where_nothing_is_known(key: int) -> None:
    assert found(np.uint64(key), Ages()) == NEVER
