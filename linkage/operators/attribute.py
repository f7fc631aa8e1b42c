"""From rings to operator clusters, as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from linkage import model
from linkage.model import Verdict
from linkage.operators.alternatives import alternatives
from linkage.operators.cluster import cluster_rings, price
from linkage.operators.reasons import decided_by
from linkage.operators.shared import Operators, told_apart
from linkage.operators.ties import Tie, between
from linkage.operators.uses import Floats, Ints, KindUses, of_tables, without
from linkage.operators.weakest import Weakest, weakest_link

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Served:
    """Which rings serve which operators, pair by pair: ``share`` of its traffic; ``suspect`` says it of the ring."""

    ring: Ints
    operator: Ints
    share: Floats
    suspect: Bools

    def others(self, row: int) -> Ints:
        """Suspect rings of the same operator, but for the ring itself."""
        same = (self.operator == self.operator[row]) & self.suspect & (self.ring != self.ring[row])
        return np.asarray(self.ring[same], dtype=np.int64)

    def suspects(self, operator: int) -> Ints:
        """Suspect rings of an operator."""
        return np.asarray(self.ring[(self.operator == operator) & self.suspect], dtype=np.int64)


def attribute(rings: pa.Table, uses: pa.Table, kinds: pa.Table) -> dict[str, pa.Table]:
    """Tables ring_operators, operators and operator_links (shapes in model).

    ``rings`` is the stage rings' table, ``uses`` of :func:`linkage.operators.ring_uses`, ``kinds`` the graph's.

    Suspect rings join by what they share beyond chance, whatever cluster they were found in. A ring that alone holds
    two operators together serves both, evenly as far as is known here: see
    :func:`linkage.operators.traffic.with_traffic`. An undetermined ring follows the operator to which it is tied best,
    if it is, and neither unites others nor, as a stranger, keeps them apart. ``bits_saved`` sums over the suspect
    rings. Of what is known already nothing is said here: see :func:`linkage.operators.dossiers.with_dossiers`.
    """
    made = of_tables(uses, kinds, rings.num_rows)
    verdict = rings["verdict"].to_numpy(zero_copy_only=False)
    suspect, unsettled = (np.asarray(verdict == str(v)) for v in (Verdict.SUSPECT, Verdict.UNDETERMINED))
    asked, least = np.flatnonzero(suspect), price(int(suspect.sum()))
    alone = without(made, np.flatnonzero(unsettled))
    operators = told_apart(alone, cluster_rings(alone, asked, least), least)
    served = _served(operators, suspect)
    served = _joined(served, _followers(made, served, np.flatnonzero(unsettled), least))
    seen = [alone if served.suspect[row] else made for row in range(len(served.ring))]
    ties = [between(seen[row], np.array([ring]), served.others(row)) for row, ring in enumerate(served.ring)]
    weakest = [weakest_link(alone, served.suspects(n), [tree]) for n, tree in enumerate(operators.own)]
    explained = [
        alternatives(alone, served.suspects(n), _clients(rings, served, n), least) for n in range(len(weakest))
    ]
    return {
        "ring_operators": _ring_operators(served),
        "operators": _operators(rings, made, served, _Told(ties, weakest, explained)),
        "operator_links": _links(made, served, ties, weakest),
    }


@dataclass(frozen=True)
class _Told:
    """The tie of each row of :class:`_Served`; of each operator its weakest link, and what else would explain it."""

    ties: list[Tie]
    weakest: list[Weakest | None]
    alternatives: list[str]


def _clients(rings: pa.Table, served: _Served, operator: int) -> int:
    """How many of an operator's suspect rings look like an organisation next."""
    next_best = rings["runner_up"].to_numpy(zero_copy_only=False)[served.suspects(operator)]
    return int(np.count_nonzero(next_best == str(Verdict.ORGANISATION)))


def _served(operators: Operators, suspect: Bools) -> _Served:
    rows = [(ring, n, 1.0) for n, tree in enumerate(operators.own) for ring in tree.rings]
    for bridge, serving in operators.shared:
        rows += [(ring, n, 1 / len(serving)) for ring in bridge for n in serving]
    return _of_rows(rows, suspect)


def _of_rows(rows: list[tuple[int, int, float]], suspect: Bools) -> _Served:
    """Sorted by ring, then operator."""
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)
    ring = table[:, 0].astype(np.int64)
    return _Served(ring, table[:, 1].astype(np.int64), table[:, 2], suspect[ring])


