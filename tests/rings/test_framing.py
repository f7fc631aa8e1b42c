from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from linkage.model import AccountGraph, Incidence, Kind
from linkage.rings import framing as module
from linkage.rings.counts import count, groups_of, rows_of, world_of
from linkage.rings.find import measure
from linkage.rings.framing import (
    BEGINNING,
    LIFE,
    Ties,
    firmly_tied,
    fresh_in,
    plantable,
    used_by,
    without_firm_evidence,
)
from linkage.rings.gates import gates, tree_of
from linkage.rings.majority import mostly_members
from linkage.rings.profile import Pairs, member_pairs, profiles
from linkage.rings.score import score
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, graph_of

LATER = 2 + BEGINNING
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


def measured(graph: AccountGraph, members: int, few: bool = False) -> tuple[np.ndarray, Pairs, np.ndarray]:
    """Who of one group could be framed, the members' log-odds, and whose firm evidence is not enough."""
    return labelled(graph, np.where(np.arange(ACCOUNTS) < members, 0, -1).astype(np.int64), few)


def labelled(
    graph: AccountGraph, labels: np.ndarray, few: bool = False, suspect: Iterable[int] = ()
) -> tuple[np.ndarray, Pairs, np.ndarray]:
    """The same of groups given as labels per account, some of them suspect rings."""
    world, account = replace(world_of(graph), few=few), np.flatnonzero(labels >= 0)
    counts = count(world, groups_of(labels, int(labels.max()) + 1))
    scored = score(world, counts)
    made = profiles(world, counts, scored)
    pairs = member_pairs(world, made, account, labels[account])
    ties = Ties(counts, scored, made, pairs, np.isin(np.arange(len(counts.size)), list(suspect)))
    gate = gates(tree_of(world, counts, scored, made))
    return plantable(world, labels, ties, gate), pairs, without_firm_evidence(world, pairs)


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


def test_a_card_of_a_member_and_two_strangers_clears_nobody() -> None:
    """Half of the others on the card have to be of the ring; what few share counts, as for all rings."""
    made = town()
    made.use(PAYMENT, [0, VICTIMS[0], 100, 101], made.fresh(PAYMENT, 1), 1, only=True)
    made.use(PAYMENT, [1, VICTIMS[1], 102], made.fresh(PAYMENT, 1), 1, only=True)
    counted = replace(world_of(made.graph()), few=True)
    labels = np.where(np.arange(ACCOUNTS) < 38, 0, -1).astype(np.int64)
    counts = count(counted, groups_of(labels, 1))
    scored = score(counted, counts)
    drawn = profiles(counted, counts, scored)
    pairs = member_pairs(counted, drawn, np.arange(38), labels[:38])
    ties = Ties(counts, scored, drawn, pairs, np.ones(1, dtype=bool))
    tied = firmly_tied(used_by(counted, ties, np.arange(38)), ties, np.ones(ACCOUNTS, dtype=bool))
    without = without_firm_evidence(counted, pairs)
    assert [bool(x) for x in without[list(VICTIMS[:2])]] == [False, False], "both cards speak for theirs"
    assert tied[list(VICTIMS[:2])].tolist() == [False, True]


def test_a_home_that_the_rings_traffic_comes_out_of_clears_nobody() -> None:
    """The victim at home there has many addresses of its own; another one comes from nowhere else."""
    made = town()
    home = made.fresh(NETWORK, 1)
    made.use(NETWORK, range(6), home, 1)
    made.use(NETWORK, VICTIMS[:1], [*home, *made.fresh(NETWORK, 14)], 15, only=True)
    made.use(NETWORK, VICTIMS[1:2], home, 1, only=True)
    assert measured(made.graph(), 38)[0][list(VICTIMS[:2])].tolist() == [True, False]


def test_who_uses_an_address_more_than_anyone_else_is_at_home_there() -> None:
    """Proxies of the ring leave through two lines of a home; where uses are not counted nobody knows whose they are."""
    made = town()
    lines = made.fresh(NETWORK, 2)
    made.use(NETWORK, range(4), lines, 2)
    made.use(NETWORK, VICTIMS[:1], lines, 2, only=True)
    graph = made.graph()
    assert not measured(graph, 38)[0][VICTIMS[0]]
    counted = timed(graph, VICTIMS)
    network = next(i for i in counted.kinds if i.kind == NETWORK)
    for often, framed in ((1, False), (2, True)):
        network.uses[VICTIMS[0]] = network.matrix[VICTIMS[0]] * often
        assert measured(counted, 38)[0][VICTIMS[0]] == framed, "more than any of the four others"


