from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from linkage.errors import ConfigError
from linkage.evaluation.tables import ids, names_in, need, numbers, place_in, read_table, words


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
    (tmp_path / "t.xlsx").touch()
    with pytest.raises(ConfigError) as error:
        read_table(tmp_path / "t.xlsx")
    assert str(error.value) == f"{tmp_path / 't.xlsx'}: not a .parquet or .csv file. Convert it to one of them."


def test_ids_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("account_id,group_id,cluster\n007,01,1\n7,1,01\n")
    table = read_table(path)
    assert ids(table, path).to_pylist() == ["007", "7"]
    assert words(table, "group_id").tolist() == ["01", "1"]
    assert words(table, "cluster").tolist() == ["1", "01"]


def test_an_account_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        ids(pa.table({"account_id": ["a", "b", "a"]}), tmp_path / "t.csv")
    assert str(error.value) == f"{tmp_path / 't.csv'}: an account stands in it twice. Give each account one row."


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        need(pa.table({"x": [1], "y": [2]}), tmp_path, ["x", "a", "b"])
    assert str(error.value) == (
        f"{tmp_path}: no column 'a' or 'b'; it has: x, y. This table needs the columns x, a, b."
    )


def test_missing_values_and_columns_have_a_stand_in() -> None:
    table = pa.table({"w": ["x", None], "n": [None, 2]})
    assert words(table, "w").tolist() == ["x", ""]
    assert words(table, "absent", "core").tolist() == ["core", "core"]
    assert numbers(table, "n", 0.5).tolist() == [0.5, 2.0]
    assert np.isnan(numbers(table, "absent", np.nan)).all()


def test_names_are_sorted_and_values_find_their_place() -> None:
    column = np.array(["b", "", "a", "b"], dtype=object)
    names = names_in(column, np.array(["c"], dtype=object))
    assert names.tolist() == ["a", "b", "c"]
    assert place_in(column, names).tolist() == [1, -1, 0, 1]
    assert place_in(np.array(["z", "0"], dtype=object), names).tolist() == [-1, -1]
    assert place_in(column, names[:0]).tolist() == [-1] * 4
