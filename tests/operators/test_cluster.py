from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.operators import cluster as module
from linkage.operators.cluster import RingContent, cluster_rings, shared_bits

Users = list[dict[int, int]]  # for each ring: template -> accounts of the ring that use it


def content(
    users: Users, everywhere: dict[int, int], sizes: list[int] | None = None, accounts: int = 10_000
) -> RingContent:
    """Rings by what their profiles have; ``everywhere`` counts the users of a template that are in none of them."""
    templates = max([*everywhere, *(t for ring in users for t in ring)], default=0) + 1
    matrix = sp.lil_matrix((len(users), templates), dtype=np.int64)
    total = np.array([everywhere.get(t, 0) for t in range(templates)])
    for i, ring in enumerate(users):
        for template, k in ring.items():
            matrix[i, template] = k
            total[template] += k
    return RingContent(matrix.tocsr(), np.array(sizes or [20] * len(users)), total, accounts)


def slow_bits(made: RingContent, first: tuple[int, ...], second: tuple[int, ...]) -> float:
    """The docstring of shared_bits once more, template by template."""
    users = made.users.toarray()
    sets = [{t for ring in group for t in range(users.shape[1]) if users[ring, t]} for group in (first, second)]
    shared, union = sets[0] & sets[1], sets[0] | sets[1]
    if not shared:
        return 0.0
    saved = 0.0
    for template in shared:
        holders = [ring for ring in range(len(users)) if users[ring, template]]
        others = [ring for ring in holders if ring not in first + second]
        rings = [ring for ring in range(len(users)) if users[ring].any() and ring not in first + second]  # with content
        strangers = made.everywhere[template] - sum(users[ring, template] for ring in first + second)
        smaller = min(sum(made.sizes[ring] for ring in group) for group in (first, second))
        by_rings = (len(others) + 0.5) / (len(rings) + 1)
        by_accounts = smaller * (max(strangers, 0) + 0.5) / made.accounts
        saved -= math.log2(min(max(min(by_rings, by_accounts), 1e-12), 1.0))
    return saved - math.log2(math.comb(len(union), len(shared))) - math.log2(len(union) + 1)


@st.composite
def contents(draw: st.DrawFn) -> RingContent:
    users = draw(st.lists(st.dictionaries(st.integers(0, 9), st.integers(1, 15), max_size=5), min_size=2, max_size=8))
    everywhere = draw(st.dictionaries(st.integers(0, 9), st.integers(0, 3_000), max_size=10))
    return content(users, everywhere, draw(st.lists(st.integers(15, 80), min_size=len(users), max_size=len(users))))