def test_one_that_strangers_have_is_not() -> None:
    made = town()
    exit_of_many = made.fresh(NETWORK, 1)
    made.use(NETWORK, [*range(3), *VICTIMS, *range(100, 120)], exit_of_many, 1)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()


def test_one_that_two_strangers_in_twenty_have_is() -> None:
    made = town()
    address = made.fresh(NETWORK, 1)
    made.use(NETWORK, [*range(18), 100, 101], address, 1)
    made.use(NETWORK, VICTIMS[:1], [*address, *made.fresh(NETWORK, 1)], 2, only=True)
    assert not measured(made.graph(), 38)[0][VICTIMS[0]]
    made.use(NETWORK, [102], address, 1)
    assert measured(made.graph(), 38)[0][VICTIMS[0]], "19 of 22"


def test_a_household_that_follows_its_victim_is_no_witness() -> None:
    """Two who share card and address, one of them framed: the other one is in the ring for the victim alone."""
    made = town()
    pair = [VICTIMS[-1], VICTIMS[-1] + 1]
    made.use(PAYMENT, pair, made.fresh(PAYMENT, 2), 2, only=True)
    made.use(NETWORK, pair, made.fresh(NETWORK, 3), 3, only=True)
    found, _, without = measured(made.graph(), 39)
    assert not without[pair].any(), "cards and addresses tie both to the ring, that is, to each other"
    assert found[pair].all()


def test_victims_of_one_household_do_not_clear_each_other() -> None:
    """Their own address has members only, but none of them is one by what nobody can plant."""
    made = town()
    made.use(NETWORK, VICTIMS, made.fresh(NETWORK, 1), 1)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()


def timed(graph: AccountGraph, late: Iterable[int], kinds: Iterable[Kind] = (CONTENT,), uses: int = 1) -> AccountGraph:
    """Everybody uses everything once, from the first hour; ``late`` what three of the ring have after it, so often."""

    def with_times(incidence: Incidence) -> Incidence:
        seen, used = incidence.matrix.copy(), incidence.matrix.copy()
        theirs = np.bincount(incidence.matrix[list(RING)].indices, minlength=incidence.matrix.shape[1]) >= 3
        planted = np.isin(rows_of(seen), list(late)) & theirs[seen.indices] & (incidence.kind in kinds)
        seen.data, used.data = np.where(planted, LATER, 1), np.where(planted, uses, 1)
        return replace(incidence, seen=seen, uses=used)

    return replace(graph, kinds=tuple(with_times(i) for i in graph.kinds))


def with_own_values() -> tuple[AccountGraph, Incidence, tuple[np.ndarray, np.ndarray]]:
    """The town, in which each evader has a prompt of its own, too; the prompts, and where those are."""
    made = town()
    for evader in EVADERS:
        made.use(CONTENT, [evader], made.fresh(CONTENT, 1), 1)
    graph = timed(made.graph(), VICTIMS)
    content = next(i for i in graph.kinds if i.kind == CONTENT)
    evaders = content.matrix[list(EVADERS)]
    alone = content.users[evaders.indices] == 1
    return graph, content, (EVADERS[0] + rows_of(evaders)[alone], evaders.indices[alone])


def test_who_began_with_the_rings_prompts_was_not_framed() -> None:
    """Values of its own that an account took to later say nothing, as nobody plants in the past."""
    graph, content, own = with_own_values()
    assert measured(graph, 38)[0].nonzero()[0].tolist() == [*EVADERS, *VICTIMS], "as old as the ring's"
    content.seen[own] = LATER
    assert measured(graph, 38)[0].nonzero()[0].tolist() == list(VICTIMS)
    content.seen[own] = LATER - 1
    assert measured(graph, 38)[0].nonzero()[0].tolist() == [*EVADERS, *VICTIMS], "still in the first hour"


