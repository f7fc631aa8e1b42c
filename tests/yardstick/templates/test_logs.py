from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from linkage.errors import ConfigError
from linkage.yardstick.templates.logs import DRAIN, MEAN, accuracies, logs_table
from tests.yardstick.templates.toys import numbers_masked
from tests.yardstick.test_tables import rows

HDFS = 'LineId,Content,EventId,EventTemplate\n1,"took 1, left",E1,x\n2,"took 2, left",E1,x\n3,NA,E2,x\n4,gone 3,E3,x\n'
APACHE = "LineId,Content,EventId,EventTemplate\n1,on a,E1,x\n2,on b,E1,x\n3,off,E2,x\n4,off,E2,x\n"


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    for name, text in (("HDFS", HDFS), ("Apache", APACHE), ("Unheard", APACHE)):
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_accuracy_by_set_and_level_with_the_mean(sets: Path) -> None:
    found = accuracies(sets, numbers_masked)
    assert list(found.index) == ["Apache", "HDFS", MEAN]  # a set without published settings is passed over
    assert found.loc["HDFS"].to_dict() == {"exact": 0.5, "masked": 1, "skeleton": 1, "family": 1, DRAIN: 1}
    assert found.loc["Apache", "masked"] == 0.5
    assert found.loc[MEAN, "exact"] == pytest.approx((0.5 + 0.5) / 2)


def test_lines_that_share_nothing_stand_with_their_masked_id(sets: Path) -> None:
    """`NA` and `gone 3` have no skeleton; they are two groups, not one and not none."""
    assert accuracies(sets, numbers_masked).loc["HDFS", "skeleton"] == 1


def test_each_line_is_an_account(sets: Path) -> None:
    seen = []
    accuracies(sets, lambda table: seen.append(table["account"].to_pylist()) or numbers_masked(table))
    assert [len(set(accounts)) for accounts in seen] == [4, 4]


def test_the_table_has_a_row_a_set(sets: Path) -> None:
    table = rows(logs_table(accuracies(sets, numbers_masked)))
    assert table["HDFS"] == ["0.500", "1.000", "1.000", "1.000", "1.000"]
    assert list(table) == ["grouping accuracy", "Apache", "HDFS", "mean"]


def test_without_sets_it_says_where_they_were_sought(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        accuracies(tmp_path, numbers_masked)
    assert str(refused.value) == (
        f"{tmp_path}: none of the sets of log lines is there. "
        "Name the folder that holds loghub/*.csv.gz with --data or in LINKAGE_DATA."
    )


def test_drain_reaches_what_its_authors_publish(third_party: Path) -> None:
    """Table III of the benchmark of 2019, whose figures have three digits."""
    found = accuracies(third_party / "loghub", numbers_masked)[DRAIN]
    published = {"HDFS": 0.998, "Hadoop": 0.948, "Spark": 0.920, "Zookeeper": 0.967, "BGL": 0.963, "Linux": 0.690,
                 "Apache": 1.0, "OpenSSH": 0.788}  # fmt: skip
    assert found.drop(MEAN).to_dict() == pytest.approx(published, abs=0.001)
