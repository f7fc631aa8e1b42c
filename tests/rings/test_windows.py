"""Windows of creations and loads: what they are, what they add to, and what they never decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.model import CREATED, LOAD, WINDOWS, AccountGraph
from linkage.rings.counts import World, count, groups_of, world_of
from linkage.rings.find import measure
from linkage.rings.framing import Ties, firmly_tied, used_by
from linkage.rings.profile import profiles, touching_pairs
from linkage.rings.score import score
from linkage.rings.tables import roles_of
from linkage.rings.windows import PARTS, window_table, windows_of
from tests.rings.graphs import CONTENT, DEVICE, NETWORK, PAYMENT, Town, chance_world, found_in, graph_of, ring_of

ACCOUNTS, RING = 900, 30
DAY = 86_400.0


def dated(graph: AccountGraph, burst: range = range(0)) -> AccountGraph:
    """Creations all over three years and loads of all sizes; those of ``burst`` within a day, and all but equal."""
    dice = np.random.default_rng(5)
    created = dice.uniform(0, 1_000 * DAY, graph.accounts).round()
    loads = np.exp(dice.normal(0, 2, graph.accounts))
    created[list(burst)] = (400 * DAY + dice.uniform(0, DAY, len(burst))).round()
    loads[list(burst)] = np.exp(dice.normal(1, 0.05, len(burst)))
    return replace(graph, created=created, loads=loads)


@pytest.fixture(scope="module")
def town() -> AccountGraph:
    """A ring; ten more accounts share three devices with it, and nothing else, and were created with it."""
    made = Town(7, ACCOUNTS)
    made.plant(range(RING))
    made.use(DEVICE, range(RING + 10), made.fresh(DEVICE, 3), 3)
    return dated(made.graph(), range(RING + 10))


def labels_of(graph: AccountGraph, members: range) -> np.ndarray:
    labels = np.full(graph.accounts, -1)
    labels[list(members)] = 0
    return labels


def windows(graph: AccountGraph) -> dict[str, np.ndarray]:
    """The window of each account by kind, -1: none."""
    found = {}
    for incidence in windows_of(graph):
        window = np.full(graph.accounts, -1)
        window[incidence.breadth > 0] = incidence.matrix.indices
        found[incidence.kind.name] = window
    return found


def kinds_of(world: World) -> dict[str, int]:
    return {b.incidence.kind.name: row for row, b in enumerate(world.kinds)}


def graph_with(created: list[float] | None, loads: list[float] | None) -> AccountGraph:
    accounts = len(created or loads or [0])
    numbers = [None if x is None else np.array(x, dtype=np.float64) for x in (created, loads)]
    return AccountGraph(accounts, graph_of(accounts, [(PAYMENT, [(0, 0)])]).kinds, *numbers)


def test_windows_hold_equal_shares_of_all_accounts() -> None:
    found = windows(graph_with([float(x) for x in range(12_800)], [1.0 + x for x in range(12_800)]))
    assert {kind: np.bincount(window).tolist() for kind, window in found.items()} == {
        kind: [12_800 // parts] * parts for kind, parts in PARTS.items()
    }


def test_a_rush_has_narrow_windows_and_a_quiet_year_wide_ones() -> None:
    """Half of all accounts come within one hour: half of the windows lie in it."""
    rush = np.linspace(1e6, 1e6 + 3_600, 6_400)
    found = windows(graph_with([*rush.tolist(), *np.linspace(0, 3e7, 6_400).tolist()], None))[CREATED]
    assert len(set(found[:6_400].tolist())) == pytest.approx(PARTS[CREATED] / 2, abs=2)


@given(st.lists(st.one_of(st.integers(0, 5), st.just(float("nan"))), min_size=1, max_size=60), st.randoms())
@settings(deadline=None, max_examples=60)
def test_equal_values_stay_together_whatever_the_order(values: list[float], dice: object) -> None:
    found = windows(graph_with(values, None)).get(CREATED, np.full(len(values), -1))
    for value in set(values):
        assert len({int(w) for w, v in zip(found, values, strict=True) if v == value}) <= 1
    assert [w < 0 for w in found] == [v != v for v in values], "who has no creation is in no window"
    order = np.arange(len(values))
    dice.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    moved = windows(graph_with([values[i] for i in order], None)).get(CREATED, np.full(len(values), -1))
    assert moved.tolist() == found[order].tolist()


def test_nothing_known_no_windows() -> None:
    assert windows_of(graph_with(None, None)) == ()
    assert windows_of(graph_with([float("nan")] * 4, [0.0] * 4)) == ()
    assert window_table(graph_with(None, None)).schema == WINDOWS
    assert not any(b.incidence.kind.window for b in world_of(chance_world(1, 50)).kinds)


def test_the_table_says_what_a_window_spans() -> None:
    created = [float("nan"), *(1_700_000_000.0 + 100 * x for x in range(128))]
    rows = window_table(graph_with(created, [2.0] * 129)).to_pylist()
    members = [r["account"] for r in rows if r["entity"] == -1]
    assert members == list(range(1, 128 // PARTS[CREATED] + 1))
    first = next(r for r in rows if r["entity"] == -1)
    assert first["value"].startswith("2023-11-14 22:13:20 to 2023-11-14 22:")
    assert first["value"].endswith("0 UTC")
    assert {r["value"] for r in rows if r["kind"] == LOAD} == {"2 to 2 exchanges a day"}
    assert sum(r["kind"] == LOAD for r in rows) == 129
    assert len({r["entity"] for r in rows}) == len({(r["kind"], r["value"]) for r in rows})
    assert all(r["entity"] < 0 for r in rows)


def test_a_burst_brings_in_who_shares_too_little_else(town: AccountGraph) -> None:
    """Devices that the ring's accounts have, too, are not enough; with the day and the load they are."""
    alone = ring_of(found_in(replace(town, created=None, loads=None)), ACCOUNTS)
    together = ring_of(found_in(town), ACCOUNTS)
    assert len(set(alone[:RING])) == len(set(together[:RING])) == 1
    assert np.count_nonzero(alone[RING : RING + 10] == alone[0]) == 0
    assert np.count_nonzero(together[RING : RING + 10] == together[0]) == 10
    assert np.count_nonzero(together[RING + 10 :] == together[0]) == 0


