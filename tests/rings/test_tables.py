from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage import model
from linkage.model import AccountGraph, Kind
from linkage.rings import tables as module
from linkage.rings.codelength import DESCRIBED
from linkage.rings.counts import count, groups_of, world_of
from linkage.rings.profile import Pairs, profiles
from linkage.rings.score import score
from linkage.rings.tables import SMALLEST_Q, Found, coincidence_q, no_rings, published, ring_tables
from linkage.rings.verdicts import Verdicts
from tests.rings.graphs import DEVICE, NETWORK, PAYMENT, Town, found_in, graph_of, ring_of
from tests.rings.slow import saved_bits, slow_kinds

SCHEMAS = {
    "rings": model.RING_LIST,
    "members": model.RING_MEMBERS,
    "affiliations": model.RING_AFFILIATIONS,
    "evidence": model.RING_EVIDENCE,
    "pools": model.POOLS,
    "profiles": model.PROFILES,
    "bystanders": model.BYSTANDERS,
    "windows": model.WINDOWS,
}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def town() -> Town:
    """A ring; two firms of 20 with one card and two devices each, and two people who work for both; a VPN's crowd."""
    made = Town(12, 1_200)
    made.plant(range(40), evaders=6)
    for staff in (range(40, 60), range(58, 78)):
        made.use(PAYMENT, staff, made.fresh(PAYMENT, 1), 1)
        made.use(DEVICE, staff, made.fresh(DEVICE, 2), 2)
        made.use(NETWORK, staff, made.fresh(NETWORK, 1), 1)
    made.use(NETWORK, range(200, 300), made.fresh(NETWORK, 8), 4)
    return made


@pytest.fixture(scope="module")
def graph(town: Town) -> AccountGraph:
    return town.graph()


@pytest.fixture(scope="module")
def tables(graph: AccountGraph) -> dict[str, pa.Table]:
    return found_in(graph)


@pytest.fixture(scope="module")
def members(tables: dict[str, pa.Table]) -> dict[int, set[int]]:
    labels = ring_of(tables, 1_200)
    return {ring: set(np.flatnonzero(labels == ring).tolist()) for ring in range(int(labels.max()) + 1)}


def rows(table: pa.Table, **wanted: Any) -> Rows:
    return [row for row in table.to_pylist() if all(row[name] == value for name, value in wanted.items())]


def users(graph: AccountGraph, kind: str, entity: int) -> set[int]:
    incidence = next(i for i in graph.kinds if i.kind.name == kind)
    column = int(np.flatnonzero(incidence.entities == entity)[0])
    return set(incidence.matrix[:, [column]].nonzero()[0].tolist())


def having(graph: AccountGraph, kind: str) -> set[int]:
    return set(np.flatnonzero(next(i for i in graph.kinds if i.kind.name == kind).breadth).tolist())


def test_shapes_and_canonical_order(tables: dict[str, pa.Table]) -> None:
    assert set(tables) == set(SCHEMAS)
    for name, table in tables.items():
        assert table.schema.equals(SCHEMAS[name]), name
        # these towns have no creations and no loads, and need not have bystanders
        assert table.num_rows > 0 or name in ("windows", "bystanders"), name
        keys = [n for n in ("ring", "kind", "code", "entity", "account", "reason") if n in table.schema.names]
        listed = [[(row[k] is None, row[k] or 0) for k in keys] for row in table.to_pylist()]
        assert listed == sorted(listed), name


def test_no_rings_have_the_same_shapes() -> None:
    assert {name: table.schema for name, table in no_rings().items()} == SCHEMAS
    assert not any(table.num_rows for table in no_rings().values())


def test_rings_say_what_a_slow_recount_says(
    graph: AccountGraph, tables: dict[str, pa.Table], members: dict[int, set[int]]
) -> None:
    kinds = slow_kinds(graph)
    for row in tables["rings"].to_pylist():
        saved, families = saved_bits(kinds, members[row["ring"]], 1_200)
        assert row["accounts"] == len(members[row["ring"]])
        assert row["bits_saved"] == pytest.approx(saved, abs=1e-3)
        assert row["families"] == ",".join(sorted(f for f, bits in families.items() if bits > 10))
        assert row["log2_p_bound"] == pytest.approx(min(4 * DESCRIBED - row["bits_saved"], 0.0), abs=1e-3)
    assert tables["rings"]["ring"].to_pylist() == sorted(members)
    paid = tables["rings"]["bits_saved"].to_numpy() - 4 * DESCRIBED
    assert tables["rings"]["q_value"].to_pylist() == pytest.approx(coincidence_q(paid).tolist(), rel=0.01)


