from __future__ import annotations

import numpy as np
import pytest

from linkage.model import AccountGraph
from linkage.rings import crowds as module
from linkage.rings.counts import count, dense_labels, groups_of, ring_world, world_of
from linkage.rings.crowds import crowds, customers, out_of_crowds
from linkage.rings.find import supported
from linkage.rings.profile import profiles
from linkage.rings.refine import refine
from linkage.rings.score import score
from tests.rings.graphs import CONTENT, NETWORK, Town, renumbered

RING, CROWD, ACCOUNTS = range(30), range(30, 230), 900


def town_with(ring: int = 30, cards: bool = True) -> AccountGraph:
    """A ring of ``ring`` accounts, all of whose addresses are the exits of a VPN that 200 strangers use, too."""
    town = Town(3, ACCOUNTS)
    exits = town.fresh(NETWORK, 6)
    if cards:
        town.plant(range(ring))
    town.use(NETWORK, range(ring), exits, 4, only=True)
    town.use(NETWORK, CROWD, exits, 4)
    return town.graph()


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    return town_with()


def labels_of(*groups: range) -> np.ndarray:
    labels = np.full(ACCOUNTS, -1)
    for number, group in enumerate(groups):
        labels[list(group)] = number
    return labels


def test_those_whom_several_families_tie_leave_the_crowd(graph: AccountGraph) -> None:
    """All of the ring, and those strangers, under a tenth, who send the same prompts."""
    made = out_of_crowds(world_of(graph), labels_of(range(230)), 3)
    assert made.max() == 1
    assert (made[:30] == made[0]).all()
    assert (made[30:230] != made[0]).sum() > 180
    assert (made[230:] == -1).all()


def test_a_ring_without_its_crowd_stays_whole(graph: AccountGraph) -> None:
    assert out_of_crowds(world_of(graph), labels_of(RING), 3).tolist() == labels_of(RING).tolist()


def test_a_crowd_without_a_ring_stays_whole(graph: AccountGraph) -> None:
    assert out_of_crowds(world_of(graph), labels_of(CROWD), 3).tolist() == labels_of(CROWD).tolist()


def test_a_ring_that_is_a_third_of_its_group_stays_in_it() -> None:
    world = world_of(town_with(110))
    whole = labels_of(range(230))
    scored = score(world, count(world, groups_of(whole, 1)))
    assert scored.in_second_family[0] >= 230 / 3
    assert out_of_crowds(world, whole, 3).tolist() == whole.tolist()


@pytest.mark.parametrize(("constant", "value"), [("LOOSE", 0.0), ("BITS_BEYOND", 1e6), ("STEPS", 0)])
def test_each_constant_decides(
    graph: AccountGraph, constant: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, constant, value)
    assert out_of_crowds(world_of(graph), labels_of(range(230)), 3).tolist() == labels_of(range(230)).tolist()


def test_nothing_smaller_than_the_smallest_leaves(graph: AccountGraph) -> None:
    whole = labels_of(range(230))
    assert out_of_crowds(world_of(graph), whole, 49).tolist() == whole.tolist()


def test_no_groups(graph: AccountGraph) -> None:
    assert out_of_crowds(world_of(graph), labels_of(), 3).tolist() == labels_of().tolist()


def test_renumbered_accounts_give_the_same_groups(graph: AccountGraph) -> None:
    order = np.random.default_rng(1).permutation(ACCOUNTS)
    made = out_of_crowds(world_of(renumbered(graph, order)), labels_of(range(230))[order], 3)
    straight = out_of_crowds(world_of(graph), labels_of(range(230)), 3)[order]
    assert dense_labels(made)[0].tolist() == dense_labels(straight)[0].tolist()


def test_in_second_family_by_hand(graph: AccountGraph) -> None:
    world = world_of(graph)
    scored = score(world, count(world, groups_of(labels_of(range(230)), 1)))
    assert world.families[scored.strongest[0]] == NETWORK.family
    joining = {
        b.incidence.kind.family: int(k.joining[0]) for b, k in zip(world.kinds, scored.kinds, strict=True) if k.bits[0]
    }
    del joining[NETWORK.family]
    assert joining.keys() == {CONTENT.family}
    assert scored.in_second_family[0] == joining[CONTENT.family]

def customers_of_a_vpn() -> AccountGraph:
    """A ring of 30 with addresses of its own, five of whom come by the exits of a VPN that 200 strangers use."""
    town = Town(3, ACCOUNTS)
    town.plant(range(30))
    town.use(NETWORK, [*range(5), *CROWD], town.fresh(NETWORK, 6), 4, only=True)
    return town.graph()


def test_customers_are_in_the_ring_that_their_other_families_favour() -> None:
    """A crowd says by whose addresses they work, not whose they are."""
    crowd = labels_of(range(5, 30), range(30, 230))
    crowd[:5] = 1
    graph = customers_of_a_vpn()
    made = refine(ring_world(graph), crowd, 1, 3)
    assert made[:30].tolist() == [0] * 30
    assert made[30:230].tolist() == [1] * 200
    order = np.random.default_rng(1).permutation(ACCOUNTS)
    again = refine(ring_world(renumbered(graph, order)), crowd[order], 1, 3)
    assert again.tolist() == made[order].tolist()


def test_customers_stay_in_the_crowd_while_clusters_are_sought() -> None:
    crowd = labels_of(range(5, 30), range(30, 230))
    crowd[:5] = 1
    assert refine(world_of(customers_of_a_vpn()), crowd, 1, 3)[:5].tolist() == [1] * 5


def test_customers_without_other_ties_stay_in_the_crowd() -> None:
    crowd = labels_of(range(5, 30), range(30, 230))
    world = ring_world(customers_of_a_vpn())
    counts = count(world, groups_of(crowd, 2))
    scored = score(world, counts)
    assert crowds(scored, counts.size).tolist() == [False, True]
    best = np.where(np.arange(ACCOUNTS) < 230, 1, -1)
    made = customers(world, profiles(world, counts, scored), scored, crowd, best)
    assert made[:30].tolist() == [0] * 30
    assert made[30:].tolist() == best[30:].tolist()


@pytest.mark.parametrize(("ring", "apart"), [(60, True), (90, False)])
def test_only_a_group_of_which_under_half_are_supported_is_looked_at_again(
    ring: int, apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many take part in its second family: of the larger ring's group prompts tie most, and addresses all."""
    monkeypatch.setattr(module, "LOOSE", 0.0)
    made = supported(world_of(town_with(ring)), labels_of(range(230)), 3)
    assert (made[:ring] == made[0]).all()
    assert (made[ring:230] != made[0]).sum() == (170 if apart else 0)
    assert (made[230:] == -1).all()
