from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.errors import ConfigError
from linkage.evaluation.tables import align, numbered, read_prediction, read_table, read_truth, suspects_only

TRUTH = "account_id,group_kind,ring_id,operator_id\na,operator,r1,o1\nb,operator,r2,o1\nc,household,,\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def members(path: Path) -> Path:
    table = pa.table({
        "account_id": ["a", "b", "z"], "ring_id": ["R-1", "R-2", "R-2"], "operator_id": ["OP-1", None, None],
        "verdict": ["suspect", "undetermined", "undetermined"],
    })
    path.mkdir()
    pq.write_table(table, path / "members.parquet")
    return path


def test_truth_has_both_levels_and_the_kinds(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", TRUTH))
    assert truth.levels["ring"].tolist() == [0, 1, -1]
    assert truth.levels["operator"].tolist() == [0, 0, -1]
    assert truth.group_kind is not None
    assert truth.group_kind.tolist() == ["operator", "operator", "household"]


def test_truth_of_operators_alone_has_one_level(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", "account_id,operator\na,o1\nb,\n"))
    assert {k: v.tolist() for k, v in truth.levels.items()} == {"operator": [0, -1]}
    assert truth.group_kind is None


def test_account_ids_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", "account_id,operator\n007,1\n7,1\n"))
    assert truth.account_id.to_pylist() == ["007", "7"]


def test_an_account_without_an_operator_falls_back_to_its_ring(tmp_path: Path) -> None:
    found = read_prediction(members(tmp_path / "run"))
    assert found.ring.tolist() == [0, 1, 1]
    assert len(set(found.operator.tolist())) == 2
    assert found.operator[1] == found.operator[2]
    assert found.has_verdicts


def test_suspects_only_leaves_the_others_unassigned(tmp_path: Path) -> None:
    found = suspects_only(read_prediction(members(tmp_path / "run")))
    assert (found.ring != -1).tolist() == [True, False, False]
    assert (found.operator != -1).tolist() == [True, False, False]


def test_a_table_of_clusters_is_read_and_blank_means_unassigned(tmp_path: Path) -> None:
    found = read_prediction(write(tmp_path / "clusters.csv", "account_id,cluster\na,1\nb,\nc,1\n"))
    assert found.ring.tolist() == [0, -1, 0]
    assert not found.has_verdicts


def test_align_puts_both_over_the_union_of_accounts(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path / "truth.csv", TRUTH))
    known, found = align(truth, read_prediction(members(tmp_path / "run")))
    assert known.account_id.to_pylist() == ["a", "b", "c", "z"]
    assert known.levels["ring"].tolist() == [0, 1, -1, -1]
    assert known.group_kind is not None
    assert known.group_kind.tolist()[2:] == ["household", "not in the truth"]
    assert found.ring.tolist() == [0, 1, -1, 1]
    assert found.verdict.tolist() == ["suspect", "undetermined", "", "undetermined"]


def test_numbered_takes_null_and_blank_for_none() -> None:
    column = pa.chunked_array([["x", None], ["", "y", "x"]])
    assert np.array_equal(numbered(column), [0, -1, -1, 1, 0])


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
        ("t.xlsx", "", "not a .parquet or .csv file. Convert it to one of them."),
    ],
)
def test_a_wrong_truth_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(ConfigError) as error:
        read_truth(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_wrong_prediction_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "account_id,label\na,1\n")
    with pytest.raises(ConfigError) as error:
        read_prediction(path)
    assert str(error.value) == (
        f"{path}: no column 'cluster'; it has: account_id, label. This table needs the columns account_id, cluster."
    )
    with pytest.raises(ConfigError) as error:
        read_prediction(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: this folder is no run: it has no members.parquet. "
        "Name a run folder such as runs/latest, or a table with account_id and cluster."
    )


@pytest.mark.parametrize("name", ["broken.parquet", "broken.csv"])
def test_an_unreadable_file_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"a,b\n1\n\xff\xfe\n")
    with pytest.raises(ConfigError, match="can't be read") as error:
        read_table(path)
    assert str(path) in str(error.value)
    with pytest.raises(ConfigError) as error:
        read_table(tmp_path / "absent.csv")
    assert str(error.value) == f"{tmp_path / 'absent.csv'}: there is no such file. Check the path."