def _followers(kinds: list[KindUses], served: _Served, rings: Ints, least: float) -> _Served:
    """Those of the undetermined ``rings`` that are tied to an operator, with the one to which they are tied best."""
    rows: list[tuple[int, int, float]] = []
    operators = [served.ring[served.operator == n] for n in range(int(served.operator.max(initial=-1)) + 1)]
    for ring, sharing in zip(rings.tolist(), _sharing(kinds, rings, operators), strict=True):
        bits = np.zeros(len(operators))
        for n in np.flatnonzero(sharing).tolist():
            bits[n] = between(kinds, np.array([ring]), operators[n]).total
        if bits.max(initial=0.0) > least:
            rows.append((ring, int(bits.argmax()), 1.0))
    return _of_rows(rows, np.zeros(int(rings.max(initial=-1)) + 1, dtype=bool))


def _sharing(kinds: list[KindUses], rings: Ints, groups: list[Ints]) -> Bools:
    """Which of the rings use anything that a group of rings uses, too (rings x groups): others are tied by 0 bits."""
    found = np.zeros((len(rings), len(groups)), dtype=bool)
    members = np.concatenate([np.zeros(0, dtype=np.int64), *groups])
    number = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    for kind in kinds:
        of = sp.csr_matrix((np.ones(len(members)), (number, members)), shape=(len(groups), kind.users.shape[0]))
        found |= (kind.users[rings] @ (of @ kind.users).T).toarray() > 0
    return found


def _joined(one: _Served, other: _Served) -> _Served:
    """Both, sorted by ring, then operator."""
    ring, operator = np.append(one.ring, other.ring), np.append(one.operator, other.operator)
    share, suspect = np.append(one.share, other.share), np.append(one.suspect, other.suspect)
    order = np.lexsort((operator, ring))
    return _Served(ring[order], operator[order], share[order], suspect[order])


def _ring_operators(served: _Served) -> pa.Table:
    columns = {"ring": served.ring, "operator": served.operator, "traffic_share": served.share}
    return pa.table(columns).cast(model.RING_OPERATOR_LIST)


def _operators(rings: pa.Table, kinds: list[KindUses], served: _Served, told: _Told) -> pa.Table:
    number = int(served.operator.max(initial=-1)) + 1
    chosen = served.suspect
    saved = np.round(1_000 * rings["bits_saved"].to_numpy()).astype(np.int64)
    sums = np.bincount(served.operator[chosen], weights=saved[served.ring[chosen]], minlength=number)
    names = [kind.kind for kind in kinds]
    reasons = []
    for n in range(number):
        rows = np.flatnonzero((served.operator == n) & chosen)
        shared = np.isin(served.ring[rows], served.ring[served.share < 1])
        reasons.append(decided_by(names, [told.ties[row] for row in rows], int(shared.sum())))
    columns = {
        "operator": np.arange(number), "bits_saved": sums / 1_000, "decided_by": pa.array(reasons, pa.string()),
        "dossier": pa.nulls(number), "dossier_match": pa.nulls(number),
        "weakest_bits": pa.array([round(link.tie.total, 3) if link else None for link in told.weakest], pa.float64()),
        "weakest_link": pa.array([link.text(names) if link else None for link in told.weakest], pa.string()),
        "alternatives": pa.array([text or None for text in told.alternatives], pa.string()),
    }
    return pa.table(columns).cast(model.OPERATOR_LIST)


def _links(kinds: list[KindUses], served: _Served, ties: list[Tie], weakest: list[Weakest | None]) -> pa.Table:
    """What each ring shares with the other suspect rings of its operator, in kinds of which it shares anything."""
    beyond = {(n, ring) for n, link in enumerate(weakest) if link for ring in link.part.tolist()}
    rows = [
        {
            "operator": int(served.operator[row]), "ring": int(served.ring[row]), "kind": kind.kind,
            "shared": int(tie.shared[i]), "expected": round(float(tie.expected[i]), 3),
            "bits": round(float(tie.bits[i]), 3), "total_bits": round(tie.total, 3),
            "beyond_weakest": (int(served.operator[row]), int(served.ring[row])) in beyond,
        }
        for row, tie in enumerate(ties)
        for i, kind in enumerate(kinds)
        if tie.shared[i]
    ]
    keys = [(name, "ascending") for name in ("operator", "ring", "kind")]
    return pa.Table.from_pylist(rows, schema=model.OPERATOR_LINKS).sort_by(keys)
