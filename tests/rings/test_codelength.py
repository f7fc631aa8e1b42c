from __future__ import annotations

import math
import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.rings import codelength as cl

ROUNDING = 2.0**-20


def kraft(lengths: list[float]) -> float:
    """Sum of 2**-bits; a code has at most 1. Rounded lengths may be short by half a grid step each."""
    return math.fsum(2.0**-bits for bits in lengths)


def test_fixed_bits_lie_on_the_grid_and_add_up_in_any_order() -> None:
    dice = random.Random(1)
    bits = cl.fixed(np.array([dice.uniform(-1e6, 1e6) for _ in range(2_000)]))
    assert np.all(bits * 2**20 == np.rint(bits * 2**20))
    shuffled = bits.tolist()
    dice.shuffle(shuffled)
    assert np.cumsum(shuffled)[-1] == np.cumsum(bits)[-1] == math.fsum(bits)


@given(st.integers(0, 3_000), st.floats(0, 1))
def test_log2_binomial_against_whole_numbers(n: int, share: float) -> None:
    k = int(share * n)
    assert float(cl.log2_binomial(n, k)) == pytest.approx(math.log2(math.comb(n, k)), abs=1e-5)


def test_divergence_by_hand() -> None:
    assert cl.kl_bits(1.0, 0.25) == 2.0
    assert cl.kl_bits(0.0, 0.75) == 2.0
    assert cl.kl_bits(0.5, 0.25) == pytest.approx(0.5 * 1.0 + 0.5 * math.log2(0.5 / 0.75))
    assert cl.kl_bits(0.3, np.array([0.3, 0.31])).tolist() == [0.0, pytest.approx(0.000340, abs=1e-6)]


@given(st.floats(0, 1), st.floats(0.001, 0.999))
def test_divergence_is_never_negative(p: float, q: float) -> None:
    assert cl.kl_bits(p, q) >= -1e-12


def test_background_rate_grows_with_popularity_and_breadth() -> None:
    narrow, broad = cl.background_rate(10, 1_000, 4, 4), cl.background_rate(10, 1_000, 400, 4)
    assert narrow == pytest.approx(0.01, rel=0.01)
    assert broad == pytest.approx(1 - math.exp(-1), abs=1e-12)
    assert cl.background_rate(1, 10**9, 1, 10**9) == 1e-12
    assert cl.background_rate(10**9, 10**9, 10**6, 1) == 1 - 1e-12


def test_entity_gain_by_hand() -> None:
    # all 4 of 4 use an entity of rate 1/1024, one of 256: 40 bits, less 8 that name it and log2 5 for k
    assert cl.entity_gain(4, 4, 1 / 1024, 256) == pytest.approx(40 - 8 - math.log2(5), abs=ROUNDING)
    assert cl.entity_gain(1, 4, 1 / 1024, 256) == 0
    assert cl.entity_gain(1, 4, 0.5, 2) == 0, "used less than the background is no gain"


@pytest.mark.parametrize("having", [0, 1, 7, 12])
def test_who_takes_part_is_named_by_a_code(having: int) -> None:
    lengths = [float(cl.participation(s, having)) for s in range(having + 1) for _ in range(math.comb(having, s))]
    assert kraft(lengths) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("accounts", [1, 2, 9, 12])
def test_groups_are_named_by_a_code(accounts: int) -> None:
    sizes = range(1, accounts + 1)
    lengths = [float(cl.group_naming(accounts, s)) for s in sizes for _ in range(math.comb(accounts, s))]
    assert kraft(lengths) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("users", [[1, 2, 3], [9], [4, 4, 4, 4]])
def test_groups_named_by_an_entity_are_named_by_a_code(users: list[int]) -> None:
    accounts, total = 10, 0.0
    for d in users:
        for k, others in product(range(d + 1), range(accounts - d + 1)):
            bits = float(cl.naming_by_entity(d, k, k + others, accounts, len(users)))
            total += math.comb(d, k) * math.comb(accounts - d, others) * 2.0**-bits
    assert 0.5 < total <= math.pi**2 / 12 + 1e-5, "half of the harmonic squares"


