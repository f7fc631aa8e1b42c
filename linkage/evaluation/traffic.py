"""Exchanges attributed: whose a run says they are, against whose they were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment

from linkage.evaluation.memberships import NONE, Labels, none_at, of_numbered, rows_at, where
from linkage.evaluation.prediction import Members
from linkage.evaluation.tables import need, place_in, read_table, words
from linkage.evaluation.truth import OPERATOR, RING, Truth

COUNTED = "traffic.parquet"  # beside the truth: whose each exchange of rings that serve several was
ACCOUNTS = "1-sources/accounts.parquet"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Attributed:
    """A true operator's exchanges, and the share of them that the run gives to ``found``, its match ('' for none)."""

    operator: str
    exchanges: int
    found: str
    share: float


@dataclass(frozen=True)
class SharedRing:
    """A share of the traffic of a true ring that serves several: an operator's, or ('') innocent customers'.

    ``true`` and ``stated`` are shares of the ring's exchanges; ``stated`` is what the run gives to the operator's match
    or, for innocent customers, to nobody. ``told`` is the same as a share of those exchanges that the run holds in
    suspect rings: what ``ring_operators.parquet`` says of them, whatever part of the ring was found (0: none was).
    """

    ring: str
    operator: str
    exchanges: int
    true: float
    stated: float
    told: float

    @property
    def error(self) -> float:
        """Points of traffic share by which the run is off, accounts that it did not find included."""
        return 100 * abs(self.stated - self.true)

    @property
    def told_error(self) -> float:
        """Points of traffic share by which the run is off in what it says of the accounts that it found."""
        return 100 * abs(self.told - self.true)


@dataclass(frozen=True)
class Traffic:
    """Every true operator's exchanges, and the rings that serve several operators or innocent customers."""

    operators: list[Attributed]
    shared: list[SharedRing]


def attributed_traffic(run: Path, truth_path: Path, truth: Truth, members: Members) -> Traffic | None:
    """Compare whose exchanges a run says they are with whose they were; None where the run does not tell exchanges.

    An exchange of a core or peripheral account of a suspect ring is each operator's of ring_operators.parquet by its
    traffic share. Whose it truly was is counted from traffic.parquet beside the truth, else taken from the shares of
    truth_operators.parquet. True operators and those of the run are matched one to one, so that most exchanges agree.
    ``truth`` and ``members`` are aligned.

    Raises:
        ConfigError: a table can't be read or lacks a column.
    """
    if not (run / ACCOUNTS).is_file():
        return None
    exchanges = _exchanges(run, truth.account_id)
    true = true_shares(truth_path, truth).multiply(exchanges[:, None]).tocsr()
    stated = rows_at(members.shares, np.where(members.accused, members.ring, NONE))
    common = (true.T @ stated).toarray()
    match = _matches(common)
    sent = np.asarray(true.sum(axis=0)).ravel()
    known = np.append(members.operator_names, "")
    agreed = np.append(common, np.zeros((len(sent), 1)), axis=1)[np.arange(len(sent)), match]
    operators = [
        Attributed(str(name), round(sent[o]), str(known[match[o]]), float(agreed[o] / sent[o]) if sent[o] else 0.0)
        for o, name in enumerate(truth.names[OPERATOR])
    ]
    operators.sort(key=lambda a: (-a.exchanges, a.operator))
    given = stated.multiply(exchanges[:, None]).tocsr()
    return Traffic(operators, _shared(truth, true, given, (exchanges, exchanges * members.accused), match))


def true_shares(truth_path: Path, truth: Truth) -> sp.csr_matrix:
    """Which share of each account's exchanges was which operator's (accounts x operators).

    Raises:
        ConfigError: traffic.parquet can't be read or lacks a column.
    """
    ring = _true_ring(truth)
    own = where(truth.levels[OPERATOR], ring == NONE)
    shares = rows_at(truth.served, ring) + own
    path = truth_path.with_name(COUNTED)
    if not path.is_file():
        return shares
    table = read_table(path)
    need(table, path, ["account_id", "operator_id"])
    return _counted(table, truth, shares)