@pytest.mark.parametrize(
    ("at_once", "end", "framed"),
    [(4, LIFE, False), (4, LIFE - 1, True), (3, LIFE, False), (2, LIFE, True), (0, LIFE, True)],
)
def test_what_is_too_much_for_chance_began_with_the_ring_beside_other_things(
    at_once: int, end: int, framed: bool
) -> None:
    """Evaders have four of the ring's prompts, so many of them at once; one of their own as old, and one at the end.

    Over 24 hours, one comes later: 0.00001 is the chance of three in the first one. Two: 0.003 that two do.
    """
    made = town()
    for evader in EVADERS:
        made.use(CONTENT, [evader], made.fresh(CONTENT, 2), 2)
    graph = timed(made.graph(), VICTIMS)
    content = next(i for i in graph.kinds if i.kind == CONTENT)
    for evader in EVADERS:
        mine = content.matrix[evader].indices
        own = mine[content.users[mine] == 1]
        content.seen[evader, np.setdiff1d(mine, own)[at_once:]] = LATER
        content.seen[evader, own[0]] = 1 + end
    assert measured(graph, 38)[0][list(EVADERS)].tolist() == [framed] * 4


def test_who_pays_like_a_cleared_member_is_cleared() -> None:
    """Nothing forgeable ties 38 and 39: the one pays with the ring, the other with it; 40 with a victim."""
    made = town()
    made.use(PAYMENT, [38], made.fresh(PAYMENT, 1), 1, only=True)
    for payers in ([0, 1, 38], [2, 3, 38], [38, 39], [VICTIMS[0], 40]):
        made.use(PAYMENT, payers, made.fresh(PAYMENT, 1), 1)
    found, pairs, without = measured(made.graph(), 41, few=True)
    forgeable = pairs.bits[[0, 3]]
    assert (forgeable[:, 38:] <= 0).all()
    assert not without[38:].any(), "cards alone tie them, and enough"
    assert found[[38, 39]].tolist() == [False, False]
    assert found[[VICTIMS[0], 40]].all(), "a victim's household pays like nobody who is cleared"


@pytest.mark.parametrize(
    ("kind", "payers", "framed"),
    [
        (PAYMENT, [], True),
        (PAYMENT, [[50], [100]], False),
        (PAYMENT, [[200], [201]], True),
        (NETWORK, [[50, 51, 52], [100, 101, 102], [53, 54, 55]], True),
    ],
)
def test_who_pays_with_cards_of_several_rings_of_an_operator_was_not_framed(
    kind: Kind, payers: list[list[int]], framed: bool
) -> None:
    """Account 30 sends the prompts of the first of three rings, and shares cards or addresses with others."""
    made = Town(4, ACCOUNTS)
    prompts, rings = made.fresh(CONTENT, 8), (range(30), range(50, 80), range(100, 130))
    for members in rings:
        made.plant(members)
        made.use(CONTENT, members, prompts, 4, only=True)
    made.use(CONTENT, [30], prompts, 8)
    for others in payers:
        made.use(kind, [30, *others], made.fresh(kind, 1), 1)
    labels = np.full(ACCOUNTS, -1)
    for number, members in enumerate((range(31), *rings[1:])):
        labels[list(members)] = number
    graph = made.graph()
    found = measure(graph, replace(world_of(graph), few=True), labels)
    assert found.verdicts.verdict == ["suspect"] * 3
    assert found.pairs.account[found.plantable].tolist() == [30] * framed


def test_who_is_older_than_the_logs_did_not_begin_in_them() -> None:
    """The first use is of 1 microsecond after 1970; one evader was made then, one before, of one nothing is known."""
    graph, content, own = with_own_values()
    content.seen[own] = LATER
    made = np.full(ACCOUNTS, np.nan)
    made[list(EVADERS[:2])] = 1e-6, 0.0
    assert fresh_in(replace(graph, created=None)) is None
    fresh = fresh_in(replace(graph, created=made))
    assert fresh is not None
    assert np.flatnonzero(~fresh).tolist() == [EVADERS[1]]
    labels = np.where(np.arange(ACCOUNTS) < 38, 0, -1).astype(np.int64)
    found = measure(replace(graph, created=made), world_of(graph), labels)
    assert found.verdicts.verdict == ["suspect"]
    assert found.plantable[list(EVADERS)].tolist() == [False, True, False, False]


