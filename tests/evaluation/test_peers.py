from __future__ import annotations

import random
from pathlib import Path

import duckdb
import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.evaluation.peers import bipartite, components, leiden, peers
from linkage.evaluation.report import peer_lines
from linkage.evaluation.tables import read_truth
from linkage.simulator import WorldSpec, simulate

ACCOUNTS = 12
edges = st.sets(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, 9)), max_size=40)


def links(pairs: set[tuple[int, int]]) -> pa.Table:
    """Links with even entities of one kind and odd ones of another."""
    rows = sorted(pairs)
    return pa.table({
        "account": pa.array([a for a, _ in rows], pa.int32()),
        "entity": pa.array([100 + e for _, e in rows], pa.int32()),
        "kind": pa.array(["ip" if e % 2 else "device" for _, e in rows], pa.string()),
    })


def planted() -> set[tuple[int, int]]:
    """Two groups of six accounts with three entities each, and one entity that all share."""
    return {(a, 2 * e + (a >= 6) * 6) for a in range(12) for e in range(3)} | {(a, 99) for a in range(12)}


@given(edges, st.integers(1, 12))
def test_components_equal_those_of_networkx(pairs: set[tuple[int, int]], cap: int) -> None:
    degree = {e: sum(1 for _, x in pairs if x == e) for _, e in pairs}
    graph = nx.Graph()
    graph.add_nodes_from(range(ACCOUNTS))
    graph.add_edges_from((a, f"e{e}") for a, e in pairs if degree[e] <= cap)
    expected = {frozenset(n for n in part if isinstance(n, int)) for part in nx.connected_components(graph)}
    labels = components(bipartite(links(pairs), ACCOUNTS), cap)
    assert {frozenset(np.flatnonzero(labels == c).tolist()) for c in set(labels.tolist())} == expected


@given(edges)
def test_rarity_is_the_logarithm_of_accounts_with_the_kind_over_users(pairs: set[tuple[int, int]]) -> None:
    graph = bipartite(links(pairs), ACCOUNTS)
    kept = [(a, e) for a, e in sorted(pairs) if sum(1 for _, x in pairs if x == e) > 1]
    assert graph.account.tolist() == [a for a, _ in kept]
    for (_, e), bits, users in zip(kept, graph.bits, graph.users, strict=True):
        with_kind = {a for a, x in pairs if x % 2 == e % 2}
        assert users == sum(1 for _, x in pairs if x == e)
        assert bits == pytest.approx(np.log2(len(with_kind) / users))


def test_leiden_finds_planted_groups_and_repeats() -> None:
    graph = bipartite(links(planted()), 12)
    for weights in (None, np.maximum(graph.bits, 0.0)):
        labels = leiden(graph, weights)
        assert len(set(labels[:6])) == len(set(labels[6:])) == 1
        assert labels[0] != labels[6]
        assert np.array_equal(labels, leiden(graph, weights))


def test_leiden_ignores_and_leaves_alone_pythons_own_generator() -> None:
    graph = bipartite(links(planted()), 12)
    random.seed(1)
    first, drawn = leiden(graph, None), random.random()
    random.seed(1)
    assert random.random() == drawn
    assert np.array_equal(first, leiden(graph, None))


@given(edges, st.randoms(use_true_random=False))
def test_peers_ignore_the_order_of_links(pairs: set[tuple[int, int]], shuffler: random.Random) -> None:
    table = links(pairs)
    order = list(range(table.num_rows))
    shuffler.shuffle(order)
    shuffled = table.take(pa.array(order, pa.int64()))
    both = peers(bipartite(table, ACCOUNTS)), peers(bipartite(shuffled, ACCOUNTS))
    for (name, before), (_, after) in zip(*both, strict=True):
        assert np.array_equal(before, after), name


def test_peers_label_every_account_even_without_links() -> None:
    for pairs in (planted(), set()):
        found = dict(peers(bipartite(links(pairs), 13)))
        assert list(found) == [
            "components, degree <= 10", "components, degree <= 50", "Leiden, plain", "Leiden, rarity weights"
        ]
        assert all(len(labels) == 13 for labels in found.values())


def test_a_simulated_world_is_too_hard_for_components_and_plain_leiden(tmp_path: Path) -> None:
    """A world in which a degree cap or plain Leiden finds the rings would measure nothing."""
    simulate(tmp_path / "world", WorldSpec(accounts=20_000, seed=3, evade=0.3))
    table, ids = links_of_world(tmp_path / "world")
    lines = peer_lines(table, ids, read_truth(tmp_path / "world/truth.parquet"))
    f1 = {x.of: x.score.f1 for x in lines if x.level == "ring"}
    assert f1["components, degree <= 50"] < 0.3
    assert f1["Leiden, plain"] < 0.6
    assert 10 <= table.num_rows / len(ids) <= 20


def links_of_world(path: Path) -> tuple[pa.Table, pa.Array]:
    """A world's links straight from its logs, and the account ids by number."""
    with duckdb.connect() as connection:
        connection.sql(f"""
            create table named as select account_id, dense_rank() over (order by account_id) - 1 account
                from '{path}/accounts.parquet'""")
        connection.sql(f"""
            create table used as
                select account_id, 'payment_method' kind, payment_fingerprint v from '{path}/payments.parquet'
                union select account_id, 'ip', ip from '{path}/sessions-*.parquet'
                union select account_id, 'device', device_fingerprint from '{path}/sessions-*.parquet'
                union select account_id, 'prompt_template', prompt_template_hash from '{path}/exchanges/*.parquet'""")
        table = connection.sql("""
            select account, dense_rank() over (order by kind, v) - 1 entity, kind
            from used join named using (account_id) order by account, entity""").to_arrow_table()
        ids = connection.sql("select account_id from named order by account").to_arrow_table()
        return table, ids["account_id"].combine_chunks()