def test_a_vpn_s_customers_have_no_support_and_a_ring_has(
    tables: dict[str, pa.Table], members: dict[int, set[int]]
) -> None:
    support = dict(zip(tables["rings"]["ring"].to_pylist(), tables["rings"]["support"].to_pylist(), strict=True))
    crowd = next(ring for ring, accounts in members.items() if len(accounts & set(range(200, 300))) > 50)
    planted = next(ring for ring, accounts in members.items() if 39 in accounts)
    assert support[crowd] <= 0.1
    assert support[planted] >= 0.97


def test_the_planted_rings_are_found(members: dict[int, set[int]]) -> None:
    assert set(range(40)) in members.values()
    assert [len(ring & set(range(40, 78))) for ring in members.values()].count(0) == len(members) - 2


def test_evidence_counts_by_hand(
    graph: AccountGraph, tables: dict[str, pa.Table], members: dict[int, set[int]]
) -> None:
    named, pools = 0, 0
    for row in tables["evidence"].to_pylist():
        ring = members[row["ring"]]
        assert row["ring_accounts_with_kind"] == len(ring & having(graph, row["kind"]))
        if row["pool"] is None:
            everywhere = users(graph, row["kind"], row["entity"])
            named += 1
        else:
            pool = rows(tables["pools"], ring=row["ring"], kind=row["kind"])
            assert row["pool"] == len(pool)
            assert row["entity"] is None
            everywhere = set().union(*(users(graph, row["kind"], p["entity"]) for p in pool))
            pools += 1
        assert row["all_accounts"] == len(everywhere)
        assert row["ring_accounts"] == len(everywhere & ring)
        assert row["bits"] > 0
    assert min(named, pools) > 0


def test_pools_count_by_hand(graph: AccountGraph, tables: dict[str, pa.Table], members: dict[int, set[int]]) -> None:
    for row in tables["pools"].to_pylist():
        everywhere = users(graph, row["kind"], row["entity"])
        assert row["all_accounts"] == len(everywhere)
        assert row["ring_accounts"] == len(everywhere & members[row["ring"]]) >= 2


def test_evidence_adds_up_to_the_bits_of_a_family(tables: dict[str, pa.Table], graph: AccountGraph) -> None:
    """Pools carry their bits whole; named entities are counted before who takes part and the choice of code is paid."""
    kinds = {k.name: k for k in slow_kinds(graph)}
    labels = ring_of(tables, 1_200)
    for ring in range(int(labels.max()) + 1):
        group = set(np.flatnonzero(labels == ring).tolist())
        for kind, slow in kinds.items():
            told = rows(tables["evidence"], ring=ring, kind=kind)
            bits = saved_bits([slow], group, 1_200)[1][slow.family]
            if len(told) == 1 and told[0]["pool"] is not None:
                assert told[0]["bits"] == pytest.approx(bits, abs=1e-3)
            elif told:
                assert sum(row["bits"] for row in told) >= bits
            else:
                assert bits == 0


