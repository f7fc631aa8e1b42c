from __future__ import annotations

import numpy as np
import pytest

from linkage.model import AccountGraph
from linkage.rings import framing as module
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.framing import plantable, without_firm_evidence
from linkage.rings.profile import Pairs, member_pairs, profiles
from linkage.rings.score import score
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town

RING, EVADERS, VICTIMS, ACCOUNTS = range(30), range(30, 34), range(34, 38), 800


def town() -> Town:
    """A ring of 30; evaders who have its prompts and nothing else of it; victims who have its prompts and their own."""
    made = Town(4, ACCOUNTS)
    prompts = made.fresh(CONTENT, 8)
    made.plant(RING)
    made.use(CONTENT, RING, prompts, 4, only=True)
    made.use(CONTENT, EVADERS, prompts, 4, only=True)
    made.use(CONTENT, VICTIMS, prompts, 8)
    return made


def measured(graph: AccountGraph, members: int) -> tuple[np.ndarray, Pairs, np.ndarray]:
    """Who of one group could be framed, the members' log-odds, and whose firm evidence is not enough."""
    world, labels = world_of(graph), np.where(np.arange(ACCOUNTS) < members, 0, -1).astype(np.int64)
    counts = count(world, groups_of(labels, 1))
    account = np.arange(members)
    pairs = member_pairs(world, profiles(world, counts, score(world, counts)), account, labels[account])
    return plantable(world, labels, counts, pairs), pairs, without_firm_evidence(world, pairs)


def test_victims_could_be_framed_and_members_not() -> None:
    found, pairs, _ = measured(town().graph(), 38)
    assert (pairs.total[list(VICTIMS)] > 0).all(), "their log-odds speak for the ring"
    assert not found[list(RING)].any()
    assert found[list(VICTIMS)].all()


def test_who_has_no_life_of_its_own_was_not_framed() -> None:
    found, _, without = measured(town().graph(), 38)
    assert without[list(EVADERS)].all(), "cards and addresses say nothing for them"
    assert not found[list(EVADERS)].any()


def test_one_own_value_is_a_life_of_its_own() -> None:
    made = town()
    for evader in EVADERS:
        made.use(CONTENT, [evader], made.fresh(CONTENT, 1), 1)
    assert measured(made.graph(), 38)[0][list(EVADERS)].all()


def test_a_kind_that_few_have_clears_nobody() -> None:
    """Before it was planted the victims had nothing of it, so nothing of their own is left to see."""
    made = town()
    made.links[DEVICE] = set()
    made.use(DEVICE, [*RING, *VICTIMS], made.fresh(DEVICE, 3), 2)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()
    made.use(DEVICE, range(38, ACCOUNTS), made.fresh(DEVICE, 400), 2)
    assert not measured(made.graph(), 38)[0][list(VICTIMS)].any(), "where all have devices, theirs are gone"


def test_a_card_that_the_ring_has_for_itself_is_enough() -> None:
    made = town()
    card = made.fresh(PAYMENT, 1)
    made.use(PAYMENT, [*range(3), *VICTIMS[:2]], card, 1)
    found, _, _ = measured(made.graph(), 38)
    assert found[list(VICTIMS)].tolist() == [False, False, True, True]


def test_one_that_strangers_have_is_not() -> None:
    made = town()
    exit_of_many = made.fresh(NETWORK, 1)
    made.use(NETWORK, [*range(3), *VICTIMS, *range(100, 120)], exit_of_many, 1)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()


def test_two_victims_of_one_household_clear_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their own address has two users, both members by what was planted: no third member uses it."""
    made = town()
    made.use(NETWORK, VICTIMS[:2], made.fresh(NETWORK, 1), 1)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()
    monkeypatch.setattr(module, "OWN_USERS", 2)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].tolist() == [False, False, True, True]


def test_firm_evidence_by_hand() -> None:
    graph = town().graph()
    names = [i.kind for i in graph.kinds]
    firm = {PAYMENT: [10.0, 3.0, 9.0], NETWORK: [-1.0, 2.0, 1.0]}
    rows = firm | {DEVICE: [99.0, 99.0, -99.0], CONTENT: [99.0, 99.0, 0.0]}
    bits = np.array([*[rows[kind] for kind in names], [-8.0, -8.0, -10.0]])
    pairs = Pairs(np.arange(3), np.zeros(3, dtype=np.int64), bits)
    assert without_firm_evidence(world_of(graph), pairs).tolist() == [False, True, True]


def test_planting_more_changes_nothing_for_the_victim() -> None:
    """Not one value more of the forgeable kinds makes an honest account more than a bystander."""
    made = town()
    made.use(DEVICE, RING, devices := made.fresh(DEVICE, 4), 2)
    made.use(DEVICE, VICTIMS, devices, 4)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()
