"""Reading tables of accounts: Parquet or CSV, with ids as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from linkage.errors import ConfigError
from linkage.evaluation.memberships import NONE, Labels

Words = npt.NDArray[np.object_]
SUFFIXES = (".parquet", ".csv")
IDS = ("account_id", "ring_id", "operator_id", "operator", "cluster", "verdict", "role", "group_kind", "group_id")


def read_table(path: Path) -> pa.Table:
    """A Parquet or CSV file as Arrow; ids in CSV stay text.

    Raises:
        ConfigError: there is no such file, its name ends in neither suffix, or it can't be read as what it says it is.
    """
    if not path.is_file():
        raise ConfigError("there is no such file.", where=str(path), todo="Check the path.")
    if path.suffix not in SUFFIXES:
        raise ConfigError("not a .parquet or .csv file.", where=str(path), todo="Convert it to one of them.")
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        return pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(IDS, pa.string())))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"can't be read: {reason}.", where=str(path), todo="Mend the file.") from error


def need(table: pa.Table, path: Path, columns: Sequence[str]) -> None:
    """Check that a table has these columns.

    Raises:
        ConfigError: it lacks one.
    """
    missing = [c for c in columns if c not in table.column_names]
    if missing:
        raise ConfigError(
            f"no column {' or '.join(repr(c) for c in missing)}; it has: {', '.join(table.column_names)}.",
            where=str(path),
            todo=f"This table needs the columns {', '.join(columns)}.",
        )


def ids(table: pa.Table, path: Path) -> pa.Array:
    """The column account_id as text.

    Raises:
        ConfigError: it names an account twice.
    """
    column = pc.cast(table["account_id"], pa.string()).combine_chunks()
    if pc.count_distinct(column, mode="all").as_py() != len(column):
        raise ConfigError("an account stands in it twice.", where=str(path), todo="Give each account one row.")
    return column


def words(table: pa.Table, column: str, missing: str = "") -> Words:
    """A column as Python strings; ``missing`` where it is null, and everywhere when the table has no such column."""
    if column not in table.column_names:
        return np.full(table.num_rows, missing, dtype=object)
    text = pc.cast(table[column], pa.string()).fill_null(missing)
    return np.asarray(text.to_numpy(zero_copy_only=False), dtype=object)


def place_in(values: Words, names: Words) -> Labels:
    """Where each value stands in the sorted, distinct ``names``; -1 for those that are not among them."""
    if not len(names):
        return np.full(len(values), NONE, dtype=np.int64)
    place = np.minimum(np.searchsorted(names.astype(str), values.astype(str)), len(names) - 1)
    return np.where(names[place] == values, place, NONE).astype(np.int64)


def names_in(*columns: Words) -> Words:
    """The distinct values of all columns, sorted, without the empty one."""
    every = np.unique(np.concatenate(columns).astype(str))
    return np.asarray(every[every != ""], dtype=object)


def numbers(table: pa.Table, column: str, missing: float) -> npt.NDArray[np.float64]:
    """A column as floats; ``missing`` where it is null, and everywhere when the table has no such column."""
    if column not in table.column_names:
        return np.full(table.num_rows, missing)
    return np.asarray(pc.cast(table[column], pa.float64()).fill_null(missing).to_numpy(), dtype=np.float64)
