"""Reading what is to be compared: a run's members or any table of clusters, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from linkage.errors import ConfigError
from linkage.evaluation.scores import NONE, Labels
from linkage.model import Verdict

Words = npt.NDArray[np.object_]
SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Truth:
    """The truth, one entry an account; ``levels`` holds the true labels by level (ring, operator), -1 for none."""

    account_id: pa.Array
    levels: dict[str, Labels]
    group_kind: Words | None


@dataclass(frozen=True)
class Prediction:
    """Predicted clusters, one entry an account: ring and operator numbers (-1: none) and the ring's verdict."""

    account_id: pa.Array
    ring: Labels
    operator: Labels
    verdict: Words  # empty where the account is in no ring
    has_verdicts: bool


def read_truth(path: Path) -> Truth:
    """Truth from a table with account_id, ring_id and operator_id, or with account_id and operator.

    Raises:
        ConfigError: the file is missing, unreadable, lacks these columns, or names an account twice.
    """
    table = read_table(path)
    names = {"ring": "ring_id", "operator": "operator_id" if "operator_id" in table.column_names else "operator"}
    _need(table, path, ["account_id"])
    found = {level: column for level, column in names.items() if column in table.column_names}
    if "operator" not in found:
        raise ConfigError(
            f"no column 'operator_id' or 'operator'; it has: {', '.join(table.column_names)}.", where=str(path),
            todo="Truth is a table with account_id, ring_id and operator_id, or with account_id and operator.",
        )
    levels = {level: numbered(table[column]) for level, column in found.items()}
    kinds = _words(table["group_kind"]) if "group_kind" in table.column_names else None
    return Truth(_ids(table, path), levels, kinds)


def read_prediction(path: Path) -> Prediction:
    """Clusters from a run folder (its members.parquet), or from a table with account_id and cluster.

    Where an account has no operator, its operator cluster is its ring.

    Raises:
        ConfigError: as :func:`read_truth`.
    """
    if path.is_dir():
        return _read_run(path)
    table = read_table(path)
    if "ring_id" in table.column_names and "verdict" in table.column_names:
        return _from_members(table, path)
    _need(table, path, ["account_id", "cluster"])
    cluster = numbered(table["cluster"])
    return clusters(_ids(table, path), cluster)


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
        return pacsv.read_csv(path, convert_options=_text_ids())
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"can't be read: {reason}.", where=str(path), todo="Mend the file.") from error


def clusters(account_id: pa.Array, labels: Labels) -> Prediction:
    """A prediction without verdicts, whose operator clusters are its clusters."""
    return Prediction(account_id, labels, labels, np.full(len(labels), "", dtype=object), False)


def align(truth: Truth, prediction: Prediction) -> tuple[Truth, Prediction]:
    """Both over the same accounts: the truth's in its order, then those that only the prediction names, as honest."""
    row = pc.index_in(prediction.account_id, truth.account_id)
    extra = np.flatnonzero(pc.is_null(row).to_numpy(zero_copy_only=False))
    ids = pa.concat_arrays([truth.account_id, prediction.account_id.take(pa.array(extra))])
    source = pc.index_in(ids, prediction.account_id).fill_null(NONE).to_numpy(zero_copy_only=False)
    levels = {name: _pad(labels, len(extra)) for name, labels in truth.levels.items()}
    kinds = None if truth.group_kind is None else np.append(truth.group_kind, ["not in the truth"] * len(extra))
    verdict = np.append(prediction.verdict, "")[source]
    ring, operator = (np.append(labels, NONE)[source] for labels in (prediction.ring, prediction.operator))
    return Truth(ids, levels, kinds), Prediction(ids, ring, operator, verdict, prediction.has_verdicts)


def suspects_only(prediction: Prediction) -> Prediction:
    """The prediction with every account outside suspect rings unassigned."""
    suspect = prediction.verdict == str(Verdict.SUSPECT)
    ring, operator = (np.where(suspect, labels, NONE) for labels in (prediction.ring, prediction.operator))
    return Prediction(prediction.account_id, ring, operator, prediction.verdict, True)


def numbered(column: pa.ChunkedArray) -> Labels:
    """A number for each distinct value; -1 for null and for empty text."""
    text = pc.cast(column, pa.string()).combine_chunks()
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    numbers = pc.dictionary_encode(text).indices.fill_null(NONE)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _text_ids() -> pacsv.ConvertOptions:
    names = ("account_id", "ring_id", "operator_id", "operator", "cluster", "verdict", "group_kind")
    return pacsv.ConvertOptions(column_types={name: pa.string() for name in names})


def _read_run(folder: Path) -> Prediction:
    members = folder / "members.parquet"
    if not members.is_file():
        raise ConfigError(
            "this folder is no run: it has no members.parquet.", where=str(folder),
            todo="Name a run folder such as runs/latest, or a table with account_id and cluster.",
        )
    return _from_members(read_table(members), members)


def _from_members(table: pa.Table, path: Path) -> Prediction:
    _need(table, path, ["account_id", "ring_id", "operator_id", "verdict"])
    ring = pc.cast(table["ring_id"], pa.string())
    operator = pc.coalesce(pc.cast(table["operator_id"], pa.string()), ring)
    return Prediction(_ids(table, path), numbered(ring), numbered(operator), _words(table["verdict"]), True)


def _need(table: pa.Table, path: Path, columns: Sequence[str]) -> None:
    missing = [c for c in columns if c not in table.column_names]
    if missing:
        raise ConfigError(
            f"no column {' or '.join(repr(c) for c in missing)}; it has: {', '.join(table.column_names)}.",
            where=str(path),
            todo=f"This table needs the columns {', '.join(columns)}.",
        )


def _ids(table: pa.Table, path: Path) -> pa.Array:
    ids = pc.cast(table["account_id"], pa.string()).combine_chunks()
    if pc.count_distinct(ids, mode="all").as_py() != len(ids):
        raise ConfigError("an account stands in it twice.", where=str(path), todo="Give each account one row.")
    return ids


def _words(column: pa.ChunkedArray) -> Words:
    return np.asarray(pc.cast(column, pa.string()).fill_null("").to_numpy(zero_copy_only=False), dtype=object)


def _pad(labels: Labels, count: int) -> Labels:
    return np.concatenate([labels, np.full(count, NONE, dtype=np.int64)])