def test_planting_more_often_changes_no_beginning() -> None:
    graph = timed(town().graph(), VICTIMS, uses=1_000)
    assert measured(graph, 38)[0][list(VICTIMS)].all()


def test_who_went_on_with_other_things_began_with_nothing_of_the_rings() -> None:
    """Four uses of the ring's prompts, five of another one: a ring may have taken over what the account began with."""
    graph, content, own = with_own_values()
    content.seen[own] = LATER
    for often, framed in ((4, False), (5, True)):
        content.uses[own] = often
        assert measured(graph, 38)[0][list(EVADERS)].tolist() == [framed] * 4


def test_a_link_without_a_time_may_be_the_oldest() -> None:
    graph, content, own = with_own_values()
    content.seen[own] = 0
    content.seen.eliminate_zeros()
    assert measured(graph, 38)[0][list(EVADERS)].all()


def test_what_most_strangers_use_is_no_beginning_of_a_ring() -> None:
    """A prompt of the profile that eight times as many accounts use as the ring has on it is where people begin."""
    graph, content, own = with_own_values()
    content.seen[own] = LATER
    assert not measured(graph, 38)[0][list(EVADERS)].any()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SHARED_WITH", 0.5)
        assert measured(graph, 38)[0][list(EVADERS)].all()


def test_prompts_with_more_other_users_begin_a_ring_only_where_these_are_of_rings_too() -> None:
    """Some 17 of the ring use each, and 4 victims; with 12 more, half of the users are of none, or of another one."""
    made, crowd = town(), range(100, 112)
    prompts = sorted({e for a, e in made.links[CONTENT] if a in VICTIMS})[-8:]
    assert not measured(timed(made.graph(), VICTIMS), 34)[0][list(EVADERS)].any()
    made.use(CONTENT, crowd, prompts, 8)
    crowded = timed(made.graph(), VICTIMS)
    assert measured(crowded, 34)[0][list(EVADERS)].all()
    rings = np.where(np.arange(ACCOUNTS) < 34, 0, -1).astype(np.int64)
    rings[[*VICTIMS, *crowd]] = 1
    found, pairs, _ = labelled(crowded, rings)
    assert not found[np.isin(pairs.account, EVADERS)].any()


def test_prompts_that_hardly_anyone_but_suspect_rings_uses_begin_each_of_them() -> None:
    """Some 17 of the ring use each of an operator's prompts, and 90 of another ring of his."""
    made, others = town(), range(100, 190)
    prompts = sorted({e for a, e in made.links[CONTENT] if a in VICTIMS})[-8:]
    made.use(CONTENT, others, prompts, 8)
    graph = timed(made.graph(), VICTIMS)
    rings = np.where(np.arange(ACCOUNTS) < 38, 0, -1).astype(np.int64)
    rings[list(others)] = 1
    for suspect, framed in (((0, 1), False), ((0,), True), ((1,), True)):
        found, pairs, _ = labelled(graph, rings, suspect=suspect)
        assert (found[np.isin(pairs.account, EVADERS)] == framed).all()
        assert found[np.isin(pairs.account, VICTIMS)].all()


def test_a_popular_device_is_no_beginning_with_the_ring() -> None:
    """A victim and six others are in the ring for one device, which three of the ring and 14 strangers have."""
    made = town()
    device, crowd, strangers = made.fresh(DEVICE, 1), range(38, 44), range(100, 114)
    made.use(DEVICE, [*range(3), VICTIMS[0], *crowd, *strangers], device, 1, only=True)
    assert measured(timed(made.graph(), VICTIMS), 44)[0][VICTIMS[0]]
    made.use(DEVICE, strangers, made.fresh(DEVICE, 3), 2, only=True)
    assert not measured(timed(made.graph(), VICTIMS), 44)[0][VICTIMS[0]], "without strangers it is the ring's device"


