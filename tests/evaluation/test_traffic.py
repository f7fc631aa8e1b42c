from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.evaluation.prediction import align, read_prediction
from linkage.evaluation.traffic import Attributed, Traffic, attributed_traffic, true_shares
from linkage.evaluation.truth import read_truth

TRUTH = {  # p0 and p1 are a proxy for x, y and innocent customers
    "account_id": ["x0", "x1", "p0", "p1", "y0", "h"],
    "ring_id": ["rx", "rx", "rp", "rp", "ry", None],
    "operator_id": ["x", "x", "x", "x", "y", None],
}
SERVED = {
    "ring_id": ["rx", "rp", "rp", "rp", "ry"], "operator_id": ["x", "x", "y", None, "y"],
    "traffic_share": [1.0, 0.5, 0.3, 0.2, 1.0],
}
MEMBERS = {
    "account_id": ["x0", "x1", "p0", "p1", "y0", "h"], "ring_id": ["R-1", "R-1", "R-2", "R-2", "R-3", "R-2"],
    "operator_id": ["OP-1", "OP-1", "OP-1", "OP-1", "OP-2", None], "verdict": ["suspect"] * 6,
    "role": ["core"] * 5 + ["bystander"],
}
SHARES = {
    "ring_id": ["R-1", "R-2", "R-2", "R-3"], "operator_id": ["OP-1", "OP-1", "OP-2", "OP-2"],
    "traffic_share": [1.0, 0.6, 0.4, 1.0],
}
EXCHANGES = {"account": range(6), "account_id": TRUTH["account_id"], "exchanges": [10, 10, 20, 20, 30, 99]}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    (tmp_path / "run/1-sources").mkdir(parents=True)
    tables = {
        "truth": TRUTH, "truth_operators": SERVED, "run/members": MEMBERS, "run/ring_operators": SHARES,
        "run/1-sources/accounts": EXCHANGES,
    }
    for name, columns in tables.items():
        pq.write_table(pa.table({c: list(v) for c, v in columns.items()}), tmp_path / f"{name}.parquet")
    return tmp_path


def measured(world: Path) -> Traffic | None:
    known, found = align(read_truth(world / "truth.parquet"), read_prediction(world / "run"))
    assert found.members is not None
    return attributed_traffic(world / "run", world / "truth.parquet", known, found.members)


def test_exchanges_go_by_shares_and_operators_are_matched_by_them(world: Path) -> None:
    told = measured(world)
    assert told is not None
    assert told.operators == [  # y: 40 * 0.3 of the proxy and 30 of its own, x: 40 * 0.5 and 20
        Attributed("y", 42, "OP-2", pytest.approx((30 + 12 * 0.4) / 42)),
        Attributed("x", 40, "OP-1", pytest.approx((20 + 20 * 0.6) / 40)),
    ]


def test_rings_that_serve_several_stand_beside_what_is_stated(world: Path) -> None:
    told = measured(world)
    assert told is not None
    rows = [(s.ring, s.operator, s.exchanges, s.true, s.stated, s.error) for s in told.shared]
    expected = [("rp", "x", 20, 0.5, 0.6, 10.0), ("rp", "y", 12, 0.3, 0.4, 10.0), ("rp", "", 8, 0.2, 0.0, 20.0)]
    assert [row[:3] for row in rows] == [row[:3] for row in expected]
    assert np.array([row[3:] for row in rows]) == pytest.approx(np.array([row[3:] for row in expected]))


def test_shares_of_what_was_found_do_not_fall_with_what_was_not(world: Path) -> None:
    """One of the proxy's two accounts is in no suspect ring: half of its exchanges are stated as nobody's."""
    members = {**MEMBERS, "verdict": ["suspect"] * 3 + ["undetermined"] + ["suspect"] * 2}
    pq.write_table(pa.table(members), world / "run/members.parquet")
    told = measured(world)
    assert told is not None
    rows = [(s.operator, s.stated, s.told, s.told_error) for s in told.shared]
    assert rows == [
        ("x", pytest.approx(0.3), pytest.approx(0.6), pytest.approx(10)),
        ("y", pytest.approx(0.2), pytest.approx(0.4), pytest.approx(10)),
        ("", pytest.approx(0.5), pytest.approx(0.0), pytest.approx(20)),
    ]


def test_counted_exchanges_stand_above_shares(world: Path) -> None:
    operators = ["y", "y", "y", None, "x"]
    counted = {"request_id": range(5), "account_id": ["p0"] * 4 + ["stranger"], "operator_id": operators}
    pq.write_table(pa.table({c: list(v) for c, v in counted.items()}), world / "traffic.parquet")
    shares = true_shares(world / "truth.parquet", read_truth(world / "truth.parquet")).toarray()
    assert shares == pytest.approx(np.array([[1, 0], [1, 0], [0, 0.75], [0.5, 0.3], [0, 1], [0, 0]]))
    told = measured(world)
    assert told is not None
    assert {s.operator: s.true for s in told.shared} == pytest.approx({"x": 0.25, "y": 0.525, "": 0.225})


def test_an_operator_that_shares_no_exchange_has_no_match(world: Path) -> None:
    members = {**MEMBERS, "verdict": ["suspect"] * 4 + ["undetermined"] * 2}
    pq.write_table(pa.table(members), world / "run/members.parquet")
    pq.write_table(pa.table({**SHARES, "traffic_share": [1.0, 1.0, 0.0, 1.0]}), world / "run/ring_operators.parquet")
    told = measured(world)
    assert told is not None
    assert told.operators[0] == Attributed("y", 42, "", 0.0)
    assert [s.stated for s in told.shared if s.operator == "y"] == [0.0]


def test_without_counts_of_exchanges_nothing_is_said(world: Path) -> None:
    (world / "run/1-sources/accounts.parquet").unlink()
    assert measured(world) is None