def told_roles(
    bits: list[list[float]], kinds: tuple[Kind, ...], framed: Sequence[bool] = ()
) -> list[tuple[str, str]]:
    """Role and families of one member for each row of bits: a number for each kind."""
    accounts = len(bits)
    plantable = np.array([*framed, *[False] * (accounts - len(framed))])
    world = world_of(graph_of(accounts, [(kind, [(a, 0) for a in range(accounts)]) for kind in kinds]))
    counts = count(world, groups_of(np.zeros(accounts, dtype=np.int64), 1))
    scored = score(world, counts)
    by_kind = np.array([*zip(*bits, strict=True), [-4.0] * accounts])
    pairs = Pairs(np.arange(accounts), np.zeros(accounts, dtype=np.int64), by_kind)
    words = Verdicts(["undetermined"], ["undetermined"], [""], np.full(1, np.nan), np.full(1, np.nan))
    made = profiles(world, counts, scored)
    beside = {model.BystanderReason.PLANTABLE: plantable, model.BystanderReason.HOME: plantable}
    rest = (words, np.ones(1), np.zeros(1, int))
    table = ring_tables(world, Found(counts, scored, made, pairs, plantable, beside, True, pairs, *rest))
    because = {row["account"] for row in table["bystanders"].to_pylist()}
    roles = table["members"].to_pylist()
    assert because == {row["account"] for row in roles if row["role"] == "bystander"}, "each bystander has a reason"
    told_twice = [row["account"] for row in table["bystanders"].to_pylist() if row["reason"] in ("home", "plantable")]
    assert told_twice == [a for a in np.flatnonzero(plantable).tolist() for _ in beside]
    told = list(zip(table["members"]["role"].to_pylist(), table["members"]["families"].to_pylist(), strict=True))
    if not framed:
        several = len({kind.family for kind in kinds}) > 1
        expected = ["bystander" if several and families == "network" else role for role, families in told]
        assert table["affiliations"]["role"].to_pylist() == expected, "addresses alone make nobody work for two rings"
    return told


def test_roles_by_hand() -> None:
    rows_of_bits = [[-1.0, 3.0, 9.0], [-1.0, 13.0, -2.0], [-1.0, 15.5, -0.1], [20.0, -1.0, -1.0], [-1.0, -1.0, -1.0]]
    assert told_roles(rows_of_bits, (DEVICE, NETWORK, PAYMENT)) == [
        ("core", "network,payment"),
        ("bystander", "network"),  # 6 bits in all: the addresses are many strangers' too
        ("periphery", "network"),  # 10.4 bits: they are the ring's own
        ("periphery", "device"),
        ("periphery", ""),
    ]
    assert told_roles([[40.0, -1.0, -1.0]], (NETWORK, DEVICE, PAYMENT)) == [("periphery", "network")]


def test_who_may_be_framed_is_a_bystander_however_many_families_tie_it() -> None:
    rows = [[9.0, 30.0], [9.0, 30.0]]
    told = told_roles(rows, (PAYMENT, DEVICE), [True, False])
    assert told == [("bystander", "device,payment"), ("core", "device,payment")]


def test_kinds_of_one_family_tie_once_and_one_family_makes_no_bystanders() -> None:
    subnet = Kind("subnet", "network", False)
    assert told_roles([[9.0, 9.0]], (NETWORK, subnet)) == [("periphery", "network")]
    assert told_roles([[9.0, 9.0, -30.0]], (NETWORK, subnet, PAYMENT)) == [("bystander", "network")]


def test_affiliations_are_further_rings_of_members(tables: dict[str, pa.Table]) -> None:
    labels = ring_of(tables, 1_200)
    further = tables["affiliations"].to_pylist()
    assert {row["account"] for row in further} == {58, 59}, "the two who work for both firms"
    for row in further:
        assert labels[row["account"]] >= 0
        assert row["ring"] != labels[row["account"]]
        assert row["log_odds_bits"] >= 0
        assert row["role"] in set(model.Role)


def test_bits_are_published_to_a_thousandth() -> None:
    assert published(np.array([1.23456, -0.0001, 2.0])).tolist() == [1.235, 0.0, 2.0]
    assert math.copysign(1, published(np.array([-0.0001]))[0]) == 1, "no minus zero"


@given(st.lists(st.floats(-50, 400), max_size=20))
def test_q_values_against_a_slow_count(saved: list[float]) -> None:
    """q of the i-th largest: the least 1 / (j 2**saved_j) over j >= i, at most 1."""
    made = coincidence_q(np.array(saved, dtype=np.float64))
    ranked = sorted(saved, reverse=True)
    for value, q in zip(saved, made, strict=True):
        i = ranked.index(value)
        expected = min(1 / ((j + 1) * 2.0 ** ranked[j]) for j in range(i, len(ranked)))
        assert q == pytest.approx(min(expected, 1.0), rel=1e-9)


def test_q_values_never_reach_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    assert coincidence_q(np.array([5_000.0, 3.0])).tolist() == [SMALLEST_Q, 1 / 16]
    monkeypatch.setattr(module, "SMALLEST_Q", 0.5)
    assert coincidence_q(np.array([5_000.0, 3.0])).tolist() == [0.5, 0.5]
