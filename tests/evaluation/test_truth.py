from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.errors import ConfigError
from linkage.evaluation.truth import ELSEWHERE, over, read_truth

TRUTH = """account_id,group_kind,group_id,ring_id,operator_id,framed
a,operator,g1,r1,o1,false
b,operator,g2,r2,o1,false
c,operator,g2,r2,o1,false
d,household,g3,,,true
e,operator,g4,r3,o2,false
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def operators_of(path: Path) -> dict[str, set[str]]:
    """Account to the names of its operators."""
    truth = read_truth(path)
    rows = truth.levels["operator"].toarray()
    return {
        account: {str(truth.names["operator"][o]) for o in np.flatnonzero(row)}
        for account, row in zip(truth.account_id.to_pylist(), rows, strict=True)
    }


def test_truth_has_both_levels_the_kinds_and_who_was_framed(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", TRUTH))
    assert truth.levels["ring"].toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert truth.levels["operator"].toarray().tolist() == [[1, 0], [1, 0], [1, 0], [0, 0], [0, 1]]
    assert truth.served.toarray().tolist() == [[1, 0], [1, 0], [0, 1]]
    assert truth.honest.tolist() == truth.framed.tolist() == [False, False, False, True, False]
    assert (truth.group_kind[3], truth.group[3]) == ("household", "g3")
    assert truth.has_kinds


def test_truth_of_operators_alone_has_one_level(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", "account_id,operator\na,o1\nb,\n"))
    assert {name: level.toarray().tolist() for name, level in truth.levels.items()} == {"operator": [[1], [0]]}
    assert not truth.has_kinds
    assert truth.honest.tolist() == [False, True]


def test_a_ring_serves_the_operators_that_are_told_beside_the_truth(tmp_path: Path) -> None:
    """Ring r2 serves o1, o3 and innocent customers; r3 is not told, so it serves its accounts' operator."""
    path = write(tmp_path / "truth.csv", TRUTH)
    serving = {"ring_id": ["r1", "r2", "r2", "r2"], "operator_id": ["o1", "o1", "o3", None], "exchanges": [9, 5, 3, 2]}
    pq.write_table(pa.table({**serving, "traffic_share": [1.0, 0.5, 0.3, 0.2]}), tmp_path / "truth_operators.parquet")
    assert operators_of(path) == {"a": {"o1"}, "b": {"o1", "o3"}, "c": {"o1", "o3"}, "d": set(), "e": {"o2"}}
    assert read_truth(path).served.toarray().tolist() == [[1, 0, 0], [0.5, 0, 0.3], [0, 1, 0]]


def test_a_ring_for_innocent_customers_alone_has_no_operator_but_is_not_honest(tmp_path: Path) -> None:
    path = write(tmp_path / "truth.csv", TRUTH)
    served = {"ring_id": ["r3"], "operator_id": pa.array([None], pa.string()), "traffic_share": [1.0]}
    pq.write_table(pa.table(served), tmp_path / "truth_operators.parquet")
    assert operators_of(path)["e"] == set()
    assert read_truth(path).honest.tolist() == [False, False, False, True, False]


def test_accounts_that_the_truth_does_not_name_are_honest_strangers(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", TRUTH))
    wider = over(truth, pa.array(["d", "x", "e"]), np.array([3, -1, 4]))
    assert wider.honest.tolist() == [True, True, False]
    assert wider.group_kind.tolist() == ["household", ELSEWHERE, "operator"]
    assert wider.framed.tolist() == [True, False, False]
    assert wider.group.tolist() == ["g3", "", "g4"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "t.csv", "account,ring_id\na,1\n",
            "no column 'account_id'; it has: account, ring_id. This table needs the columns account_id.",
        ),
        (
            "t.csv", "account_id,ring_id\na,1\n",
            "no column 'operator_id' or 'operator'; it has: account_id, ring_id. "
            "Truth is a table with account_id, ring_id and operator_id, or with account_id and operator.",
        ),
        ("t.csv", "account_id,operator\na,1\na,2\n", "an account stands in it twice. Give each account one row."),
    ],
)
def test_a_wrong_truth_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(ConfigError) as error:
        read_truth(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_wrong_table_beside_the_truth_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "truth.csv", TRUTH)
    pq.write_table(pa.table({"ring": ["r1"]}), tmp_path / "truth_operators.parquet")
    with pytest.raises(ConfigError, match=r"truth_operators\.parquet: no column 'ring_id' or 'operator_id'; it has"):
        read_truth(path)
