from __future__ import annotations

import functools

import numpy as np
import pytest

from linkage.model import AccountGraph
from linkage.rings import purify as module
from linkage.rings.counts import World, count, dense_labels, groups_of, world_of
from linkage.rings.purify import dominated_by, purify, smallest_testable
from linkage.rings.score import score
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of, renumbered

MEMBERS, CROWD = range(30), range(30, 130)
KINDS = [DEVICE, NETWORK, PAYMENT, CONTENT]  # in the order of Town.graph


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    """A ring behind a VPN that 100 strangers use, too."""
    town = Town(3, 900)
    exits = town.fresh(NETWORK, 6)
    town.plant(MEMBERS)
    town.use(NETWORK, MEMBERS, exits, 4, only=True)
    town.use(NETWORK, CROWD, exits, 4)
    return town.graph()


def everybody() -> np.ndarray:
    return np.where(np.arange(900) < 130, 0, -1)


def test_a_ring_is_taken_out_of_the_crowd_on_its_vpn(graph: AccountGraph) -> None:
    made = purify(world_of(graph), everybody(), 3)
    assert made.max() == 1
    assert len(set(made[:30])) == 1
    assert len(set(made[30:130])) == 1
    assert made[0] != made[30]
    assert (made[130:] == -1).all()


def test_a_split_pays(graph: AccountGraph) -> None:
    world = world_of(graph)
    saved = [
        np.maximum(score(world, count(world, groups_of(x, int(x.max()) + 1))).saved, 0).sum()
        for x in (everybody(), purify(world, everybody(), 3))
    ]
    assert saved[1] > saved[0] + module.WORTH


def test_a_ring_alone_stays_whole(graph: AccountGraph) -> None:
    labels = np.where(np.arange(900) < 30, 0, -1)
    assert purify(world_of(graph), labels, 3).tolist() == labels.tolist()


def test_a_crowd_alone_stays_whole(graph: AccountGraph) -> None:
    """Nothing but the VPN ties them, so there is no part to take out; what they are the verdict says."""
    labels = np.where((np.arange(900) >= 30) & (np.arange(900) < 130), 0, -1)
    assert purify(world_of(graph), labels, 3).tolist() == labels.tolist()


def test_three_accounts_are_not_tested() -> None:
    pairs = [(a, 0 if a < 3 else a) for a in range(100)]
    world = world_of(graph_of(100, [(NETWORK, pairs)]))
    labels = np.where(np.arange(100) < 3, 0, -1)
    assert smallest_testable() == 3
    assert purify(world, labels, 1).tolist() == labels.tolist()


def test_dominated_by_hand(graph: AccountGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(graph)
    scored = score(world, count(world, groups_of(everybody(), 1)))
    shares = [k.bits[0] / sum(x.bits[0] for x in scored.kinds) for k in scored.kinds]
    assert [bool(dominated_by(scored, i)[0]) for i in range(4)] == [share > 0.35 for share in shares]
    assert dominated_by(scored, KINDS.index(NETWORK))[0]
    monkeypatch.setattr(module, "DOMINANT", 0.999)
    assert not any(dominated_by(scored, i)[0] for i in range(4))


@pytest.mark.parametrize(("constant", "value"), [("DOMINANT", 1.0), ("WORTH", 1e6), ("STEPS", 0)])
def test_each_constant_decides(
    graph: AccountGraph, monkeypatch: pytest.MonkeyPatch, constant: str, value: float
) -> None:
    monkeypatch.setattr(module, constant, value)
    assert purify(world_of(graph), everybody(), 3).tolist() == everybody().tolist()


def test_small_parts_dissolve(graph: AccountGraph) -> None:
    made, groups = dense_labels(purify(world_of(graph), everybody(), 40))
    assert groups == 1
    assert set(np.flatnonzero(made == 0)) == set(CROWD)


def test_renumbered_accounts_give_the_renumbered_parts(graph: AccountGraph) -> None:
    order = np.random.default_rng(5).permutation(900)
    plain = purify(world_of(graph), everybody(), 3)
    assert purify(world_of(renumbered(graph, order)), everybody()[order], 3).tolist() == plain[order].tolist()


def test_no_groups(graph: AccountGraph) -> None:
    assert purify(world_of(graph), np.full(900, -1), 3).tolist() == [-1] * 900


def test_groups_that_moved_no_more_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd with a ring, and a ring alone; the result is that of going on with both to the end."""
    town = Town(7, 1_500)
    exits = town.fresh(NETWORK, 6)
    town.plant(range(30))
    town.plant(range(260, 290))
    town.use(NETWORK, range(130), exits, 4, only=True)
    account = np.arange(1_500)
    labels = np.where(account < 130, 0, np.where((account >= 260) & (account < 290), 1, -1))
    world, step, asked = world_of(town.graph()), module._others_positive, []
    by_step = functools.partial(step, groups=2, labels=labels)

    def noted(world: World, part: np.ndarray, groups: int, labels: np.ndarray, kind: int) -> np.ndarray:
        asked.append(len(set(part.tolist()) - {-1}))
        return step(world, part, groups, labels, kind)

    monkeypatch.setattr(module, "_others_positive", noted)
    for kind in range(len(world.kinds)):
        part = labels
        for _ in range(module.STEPS):
            part = by_step(world, part, kind=kind)
        assert module._settled(world, labels, labels, 2, kind).tolist() == part.tolist()
    assert {1, 2} <= set(asked), "one goes on while the other has settled"
