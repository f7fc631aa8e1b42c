from __future__ import annotations

import numpy as np
import pytest

from linkage.communities import proposer
from linkage.config import Proposers
from linkage.engines import Workers
from linkage.model import AccountGraph
from linkage.rings import split as module
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.score import score
from linkage.rings.split import Parts, Proposer, dominated_by_family, part_of, split, without_family
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of, renumbered

LEIDEN = proposer(Proposers(), (0.3, 1.0, 3.0, 8.0), 3, without_content=False)
FIRST, SECOND, CROWD = range(30), range(30, 60), range(60, 160)


@pytest.fixture(scope="module")
def graph() -> AccountGraph:
    """Two rings and a crowd of strangers, all behind one VPN."""
    town = Town(3, 900)
    exits = town.fresh(NETWORK, 6)
    for members in (FIRST, SECOND):
        town.plant(members)
        town.use(NETWORK, members, exits, 4, only=True)
    town.use(NETWORK, CROWD, exits, 4)
    return town.graph()


def everybody() -> np.ndarray:
    return np.where(np.arange(900) < 160, 0, -1)


def knowing(graph: AccountGraph) -> Proposer:
    """A proposer that knows the templates of the two rings, whatever the numbers of the accounts; and nothing else."""
    content = next(i for i in graph.kinds if i.kind == CONTENT)
    sets = [np.unique(content.entities[content.matrix[list(ring)].indices]) for ring in (FIRST, SECOND)]

    def propose(part: AccountGraph) -> np.ndarray:
        if CONTENT not in [i.kind for i in part.kinds]:
            return np.zeros((0, part.accounts), dtype=np.int64)
        labels = np.full(part.accounts, 2)
        for incidence in (i for i in part.kinds if i.kind == CONTENT):
            for number, templates in enumerate(sets):
                known = np.isin(incidence.entities, templates).astype(np.int64)
                labels[incidence.matrix @ known > 0] = number
        return labels[None, :]

    return propose


def check(made: np.ndarray) -> None:
    groups = [set(np.flatnonzero(made == g).tolist()) for g in range(int(made.max()) + 1)]
    assert sorted(groups, key=min) == [set(FIRST), set(SECOND), set(CROWD)]


def test_what_shares_a_vpn_comes_apart_and_the_rest_stays_a_group(graph: AccountGraph) -> None:
    check(split(world_of(graph), everybody(), Parts(graph, LEIDEN), 3))


def test_whoever_proposes_the_bits_decide(graph: AccountGraph) -> None:
    check(split(world_of(graph), everybody(), Parts(graph, knowing(graph)), 3))