def _counted(table: pa.Table, truth: Truth, shares: sp.csr_matrix) -> sp.csr_matrix:
    """The shares, counted for the accounts that the table names."""
    counts = table.group_by(["account_id", "operator_id"]).aggregate([([], "count_all")])
    row = pc.index_in(pc.cast(counts["account_id"], pa.string()), truth.account_id).fill_null(NONE)
    account = np.asarray(row.to_numpy(), dtype=np.int64)
    operator = place_in(words(counts, "operator_id"), truth.names[OPERATOR])
    number = np.asarray(counts["count_all"].to_numpy(), dtype=np.float64)
    known = account != NONE
    total = np.bincount(account[known], weights=number[known], minlength=len(truth.account_id))
    kept = known & (operator != NONE)
    share = number[kept] / total[account[kept]]
    counted = sp.csr_matrix((share, (account[kept], operator[kept])), shape=shares.shape)
    return where(shares, total == 0) + counted


def _exchanges(run: Path, account_id: pa.Array) -> Floats:
    """Exchanges of each account, as the run counted them; 0 for accounts that it does not know."""
    table = read_table(run / ACCOUNTS)
    need(table, run / ACCOUNTS, ["account_id", "exchanges"])
    row = pc.index_in(account_id, pc.cast(table["account_id"], pa.string()).combine_chunks()).fill_null(NONE)
    counts = np.append(table["exchanges"].fill_null(0).to_numpy(), 0)
    return np.asarray(counts[row.to_numpy(zero_copy_only=False)], dtype=np.float64)


def _true_ring(truth: Truth) -> Labels:
    """The ring of each account, -1 for none."""
    if RING not in truth.levels:
        return np.full(len(truth.account_id), NONE, dtype=np.int64)
    rings = truth.levels[RING]
    label = np.full(len(truth.account_id), NONE, dtype=np.int64)
    label[~none_at(rings)] = rings.indices
    return label


def _matches(common: Floats) -> Labels:
    """For each true operator the one of the run that shares most with it, one to one; -1 for none."""
    match = np.full(common.shape[0], NONE, dtype=np.int64)
    rows, columns = linear_sum_assignment(common, maximize=True)
    agreed = common[rows, columns] > 0
    match[rows[agreed]] = columns[agreed]
    return match


def _shared(
    truth: Truth, true: sp.csr_matrix, stated: sp.csr_matrix, exchanges: tuple[Floats, Floats], match: Labels
) -> list[SharedRing]:
    """The rings that serve several operators, or innocent customers too; ``true`` and ``stated`` in exchanges.

    ``exchanges`` are those of all accounts, and of those that the run holds in suspect rings.
    """
    by_ring = of_numbered(_true_ring(truth), len(truth.names[RING])).T
    of_true, of_stated = (by_ring @ true).toarray(), (by_ring @ stated).toarray()
    sent, held = (by_ring @ number for number in exchanges)
    innocent = 1 - np.asarray(truth.served.sum(axis=1)).ravel()
    several = (np.diff(truth.served.indptr) > 1) | (innocent > 1e-9)
    rows = []
    for ring in np.flatnonzero(several & (sent > 0)):
        given = np.append(of_stated[ring], 0.0)[match]
        shares = [
            (str(truth.names[OPERATOR][o]), of_true[ring, o], given[o], given[o])
            for o in truth.served.indices[truth.served.indptr[ring] : truth.served.indptr[ring + 1]]
        ]
        left = of_stated[ring].sum()
        shares = [*sorted(shares), ("", sent[ring] - of_true[ring].sum(), sent[ring] - left, held[ring] - left)]
        name, whole, found = str(truth.names[RING][ring]), sent[ring], max(held[ring], 1e-9)
        rows += [
            SharedRing(name, o, round(t), float(t / whole), float(s / whole), float(told / found))
            for o, t, s, told in shares
        ]
    return rows
