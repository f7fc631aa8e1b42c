"""Pair scores with components: what record linkage does, by the model of Fellegi and Sunter.

Pairs are accounts that share an entity of at most BLOCK users. A pair's weight is a sum over kinds, in bits: where the
two share a value, log2(m / q) with q the share of the kind's accounts that use it (term frequency; of several values
the rarest); where both have the kind and share nothing, log2((1 - m) / (1 - u)); else nothing. u is how often two
random accounts share a value, m how often two of one hand do, learned by expectation maximisation as Splink does: over
the pairs that share a value of one kind the other kinds' m are learned, for each kind in turn, and averaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from linkage.evaluation.memberships import Labels
from linkage.evaluation.peers.graph import Bipartite, Floats, NotRun, joined

BLOCK = 50
MAX_PAIRS = 20_000_000
PRIOR = 1e-4  # Splink's default for two random records
THRESHOLDS = (0.95, 0.99, 0.8, 0.5, 0.2, 0.05, 0.01, 0.001)  # of probability, the usual one first
M_START = 0.9
ROUNDS = 25  # Splink's default
NULL = -1.0


@dataclass(frozen=True)
class Pairs:
    """Blocked pairs: two account numbers, and per kind the rarest shared value's bits, 0 for none, -1 for no data."""

    left: Labels
    right: Labels
    bits: Floats  # pairs x kinds


def pair_scores(graph: Bipartite) -> Iterator[tuple[str, Labels]]:
    """Components over the pairs whose probability reaches a threshold; each threshold in turn.

    Raises:
        NotRun: too many pairs.
    """
    pairs = blocked(graph)
    weight = np.log2(PRIOR / (1 - PRIOR)) + match_weights(graph, pairs)
    for threshold in THRESHOLDS:
        linked = weight >= np.log2(threshold / (1 - threshold))
        labels = joined(pairs.left[linked], pairs.right[linked], graph.accounts)
        yield f"probability {threshold:g}", labels


def blocked(graph: Bipartite) -> Pairs:
    """All pairs of accounts that share an entity of at most BLOCK users, in order of their numbers.

    Raises:
        NotRun: there are more than MAX_PAIRS, counting a pair once per shared entity.
    """
    kept = graph.capped(BLOCK)
    most = int(kept.users.sum() - len(kept.users)) // 2
    if most > MAX_PAIRS:
        raise NotRun(f"{most:,} pairs in blocks, more than {MAX_PAIRS:,}")
    links = pa.table({"account": kept.account, "entity": kept.entity, "kind": kept.kind, "bits": kept.bits})
    columns = "".join(f", coalesce(max(a.bits) FILTER (a.kind = {k}), 0) AS k{k}" for k in range(graph.kinds))
    with duckdb.connect() as connection:
        connection.register("links", links)
        found = connection.sql(f"""
            SELECT a.account AS low, b.account AS high{columns} FROM links a JOIN links b
            ON a.entity = b.entity AND a.account < b.account GROUP BY ALL ORDER BY ALL""").fetchnumpy()
    left, right = (np.asarray(found[name], dtype=np.int64) for name in ("low", "high"))
    bits = np.empty((len(left), graph.kinds))
    for kind in range(graph.kinds):
        both = graph.has[left, kind] & graph.has[right, kind]
        bits[:, kind] = np.where(both, np.asarray(found[f"k{kind}"], dtype=np.float64), NULL)
    return Pairs(left, right, bits)


def match_weights(graph: Bipartite, pairs: Pairs) -> Floats:
    """The weight of each pair in bits, without the prior."""
    u = chance_agreement(graph)
    m = learned_agreement(np.sign(pairs.bits), u)
    agree = np.log2(m) + pairs.bits
    disagree = np.log2((1 - m) / (1 - u))
    parts = np.where(pairs.bits > 0, agree, np.where(pairs.bits == NULL, 0.0, disagree))
    return np.asarray(parts.sum(axis=1), dtype=np.float64)


def chance_agreement(graph: Bipartite) -> Floats:
    """u: per kind, how often two random accounts that have it share a value, popular values counted (at most 0.99)."""
    same = np.bincount(graph.kind, weights=graph.users - 1.0, minlength=graph.kinds)
    with_kind = graph.has.sum(axis=0)
    return np.asarray(np.clip(same / np.maximum(with_kind * (with_kind - 1.0), 1.0), 1e-9, 0.99), dtype=np.float64)


def learned_agreement(agreement: Floats, u: Floats) -> Floats:
    """m per kind (at most 0.99): agreement is pairs x kinds, 1 for a shared value, 0 for none, -1 for no data."""
    kinds = len(u)
    learned: list[list[float]] = [[] for _ in range(kinds)]
    patterns, counts = np.unique(agreement, axis=0, return_counts=True)
    for block in range(kinds):
        inside = patterns[:, block] == 1
        others = np.flatnonzero(np.arange(kinds) != block)
        if inside.any() and len(others):
            found = _maximise(patterns[inside][:, others], counts[inside], u[others])
            for kind, value in zip(others, found, strict=True):
                learned[kind].append(float(value))
    return np.clip([np.mean(values) if values else M_START for values in learned], 1e-3, 0.99)


def _maximise(patterns: Floats, counts: Labels, u: Floats) -> Floats:
    """m by expectation maximisation over counted patterns of agreement, with u held."""
    m, match = np.full(len(u), M_START), 0.5
    agree, known = patterns == 1, patterns >= 0
    for _ in range(ROUNDS):
        ratio = np.where(agree, m / u, np.where(known, (1 - m) / (1 - u), 1.0)).prod(axis=1)
        share = match * ratio / (match * ratio + 1 - match)
        weight = (share * counts)[:, None]
        m = np.clip((weight * agree).sum(axis=0) / np.maximum((weight * known).sum(axis=0), 1e-9), 1e-3, 0.999)
        match = float(np.clip(weight.sum() / counts.sum(), 1e-6, 1 - 1e-6))
    return np.asarray(m, dtype=np.float64)