@settings(max_examples=80, deadline=None)
@given(contents(), st.randoms())
def test_shared_bits_against_a_slow_count(made: RingContent, dice: random.Random) -> None:
    rings = list(range(made.users.shape[0]))
    dice.shuffle(rings)
    cut = max(1, len(rings) // 2)
    first, second = tuple(rings[:cut]), tuple(rings[cut : cut + 2])
    assert shared_bits(made, first, second) == pytest.approx(slow_bits(made, first, second), abs=1e-5)
    assert shared_bits(made, first, second) == shared_bits(made, second, first)
    assert shared_bits(made, first, second) == shared_bits(made, first[::-1], second[::-1])


def test_shared_bits_by_hand() -> None:
    """Two of five rings share two of three templates, one of them with a third ring."""
    made = content([{0: 4, 1: 5}, {0: 2, 1: 9, 2: 1}, {1: 3}, {3: 3}, {4: 2}], {0: 0, 1: 100_000}, accounts=1_000_000)
    first = -math.log2(20 * 0.5 / 1_000_000)  # nobody else uses it: half an account in a million, times 20
    second = -math.log2(1.5 / 4)  # one of three other rings has it
    naming = math.log2(3) + 2  # which two of three; how many, 0 to 3
    assert shared_bits(made, (0,), (1,)) == pytest.approx(first + second - naming, abs=1e-6)
    assert shared_bits(made, (0,), (3,)) == 0.0


RARE = dict.fromkeys(range(40), 0)


def labels(made: RingContent, start: list[int] | None = None) -> list[int]:
    rings = made.users.shape[0]
    return cluster_rings(made, np.array(start if start is not None else range(rings))).tolist()


def picks(first: int, number: int = 4) -> dict[int, int]:
    return {first + i: 8 for i in range(number)}


def test_rings_that_share_rare_templates_are_one_operator() -> None:
    made = content([picks(0), picks(2), picks(10), picks(12), picks(20)], RARE)
    assert labels(made) == [0, 0, 1, 1, 2]


def test_rings_that_share_popular_templates_are_not() -> None:
    """Every ring has them, and half of all accounts."""
    made = content([{**picks(0, 3), **picks(10 + 3 * i, 3)} for i in range(10)], dict.fromkeys(range(3), 5_000))
    assert shared_bits(made, (0,), (1,)) < 0
    assert labels(made) == list(range(10))


def test_a_chain_of_subsets_is_one_operator() -> None:
    """Each ring draws from the operator's set; the first and the last share nothing."""
    made = content([picks(3 * i, 6) for i in range(4)], RARE)
    assert shared_bits(made, (0,), (3,)) == 0
    assert labels(made) == [0, 0, 0, 0]


def test_rings_that_begin_as_one_stay_one() -> None:
    made = content([picks(0), picks(20), picks(2)], RARE)
    assert labels(made, [5, 5, 9]) == [0, 0, 0], "the third joins by the first's templates"
    assert labels(made, [5, 5, -1]) == [0, 0, -1], "who is not asked stays out"
    assert labels(made, [-1, -1, -1]) == [-1, -1, -1]


def test_who_is_not_asked_still_tells_how_common_a_template_is() -> None:
    pair, holders = [picks(0, 1), picks(0, 1)], [{**picks(0, 1), **picks(10 + i, 1)} for i in range(30)]
    common = {0: 400_000}
    alone = content([*pair, *(picks(10 + i, 1) for i in range(300))], common, accounts=10**7)
    crowded = content([*pair, *holders, *(picks(50 + i, 1) for i in range(270))], common, accounts=10**7)
    start = [0, 1] + [-1] * 300
    assert shared_bits(alone, (0,), (1,)) > shared_bits(crowded, (0,), (1,)) + 3
    assert labels(crowded, start) == [0, 1] + [-1] * 300


def test_rings_without_templates_count_for_nothing() -> None:
    """A cluster of many rings of which one has templates: the others make nothing rarer or more common."""
    users: Users = [picks(0, 1), {}, {}, {}, picks(0, 1), picks(20), picks(24)]
    made, plain = content(users, {0: 900}), content([u for u in users if u], {0: 900})
    assert shared_bits(made, (0, 1, 2, 3), (4,)) < 2
    assert shared_bits(made, (0,), (4,)) == shared_bits(plain, (0,), (1,))
    assert labels(made, [0, 0, 0, 0, 1, 2, 3]) == [0, 0, 0, 0, 1, 2, 3]


def test_numbers_follow_the_first_ring_of_each_operator() -> None:
    made = content([picks(10), picks(0), picks(12), picks(2)], RARE)
    assert labels(made) == [0, 1, 0, 1]


def test_renumbered_rings_give_the_same_operators() -> None:
    users = [picks(0), picks(2), picks(10), picks(12), picks(20), picks(4)]
    order = [4, 2, 5, 0, 3, 1]
    plain, other = labels(content(users, RARE)), labels(content([users[i] for i in order], RARE))
    assert [[plain[i] == plain[j] for j in order] for i in order] == [[a == b for b in other] for a in other]


def test_no_rings_and_no_templates() -> None:
    assert labels(content([], {})) == []
    assert labels(content([{}, {}], {})) == [0, 1]
    nobody = RingContent(sp.csr_matrix((1, 1), dtype=np.int64), np.array([3]), np.zeros(1, dtype=np.int64), 0)
    assert labels(nobody) == [0]


def test_what_a_union_must_be_worth_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    made = content([picks(0), picks(2)], RARE)
    assert labels(made) == [0, 0]
    monkeypatch.setattr(module, "WORTH", 100.0)
    assert labels(made) == [0, 1]


@settings(max_examples=60, deadline=None)
@given(contents())
def test_at_the_end_no_union_is_worth_it(made: RingContent) -> None:
    """Pairs are screened by an upper limit, and none is overlooked: neither of rings nor of rings that began as one."""
    rings = made.users.shape[0]
    for start in (list(range(rings)), [i // 2 for i in range(rings)], [i % 3 for i in range(rings)]):
        found = labels(made, start)
        groups = [tuple(i for i, x in enumerate(found) if x == group) for group in sorted(set(found))]
        assert all(shared_bits(made, a, b) <= module.WORTH for b in groups for a in groups if a < b)
