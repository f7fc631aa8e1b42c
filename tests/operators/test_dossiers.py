"""Operator clusters beside known operators: naive counts, exact chances, and what must never resemble."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage import model
from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine
from linkage.graph import build_links
from linkage.operators.dossiers import SCORES, beyond_chance, match_text, resembling, with_dossiers

KINDS = (model.Kind("card", "payment", False), model.Kind("ip", "network", False), model.Kind("account", "own", True))
Dossiers = dict[str, dict[str, list[str]]]
Uses = set[tuple[int, str, str]]  # account, kind, value


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 2}), tmp_path / "work")
    yield made
    made.close()


def table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)


def name(account: int) -> str:
    return f"acct-{account:03d}"


def load(engine: DuckDBEngine, accounts: int, uses: Uses, dossiers: Dossiers) -> None:
    """The engine's tables as the stages before leave them."""
    entities = sorted({(kind, value) for _, kind, value in uses})
    rows = [{"account": a, "entity": entities.index((k, v)), "n": 1} for a, k, v in sorted(uses)]
    engine.load("accounts", table(model.ACCOUNTS, [{"account": a, "account_id": name(a)} for a in range(accounts)]))
    engine.load(
        "entities",
        table(model.ENTITIES, [{"entity": i, "kind": k, "value": v} for i, (k, v) in enumerate(entities)]),
    )
    engine.load("observations", table(model.OBSERVATIONS, rows))
    engine.load("episodes", model.EPISODES.empty_table())
    build_links(engine, KINDS)
    listed = [{"name": n, "kind": k, "value": v} for n, d in dossiers.items() for k, vs in d.items() for v in vs]
    engine.load("dossiers", table(model.DOSSIERS, listed))


def compare(engine: DuckDBEngine, rings: list[tuple[str, list[int], list[int]]]) -> list[dict[str, Any]]:
    """Compare one operator cluster a ring; a ring is a verdict, its members, and those of them that are bystanders."""
    members = [
        {"ring": i, "account": a, "role": "bystander" if a in aside else "core"}
        for i, (_, accounts, aside) in enumerate(rings)
        for a in accounts
    ]
    found = {
        "rings": table(model.RING_LIST, [{"ring": i, "verdict": v} for i, (v, _, _) in enumerate(rings)]),
        "members": table(model.RING_MEMBERS, members),
    }
    made = {
        "ring_operators": table(model.RING_OPERATOR_LIST, [{"ring": i, "operator": i} for i in range(len(rings))]),
        "operators": table(model.OPERATOR_LIST, [{"operator": i, "decided_by": f"#{i}"} for i in range(len(rings))]),
    }
    operators = with_dossiers(engine, found, made)
    assert operators.schema == model.OPERATOR_LIST
    assert operators["operator"].to_pylist() == list(range(len(rings)))
    assert operators["decided_by"].to_pylist() == [f"#{i}" for i in range(len(rings))]
    return [{"dossier": r["dossier"], "match": r["dossier_match"]} for r in operators.to_pylist()]


NOTHING = {"dossier": None, "match": None}
RING = list(range(10))  # of 1,000 accounts
STRANGERS = range(10, 1000)


def plain_uses() -> Uses:
    """Ten members on five cards, everybody else on an own one; all on addresses of their own."""
    cards = {(a, "card", f"ring-{a // 2}") for a in RING} | {(a, "card", f"own-{a}") for a in STRANGERS}
    return cards | {(a, "ip", f"home-{a}") for a in range(1000)}


def test_accounts_and_indicators_are_counted_and_weighed(engine: DuckDBEngine) -> None:
    listed = {"account": [name(0), name(3), name(500), "gone"], "card": ["ring-0", "ring-1", "own-77", "never seen"]}
    load(engine, 1000, plain_uses(), {"Cobalt": listed})
    (found,) = compare(engine, [("suspect", RING, [])])
    assert found == {"dossier": "Cobalt", "match": f"2 of 3 accounts, 2 of 3 indicators, {2 * math.log2(500):.1f} bits"}