def test_one_entity_and_its_users_are_named_by_a_code() -> None:
    entities, s = 37, 11
    worst = cl.entity_gain(np.arange(s + 1), s, 1e-9, entities) - s * cl.kl_bits(np.arange(s + 1) / s, 1e-9)
    lengths = -np.repeat(worst[1:], entities)
    assert kraft(lengths.tolist()) == pytest.approx(s / (s + 1), abs=1e-4), "k = 0 is never said"


@pytest.mark.parametrize("entities", [1, 5, 1_000, 10**6])
def test_sets_of_named_entities_are_named_by_a_code(entities: int) -> None:
    """Every set, the empty one too: each entity is in it with its k, or not, and log2 e pays for how many are."""
    s = 3
    one = sum(2.0 ** -(math.log2(entities) + math.log2(s + 1)) for _ in range(s + 1))
    assert 0.7 < (1 + one) ** entities * 2.0**-cl.NAMED_SET < 1


def all_pools(entities: list[int]) -> list[tuple[int, ...]]:
    """How many of each degree class are in a pool: every possibility."""
    return list(product(*(range(e + 1) for e in entities)))


@pytest.mark.parametrize("entities", [[5], [3, 2], [4, 0, 3], [6, 3, 2, 1], [30, 8, 3]])
def test_pools_of_one_size_are_named_by_a_code(entities: list[int]) -> None:
    by_size: dict[int, float] = {}
    for members in all_pools(entities):
        ways = math.prod(math.comb(e, m) for e, m in zip(entities, members, strict=True))
        bits = float(cl.pool_naming(np.array(members), np.array(entities)))
        by_size[sum(members)] = by_size.get(sum(members), 0.0) + ways * 2.0**-bits
    for size in range(1, sum(entities) + 1):
        assert by_size[size] <= 1 / (size * (size + 1)) + 1e-6
    assert sum(total for size, total in by_size.items() if size > 0) <= 1


def test_pools_of_all_sizes_are_named_by_a_code_however_many_entities_there_are() -> None:
    sizes = np.arange(1, 1_000_001)
    assert 0.999 < (1 / (sizes * (sizes + 1.0))).sum() < 1


@pytest.mark.parametrize("alike", [1, 2, 3])
def test_all_that_may_be_said_of_a_family_adds_up_to_one(alike: int) -> None:
    """Nothing, or one of its kinds in one of two codes, each a code of its own with a sum of at most 1."""
    nothing = 2.0**-cl.DESCRIBED
    something = alike * 2 * 2.0 ** -(cl.DESCRIBED + math.log2(alike) + cl.CHOICE_OF_CODE)
    assert nothing + something == 1.0


def test_pool_naming_by_hand() -> None:
    # 2 of 4 entities with one user, 1 of 3 with two or three; 2 classes: 6 * 3 subsets, sizes 3 * 4, splits 4
    assert cl.pool_naming(np.array([2, 1]), np.array([4, 3])) == pytest.approx(math.log2(18 * 12 * 4), abs=1e-5)
    assert cl.pool_naming(np.array([2, 0, 1]), np.array([4, 0, 3])) == pytest.approx(math.log2(18 * 12 * 4), abs=1e-5)
    assert cl.pool_naming(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)) == 0


def test_pool_gain_by_hand() -> None:
    # 16 of 16 links into a pool that holds 1/16 of all links: 64 bits
    assert cl.pool_gain(16, 16, 1 / 16, 20.0) == pytest.approx(64 - 20 - math.log2(17), abs=ROUNDING)
    assert cl.pool_gain(1, 16, 1 / 16, 20.0) == 0, "no more than its share is no gain"
    assert cl.pool_gain(4, 16, 1 / 16, 20.0) < 0, "what does not pay says so"


def test_everything_works_elementwise() -> None:
    assert cl.entity_gain(np.array([[4, 3], [2, 1]]), 4, 1 / 1024, 256).shape == (2, 2)
    assert cl.participation(np.array([1, 2]), np.array([3, 4])).tolist() == pytest.approx(
        [math.log2(3) + 2, math.log2(6) + math.log2(5)], abs=1e-5
    )