def test_nobody_is_asked_for_a_window_alone(town: AccountGraph) -> None:
    """Strangers of the ring's day use nothing of it: they are no pair, however much the day says."""
    burst = dated(town, range(300))
    world = world_of(burst)
    labels = labels_of(burst, range(RING))
    counts = count(world, groups_of(labels, 1))
    made = profiles(world, counts, score(world, counts))
    pairs = touching_pairs(world, made, labels)
    things = [b.incidence.matrix[:, k.weight.indices] for b, k in zip(world.kinds, made.kinds, strict=True)
              if not b.incidence.kind.window]  # fmt: skip
    expected = np.flatnonzero(sum(np.asarray(t.sum(axis=1)).ravel() for t in things))
    assert pairs.account.tolist() == expected.tolist()
    assert len(expected) < 300


def test_what_a_window_adds_by_hand(town: AccountGraph) -> None:
    world, labels = world_of(town), labels_of(town, range(RING))
    counts = count(world, groups_of(labels, 1))
    scored = score(world, counts)
    made = profiles(world, counts, scored)
    pairs = touching_pairs(world, made, labels)
    inside = windows(town)
    for name, row in kinds_of(world).items():
        if name not in PARTS:
            continue
        kind = made.kinds[row]
        weight = dict(zip(kind.weight.indices.tolist(), kind.weight.data.tolist(), strict=True))
        assert weight, "the ring has a burst"
        for place in np.flatnonzero(pairs.account >= RING):
            window = int(inside[name][pairs.account[place]])
            bits = kind.joins[0] + weight[window] + kind.outside[0] if window in weight else kind.abstains[0]
            assert pairs.bits[row, place] == pytest.approx(bits)
    assert {b.incidence.kind.name for b in world.kinds if b.incidence.kind.window} == set(PARTS)


