from __future__ import annotations

from typing import Any

import pyarrow as pa

from linkage import model
from linkage.operators import attribute

Rows = list[dict[str, Any]]


def ring(number: int, cluster: int, verdict: str = "suspect", bits: float = 100.0) -> dict[str, Any]:
    told = {"verdict": verdict, "runner_up": "undetermined", "reasons": "", "families": "content"}
    numbers = {"ring": number, "cluster": cluster, "accounts": 20, "bits_saved": bits, "q_value": 0.0, "support": 1.0}
    return {**numbers, **told}


def attributed(rings: Rows, templates: list[set[int]], everywhere: int = 8) -> dict[str, pa.Table]:
    """Operators of rings by the templates of each, each used by 8 of the ring's accounts."""
    content = [
        {"ring": r, "entity": t, "ring_accounts": 8, "all_accounts": everywhere + 8 * sum(t in s for s in templates)}
        for r, ring_s in enumerate(templates)
        for t in sorted(ring_s)
    ]
    return attribute(
        pa.Table.from_pylist(rings, schema=model.RING_LIST),
        pa.Table.from_pylist(content, schema=model.RING_CONTENT),
        100_000,
    )


def pairs(made: dict[str, pa.Table]) -> list[tuple[int, int]]:
    return [(row["ring"], row["operator"]) for row in made["ring_operators"].to_pylist()]


def test_shapes() -> None:
    made = attributed([ring(0, 0)], [{1, 2}])
    assert made["ring_operators"].schema.equals(model.RING_OPERATOR_LIST)
    assert made["operators"].schema.equals(model.OPERATOR_LIST)
    assert made["ring_operators"].to_pylist() == [{"ring": 0, "operator": 0, "traffic_share": 1.0}]


def test_rings_of_one_cluster_share_an_operator_and_others_join_by_templates() -> None:
    rings = [ring(0, 4), ring(1, 7), ring(2, 4), ring(3, 9, bits=50.5)]
    made = attributed(rings, [{1, 2, 3}, {1, 2, 9}, {20}, {30, 31}])
    assert pairs(made) == [(0, 0), (1, 0), (2, 0), (3, 1)]
    assert made["operators"]["bits_saved"].to_pylist() == [300.0, 50.5]


def test_what_holds_an_operator_together_is_said() -> None:
    rings = [ring(0, 4), ring(1, 7), ring(2, 8), ring(3, 8), ring(4, 9)]
    made = attributed(rings, [{1, 2, 3}, {1, 2, 3}, {20}, {21}, {30}])
    told = made["operators"]["decided_by"].to_pylist()
    assert told[0].startswith("3 prompt templates in two rings or more; the loosest ring is tied by ")
    assert told[1:] == ["2 rings inside one cluster", "one ring"]


def test_innocent_rings_have_no_operator() -> None:
    rings = [ring(0, 0, "household"), ring(1, 1), ring(2, 2, "organisation"), ring(3, 3, "shared_network")]
    assert pairs(attributed(rings, [{1, 2}, {1, 2}, {1, 2}, {1, 2}])) == [(1, 0)]


def test_undetermined_rings_follow_a_suspect_one_and_make_none() -> None:
    rings = [ring(0, 0, "undetermined"), ring(1, 1), ring(2, 2, "undetermined", 999.0), ring(3, 3, "undetermined")]
    made = attributed(rings, [{1, 2, 3}, {30, 31}, {30, 31, 32}, {1, 2, 3}], everywhere=0)
    assert pairs(made) == [(1, 0), (2, 0)]
    assert made["operators"]["bits_saved"].to_pylist() == [100.0], "the suspect ring's alone"
    assert made["operators"]["decided_by"].to_pylist() == ["one ring"]


def test_an_undetermined_ring_may_tie_two_suspect_ones_and_the_reason_says_how_well() -> None:
    rings = [ring(0, 0), ring(1, 1, "undetermined"), ring(2, 2)]
    made = attributed(rings, [{1, 2, 3}, {1, 2, 3, 11, 12, 13}, {11, 12, 13}], everywhere=0)
    assert pairs(made) == [(0, 0), (1, 0), (2, 0)]
    told = made["operators"]["decided_by"].to_pylist()[0]
    assert told.startswith("6 prompt templates in two rings or more; ")
    assert float(told.split()[-2]) > 10


def test_no_rings_and_no_content() -> None:
    made = attributed([], [])
    assert made["ring_operators"].num_rows == made["operators"].num_rows == 0
    assert pairs(attributed([ring(0, 0), ring(1, 1)], [set(), set()])) == [(0, 0), (1, 1)]


def test_the_same_tables_in_whatever_order_of_content() -> None:
    rings, templates = [ring(0, 0), ring(1, 1), ring(2, 2)], [{1, 2, 3}, {2, 3, 4}, {7}]
    content = [
        {"ring": r, "entity": t, "ring_accounts": 8, "all_accounts": 16} for r, s in enumerate(templates) for t in s
    ]
    table = pa.Table.from_pylist(rings, schema=model.RING_LIST)
    orders = [pa.Table.from_pylist(rows, schema=model.RING_CONTENT) for rows in (content, content[::-1])]
    one, other = ({n: t.to_pylist() for n, t in attribute(table, rows, 10_000).items()} for rows in orders)
    assert one == other
