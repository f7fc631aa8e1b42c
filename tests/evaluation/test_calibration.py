from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.evaluation.calibration import belongs, belongs_to, calibration
from linkage.evaluation.prediction import Further, Members, align, read_prediction
from linkage.evaluation.truth import Truth, read_truth
from tests.evaluation.test_honest import Row, made

RINGS: list[Row] = [
    *[("operator", "o", 0, False, 0, "suspect", "core")] * 3,
    ("operator", "p", 1, False, 0, "suspect", "core"),
    ("company", "acme", -1, False, 0, "suspect", "core"),
    *[("company", "acme", -1, False, 1, "suspect", "core")] * 3,  # a suspect ring of honest accounts: nobody is right
    *[("company", "acme", -1, False, 2, "organisation", "core")] * 2,
    ("household", "h", -1, False, 2, "organisation", "core"),
    *[("vpn_user", f"v{i}", -1, False, 3, "shared_network", "core") for i in range(2)],
    ("individual", "i", -1, False, -1, "", ""),
]
RIGHT = [*[True] * 3, False, False, *[False] * 3, True, True, False, True, True, False]


def stated(rows: list[Row], likelihood: list[float]) -> tuple[Truth, Members]:
    truth, members = made(rows)
    return truth, replace(members, likelihood=np.array(likelihood))


def test_members_belong_with_most_of_their_ring() -> None:
    assert belongs(*made(RINGS)).tolist() == RIGHT


def test_an_account_of_two_operators_belongs_with_either() -> None:
    truth, members = made(RINGS[:4])
    both = truth.levels["operator"].tolil()
    both[3, 0] = 1
    assert belongs(replace(truth, levels={"operator": both.tocsr()}), members).all()


@settings(deadline=None)  # a busy machine takes longer than 200 ms now and then
@given(st.lists(st.floats(0, 1), min_size=len(RINGS), max_size=len(RINGS)))
def test_bins_and_error_equal_a_count_by_hand(likelihood: list[float]) -> None:
    told = calibration(*stated(RINGS, likelihood))
    assert [c.rings for c in told] == ["any verdict", "organisation", "shared_network", "suspect"]
    for one in told:
        chosen = [
            (p, r) for p, r, row in zip(likelihood, RIGHT, RINGS, strict=True)
            if row[5] and one.rings in ("any verdict", row[5])
        ]  # fmt: skip
        bins: dict[int, list[tuple[float, bool]]] = {}
        for p, r in chosen:
            bins.setdefault(min(int(p * 10), 9), []).append((p, r))
        assert [b.accounts for b in one.bins] == [len(bins[i]) for i in sorted(bins)]
        gaps = [abs(sum(p for p, _ in b) - sum(r for _, r in b)) for b in bins.values()]
        assert one.error == pytest.approx(sum(gaps) / len(chosen), abs=1e-9)
        assert one.stated == pytest.approx(sum(p for p, _ in chosen) / len(chosen))
        assert all(b.true_low <= b.true <= b.true_high for b in one.bins)


def test_a_gap_that_chance_explains_is_not_the_largest() -> None:
    rows = [*[RINGS[0]] * 40, RINGS[3], *[RINGS[3]] * 20]
    likelihood = [*[0.95] * 40, 0.15, *[0.75] * 20]
    (_, suspect) = calibration(*stated(rows, likelihood))
    assert suspect.bins[0].gap == pytest.approx(0.15)
    assert (suspect.largest.accounts, suspect.largest.gap) == (20, pytest.approx(0.75))
    assert suspect.largest.certain_gap == pytest.approx(0.75 - suspect.largest.true_high)


def test_nothing_is_said_where_no_likelihood_is_stated() -> None:
    assert calibration(*made(RINGS)) == []


def also(pairs: list[tuple[int, int, float]]) -> Further:
    account, ring, likelihood = (np.array(column) for column in zip(*pairs, strict=True))
    return Further(account, ring, likelihood)


def test_affiliations_are_held_to_the_ring_that_they_are_with() -> None:
    truth, members = stated(RINGS, [0.9] * len(RINGS))
    pairs = [(3, 0), (0, 2), (8, 1), (9, 0), (10, 2), (11, 3), (13, 3), (4, 2)]
    told = [belongs_to(truth, members, np.array([a]), np.array([r])).item() for a, r in pairs]
    # operator p with o's ring; o with a company; acme with a suspect ring of acme, where nobody belongs; acme with o's;
    # a household with a company; a VPN customer with its like; an individual with these; acme's account with acme
    assert told == [False, False, False, False, False, True, False, True]
    assert not belongs_to(truth, members, np.array([0]), np.array([-1])).item()


def test_affiliations_have_a_line_of_their_own() -> None:
    truth, members = stated(RINGS, [0.9] * len(RINGS))
    members = replace(members, further=also([(4, 2, 0.8), (3, 0, 0.1), (0, 2, 0.1), (13, 3, np.nan)]))
    last = calibration(truth, members)[-1]
    assert (last.rings, last.accounts, last.true) == ("affiliations", 3, pytest.approx(1 / 3))
    assert [(b.low, b.accounts, b.true) for b in last.bins] == [(0.1, 2, 0.0), (0.8, 1, 1.0)]


def test_affiliations_follow_their_accounts_into_another_order(tmp_path: Path) -> None:
    members = pa.table({
        "account_id": ["c", "a", "b"], "ring_id": ["R-1", "R-2", "R-1"], "operator_id": ["OP", None, "OP"],
        "verdict": ["suspect", "household", "suspect"], "likelihood": [0.9, 0.8, 0.7],
    })  # fmt: skip
    further = pa.table({"account_id": ["a", "b", "z"], "ring_id": ["R-1", "R-2", "R-1"], "likelihood": [0.3, 0.2, 0.1]})
    pq.write_table(members, tmp_path / "members.parquet")
    pq.write_table(further, tmp_path / "affiliations.parquet")
    truth = pa.table({"account_id": ["x", "b", "a"], "operator": ["o", "o", None]})
    pq.write_table(truth, tmp_path / "truth.parquet")
    known, found = align(read_truth(tmp_path / "truth.parquet"), read_prediction(tmp_path))
    assert found.members is not None
    told = found.members.further
    ids, rings = known.account_id.to_pylist(), found.members.ring_names.tolist()
    read = {(ids[a], rings[r]): p for a, r, p in zip(told.account, told.ring, told.likelihood, strict=True)}
    assert read == {("a", "R-1"): 0.3, ("b", "R-2"): 0.2}
