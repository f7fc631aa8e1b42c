from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from linkage import model
from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine
from linkage.operators import ring_uses
from linkage.operators.uses import narrowed, of_tables, without
from tests.operators.made import LINKS, joined, kind_table, kinds_of, templates, use_table


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings(), tmp_path / "scratch")
    yield made
    made.close()


# account, entity, kind, n; rings: 0 has the accounts 0-2, 1 has 3, 2 (a household) has 4, 3 (next a suspect) has 6
USED = [(0, 1, "card", 2), (1, 1, "card", 3), (2, 1, "card", 9), (3, 1, "card", 1), (4, 1, "card", 1),
         (5, 1, "card", 1), (6, 1, "card", 1), (0, 7, "ip", 5), (1, 7, "ip", 5), (3, 2, "template", 4)]


def test_members_are_counted_by_ring_and_entity_without_bystanders_doubtful_rings_or_ips(engine: DuckDBEngine) -> None:
    users = {entity: sum(e == entity for _, e, _, _ in USED) for _, entity, _, _ in USED}
    rows = [{"account": a, "entity": e, "kind": k, "users": users[e], "n": n} for a, e, k, n in USED]
    engine.load("links", pa.Table.from_pylist(rows, schema=model.LINKS))
    families = {"card": "payment", "ip": "network", "template": "content"}
    kinds = [{"kind": k, "family": f, "links": 9} for k, f in families.items()]
    engine.load("kinds", pa.Table.from_pylist(kinds, schema=model.KINDS))
    verdicts = [("suspect", "household"), ("undetermined", None), ("household", None), ("organisation", "suspect")]
    members = [(0, 0, "core"), (1, 0, "periphery"), (2, 0, "bystander"), (3, 1, "core"), (4, 2, "core"), (6, 3, "core")]
    said = [{"ring": i, "verdict": verdict, "runner_up": other} for i, (verdict, other) in enumerate(verdicts)]
    rings = {
        "rings": pa.Table.from_pylist(said, schema=model.RING_LIST),
        "members": pa.Table.from_pylist([{"account": a, "ring": r, "role": role} for a, r, role in members],
                                        schema=model.RING_MEMBERS),
    }
    made = ring_uses(engine, rings)
    assert made.schema == model.RING_USES
    assert [tuple(row.values()) for row in made.to_pylist()] == [
        (0, 1, "card", 2, 5, 5), (1, 1, "card", 1, 5, 1), (1, 2, "template", 1, 1, 4)
    ]


def test_what_can_be_nobody_s_own_is_no_column_and_still_counts_as_links() -> None:
    uses = {(0, "card", 1): 2, (1, "card", 1): 1, (0, "card", 2): 5, (1, "card", 3): 1}
    (kind,) = of_tables(use_table(uses, {("card", 1): 3, ("card", 2): 6}), kind_table(uses), 3)
    assert kind.entities.tolist() == [1]
    assert kind.everywhere.tolist() == [6]
    assert kind.links.tolist() == [7, 2, 0]
    assert kind.used_by(np.array([0, 1])).tolist() == [3]


def test_without_a_ring_its_members_are_no_strangers() -> None:
    (kind,) = without(kinds_of(joined(templates(0, 1), templates(1, 1, members=5))), np.array([1]))
    assert kind.everywhere[kind.entities == 1].tolist() == [8]
    assert kind.all_links == LINKS - 35


def test_narrowed_to_some_rings_nothing_of_theirs_is_lost() -> None:
    (kind,) = kinds_of(joined(templates(0, 1, 2), templates(1, 2, 3), templates(2, 9)))
    (few,) = narrowed([kind], np.array([0, 1]))
    assert few.entities.tolist() == [1, 2, 3]
    for rings in (np.array([0]), np.array([1, 0]), np.array([], dtype=np.int64)):
        assert few.used_by(rings).tolist() == kind.used_by(rings)[:3].tolist()
    assert few.links.tolist() == kind.links.tolist()
