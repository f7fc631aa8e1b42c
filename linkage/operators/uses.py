"""What the rings use: the counts that say whether two groups of rings draw from one stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from linkage import model
from linkage.config import LEASED_FAMILY
from linkage.engines.step import Engine, Step

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KindUses:
    """One kind over the rings: ``users`` (rings x entities, CSC) has k, the members of a ring that use an entity.

    Only entities that could be somebody's own are columns (:func:`of_tables`); ``entities`` are their numbers,
    ``everywhere`` their d. ``links`` is n, the ring's links of the kind to whatever entity, and ``all_links`` D,
    everybody's.
    """

    kind: str
    family: str
    users: sp.csc_matrix
    entities: Ints
    everywhere: Ints
    links: Ints
    all_links: int

    def used_by(self, rings: Ints) -> Ints:
        """How many members of these rings use each entity."""
        return _total(self._rows, rings)

    @cached_property
    def _rows(self) -> sp.csr_matrix:
        return self.users.tocsr()


def _total(rows: sp.csr_matrix, rings: Ints) -> Ints:
    """Sums of these rows; read off the arrays, as asking the matrix takes ten times as long and is done often."""
    cells = [slice(rows.indptr[ring], rows.indptr[ring + 1]) for ring in rings.tolist()]
    columns = np.concatenate([rows.indices[s] for s in cells]) if cells else np.zeros(0, dtype=np.int32)
    numbers = np.concatenate([rows.data[s] for s in cells]) if cells else np.zeros(0, dtype=np.int64)
    return np.bincount(columns, numbers, rows.shape[1]).astype(np.int64)


def narrowed(kinds: list[KindUses], rings: Ints) -> list[KindUses]:
    """The same with those entities alone that some of these rings use: all that it takes to compare them."""
    made = []
    for kind in kinds:
        used = np.flatnonzero(kind.used_by(rings))
        entities, everywhere = kind.entities[used], kind.everywhere[used]
        made.append(replace(kind, users=kind.users[:, used], entities=entities, everywhere=everywhere))
    return made


def without(kinds: list[KindUses], rings: Ints) -> list[KindUses]:
    """The same as if the members of these rings had never been: they are no strangers to the others either."""
    return [
        replace(kind, everywhere=kind.everywhere - kind.used_by(rings),
                all_links=kind.all_links - int(kind.links[rings].sum()))
        for kind in kinds
    ]


def ring_uses(engine: Engine, rings: Mapping[str, pa.Table]) -> pa.Table:
    """What the core and periphery of the suspect and undetermined rings use (shape model.RING_USES).

    ``rings`` are the tables of the stage rings; the engine has kinds and links. Kinds of the network family are left
    out: rings behind one VPN or provider are not one operator's for that. Their bystanders do not count, neither as
    members nor as strangers: most of them are the operator's, too, who evade or could have been framed, and twenty on a
    template would make it everybody's. No strangers either are the members of rings that look innocent and next like
    suspects: one ring of an operator that passes for a company kept all its others apart.
    """
    engine.load("asked_rings", rings["rings"].select(["ring", "verdict", "runner_up"]))
    engine.load("asked_members", rings["members"].select(["ring", "account", "role"]))
    engine.run(_USES)
    return engine.fetch("SELECT * FROM ring_uses ORDER BY ring, entity").cast(model.RING_USES)


_ASKED = f"r.verdict IN ('{model.Verdict.SUSPECT}', '{model.Verdict.UNDETERMINED}')"
_USES = Step(
    "ring_uses",
    f"""
    WITH used AS (
        SELECT m.ring, l.entity, l.kind, l.users, l.n, m.role = '{model.Role.BYSTANDER}' OR NOT {_ASKED} AS beside
        FROM links l
        JOIN asked_members m USING (account) JOIN asked_rings r USING (ring) JOIN kinds k ON k.kind = l.kind
        WHERE k.family <> '{LEASED_FAMILY}'
          AND ({_ASKED} OR r.runner_up = '{model.Verdict.SUSPECT}')
    ), beside AS (SELECT entity, count(*) AS accounts FROM used WHERE beside GROUP BY entity)
    SELECT u.ring, u.entity, u.kind, count(*) AS ring_accounts,
           any_value(u.users) - coalesce(any_value(b.accounts), 0) AS all_accounts, sum(u.n)::BIGINT AS uses
    FROM used u LEFT JOIN beside b USING (entity)
    WHERE NOT u.beside
    GROUP BY u.ring, u.entity, u.kind
    """,
    ("links", "asked_members", "asked_rings", "kinds"),
)


def of_tables(uses: pa.Table, kinds: pa.Table, rings: int) -> list[KindUses]:
    """The uses by kind, in order of kind, from the tables of :func:`ring_uses` and model.KINDS.

    An entity can be a group's own only when at least two members of rings use it, and no more accounts outside the
    rings than inside; the others are no columns. So what everybody uses costs nothing.
    """
    made = [_of_kind(uses.filter(pc.equal(uses["kind"], row["kind"])), row, rings) for row in kinds.to_pylist()]
    return [kind for kind in made if kind.family != LEASED_FAMILY]


def _of_kind(uses: pa.Table, row: dict[str, object], rings: int) -> KindUses:
    ring, k = (uses[name].to_numpy().astype(np.int64) for name in ("ring", "ring_accounts"))
    entities, first, column = np.unique(uses["entity"].to_numpy(), return_index=True, return_inverse=True)
    everywhere = uses["all_accounts"].to_numpy().astype(np.int64)[first]
    inside = np.bincount(column, weights=k, minlength=len(entities)).astype(np.int64)
    own = (inside >= 2) & (everywhere <= 2 * inside)
    users = sp.csc_matrix((k, (ring, column)), shape=(rings, len(entities)), dtype=np.int64)[:, own]
    links = np.bincount(ring, weights=k, minlength=rings).astype(np.int64)
    return KindUses(
        str(row["kind"]), str(row["family"]), users, entities[own].astype(np.int64), everywhere[own], links,
        int(str(row["links"])),
    )