def test_a_window_as_a_group_saves_nothing() -> None:
    """Whoever names a group by its window, or picks a few of it, pays more than the window tells."""
    graph = dated(chance_world(3, 1_000))
    world = world_of(graph)
    for incidence in windows_of(graph):
        for size in (5, 12, 1_000):
            members = np.stack([incidence.matrix[:, [w]].toarray().ravel() for w in range(len(incidence.entities))])
            members[np.cumsum(members, axis=1) > size] = 0
            labels = np.where(members.any(axis=0), members.argmax(axis=0), -1)
            assert score(world, count(world, groups_of(labels, len(members)))).saved.max() < 0


def test_windows_are_no_family_of_verdicts_roles_or_framing(town: AccountGraph) -> None:
    """The same group with and without: what ties its members, and how firmly, is the same."""
    labels = labels_of(town, range(RING + 10))
    dull = replace(town, created=None, loads=None)
    found, without = measure(town, world_of(town), labels), measure(dull, world_of(dull), labels)
    assert found.scored.saved[0] > without.scored.saved[0]
    assert found.pairs.total.sum() > without.pairs.total.sum()
    assert found.features.families.keys() == without.features.families.keys() == {
        "content", "device", "network", "payment",
    }  # fmt: skip
    assert found.features.bits.tolist() == without.features.bits.tolist()
    assert found.support.tolist() == without.support.tolist()
    shielded = np.zeros(RING + 10, dtype=bool)
    assert roles_of(world_of(town), found.pairs, shielded)[1] == roles_of(world_of(dull), without.pairs, shielded)[1]


def test_a_group_of_one_window_has_no_strongest_family_in_it() -> None:
    """Three hundred of one minute who share a little else: the minute carries most bits, and is not the strongest."""
    links = {kind: [(a, a) for a in range(2_000)] for kind in (NETWORK, PAYMENT, CONTENT)}
    links[PAYMENT] += [(a, 5_000 + a // 4) for a in range(60)]
    graph = dated(graph_of(2_000, list(links.items())), range(300))
    world = world_of(graph)
    scored = score(world, count(world, groups_of(labels_of(graph, range(300)), 1)))
    families = world.families
    assert families[int(scored.family_bits.argmax(axis=0)[0])] in PARTS
    assert families[int(scored.strongest[0])] not in PARTS
    assert scored.in_second_family.tolist() == [0], "the windows are no second family either"


def test_being_of_the_day_clears_nobody_who_could_be_framed(town: AccountGraph) -> None:
    """An attacker may choose his victims by the day on which they came."""
    world, labels = world_of(town), labels_of(town, range(RING + 10))
    counts = count(world, groups_of(labels, 1))
    scored = score(world, counts)
    found = measure(town, world, labels)
    ties = Ties(counts, scored, found.made, found.pairs, np.ones(1, dtype=bool))
    firm = firmly_tied(used_by(world, ties, found.pairs.account), ties, np.ones(world.accounts, dtype=bool))
    assert not firm[RING:].any()
    assert firm[:RING].all()


@pytest.mark.parametrize("known", [CREATED, LOAD])
def test_one_of_the_two_is_enough(town: AccountGraph, known: str) -> None:
    graph = replace(town, created=None) if known == LOAD else replace(town, loads=None)
    assert [i.kind.name for i in windows_of(graph)] == [known]
    numbers = {kind.kind.name: set(kind.entities.tolist()) for kind in windows_of(town)}
    assert set(windows_of(graph)[0].entities.tolist()) == numbers[known], "numbers do not depend on what else is known"


def test_a_member_tied_by_windows_alone_is_none(town: AccountGraph) -> None:
    """Ten of the ring's day and load, counted in though they use nothing of it: their windows add nothing."""
    burst = dated(town, range(300))
    labels = labels_of(burst, range(RING))
    labels[200:210] = 0
    found = measure(burst, world_of(burst), labels)
    strangers = found.pairs.account >= 200
    rows = [row for name, row in kinds_of(world_of(burst)).items() if name in PARTS]
    assert not found.pairs.bits[rows][:, strangers].any()
    assert (found.pairs.bits[rows][:, ~strangers].sum(axis=0) > 0).any()
    assert (found.pairs.total[strangers] < 0).all()
