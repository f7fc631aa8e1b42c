from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.evaluation import peer_lines, read_truth
from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers import bipartite
from linkage.evaluation.peers.partitions import (
    components,
    label_propagation,
    leiden,
    louvain,
    projected_louvain,
)
from linkage.simulator import Preset, WorldSpec, simulate
from tests.evaluation.peers.toys import ACCOUNTS, edges, links, planted


@given(edges, st.integers(1, 12))
def test_components_equal_those_of_networkx(pairs: set[tuple[int, int]], cap: int) -> None:
    degree = {e: sum(1 for _, x in pairs if x == e) for _, e in pairs}
    graph = nx.Graph()
    graph.add_nodes_from(range(ACCOUNTS))
    graph.add_edges_from((a, f"e{e}") for a, e in pairs if degree[e] <= cap)
    expected = {frozenset(n for n in part if isinstance(n, int)) for part in nx.connected_components(graph)}
    labels = components(bipartite(links(pairs), ACCOUNTS), cap)
    assert {frozenset(np.flatnonzero(labels == c).tolist()) for c in set(labels.tolist())} == expected


@pytest.mark.parametrize("method", [leiden, louvain])
@pytest.mark.parametrize("weighted", [False, True])
def test_modularity_finds_planted_groups_and_repeats(method: Callable[..., Labels], weighted: bool) -> None:
    graph = bipartite(links(planted()), 12)
    weights = np.maximum(graph.bits, 0.0) if weighted else None
    labels = method(graph, weights)
    assert len(set(labels[:6])) == len(set(labels[6:])) == 1
    assert labels[0] != labels[6]
    assert np.array_equal(labels, method(graph, weights))


def test_label_propagation_stays_within_components() -> None:
    graph = bipartite(links(planted() - {(a, 99) for a in range(12)}), 12)
    labels = label_propagation(graph, None)
    assert not set(labels[:6]) & set(labels[6:])
    assert np.array_equal(labels, label_propagation(graph, None))


def test_the_projection_leaves_out_what_more_than_the_cap_use() -> None:
    graph = bipartite(links(planted()), 12)
    labels = projected_louvain(graph, 6)
    assert len(set(labels[:6])) == len(set(labels[6:])) == 1
    assert labels[0] != labels[6]
    assert len(set(projected_louvain(graph, 5).tolist())) == 12  # nothing is left


def test_leiden_ignores_and_leaves_alone_pythons_own_generator() -> None:
    graph = bipartite(links(planted()), 12)
    random.seed(1)
    first, drawn = leiden(graph, None), random.random()
    random.seed(1)
    assert random.random() == drawn
    assert np.array_equal(first, leiden(graph, None))


def test_a_simulated_world_is_too_hard_for_components_and_plain_leiden(tmp_path: Path) -> None:
    """A world in which a degree cap or plain Leiden finds the rings would measure nothing."""
    simulate(tmp_path / "world", WorldSpec(accounts=20_000, seed=3, preset=Preset.MARKET))
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
