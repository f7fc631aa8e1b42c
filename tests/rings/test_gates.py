from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.rings.counts import Counts, World, count, groups_of, world_of
from linkage.rings.gates import NOBODY, by_account, gates, homes, tree_of
from linkage.rings.profile import profiles
from linkage.rings.score import Score, score
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of

ACCOUNTS = 800
GROUPS = st.lists(st.sets(st.integers(0, 11), min_size=2, max_size=3), min_size=1, max_size=12)


def found(made: Town, labels: np.ndarray, rings: int = 1) -> np.ndarray:
    """The gates of the memberships of some groups, as accounts."""
    world = world_of(made.graph())
    groups = groups_of(labels, rings)
    counts = count(world, groups)
    scored = score(world, counts)
    gate = gates(tree_of(world, counts, scored, profiles(world, counts, scored)))
    return np.where(gate >= 0, groups.indices[gate], NOBODY)


def first(members: int) -> np.ndarray:
    return np.where(np.arange(ACCOUNTS) < members, 0, -1)


def ring_of(size: int) -> Town:
    made = Town(4, ACCOUNTS)
    made.plant(range(size))
    return made


def tie(made: Town, *accounts: int) -> None:
    """Give accounts a card that nobody else has; it is their only one, so that their ring's code names it."""
    made.use(PAYMENT, accounts, made.fresh(PAYMENT, 1), 1, only=True)


def test_a_household_hangs_on_its_victim() -> None:
    """Account 20 uses what the ring uses; 21 to 23 share a card and an address with it, and nothing with the ring."""
    made = ring_of(20)
    made.use(CONTENT, range(21), made.fresh(CONTENT, 6), 5)
    made.use(PAYMENT, range(20, 24), made.fresh(PAYMENT, 1), 1)
    made.use(NETWORK, range(20, 24), made.fresh(NETWORK, 2), 2)
    assert found(made, first(24)).tolist() == [NOBODY] * 21 + [20] * 3


def test_whoever_is_tied_to_two_members_hangs_on_none() -> None:
    made = ring_of(20)
    tie(made, 0, 1, 20)
    tie(made, 2, 21)
    gate = found(made, first(22))
    assert gate[20] == NOBODY
    assert gate[21] == 2


def test_what_many_strangers_use_ties_nobody() -> None:
    """An exit of a VPN that 11 of a ring's 21 and 12 strangers use is not theirs; one of 11 strangers' is."""
    for strangers, gate in ((12, 2), (11, NOBODY)):
        made = ring_of(20)
        tie(made, 2, 20)
        made.use(NETWORK, [*range(3, 13), 20, *range(100, 100 + strangers)], made.fresh(NETWORK, 1), 1)
        assert found(made, first(21))[20] == gate


def test_each_ring_has_a_heart_of_its_own() -> None:
    made = ring_of(20)
    made.plant(range(20, 40))
    tie(made, 2, 40)
    tie(made, 22, 41)
    labels = np.full(ACCOUNTS, -1)
    labels[:20], labels[40], labels[20:40], labels[41] = 0, 0, 1, 1
    account = np.flatnonzero(labels >= 0)[np.argsort(labels[labels >= 0], kind="stable")]
    gate = dict(zip(account.tolist(), found(made, labels, 2).tolist(), strict=True))
    assert (gate.pop(40), gate.pop(41)) == (2, 22)
    assert set(gate.values()) == {NOBODY}


def test_gates_by_account() -> None:
    """Accounts 0 to 4 of groups 1, 0, 1, 0, 1, so 1, 3, 0, 2, 4 by group; the gate of 1 is 3, that of 2 and 4 is 0."""
    gate = np.array([1, NOBODY, NOBODY, 2, 2])
    assert by_account(gate, np.array([1, 0, 1, 0, 1])).tolist() == [NOBODY, 3, 0, NOBODY, 0]
    assert by_account(gate[:0], gate[:0]).tolist() == []


def test_groups_without_ties_have_no_gates() -> None:
    assert found(Town(4, ACCOUNTS), first(5)).tolist() == [NOBODY] * 5
    assert found(Town(4, ACCOUNTS), np.full(ACCOUNTS, -1), 0).tolist() == []