def test_indicators_alone_must_go_beyond_chance(engine: DuckDBEngine) -> None:
    load(engine, 1000, plain_uses(), {"Cobalt": {"card": ["ring-0", "ring-1", "own-77"]}})
    chance = 3 * 0.02**2 * 0.98 + 0.02**3  # two of three or more, each with 2s/N
    assert -math.log2(chance) < 10
    assert compare(engine, [("suspect", RING, [])]) == [NOTHING]
    load(engine, 1000, plain_uses(), {"Cobalt": {"card": ["ring-0", "ring-1"]}})
    assert -math.log2(0.02**2) > 10
    assert compare(engine, [("suspect", RING, [])])[0]["match"] == f"2 of 2 indicators, {2 * math.log2(500):.1f} bits"


def test_the_number_of_dossiers_is_paid_for(engine: DuckDBEngine) -> None:
    listed: Dossiers = {"Cobalt": {"card": ["ring-0", "ring-1"]}}
    load(engine, 1000, plain_uses(), listed | {f"other-{i}": {"card": [f"own-{10 + i}"]} for i in range(2)})
    assert compare(engine, [("suspect", RING, [])]) == [NOTHING]  # 11.3 bits, less log2 3


def test_one_account_in_common_is_enough(engine: DuckDBEngine) -> None:
    load(engine, 1000, plain_uses(), {"Cobalt": {"account": [name(4), "gone"]}})
    assert compare(engine, [("suspect", RING, [])]) == [{"dossier": "Cobalt", "match": "1 of 1 account"}]


def test_accounts_are_no_entities_of_a_kind_that_is_called_account(engine: DuckDBEngine) -> None:
    referred = {(a, "account", name(500)) for a in RING}
    load(engine, 1000, plain_uses() | referred, {"Cobalt": {"account": [name(500), name(4)]}})
    assert compare(engine, [("suspect", RING, [])]) == [{"dossier": "Cobalt", "match": "1 of 2 accounts"}]


@pytest.mark.parametrize(
    "ring", [("undetermined", RING, []), ("household", RING, []), ("suspect", RING, RING), ("suspect", RING[5:], [])]
)
def test_only_accounts_attributed_to_the_cluster_count(
    engine: DuckDBEngine, ring: tuple[str, list[int], list[int]]
) -> None:
    listed = {"account": [name(0)], "card": ["ring-0", "ring-1"]}
    load(engine, 1000, plain_uses(), {"Cobalt": listed})
    assert compare(engine, [ring]) == [NOTHING]


def test_customers_of_one_vpn_do_not_resemble_each_other(engine: DuckDBEngine) -> None:
    exits = [f"exit-{i}" for i in range(30)]
    customers = {(a, "ip", exits[(a * 7 + i) % 30]) for a in range(60) for i in range(5)}
    load(engine, 1000, plain_uses() | customers, {"Cobalt": {"ip": exits}})
    assert compare(engine, [("suspect", RING, [])]) == [NOTHING]
    private = {(a, k, v) for a, k, v in customers if a in RING}
    load(engine, 1000, plain_uses() | private, {"Cobalt": {"ip": exits}})
    assert compare(engine, [("suspect", RING, [])])[0]["dossier"] == "Cobalt"


def test_rings_of_one_operator_that_were_not_put_together_both_match(engine: DuckDBEngine) -> None:
    shared = {(a, "card", f"pool-{i}") for a in range(20) for i in range(3)}
    load(engine, 1000, plain_uses() | shared, {"Cobalt": {"card": ["pool-0", "pool-1", "pool-2"]}})
    found = compare(engine, [("suspect", list(range(5)), []), ("suspect", list(range(5, 20)), [])])
    assert [r["dossier"] for r in found] == ["Cobalt", "Cobalt"]


def test_the_best_match_is_named_and_equal_ones_by_name(engine: DuckDBEngine) -> None:
    cards = [f"ring-{i}" for i in range(5)]
    several: Dossiers = {"b": {"card": cards[:4]}, "a": {"card": cards[:4]}, "c": {"card": cards[:3]}}
    load(engine, 1000, plain_uses(), several)
    assert compare(engine, [("suspect", RING, [])])[0]["dossier"] == "a"
    load(engine, 1000, plain_uses(), several | {"z": {"card": cards[:4], "account": [name(1)]}})
    assert compare(engine, [("suspect", RING, [])])[0]["dossier"] == "z"


