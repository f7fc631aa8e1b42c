"""Splink itself (5), an optional library: arrays of shared values, trained without labels, and its own clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers.graph import Bipartite, NotRun
from linkage.evaluation.peers.pairs import BLOCK, THRESHOLDS
from linkage.evaluation.peers.partitions import SEED

MAX_PAIRS = 4_000_000
SIZES = [2, 1]  # levels: two shared values and more, one
SAMPLED = 1_000_000  # random pairs that u is learned from; Splink's default


def splink_clusters(graph: Bipartite) -> Iterator[tuple[str, Labels]]:
    """Splink's clusters at each threshold of probability.

    Raises:
        NotRun: Splink is not installed; there are too many pairs; one kind only, so that nothing can be learned; or
            what it learned is a probability of 0, which it refuses itself.
    """
    try:
        splink = import_module("splink")
    except ModuleNotFoundError:
        raise NotRun("Splink is not installed") from None
    kept = graph.capped(BLOCK)
    most = int(kept.users.sum() - len(kept.users)) // 2
    if most > MAX_PAIRS:
        raise NotRun(f"{most:,} pairs in blocks, more than {MAX_PAIRS:,}")
    used = np.unique(kept.kind).tolist()
    if len(used) < 2:
        raise NotRun("with one kind there is nothing to learn m from")
    with duckdb.connect(config={"threads": 1}) as connection:  # sums in one order: the same figures every time
        linker = _linker(splink, connection, kept, used)
        try:
            _train(linker, used)
            scored = linker.inference.predict(threshold_match_probability=min(THRESHOLDS), warning_mode="never")
        except ValueError as error:
            raise NotRun(f"Splink refuses what it learned: {error}") from error
        for threshold in THRESHOLDS:
            found = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold)
            yield f"probability {threshold:g}", _labels(found.as_duckdbpyrelation().fetchnumpy(), graph.accounts)


def splink_labels(graph: Bipartite, threshold: float, tell: Callable[[str], None]) -> Labels:
    """Splink's clusters at one threshold, on all cores and with as many pairs as there are; each step is told.

    Raises:
        ModuleNotFoundError: Splink is not installed.
        ValueError: Splink refuses what it learned.
    """
    splink = import_module("splink")
    used = np.unique(graph.kind).tolist()
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        tell("records")
        linker = _linker(splink, connection, graph, used)
        tell("training")
        _train(linker, used)
        tell("prediction")
        scored = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
        tell("clusters")
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold)
        return _labels(found.as_duckdbpyrelation().fetchnumpy(), graph.accounts)


def _linker(splink: Any, connection: duckdb.DuckDBPyConnection, graph: Bipartite, used: list[int]) -> Any:
    """One record an account: per kind the array of its values, and the rarest one, to train on."""
    links = pa.table({"account": graph.account, "entity": graph.entity, "kind": graph.kind, "users": graph.users})
    connection.register("links", links)
    columns = ", ".join(
        f"list(entity ORDER BY entity) FILTER (kind = {k}) AS kind_{k}, "
        f"first(entity ORDER BY users, entity) FILTER (kind = {k}) AS rarest_{k}"
        for k in used
    )
    records = connection.sql(
        f"SELECT i AS unique_id, {columns} FROM range({graph.accounts}) t(i) LEFT JOIN links ON account = i "
        "GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    library = import_module("splink.comparison_library")
    settings = splink.SettingsCreator(
        "dedupe_only",
        comparisons=[library.ArrayIntersectAtSizes(f"kind_{k}", SIZES) for k in used],
        blocking_rules_to_generate_predictions=[
            splink.block_on(f"kind_{k}", arrays_to_explode=[f"kind_{k}"]) for k in used
        ],
    )
    api = splink.DuckDBAPI(connection)
    return splink.Linker(api.register(records), settings, log_level="ERROR")


def _train(linker: Any, used: list[int]) -> None:
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED, seed=SEED)
    for kind in used:
        # Exploded rules can't train. The rarest value blocks; naming the array keeps its own comparison out.
        rule = f"l.rarest_{kind} = r.rarest_{kind} AND l.kind_{kind} IS NOT NULL"
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)


def _labels(found: dict[str, Any], accounts: int) -> Labels:
    labels = np.arange(accounts, dtype=np.int64)
    labels[np.asarray(found["unique_id"], dtype=np.int64)] = np.asarray(found["cluster_id"], dtype=np.int64)
    return labels