def sharing(shared: list[set[int]]) -> tuple[tuple[World, Counts, Score], nx.Graph]:
    """Twelve accounts who share devices, among a thousand others; and the graph of the devices that it names."""
    rare = [(a, e) for e, users in enumerate(shared) for a in users]
    spread = [(12 + n % 1_000, len(shared) + n // 2) for n in range(2_000)]
    world = world_of(graph_of(1_012, [(DEVICE, rare + spread)]))
    counts = count(world, groups_of(np.where(np.arange(1_012) < 12, 0, -1), 1))
    scored = score(world, counts)
    chosen = {int(e) for e in counts.kinds[0].entity[scored.kinds[0].chosen]}
    return (world, counts, scored), nx.Graph((a, ("entity", e)) for a, e in rare if e in chosen)


@settings(deadline=None)
@given(GROUPS)
def test_gates_are_those_that_removing_members_shows(shared: list[set[int]]) -> None:
    """Each gate, and no other member above it, parts its member from the heart when it is taken away."""
    (world, counts, scored), graph = sharing(shared)
    gate = gates(tree_of(world, counts, scored, profiles(world, counts, scored)))
    hearts = _hearts(graph)
    shown = [_by_removal(graph, heart) for heart in hearts]
    assert gate.tolist() in (shown or [[NOBODY] * 12])


def _hearts(graph: nx.Graph) -> list[set[object]]:
    blocks = list(nx.biconnected_components(graph))
    most = max((sum(isinstance(v, int) for v in b) for b in blocks), default=0)
    return [b for b in blocks if sum(isinstance(v, int) for v in b) == most]


def _by_removal(graph: nx.Graph, heart: set[object]) -> list[int]:
    return [_gate(graph, heart, member) for member in range(12)]


def _gate(graph: nx.Graph, heart: set[object], member: int) -> int:
    if member not in graph or not nx.has_path(graph, member, next(iter(heart))):
        return NOBODY
    parting = [v for v in graph if isinstance(v, int) and v != member and _parts(graph, v, heart, member)]
    return next((v for v in parting if not any(_parts(graph, w, heart, v) for w in parting if w != v)), NOBODY)


def _parts(graph: nx.Graph, removed: object, heart: set[object], member: object) -> bool:
    if removed == member:
        return False
    rest = graph.subgraph(set(graph) - {removed})
    return not any(nx.has_path(rest, member, v) for v in heart - {removed})


def test_what_the_code_does_not_name_ties_nobody() -> None:
    """A device that two members share may be a coincidence."""
    made = ring_of(20)
    tie(made, 2, 20)
    made.use(DEVICE, [3, 20], made.fresh(DEVICE, 1), 1)
    assert found(made, first(21))[20] == 2


def at_home(made: Town, labels: np.ndarray) -> list[int]:
    """The accounts of one group that :func:`homes` finds."""
    world = world_of(made.graph())
    groups = groups_of(labels, 1)
    counts = count(world, groups)
    scored = score(world, counts)
    return list(groups.indices[homes(tree_of(world, counts, scored, profiles(world, counts, scored)))].tolist())


def test_a_home_through_which_the_ring_s_proxy_leaves_hangs_on_one_address() -> None:
    """20 to 22 share a card and a line that three members use, too; 23 uses another such line, and nothing else."""
    made = ring_of(20)
    made.use(NETWORK, [0, 1, 2, 20, 21, 22], made.fresh(NETWORK, 1), 1)
    tie(made, 20, 21, 22)
    made.use(NETWORK, [3, 4, 5, 23], made.fresh(NETWORK, 1), 1)
    assert at_home(made, first(24)) == [20, 21, 22]


def test_who_shares_a_second_thing_with_the_ring_is_not_at_home() -> None:
    made = ring_of(20)
    made.use(NETWORK, [0, 1, 2, 20, 21], made.fresh(NETWORK, 1), 1)
    tie(made, 20, 21)
    made.use(NETWORK, [5, 6, 7, 21], made.fresh(NETWORK, 1), 1)
    assert at_home(made, first(22)) == []


def test_a_household_behind_a_member_is_that_member_s() -> None:
    made = ring_of(20)
    made.use(PAYMENT, range(19, 23), made.fresh(PAYMENT, 1), 1, only=True)
    made.use(NETWORK, range(19, 23), made.fresh(NETWORK, 2), 2)
    assert at_home(made, first(23)) == []
    assert at_home(Town(4, ACCOUNTS), first(5)) == []


@settings(deadline=None)
@given(GROUPS)
def test_homes_are_those_that_removing_one_entity_parts_together(shared: list[set[int]]) -> None:
    (world, counts, scored), graph = sharing(shared)
    shown = [[_home(graph, heart, member) for member in range(12)] for heart in _hearts(graph)]
    assert homes(tree_of(world, counts, scored, profiles(world, counts, scored))).tolist() in (shown or [[False] * 12])


def _home(graph: nx.Graph, heart: set[object], member: int) -> bool:
    """Whether the parting vertex next to the heart is an entity, and parts another member from it with this one."""
    if member not in graph or not nx.has_path(graph, member, next(iter(heart))):
        return False
    above = [v for v in graph if v != member and _parts(graph, v, heart, member)]
    top = [v for v in above if not any(w != v and _parts(graph, w, heart, v) for w in above)]
    if not top or isinstance(top[0], int):
        return False
    rest = graph.subgraph(set(graph) - {top[0]})
    return sum(isinstance(v, int) for v in nx.node_connected_component(rest, member)) >= 2
