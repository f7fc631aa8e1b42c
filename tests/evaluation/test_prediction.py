from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.errors import ConfigError
from linkage.evaluation.prediction import ANY, SUSPECT, Prediction, align, read_prediction
from linkage.evaluation.truth import read_truth

# account, ring, operator, verdict, role
MEMBERS = [
    ("a", "R-1", "OP-1", "suspect", "core"),
    ("b", "R-1", None, "suspect", "bystander"),
    ("c", "R-2", "OP-2", "suspect", "periphery"),
    ("d", "R-3", None, "undetermined", "core"),
    ("z", "R-3", None, "undetermined", "core"),
]


def write(path: Path, columns: dict[str, list[object]]) -> None:
    pq.write_table(pa.table(columns), path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    names = ["account_id", "ring_id", "operator_id", "verdict", "role"]
    write(tmp_path / "members.parquet", {n: list(c) for n, c in zip(names, zip(*MEMBERS, strict=True), strict=True)})
    pairs = {"ring_id": ["R-1", "R-1", "R-2"], "operator_id": ["OP-1", "OP-2", "OP-2"]}
    write(tmp_path / "ring_operators.parquet", {**pairs, "traffic_share": [0.7, 0.3, 1.0]})
    return tmp_path


def together(found: Prediction, scope: str, level: str) -> set[frozenset[str]]:
    """The clusters, by the accounts that they hold."""
    matrix = found.scopes[scope][level].toarray()
    names = np.array(found.account_id.to_pylist())
    return {frozenset(names[column > 0].tolist()) for column in matrix.T if column.any()}


def sets(*clusters: str) -> set[frozenset[str]]:
    return {frozenset(c) for c in clusters}


def test_an_account_belongs_to_every_operator_of_its_ring(run: Path) -> None:
    found = read_prediction(run)
    assert together(found, ANY, "ring") == sets("ab", "c", "dz")
    assert together(found, SUSPECT, "ring") == sets("ab", "c")
    assert together(found, ANY, "operator") == sets("a", "ac", "b", "dz")  # OP-1, OP-2, and rings of those without
    assert together(found, SUSPECT, "operator") == sets("a", "ac", "b")


def test_affiliations_count_for_operators_of_suspect_rings_but_for_no_ring(run: Path) -> None:
    rows = {
        "account_id": ["c", "a", "d", "d", "nobody"], "ring_id": ["R-1", "R-3", "R-2", "R-1", "R-1"],
        "role": ["core", "core", "core", "bystander", "core"],
    }
    before = read_prediction(run)
    write(run / "affiliations.parquet", rows)
    found = read_prediction(run)
    assert together(found, ANY, "ring") == together(before, ANY, "ring")
    assert together(found, ANY, "operator") == sets("ac", "acd", "b", "z")


def test_without_shares_the_operator_of_the_members_counts(run: Path) -> None:
    (run / "ring_operators.parquet").unlink()
    assert together(read_prediction(run), ANY, "operator") == sets("a", "c", "b", "dz")


def test_accused_are_core_and_periphery_of_suspect_rings(run: Path) -> None:
    members = read_prediction(run).members
    assert members is not None
    assert members.accused.tolist() == [True, False, True, False, False]
    assert members.shares.toarray().tolist() == [[0.7, 0.3], [0, 1], [0, 0]]


def test_a_table_of_clusters_is_read_and_blank_means_unassigned(tmp_path: Path) -> None:
    (tmp_path / "clusters.csv").write_text("account_id,cluster\na,1\nb,\nc,1\n")
    found = read_prediction(tmp_path / "clusters.csv")
    assert together(found, ANY, "ring") == together(found, ANY, "operator") == sets("ac")
    assert found.members is None
    assert list(found.scopes) == [ANY]


def test_align_puts_both_over_the_union_of_accounts(run: Path) -> None:
    (run / "truth.csv").write_text("account_id,operator\nd,\nx,o1\na,o1\n")
    known, found = align(read_truth(run / "truth.csv"), read_prediction(run))
    assert known.account_id.to_pylist() == found.account_id.to_pylist() == ["d", "x", "a", "b", "c", "z"]
    assert known.honest.tolist() == [True, False, False, True, True, True]
    assert together(found, ANY, "ring") == sets("ab", "c", "dz")
    assert found.members is not None
    assert found.members.verdict.tolist() == ["undetermined", "", "suspect", "suspect", "suspect", "undetermined"]
    assert found.members.ring.tolist() == [2, -1, 0, 0, 1, 2]


def test_a_wrong_prediction_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("account_id,label\na,1\n")
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
