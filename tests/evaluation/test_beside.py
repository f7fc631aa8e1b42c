"""Found beside true, against a count by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from linkage.errors import ConfigError
from linkage.evaluation.beside import Match, matches


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Operator one: five accounts, three of them in OP-A with a stranger; operator two: two accounts, none found."""
    truth = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d", "e", "f", "g", "h"],
            "ring_id": ["r1", "r1", "r1", "r2", "r2", "r3", "r3", None],
            "operator_id": ["one"] * 5 + ["two"] * 2 + [None],
        }
    )
    found = pd.DataFrame(
        {
            "account_id": ["a", "b", "d", "h"],
            "ring_id": ["R-1", "R-1", "R-1", "R-1"],
            "operator_id": ["OP-A"] * 4,
            "verdict": ["suspect"] * 4,
        }
    )
    truth.to_parquet(tmp_path / "truth.parquet")
    found.to_parquet(tmp_path / "members.parquet")
    return tmp_path / "members.parquet", tmp_path / "truth.parquet"


def test_each_true_operator_and_ring_stands_beside_its_best_cluster(tables: tuple[Path, Path]) -> None:
    assert matches(*tables) == [
        Match("operator", "one", 5, "OP-A", 4, 3),
        Match("operator", "two", 2, "", 0, 0),
        Match("ring", "r1", 3, "R-1", 4, 2),
        Match("ring", "r2", 2, "R-1", 4, 1),
        Match("ring", "r3", 2, "", 0, 0),
    ]


def test_a_run_folder_is_read_through_its_members(tables: tuple[Path, Path]) -> None:
    assert matches(tables[0].parent, tables[1]) == matches(*tables)


def test_of_equal_clusters_the_first_by_name_is_named(tmp_path: Path) -> None:
    truth = pd.DataFrame({"account_id": ["a", "b"], "ring_id": ["r", "r"], "operator_id": ["o", "o"]})
    found = pd.DataFrame({"account_id": ["b", "a"], "ring_id": ["R-2", "R-1"], "operator_id": [None, None]})
    truth.to_parquet(tmp_path / "truth.parquet")
    found.astype({"operator_id": "str"}).to_parquet(tmp_path / "found.parquet")
    ring = [m for m in matches(tmp_path / "found.parquet", tmp_path / "truth.parquet") if m.level == "ring"]
    assert ring == [Match("ring", "r", 2, "R-1", 1, 1)]


def test_a_table_of_plain_clusters_has_nothing_to_set_beside(tmp_path: Path, tables: tuple[Path, Path]) -> None:
    pd.DataFrame({"account_id": ["a"], "cluster": ["x"]}).to_csv(tmp_path / "c.csv", index=False)
    assert matches(tmp_path / "c.csv", tables[1]) == []


def test_a_missing_file_is_named(tables: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        matches(tables[0], tables[1].parent / "nowhere.parquet")
