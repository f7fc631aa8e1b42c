from __future__ import annotations

from pathlib import Path

import pytest

from linkage.errors import InputRefused
from tests.sources.small_logs import read, write_csv, write_parquet

SOURCE = {"s": {"path": "e.csv", "account": "a"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "e.csv", "a", "x", "y")
    return tmp_path


def test_labels_are_sorted_trimmed_and_each_once(folder: Path) -> None:
    write_csv(
        folder / "labels.csv", "label,account_id", "banned, y ", "banned,y", "staff,x", ",x", "banned,", '"staff,'
    )
    assert read(folder, SOURCE, labels={"path": "labels.csv"}).labels.values.tolist() == [
        ["x", "staff"],
        ["y", "banned"],
    ]


def test_labels_in_parquet_with_numbers_for_accounts(folder: Path) -> None:
    write_parquet(folder / "labels.parquet", account_id=[7, 3], label=["banned", "staff"], since=[1, 2])
    found = read(folder, SOURCE, labels={"path": "labels.parquet"})
    assert found.labels.values.tolist() == [["3", "staff"], ["7", "banned"]]
    assert [i.source for i in found.report.inputs] == ["labels", "s"]


def test_without_labels_the_table_is_empty(folder: Path) -> None:
    labels = read(folder, SOURCE).arrow["labels"]
    assert (labels.num_rows, labels.column_names) == (0, ["account_id", "label"])


def test_labels_without_their_columns_are_refused(folder: Path) -> None:
    write_csv(folder / "labels.csv", "account_id,labels", "x,banned")
    with pytest.raises(InputRefused) as caught:
        read(folder, SOURCE, labels={"path": "labels.csv"})
    assert str(caught.value) == (
        "labels: labels.csv: there is no column 'label'; did you mean 'labels'? Call its columns account_id and label."
    )
    with pytest.raises(InputRefused, match="matches no file"):
        read(folder, SOURCE, labels={"path": "gone.csv"})


def test_labels_of_accounts_that_no_log_has_are_told_where_they_are_most(folder: Path) -> None:
    write_csv(folder / "labels.csv", "account_id,label", "x,banned", "y,staff", "Z,staff", "z,staff")
    assert read(folder, SOURCE, labels={"path": "labels.csv"}).report.warnings[1:] == ()
    write_csv(folder / "labels.csv", "account_id,label", "x,banned", "Z,staff", "Z,banned", "z,staff")
    assert read(folder, SOURCE, labels={"path": "labels.csv"}).report.warnings[1:] == (
        "labels: 2 of 3 labelled accounts are in no log, such as 'Z'.",
    )