def test_what_the_rest_saves_counts_for_the_split() -> None:
    """The links of 300 customers save far more bits than both rings do: without the rest no split could pay."""
    town = Town(3, 3_000)
    exits = town.fresh(NETWORK, 12)
    for members in (FIRST, SECOND):
        town.plant(members)
    town.use(NETWORK, range(360), exits, 5, only=True)
    graph, account = town.graph(), np.arange(3_000)
    world, whole = world_of(graph), np.where(account < 360, 0, -1)
    rings = np.where(account < 60, account // 30, -1)
    saved = [score(world, count(world, groups_of(x, int(x.max()) + 1))).saved.sum() for x in (whole, rings)]
    assert saved[0] > 2 * saved[1]
    made = split(world, whole, Parts(graph, knowing(graph)), 3)
    assert [len(set(made[part])) for part in (FIRST, SECOND, range(60, 360))] == [1, 1, 1]
    assert made.max() == 2


def test_nonsense_proposals_split_nothing(graph: AccountGraph) -> None:
    def by_number(part: AccountGraph) -> np.ndarray:
        return np.stack([np.arange(part.accounts) % 7, np.zeros(part.accounts, dtype=np.int64)])

    assert split(world_of(graph), everybody(), Parts(graph, by_number), 3).tolist() == everybody().tolist()


def test_a_split_must_be_worth_it(graph: AccountGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH", 1e6)
    assert split(world_of(graph), everybody(), Parts(graph, LEIDEN), 3).tolist() == everybody().tolist()


def test_rings_apart_stay_as_they_are(graph: AccountGraph) -> None:
    labels = np.full(900, -1)
    labels[:30], labels[30:60] = 0, 1
    assert split(world_of(graph), labels, Parts(graph, LEIDEN), 3).tolist() == labels.tolist()


def test_too_small_to_have_two_parts(graph: AccountGraph) -> None:
    assert split(world_of(graph), everybody(), Parts(graph, LEIDEN), 81).tolist() == everybody().tolist()


def test_renumbered_accounts_give_the_renumbered_parts(graph: AccountGraph) -> None:
    order = np.random.default_rng(1).permutation(900)
    other = renumbered(graph, order)
    made = split(world_of(other), everybody()[order], Parts(other, knowing(graph)), 3)
    back = np.empty(900, dtype=np.int64)
    back[order] = made
    check(back)


def test_dominated_by_a_family(graph: AccountGraph) -> None:
    world = world_of(graph)
    crowd = np.where((np.arange(900) >= 60) & (np.arange(900) < 160), 0, -1)
    scored = score(world, count(world, groups_of(crowd, 1)))
    assert [bool(dominated_by_family(world, scored, f)[0]) for f in world.families] == [False, False, True, False]


def test_part_of_a_graph_keeps_what_its_accounts_use() -> None:
    graph = graph_of(4, [(NETWORK, [(0, 0), (1, 0), (1, 2), (3, 5)]), (PAYMENT, [(0, 0), (3, 1)]), (DEVICE, [])])
    part = part_of(graph, np.array([1, 3]))
    assert part.accounts == 2
    assert [i.matrix.toarray().tolist() for i in part.kinds] == [[[1, 1, 0], [0, 0, 1]], [[0], [1]], [[], []]]
    assert [i.entities.tolist() for i in part.kinds] == [[0, 2, 5], [7], []]
    assert [i.kind for i in part_of(without_family(graph, "network"), np.array([1, 3])).kinds] == [PAYMENT, DEVICE]


def test_nothing_to_split(graph: AccountGraph) -> None:
    assert split(world_of(graph), np.full(900, -1), Parts(graph, LEIDEN), 3).tolist() == [-1] * 900
    alone = graph_of(40, [(CONTENT, [(a, a // 10) for a in range(40)])])
    labels = np.arange(40) // 10
    made = split(world_of(alone), labels, Parts(alone, LEIDEN), 3)
    assert made.tolist() == labels.tolist(), "no other family proposes"


def test_the_same_accounts_are_asked_for_once(graph: AccountGraph) -> None:
    asked = []
    parts = Parts(graph, lambda part: asked.append(part.accounts) or LEIDEN(part))
    answers = [parts.of([np.arange(60)], leave_out="network")[0].tolist() for _ in range(2)]
    part = part_of(without_family(graph, "network"), np.arange(60))
    ways = [part, without_family(part, "content")]
    assert answers[0] == answers[1] == np.concatenate([LEIDEN(way) for way in ways]).tolist()
    parts.of([np.arange(60)], leave_out="payment")
    parts.of([np.arange(61), np.arange(60)], leave_out="network")
    assert asked == [60, 60, 60, 60, 61, 61], "with content and without"


def test_two_workers_propose_the_same_parts(graph: AccountGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [np.arange(60), np.arange(60, 65), np.arange(65, 160)]
    alone = Parts(graph, LEIDEN).of(asked, leave_out="network")
    monkeypatch.setattr(module, "LARGE", 160)
    workers = Workers(2)
    both = Parts(graph, LEIDEN, workers).of(asked, leave_out="network")
    assert [found.tolist() for found in both] == [found.tolist() for found in alone]
    assert workers.peak > 0, "others worked"
