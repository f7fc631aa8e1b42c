"""What is measured: a run's rings and operator clusters, or any table of account and cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from linkage.errors import ConfigError
from linkage.evaluation.memberships import (
    NONE,
    Labels,
    Memberships,
    none_at,
    of_labels,
    of_numbered,
    of_pairs,
    ones,
    rows_at,
    where,
)
from linkage.evaluation.tables import Words, ids, names_in, need, numbers, place_in, read_table, words
from linkage.evaluation.truth import OPERATOR, RING, Truth, over
from linkage.model import Role, Verdict

ANY, SUSPECT = "any verdict", "suspect"


@dataclass(frozen=True)
class Further:
    """Affiliations, one entry each: number of the account, of the ring, and the likelihood (NaN: not stated)."""

    account: Labels
    ring: Labels
    likelihood: npt.NDArray[np.float64]


NO_FURTHER = Further(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@dataclass(frozen=True)
class Members:
    """What a run says of its members, one entry an account; the ring is -1 and words are empty for accounts in none.

    ``shares`` is how much of each ring's traffic the run gives to each operator (rings x operators), ``further`` what
    it says of affiliations.
    """

    ring: Labels
    verdict: Words
    role: Words
    likelihood: npt.NDArray[np.float64]  # NaN where none is stated
    ring_names: Words
    operator_names: Words
    shares: sp.csr_matrix
    further: Further = NO_FURTHER

    @property
    def accused(self) -> npt.NDArray[np.bool_]:
        """Core and periphery of suspect rings."""
        return np.asarray((self.verdict == str(Verdict.SUSPECT)) & (self.role != str(Role.BYSTANDER)))


@dataclass(frozen=True)
class Prediction:
    """Predicted clusters, one entry an account: memberships by scope (which rings) and level; and what a run adds."""

    account_id: pa.Array
    scopes: dict[str, dict[str, Memberships]]
    members: Members | None


def read_prediction(path: Path) -> Prediction:
    """Clusters from a run folder or its members table, or from a table with account_id and cluster.

    At ring level an account belongs to the ring of members.parquet alone: affiliations.parquet names rings that fit it
    too, but less well. At operator level it belongs to every operator to which ring_operators.parquet gives some of
    the traffic of its ring, or of another suspect ring that it is affiliated with, unless it is a bystander there.
    Where it has no operator, its operator cluster is its ring.

    Raises:
        ConfigError: a file is missing, unreadable, lacks a column, or names an account twice.
    """
    if path.is_dir():
        members = path / "members.parquet"
        if not members.is_file():
            raise ConfigError(
                "this folder is no run: it has no members.parquet.", where=str(path),
                todo="Name a run folder such as runs/latest, or a table with account_id and cluster.",
            )
        return _from_members(read_table(members), members)
    table = read_table(path)
    if "ring_id" in table.column_names and "verdict" in table.column_names:
        return _from_members(table, path)
    need(table, path, ["account_id", "cluster"])
    labels = words(table, "cluster")
    return clusters(ids(table, path), place_in(labels, names_in(labels)))


def clusters(account_id: pa.Array, labels: Labels) -> Prediction:
    """A prediction of one cluster an account, -1 for none, at both levels alike."""
    matrix = of_labels(labels)
    return Prediction(account_id, {ANY: {RING: matrix, OPERATOR: matrix}}, None)


def align(truth: Truth, prediction: Prediction) -> tuple[Truth, Prediction]:
    """Both over the same accounts: the truth's in its order, then those that only the prediction names, as honest."""
    row = pc.index_in(prediction.account_id, truth.account_id)
    extra = np.flatnonzero(pc.is_null(row).to_numpy(zero_copy_only=False))
    account_id = pa.concat_arrays([truth.account_id, prediction.account_id.take(pa.array(extra))])
    source = pc.index_in(account_id, prediction.account_id).fill_null(NONE).to_numpy(zero_copy_only=False)
    known = np.where(np.arange(len(account_id)) < len(truth.account_id), np.arange(len(account_id)), NONE)
    scopes = {
        scope: {level: rows_at(matrix, source) for level, matrix in levels.items()}
        for scope, levels in prediction.scopes.items()
    }
    members = None if prediction.members is None else _members_at(prediction.members, source)
    return over(truth, account_id, known), Prediction(account_id, scopes, members)


