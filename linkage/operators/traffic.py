"""Whose traffic a ring carries that serves several operators, and which of its accounts show whom they work for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage import model
from linkage.engines.step import Engine, Step
from linkage.operators.carried import Carried, owners, telling
from linkage.operators.uses import Floats, Ints

SHARES = 10_000  # shares are published in whole parts of it, rounded down: they add up to 1 at most


def with_traffic(
    engine: Engine, rings: Mapping[str, pa.Table], uses: pa.Table, made: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """The tables of ``made`` with the traffic shares of rings that serve several operators, and the table carried.

    ``rings`` are the tables of the stage rings, ``uses`` of :func:`linkage.operators.ring_uses`; the engine has links.
    Asked is the kind that these rings use most often, their templates as a rule (see
    :func:`linkage.operators.carried.owners`). A ring's share is that of the uses of its accounts that show whom they
    work for; of a ring without any, that of all rings which serve the same operators. Accounts that show nothing are
    taken to work as the others do. What is left to 1 is nobody's: innocent customers'.
    """
    served = made["ring_operators"]
    ring, operator = (served[name].to_numpy().astype(np.int64) for name in ("ring", "operator"))
    shared = np.flatnonzero(np.bincount(ring) > 1)
    share, parts = served["traffic_share"].to_numpy().copy(), [model.CARRIED.empty_table()]
    if len(shared):
        engine.load("carrying_rings", pa.table({"ring": pa.array(shared, pa.int32())}))
        engine.load("carrying_members", rings["members"].select(["ring", "account", "role"]))
        engine.run(_CARRIED)
    for serving in sorted({tuple(operator[ring == one].tolist()) for one in shared.tolist()}):
        bridge = np.array([one for one in shared.tolist() if tuple(operator[ring == one].tolist()) == serving])
        sides = [np.setdiff1d(ring[operator == one], shared) for one in serving]
        carried = _carried(engine, uses, bridge, sides)
        found = owners(carried)
        told = telling(carried)
        for one in bridge.tolist():
            mine = told & (carried.ring == one)
            share[ring == one] = _share(carried, found, mine if mine.any() else told)
        parts.append(_by_account(carried, found, told, np.array(serving)))
    column = served.schema.get_field_index("traffic_share")
    return {
        **made,
        "ring_operators": served.set_column(column, "traffic_share", pa.array(share)).cast(model.RING_OPERATOR_LIST),
        "carried": pa.concat_tables(parts).sort_by([("account", "ascending"), ("operator", "ascending")]),
    }


_CARRIED = Step(
    "carried_links",
    f"""
    SELECT m.ring, l.account, l.entity, l.kind, l.n, l.users
    FROM links l JOIN carrying_members m USING (account) JOIN carrying_rings r USING (ring)
    WHERE m.role <> '{model.Role.BYSTANDER}'
    """,
    ("links", "carrying_members", "carrying_rings"),
)


def _carried(engine: Engine, uses: pa.Table, bridge: Ints, sides: list[Ints]) -> Carried:
    """What the accounts of these rings use of their main kind, and how many of each side's rings use it."""
    theirs = uses.filter(pc.is_in(uses["ring"], pa.array(bridge, pa.int32())))
    sums = theirs.group_by("kind").aggregate([("uses", "sum")])
    sums = sums.sort_by([("uses_sum", "descending"), ("kind", "ascending")])
    kind = sums["kind"][0].as_py() if sums.num_rows else ""
    links = engine.fetch("SELECT * FROM carried_links ORDER BY account, entity")
    links = links.filter(pc.and_(pc.equal(links["kind"], kind), pc.is_in(links["ring"], pa.array(bridge, pa.int32()))))
    number = {name: links[name].to_numpy().astype(np.int64) for name in ("ring", "account", "entity", "n", "users")}
    accounts, first, account = np.unique(number["account"], return_index=True, return_inverse=True)
    entities, seen, entity = np.unique(number["entity"], return_index=True, return_inverse=True)
    used = uses.filter(pc.is_in(uses["entity"], pa.array(entities, pa.int32())))
    place, by = (used[name].to_numpy().astype(np.int64) for name in ("entity", "ring"))
    k = used["ring_accounts"].to_numpy().astype(np.int64)
    place = np.searchsorted(entities, place)
    counts = [np.bincount(place, k * np.isin(by, side), len(entities)).astype(np.int64) for side in sides]
    return Carried(
        accounts, number["ring"][first], account, entity, number["n"], number["users"][seen],
        np.array(counts).reshape(len(sides), len(entities)),
    )


def _share(carried: Carried, found: Floats, chosen: np.ndarray) -> Floats:
    """The part of these accounts' uses that is each operator's; 0 where there are none."""
    kept = chosen[carried.account]
    sums = found[1:, carried.entity[kept]] @ carried.times[kept].astype(np.float64)
    return np.asarray(np.floor(SHARES * sums / max(int(carried.times[kept].sum()), 1)) / SHARES, dtype=np.float64)


def _by_account(carried: Carried, found: Floats, told: np.ndarray, serving: Ints) -> pa.Table:
    """Each telling account with the part of its uses that is an operator's."""
    number = len(carried.accounts)
    sent = np.maximum(np.bincount(carried.account, carried.times, number), 1)
    tables = []
    for side, operator in enumerate(serving.tolist()):
        part = np.bincount(carried.account, found[side + 1, carried.entity] * carried.times, number) / sent
        columns = {
            "account": carried.accounts[told], "ring": carried.ring[told],
            "operator": np.full(int(told.sum()), operator), "share": np.floor(SHARES * part[told]) / SHARES,
        }
        tables.append(pa.table(columns).cast(model.CARRIED))
    return pa.concat_tables(tables)