def test_without_dossiers_or_clusters_nothing_is_said(engine: DuckDBEngine) -> None:
    load(engine, 1000, plain_uses(), {})
    assert compare(engine, [("suspect", RING, [])]) == [NOTHING]
    assert compare(engine, []) == []
    load(engine, 0, set(), {"Cobalt": {"card": ["x"], "account": ["y"]}})
    assert compare(engine, []) == []


# Against a naive count


def naive(uses: Uses, dossiers: Dossiers, clusters: list[set[int]]) -> dict[tuple[int, str], tuple[int, ...]]:
    """Matched and known accounts and indicators, thousandths of bits, by plain loops over sets."""
    users: dict[tuple[str, str], set[int]] = {}
    for account, kind, value in uses:
        users.setdefault((kind, value), set()).add(account)
    having = {kind.name: {a for a, k, _ in uses if k == kind.name} for kind in KINDS}
    free = set(range(60)).difference(*clusters)
    scores = {}
    for i, cluster in enumerate(clusters):
        for n, said in dossiers.items():
            accounts = [v for v in said.get("account", []) if v in {name(a) for a in range(60)}]
            known = [(k, v) for k in ("card", "ip") for v in said.get(k, []) if (k, v) in users]
            inside = {e: users[e] & cluster for e in known}
            matched = [e for e in known if inside[e] and len(inside[e]) >= len(users[e] & free)]
            common = [v for v in accounts if v in {name(a) for a in cluster}]
            bits = sum(round(1000 * math.log2(len(having[k]) / len(users[k, v]))) for k, v in matched)
            if matched or common:
                scores[i, n] = (len(common), len(accounts), len(matched), len(known), bits)
    return scores


@pytest.mark.parametrize("seed", range(5))
def test_the_scores_equal_a_naive_count_whatever_the_order(engine: DuckDBEngine, seed: int) -> None:
    rng = random.Random(seed)
    uses = {(rng.randrange(60), rng.choice(["card", "ip"]), f"v{rng.randrange(25)}") for _ in range(200)}
    clusters = [set(range(0, 12)), set(range(12, 20)), set(range(20, 23))]
    values = [f"v{i}" for i in range(27)]
    dossiers = {
        f"d{i}": {
            "account": [name(a) for a in rng.sample(range(70), 4)],
            "card": rng.sample(values, 6),
            "ip": rng.sample(values, 6),
        }
        for i in range(6)
    }
    load(engine, 60, uses, dossiers)
    rings = [("suspect", sorted(c, key=lambda _: rng.random()), []) for c in clusters]
    first = compare(engine, rings)
    columns = ["accounts", "accounts_known", "indicators", "indicators_known", "bits"]
    found = {(r["operator"], r["dossier"]): tuple(r[c] for c in columns)
             for r in engine.fetch("SELECT * FROM dossier_scores").cast(SCORES).to_pylist()}
    assert found == naive(uses, dossiers, clusters)
    shuffled = dict(rng.sample(sorted(dossiers.items()), len(dossiers)))
    load(engine, 60, uses, shuffled)
    assert compare(engine, rings) == first


def test_what_chance_would_match_is_summed_over_the_known_indicators(engine: DuckDBEngine) -> None:
    uses = {(a, "card", f"c{a}") for a in range(0, 50)} | {(a, "ip", f"i{a}") for a in range(40, 60)}
    load(engine, 60, uses, {"d": {"card": ["c0", "c7", "c33", "gone"], "ip": ["i45", "i50"]}})
    compare(engine, [("suspect", list(range(5)), []), ("suspect", [44, 45, 46, 47], [])])
    rows = engine.fetch("SELECT operator, expected FROM dossier_expectations ORDER BY operator").to_pylist()
    # cards: 5 and 4 of 50, the other cluster left out; addresses: none and 4 of 20
    first, second = 3 * Fraction(10, 46), 3 * Fraction(8, 45) + 2 * Fraction(8, 20)
    assert [r["expected"] for r in rows] == [pytest.approx(float(first) * 1e6, abs=3), pytest.approx(
        float(second) * 1e6, abs=5)]
    assert all(r["expected"] >= exact * 10**6 for r, exact in zip(rows, (first, second), strict=True))


