"""The truth: which accounts form which ring, for which operators, and what holds the honest ones together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from linkage.errors import ConfigError
from linkage.evaluation.memberships import NONE, Labels, Memberships, none_at, of_numbered, of_pairs, rows_at
from linkage.evaluation.tables import Words, ids, names_in, need, numbers, place_in, read_table, words

RING, OPERATOR = "ring", "operator"
SERVED = "truth_operators.parquet"  # beside the truth: whom each ring's traffic is for
ELSEWHERE = "not in the truth"


@dataclass(frozen=True)
class Truth:
    """The truth, one entry an account.

    ``levels`` holds the true memberships by level (ring, operator), ``names`` the names of their clusters. An account
    of a ring that serves several operators belongs to each of them; innocent customers of a ring are no operator.
    ``served`` is the share of each ring's traffic that is an operator's (rings x operators; what a row lacks to 1 is
    innocent customers'). ``group_kind`` and ``group`` are empty text where the truth does not say; ``framed`` marks
    honest accounts on which somebody planted values.
    """

    account_id: pa.Array
    levels: dict[str, Memberships]
    names: dict[str, Words]
    served: sp.csr_matrix
    group_kind: Words
    group: Words
    framed: npt.NDArray[np.bool_]

    @property
    def honest(self) -> npt.NDArray[np.bool_]:
        """Accounts of no ring and no operator."""
        nowhere = [none_at(level) for level in self.levels.values()]
        return np.asarray(np.all(nowhere, axis=0))

    @property
    def has_kinds(self) -> bool:
        """Whether the truth says what holds accounts together."""
        return bool((self.group_kind != "").any())


def read_truth(path: Path) -> Truth:
    """Truth from a table with account_id, ring_id and operator_id, or with account_id and operator.

    Where a table truth_operators.parquet (ring_id, operator_id, traffic_share) stands beside it, the rings that it
    names serve the operators that it says.

    Raises:
        ConfigError: the file is missing, unreadable, lacks these columns, or names an account twice.
    """
    table = read_table(path)
    need(table, path, ["account_id"])
    column = "operator_id" if "operator_id" in table.column_names else "operator"
    if column not in table.column_names:
        raise ConfigError(
            f"no column 'operator_id' or 'operator'; it has: {', '.join(table.column_names)}.", where=str(path),
            todo="Truth is a table with account_id, ring_id and operator_id, or with account_id and operator.",
        )
    rings, operators = words(table, "ring_id"), words(table, column)
    beside = path.with_name(SERVED)
    serving = read_table(beside) if beside.is_file() and "ring_id" in table.column_names else None
    if serving is not None:
        need(serving, beside, ["ring_id", "operator_id"])
    served_by = words(serving, "operator_id") if serving is not None else np.array([], dtype=object)
    names = {RING: names_in(rings), OPERATOR: names_in(operators, served_by)}
    ring, operator = place_in(rings, names[RING]), place_in(operators, names[OPERATOR])
    told, served = _served(serving, ring, operator, names)
    levels = {OPERATOR: _operators(ring, operator, told, served)}
    if "ring_id" in table.column_names:
        levels = {RING: of_numbered(ring, len(names[RING])), **levels}
    framed = numbers(table, "framed", 0.0) > 0
    return Truth(ids(table, path), levels, names, served, words(table, "group_kind"), words(table, "group_id"), framed)


def over(truth: Truth, account_id: pa.Array, source: Labels) -> Truth:
    """The truth over other accounts: entry ``source[i]`` for account i, or an honest stranger where that is -1."""
    strange = np.append(truth.group_kind, ELSEWHERE if truth.has_kinds else "")
    return replace(
        truth, account_id=account_id, levels={name: rows_at(level, source) for name, level in truth.levels.items()},
        group_kind=strange[source], group=np.append(truth.group, "")[source],
        framed=np.append(truth.framed, False)[source],
    )


def _served(
    serving: pa.Table | None, ring: Labels, operator: Labels, names: dict[str, Words]
) -> tuple[npt.NDArray[np.bool_], sp.csr_matrix]:
    """Which rings the table of served operators names; and the shares, for the other rings whole by their accounts."""
    shape = (len(names[RING]), len(names[OPERATOR]))
    told = np.zeros(shape[0] + 1, dtype=bool)
    single = np.unique(np.column_stack([ring, operator])[(ring != NONE) & (operator != NONE)], axis=0)
    cells, shares = single, np.ones(len(single))
    if serving is not None:
        row, column = (place_in(words(serving, c), names[n]) for c, n in (("ring_id", RING), ("operator_id", OPERATOR)))
        told[row] = True
        share = numbers(serving, "traffic_share", 1.0)
        kept, others = (row != NONE) & (column != NONE) & (share > 0), ~told[single[:, 0]]
        cells = np.concatenate([single[others], np.column_stack([row, column])[kept]])
        shares = np.concatenate([shares[others], share[kept]])
    matrix = sp.csr_matrix((shares, (cells[:, 0], cells[:, 1])), shape=shape)
    return told[:-1], matrix


def _operators(
    ring: Labels, operator: Labels, told: npt.NDArray[np.bool_], served: sp.csr_matrix
) -> Memberships:
    """By the operators that its ring serves where they are told, else by the account's own one."""
    by_ring = np.append(told, False)[ring]
    pairs = rows_at(served, np.where(by_ring, ring, NONE)).tocoo()
    own = np.flatnonzero(~by_ring & (operator != NONE))
    account, cluster = np.concatenate([pairs.row, own]), np.concatenate([pairs.col, operator[own]])
    return of_pairs(account, cluster, len(ring), served.shape[1])
