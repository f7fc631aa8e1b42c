"""Members by one family alone: as many as evaders explain, or strangers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import poisson

from linkage.rings.strays import CHANCE, TIMES, strays


def evaders(seed: int, members: int, shares: list[float]) -> np.ndarray:
    """Ties (families x members) of members who evade each family by itself; those whom nothing ties are left out."""
    tied = np.random.default_rng(seed).random((len(shares), members)) >= np.array(shares)[:, None]
    return np.asarray(tied[:, tied.any(axis=0)])


def one_by_one(tied: np.ndarray) -> set[int]:
    """The same for one group, by all patterns of families."""
    families, members = tied.shape
    away = []
    for f in range(families):
        told = [m for m in range(members) if sum(tied[g, m] for g in range(families) if g != f) >= 2]
        away.append((sum(not tied[f, m] for m in told) + 1) / (len(told) + 2))
    chance = {
        pattern: np.prod([1 - a if t else a for t, a in zip(pattern, away, strict=True)])
        for pattern in itertools.product([False, True], repeat=families)
    }
    several = sum(p for pattern, p in chance.items() if sum(pattern) >= 2)
    found: set[int] = set()
    for f in range(families):
        pattern = tuple(g == f for g in range(families))
        alone = {m for m in range(members) if tuple(tied[:, m]) == pattern}
        expected = sum(tied[:, m].sum() >= 2 for m in range(members)) * chance[pattern] / several
        found |= alone if poisson.sf(len(alone) - 1, TIMES * expected) < CHANCE else set()
    return found


def beside(tied: np.ndarray, family: int, number: int) -> np.ndarray:
    """The ties with more members, whom one family alone ties, in front."""
    more = np.zeros((len(tied), number), dtype=bool)
    more[family] = True
    return np.concatenate([more, tied], axis=1)


def alone_in(tied: np.ndarray) -> np.ndarray:
    return strays(tied, np.zeros(tied.shape[1], dtype=np.int64), 1)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_evaders_of_all_but_one_family_stay(share: float) -> None:
    lost = [alone_in(evaders(seed, 300, [share] * 4)).sum() for seed in range(20)]
    assert sum(lost) == 0


@pytest.mark.parametrize("family", [0, 3])
def test_customers_of_the_ring_s_proxy_are_found_among_evaders(family: int) -> None:
    found = alone_in(beside(evaders(1, 170, [0.3] * 4), family, 60))
    assert found[:60].all()
    assert found.sum() <= 65  # those evaders whom nothing else tells from them


def test_groups_are_asked_one_by_one() -> None:
    parts = [evaders(1, 90, [0.3, 0.2, 0.5]), beside(evaders(2, 60, [0.1, 0.4, 0.3]), 1, 40), evaders(3, 9, [0.6] * 3)]
    group = np.repeat(np.arange(3), [part.shape[1] for part in parts])
    order = np.random.default_rng(4).permutation(len(group))
    whole = strays(np.concatenate(parts, axis=1)[:, order], group[order], 3)
    apart = [set(np.flatnonzero(alone_in(part)).tolist()) for part in parts]
    assert [one_by_one(part) for part in parts] == apart
    assert len(apart[1]) >= 40
    assert [int(whole[group[order] == g].sum()) for g in range(3)] == [len(found) for found in apart]


def test_with_two_families_nothing_tells_how_many_evade() -> None:
    assert not alone_in(beside(evaders(5, 50, [0.4, 0.4]), 0, 50)).any()


@pytest.mark.parametrize("families", [1, 2])
def test_no_share_is_told_by_so_few_families(families: int) -> None:
    assert not alone_in(np.eye(families, 40, dtype=bool)).any()


def test_whom_a_family_never_ties_it_does_not_matter() -> None:
    tied = beside(evaders(6, 120, [0.3] * 3), 0, 40)
    with_idle = np.concatenate([tied, np.zeros((1, tied.shape[1]), dtype=bool)])
    assert (alone_in(with_idle) == alone_in(tied)).all()


def test_no_members() -> None:
    assert strays(np.zeros((3, 0), dtype=bool), np.zeros(0, dtype=np.int64), 0).shape == (0,)