# Chances


@given(st.integers(1, 6), st.data())
def test_no_more_than_2s_of_n_have_half_their_users_in_a_cluster(users: int, data: st.DataObject) -> None:
    """Markov's bound, by counting every cluster of s of 9 accounts."""
    size = data.draw(st.integers(1, 9))
    clusters = list(itertools.combinations(range(9), size))
    half = sum(2 * sum(a < users for a in cluster) >= users for cluster in clusters)
    assert Fraction(half, len(clusters)) <= Fraction(2 * size, 9)


@settings(max_examples=200)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.data())
def test_the_bits_never_exceed_the_exact_surprise(chances: list[float], data: st.DataObject) -> None:
    """Each indicator with a chance of its own (Poisson binomial), summed over every outcome."""
    matched = data.draw(st.integers(0, len(chances)))
    outcomes = itertools.product([0, 1], repeat=len(chances))
    exact = math.fsum(
        math.prod(p if hit else 1 - p for p, hit in zip(chances, hits, strict=True))
        for hits in outcomes
        if sum(hits) >= matched
    )
    (bits,) = beyond_chance(np.array([matched]), np.array([len(chances)]), np.array([math.fsum(chances)]), 1)
    assert bits == 0 or 2.0**-bits >= exact * (1 - 1e-6)


def test_the_bits_are_those_of_the_binomial_tail() -> None:
    (bits,) = beyond_chance(np.array([6]), np.array([8]), np.array([0.8]), 4)
    tail = sum(Fraction(math.comb(8, i)) * Fraction(1, 10) ** i * Fraction(9, 10) ** (8 - i) for i in range(6, 9))
    assert bits == pytest.approx(-math.log2(tail) - 2, abs=1e-5)


@pytest.mark.parametrize(("matched", "expected"), [(0, 0.0), (1, 0.1), (3, 2.1), (8, 8.0)])
def test_what_chance_would_match_is_no_surprise(matched: int, expected: float) -> None:
    assert beyond_chance(np.array([matched]), np.array([8]), np.array([expected]), 1)[0] == 0


def score(**changes: Any) -> pa.Table:
    row = {"operator": 0, "accounts": 0, "accounts_known": 0, "indicators": 0, "indicators_known": 0, "bits": 0,
           "expected": 0, "dossier": "d"}
    return table(SCORES, [row | changes])


def test_a_certain_match_stays_finite() -> None:
    (found,) = resembling(score(indicators=9, indicators_known=9, bits=5000), 1, 1000).to_pylist()
    assert found == {"operator": 0, "dossier": "d", "dossier_match": "9 of 9 indicators, 5.0 bits"}


def test_bits_and_accounts_make_the_order() -> None:
    both = pa.concat_tables([
        score(dossier="bits", accounts=1, accounts_known=9, bits=9_000),
        score(dossier="accounts", accounts=2, accounts_known=9),
    ])
    assert resembling(both, 2, 1024)["dossier"].to_pylist() == ["accounts"]  # 20 bits against 19
    assert resembling(both, 2, 256)["dossier"].to_pylist() == ["bits"]  # 17 against 16


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ((2, 5, 3, 8, 41_249), "2 of 5 accounts, 3 of 8 indicators, 41.2 bits"),
        ((1, 1, 0, 1, 0), "1 of 1 account, 0 of 1 indicator"),
        ((0, 0, 1_200, 2_000, 12_345_678), "1,200 of 2,000 indicators, 12,345.7 bits"),
    ],
)
def test_the_text(figures: tuple[int, int, int, int, int], text: str) -> None:
    assert match_text(*figures) == text