def _members_at(m: Members, source: Labels) -> Members:
    verdict, role = (np.append(column, "")[source] for column in (m.verdict, m.role))
    ring, likelihood = np.append(m.ring, NONE)[source], np.append(m.likelihood, np.nan)[source]
    row = np.full(len(m.ring), NONE, dtype=np.int64)
    row[source[source != NONE]] = np.flatnonzero(source != NONE)
    further = Further(row[m.further.account], m.further.ring, m.further.likelihood)
    return Members(ring, verdict, role, likelihood, m.ring_names, m.operator_names, m.shares, further)


def _from_members(table: pa.Table, path: Path) -> Prediction:
    need(table, path, ["account_id", "ring_id", "operator_id", "verdict"])
    account_id, members = ids(table, path), _members(table, path)
    members = replace(members, further=_affiliations(path, account_id, members.ring_names))
    rings = len(members.ring_names)
    own = place_in(words(table, "operator_id"), members.operator_names)
    accused = members.verdict == str(Verdict.SUSPECT)
    suspect = np.isin(np.arange(rings), members.ring[accused])
    ring = of_numbered(members.ring, rings)
    firm = where(ring, own != NONE) + _further(path, account_id, members.ring_names, suspect)
    operator = of_numbered(own, len(members.operator_names)) + firm @ members.shares
    scopes = {ANY: _levels(ring, operator), SUSPECT: _levels(where(ring, accused), where(operator, accused))}
    return Prediction(account_id, scopes, members)


def _levels(ring: Memberships, operator: Memberships) -> dict[str, Memberships]:
    """Rings, and operators with the rings of those that have none."""
    fallback = where(ring, none_at(operator))
    return {RING: ring, OPERATOR: ones(sp.hstack([operator, fallback], format="csr"))}


def _members(table: pa.Table, path: Path) -> Members:
    rings, operators = words(table, "ring_id"), words(table, "operator_id")
    served = _beside(path, "ring_operators.parquet", ("ring_id", "operator_id"))
    ring_names = names_in(rings)
    operator_names = names_in(operators, words(served, "operator_id"))
    row, column = place_in(words(served, "ring_id"), ring_names), place_in(words(served, "operator_id"), operator_names)
    share = numbers(served, "traffic_share", 1.0)
    kept = (row != NONE) & (column != NONE) & (share > 0)
    shape = (len(ring_names), len(operator_names))
    return Members(
        place_in(rings, ring_names), words(table, "verdict"), words(table, "role", str(Role.CORE)),
        numbers(table, "likelihood", np.nan), ring_names, operator_names,
        sp.csr_matrix((share[kept], (row[kept], column[kept])), shape=shape),
    )


def _affiliations(path: Path, account_id: pa.Array, ring_names: Words) -> Further:
    """Affiliations of the accounts with the rings of the members table."""
    table = _beside(path, "affiliations.parquet", ("account_id", "ring_id"))
    row = pc.index_in(pc.cast(table["account_id"], pa.string()), account_id).fill_null(NONE)
    account, ring = np.asarray(row.to_numpy(), dtype=np.int64), place_in(words(table, "ring_id"), ring_names)
    kept = (account != NONE) & (ring != NONE)
    return Further(account[kept], ring[kept], numbers(table, "likelihood", np.nan)[kept])


def _further(path: Path, account_id: pa.Array, ring_names: Words, suspect: npt.NDArray[np.bool_]) -> Memberships:
    """Affiliations with suspect rings, but for bystanders."""
    table = _beside(path, "affiliations.parquet", ("account_id", "ring_id"))
    row = pc.index_in(pc.cast(table["account_id"], pa.string()), account_id).fill_null(NONE)
    account, ring = np.asarray(row.to_numpy(), dtype=np.int64), place_in(words(table, "ring_id"), ring_names)
    firm = words(table, "role", str(Role.CORE)) != str(Role.BYSTANDER)
    kept = firm & (account != NONE) & np.append(suspect, False)[ring]
    return of_pairs(account[kept], ring[kept], len(account_id), len(ring_names))


def _beside(path: Path, name: str, columns: Sequence[str]) -> pa.Table:
    """The table ``name`` of the same run; an empty one when there is none."""
    beside = path.with_name(name)
    if not beside.is_file():
        return pa.table({column: pa.array([], pa.string()) for column in columns})
    table = read_table(beside)
    need(table, beside, columns)
    return table