def test_firm_evidence_by_hand() -> None:
    graph = town().graph()
    names = [i.kind for i in graph.kinds]
    firm = {PAYMENT: [10.0, 3.0, 9.0], NETWORK: [-1.0, 2.0, 1.0]}
    rows = firm | {DEVICE: [99.0, 99.0, -99.0], CONTENT: [99.0, 99.0, 0.0]}
    bits = np.array([*[rows[kind] for kind in names], [-8.0, -8.0, -10.0]])
    pairs = Pairs(np.arange(3), np.zeros(3, dtype=np.int64), bits)
    assert without_firm_evidence(world_of(graph), pairs).tolist() == [False, True, True], "1, -3 and 0 bits"


def test_planting_more_changes_nothing_for_the_victim() -> None:
    """Not one value more of the forgeable kinds makes an honest account more than a bystander."""
    made = town()
    made.use(DEVICE, RING, devices := made.fresh(DEVICE, 4), 2)
    made.use(DEVICE, VICTIMS, devices, 4)
    assert measured(made.graph(), 38)[0][list(VICTIMS)].all()


def test_customers_of_the_rings_vpn_are_no_members_by_its_exits() -> None:
    """A ring of 30 use four exits each of one VPN's eight, 50 strangers all of them."""
    made = town()
    exits = made.fresh(NETWORK, 8)
    made.use(NETWORK, RING, exits, 4)
    made.use(NETWORK, [*VICTIMS, *range(100, 150)], exits, 8)
    found, _, _ = measured(made.graph(), 38)
    assert found[list(VICTIMS)].all()
    assert not found[list(RING)].any()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "mostly_members", lambda *_: np.zeros(1))
        assert not measured(made.graph(), 38)[0][list(VICTIMS)].all(), "each exit speaks for them"


@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 5)), max_size=120),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(-3, 9)), max_size=18),
    st.lists(st.integers(-1, 2), min_size=30, max_size=30),
)
def test_mostly_members_by_hand(
    links: list[tuple[int, int]], cells: list[tuple[int, int, int]], labels: list[int]
) -> None:
    """At each number of bits that somebody has, count who has as many."""
    uses = np.zeros((30, 6), dtype=np.int64)
    uses[tuple(np.array(sorted(set(links)), dtype=np.int64).reshape(-1, 2).T)] = 1
    weight = np.zeros((3, 6))
    for group, entity, bits in cells:
        weight[group, entity] = bits
    groups = groups_of(np.array(labels), 3)
    least = mostly_members(sp.csr_matrix(uses), sp.csr_matrix(weight), rows_of(groups), groups.indices)
    held = uses @ np.maximum(weight, 0).T
    for group in range(3):
        mine, members = held[:, group], np.array(labels) == group
        levels = [v for v in set(mine.tolist()) if v > 0 and _mostly(mine, v, members)]
        assert least[group] == min(levels, default=np.inf)


def _mostly(held: np.ndarray, level: float, members: np.ndarray) -> bool:
    reach = held >= level
    others, ours = int(reach.sum()) - 1, int((reach & members).sum()) - 1
    known = others >= 3 or reach.sum() == (held > 0).sum()
    return others > 0 and known and 2 * ours >= others


def test_beginnings_are_seen_of_new_accounts_and_of_those_that_lay_idle_for_two_weeks() -> None:
    """The logs begin at second 100; accounts: new, old, old and idle long enough or nearly so, old without a use."""
    graph = graph_of(5, [(CONTENT, [(a, 0) for a in range(4)])])
    content = graph.kinds[0]
    start = 100 * 1_000_000
    seen = content.matrix.copy()
    seen.data = np.array([start, start + 1, start + module.IDLE, start + module.IDLE - 1])
    timed_graph = replace(graph, kinds=(replace(content, seen=seen),), created=np.array([100.0, 99, 99, 99, 99]))
    fresh = module.fresh_in(timed_graph)
    assert fresh is not None
    assert fresh.tolist() == [True, False, True, False, False]
    unknown = replace(timed_graph, created=np.full(5, np.nan))
    assert module.fresh_in(unknown) is not None
    assert np.asarray(module.fresh_in(unknown)).all(), "not known to be older"
    assert module.fresh_in(replace(timed_graph, created=None)) is None
    assert module.fresh_in(replace(graph, created=np.zeros(5))) is None
