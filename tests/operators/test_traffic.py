from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linkage import model
from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine
from linkage.operators import with_traffic

RINGS = {0: range(0, 6), 1: range(6, 12), 2: range(12, 24), 3: range(24, 34)}  # accounts; 2 serves both, 3 is innocent
SERVED = [(0, 0, 1.0), (1, 1, 1.0), (2, 0, 0.5), (2, 1, 0.5)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 2}), tmp_path / "work")
    yield made
    made.close()


def uses() -> dict[tuple[int, int], int]:
    """(account, template) -> times: 0 to 3 are the first operator's, 4 to 7 the second's, 8 to 15 everybody's.

    The proxy's accounts 12 to 21 send 6 a template for the first operator, 3 for the second, 1 for customers; what 22
    and 23 send is everybody's. Of the operators' templates the last one each is rewritten for the proxy (16, 17).
    """
    told = {(a, t): 4 for r, first in ((0, 0), (1, 4)) for a in RINGS[r] for t in range(first, first + 4)}
    for account in range(12, 22):
        told |= {(account, t): 6 for t in (0, 1, 2, 16)} | {(account, t): 3 for t in (4, 5, 6, 17)}
        told |= {(account, 8 + (account + i) % 8): 1 for i in range(4)}
    told |= {(account, t): 5 for account in (22, 23) for t in (8, 9)}
    return told | {(account, t): 2 for account in RINGS[3] for t in range(8, 16)}


def answered(
    engine: DuckDBEngine, told: dict[tuple[int, int], int], seed: int | None = None, served: Any = SERVED
) -> dict[str, pa.Table]:
    users: dict[int, int] = {}
    for _, template in told:
        users[template] = users.get(template, 0) + 1
    rows = [{"account": a, "entity": t, "kind": "template", "users": users[t], "n": n} for (a, t), n in told.items()]
    rows += [{"account": a, "entity": 100, "kind": "card", "users": 24, "n": 1} for a in range(24)]
    members = [{"ring": r, "account": a, "role": "core"} for r, accounts in RINGS.items() for a in accounts]
    if seed is not None:
        random.Random(seed).shuffle(rows)
    engine.load("links", pa.Table.from_pylist(rows, schema=model.LINKS))
    ring = {a: r for r, accounts in RINGS.items() for a in accounts}
    sums: dict[tuple[int, int, str], list[int]] = {}
    for row in rows:
        if ring[row["account"]] != 3:
            cell = sums.setdefault((ring[row["account"]], row["entity"], row["kind"]), [0, row["users"], 0])
            cell[0], cell[2] = cell[0] + 1, cell[2] + row["n"]
    use_rows = [
        {"ring": r, "entity": e, "kind": kind, "ring_accounts": k, "all_accounts": d, "uses": n}
        for (r, e, kind), (k, d, n) in sorted(sums.items())
    ]
    pairs = [{"ring": r, "operator": o, "traffic_share": s} for r, o, s in served]
    made = {"ring_operators": pa.Table.from_pylist(pairs, schema=model.RING_OPERATOR_LIST)}
    rings = {"members": pa.Table.from_pylist(members, schema=model.RING_MEMBERS)}
    return with_traffic(engine, rings, pa.Table.from_pylist(use_rows, schema=model.RING_USES), made)


def test_shares_are_those_of_what_the_accounts_use_that_show_whom_they_work_for(engine: DuckDBEngine) -> None:
    made = answered(engine, uses())
    assert made["ring_operators"].schema == model.RING_OPERATOR_LIST
    shares = {(r["ring"], r["operator"]): r["traffic_share"] for r in made["ring_operators"].to_pylist()}
    assert shares[0, 0] == shares[1, 1] == 1.0
    assert shares[2, 0] == pytest.approx(24 / 40, abs=0.001)
    assert shares[2, 1] == pytest.approx(12 / 40, abs=0.001)
    assert shares[2, 0] + shares[2, 1] <= 0.9, "the rest is nobody's"


def test_each_telling_account_has_its_parts_and_the_others_none(engine: DuckDBEngine) -> None:
    made = answered(engine, uses())["carried"]
    assert made.schema == model.CARRIED
    rows = made.to_pylist()
    assert [(r["account"], r["operator"]) for r in rows] == [(a, o) for a in range(12, 22) for o in (0, 1)]
    assert {r["ring"] for r in rows} == {2}
    assert [r["share"] for r in rows if r["operator"] == 0] == pytest.approx([0.6] * 10, abs=0.001)


def test_a_ring_of_which_nobody_tells_has_the_shares_of_those_that_serve_the_same(engine: DuckDBEngine) -> None:
    made = answered(engine, uses(), served=[*SERVED, (3, 0, 0.5), (3, 1, 0.5)])["ring_operators"].to_pylist()
    shares = {(r["ring"], r["operator"]): r["traffic_share"] for r in made}
    assert (shares[3, 0], shares[3, 1]) == (shares[2, 0], shares[2, 1])


def test_nothing_tells_nothing_is_attributed(engine: DuckDBEngine) -> None:
    made = answered(engine, {(a, t): n for (a, t), n in uses().items() if a not in RINGS[2] or t >= 8})
    assert [r["traffic_share"] for r in made["ring_operators"].to_pylist()] == [1.0, 1.0, 0.0, 0.0]
    assert made["carried"].num_rows == 0


def test_no_shared_rings(engine: DuckDBEngine) -> None:
    made = answered(engine, uses(), served=SERVED[:2])
    assert made["ring_operators"]["traffic_share"].to_pylist() == [1.0, 1.0]
    assert made["carried"] == model.CARRIED.empty_table()


def test_the_same_in_whatever_order_of_rows(engine: DuckDBEngine) -> None:
    first = answered(engine, uses())
    assert all(answered(engine, uses(), seed)[name] == first[name] for seed in (1, 2) for name in first)
