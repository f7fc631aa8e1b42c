from __future__ import annotations

import numpy as np

from linkage.model import Kind
from linkage.validation.nested import container, nestings
from tests.rings.graphs import NETWORK, PAYMENT, graph_of

SUBNET, PROVIDER = Kind("subnet", "network", False), Kind("provider", "network", False)


def used(seed: int, accounts: int = 200, entities: int = 300) -> list[tuple[int, int]]:
    dice = np.random.default_rng(seed)
    return [(a, int(e)) for a in range(accounts) for e in dice.choice(entities, 3, replace=False)]


def test_a_chain_of_three_is_found_link_by_link() -> None:
    use = used(1)
    graph = graph_of(200, [(PROVIDER, [(a, e // 60) for a, e in use]), (NETWORK, use),
                           (SUBNET, [(a, e // 6) for a, e in use])])  # fmt: skip
    assert sorted((n.coarse, n.fine) for n in nestings(graph)) == [(0, 2), (2, 1)]


def test_kinds_of_two_families_are_never_nested() -> None:
    use = used(2)
    assert nestings(graph_of(200, [(NETWORK, use), (PAYMENT, [(a, e // 6) for a, e in use])])) == []


def test_one_link_too_many_is_tolerated_and_two_in_a_hundred_are_not() -> None:
    use = used(3)
    coarse = {(a, e // 6) for a, e in use}
    stray = [(a, 50 + a % 3) for a in range(200)]
    for number, nested in ((2, True), (40, False)):
        graph = graph_of(200, [(NETWORK, use), (SUBNET, [*coarse, *stray[:number]])])
        assert (container(*graph.kinds) is not None) == nested


def test_addresses_of_one_account_are_handed_out_so_that_all_its_subnets_are_explained() -> None:
    fine = [(a, 4 * a + i) for a in range(50) for i in range(4)]  # nobody shares an address
    coarse = [(a, (4 * a + i) // 2) for a in range(50) for i in range(4)]
    within = container(*graph_of(50, [(NETWORK, fine), (SUBNET, coarse)]).kinds)
    assert within is not None
    assert np.bincount(within, minlength=100).min() >= 1
