from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given

from linkage.evaluation.peers import NotRun, bipartite, pairs
from linkage.evaluation.peers.pairs import blocked, chance_agreement, learned_agreement, match_weights, pair_scores
from tests.evaluation.peers.toys import ACCOUNTS, edges, links, two_kinds


@given(edges)
def test_blocked_pairs_are_all_that_share_an_entity_with_the_rarest_ones_bits(found: set[tuple[int, int]]) -> None:
    graph = bipartite(links(found), ACCOUNTS)
    result = blocked(graph)
    users = {e: {a for a, x in found if x == e} for _, e in found}
    # kinds are numbered as the links meet them, in order of account and entity
    kinds = list(dict.fromkeys(e % 2 for _, e in sorted(found)))
    expected = {}
    for a, b in itertools.combinations(range(ACCOUNTS), 2):
        row = []
        for kind in kinds:
            with_kind = {x for x, e in found if e % 2 == kind}
            shared = [len(users[e]) for e in users if e % 2 == kind and {a, b} <= users[e]]
            none = 0.0 if {a, b} <= with_kind else -1.0
            row.append(np.log2(len(with_kind) / min(shared)) if shared else none)
        if any({a, b} <= accounts for accounts in users.values()):
            expected[a, b] = row
    got = dict(zip(zip(result.left.tolist(), result.right.tolist(), strict=True), result.bits.tolist(), strict=True))
    assert list(got) == sorted(expected)
    for pair, row in expected.items():
        assert got[pair] == pytest.approx(row)


@given(edges)
def test_chance_agreement_counts_pairs_by_brute_force(found: set[tuple[int, int]]) -> None:
    graph = bipartite(links(found), ACCOUNTS)
    kinds = list(dict.fromkeys(e % 2 for _, e in sorted(found)))
    for kind, u in zip(kinds, chance_agreement(graph), strict=True):
        with_kind = {a for a, e in found if e % 2 == kind}
        sharing = sum(
            len({e for x, e in found if x == a and e % 2 == kind} & {e for x, e in found if x == b})
            for a, b in itertools.permutations(with_kind, 2)
        )
        assert u == pytest.approx(np.clip(sharing / max(len(with_kind) * (len(with_kind) - 1), 1), 1e-9, 0.99))


def test_learned_agreement_finds_the_rates_that_made_the_pairs() -> None:
    rng = np.random.default_rng(5)
    match = rng.random(60_000) < 0.4
    m, u = np.array([0.8, 0.6, 0.9]), np.array([0.05, 0.1, 0.02])
    agreement = (rng.random((60_000, 3)) < np.where(match[:, None], m, u)).astype(float)
    agreement[rng.random((60_000, 3)) < 0.1] = -1.0
    assert learned_agreement(agreement, u) == pytest.approx(m, abs=0.03)


def test_one_kind_has_the_starting_rate() -> None:
    assert learned_agreement(np.ones((5, 1)), np.array([0.1])).tolist() == [pairs.M_START]


def test_a_weight_is_the_sum_of_its_kinds() -> None:
    graph = bipartite(links(two_kinds(3, 5, 10)), 25)
    found = blocked(graph)
    u = chance_agreement(graph)
    m = learned_agreement(np.sign(found.bits), u)
    weights = match_weights(graph, found)
    for row, weight in zip(found.bits, weights, strict=True):
        parts = [
            np.log2(m[k]) + bits if bits > 0 else 0.0 if bits == -1 else np.log2((1 - m[k]) / (1 - u[k]))
            for k, bits in enumerate(row)
        ]
        assert weight == pytest.approx(sum(parts))


def test_pairs_find_groups_that_agree_in_two_kinds_and_leave_strangers_alone() -> None:
    graph = bipartite(links(two_kinds(40, 5, 30)), 230)
    found = dict(pair_scores(graph))
    assert next(iter(found)) == "probability 0.95"
    labels = found["probability 0.05"]  # two values of 5 in 230 accounts: 11 bits against a prior of -13
    assert all(len(set(labels[5 * g : 5 * g + 5])) == 1 for g in range(40))
    assert len(set(labels.tolist())) == 40 + 30


def test_a_lower_threshold_never_parts_what_a_higher_one_joins() -> None:
    found = dict(pair_scores(bipartite(links(two_kinds(10, 4, 12)), 52)))
    ordered = [labels for _, labels in sorted(found.items(), key=lambda item: -float(item[0].split()[1]))]
    for high, low in itertools.pairwise(ordered):
        assert len(set(zip(high.tolist(), low.tolist(), strict=True))) == len(set(high.tolist()))


def test_too_many_pairs_are_a_reason_not_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MAX_PAIRS", 5)
    with pytest.raises(NotRun, match=r"^30 pairs in blocks, more than 5$"):
        blocked(bipartite(links({(a, e) for a in range(6) for e in (0, 1)}), 6))
