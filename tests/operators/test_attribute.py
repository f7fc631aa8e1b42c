from __future__ import annotations

import random

import pyarrow as pa
import pytest

from linkage import model
from linkage.operators import attribute
from tests.operators.made import Uses, joined, kind_table, ring_table, templates, use_table
from tests.operators.test_shared import operator, proxied

SHAPES = {
    "ring_operators": model.RING_OPERATOR_LIST, "operators": model.OPERATOR_LIST,
    "operator_links": model.OPERATOR_LINKS,
}


def attributed(uses: Uses, verdicts: list[str], clusters: list[int] | None = None) -> dict[str, pa.Table]:
    made = attribute(ring_table(verdicts, clusters), use_table(uses), kind_table(uses))
    assert {name: table.schema for name, table in made.items()} == SHAPES
    return made


def pairs(made: dict[str, pa.Table]) -> list[tuple[int, int]]:
    return [(row["ring"], row["operator"]) for row in made["ring_operators"].to_pylist()]


SUSPECT, OPEN = "suspect", "undetermined"


def test_rings_join_by_what_they_share_and_not_for_being_found_in_one_cluster() -> None:
    uses = joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3), templates(2, 20), templates(3, 30))
    made = attributed(uses, [SUSPECT] * 4, [4, 7, 4, 9])
    assert pairs(made) == [(0, 0), (1, 0), (2, 1), (3, 2)]
    assert made["operators"]["bits_saved"].to_pylist() == [200.0, 100.0, 100.0]
    assert made["ring_operators"]["traffic_share"].to_pylist() == [1.0] * 4


def test_what_holds_an_operator_together_is_said() -> None:
    cards = {(ring, "card", 1): 2 for ring in (0, 1)}
    made = attributed(joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3), cards, templates(2, 20)), [SUSPECT] * 3)
    one, two = made["operators"]["decided_by"].to_pylist()
    assert one.startswith("each of 2 rings is tied to the others; the loosest by 1 card and 3 templates that hardly")
    assert two == "one ring"
    links = made["operator_links"].to_pylist()
    assert [(row["ring"], row["kind"], row["shared"]) for row in links] == [
        (0, "card", 1), (0, "template", 3), (1, "card", 1), (1, "template", 3)
    ]
    assert f"({links[0]['total_bits']:.1f} bits)" in one
    assert [row["beyond_weakest"] for row in links] == [True, True, False, False]
    held, alone = made["operators"].to_pylist()
    assert held["weakest_bits"] == links[0]["total_bits"]
    assert held["weakest_link"].startswith("1 of 2 rings is tied to the others by 1 card and 3 templates that hardly")
    assert "explains 0%" in held["alternatives"]
    assert (alone["weakest_bits"], alone["weakest_link"], alone["alternatives"]) == (None, None, None)
    assert links[0]["bits"] + links[1]["bits"] == pytest.approx(links[0]["total_bits"], abs=0.002)


def test_innocent_rings_have_no_operator() -> None:
    uses = joined(*(templates(r, 1, 2, 3) for r in range(4)))
    assert pairs(attributed(uses, ["household", SUSPECT, "organisation", "shared_network"])) == [(1, 0)]


def test_undetermined_rings_follow_a_suspect_one_and_make_none() -> None:
    uses = joined(templates(0, 1, 2, 3), templates(1, 30, 31, 32), templates(2, 30, 31, 32), templates(3, 1, 2, 3))
    made = attributed(uses, [OPEN, SUSPECT, OPEN, OPEN])
    assert pairs(made) == [(1, 0), (2, 0)]
    assert made["operators"]["bits_saved"].to_pylist() == [100.0], "the suspect ring's alone"
    assert made["operators"]["decided_by"].to_pylist() == ["one ring"]


def test_an_undetermined_ring_unites_nobody() -> None:
    uses = joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3, 11, 12, 13, 14), templates(2, 11, 12, 13, 14))
    assert pairs(attributed(uses, [SUSPECT, OPEN, SUSPECT])) == [(0, 0), (1, 1), (2, 1)], "it follows the best"
    assert pairs(attributed(uses, [SUSPECT] * 3)) == [(0, 0), (1, 0), (2, 0)]


def test_an_undetermined_ring_keeps_nobody_apart_as_a_stranger() -> None:
    uses = joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3), templates(2, 1, 2, 3, members=200))
    assert pairs(attributed(uses, [SUSPECT, SUSPECT, OPEN])) == [(0, 0), (1, 0), (2, 0)]


def test_a_proxy_has_two_operators_with_shares_of_its_traffic() -> None:
    made = attributed(proxied(), [SUSPECT] * 7)
    assert pairs(made) == [*((r, 0) for r in range(3)), *((r, 1) for r in range(3, 6)), (6, 0), (6, 1)]
    shares = made["ring_operators"]["traffic_share"].to_pylist()
    assert shares == [1.0] * 6 + [0.5] * 2, "evenly, as long as nobody has looked at the traffic"
    for told in made["operators"]["decided_by"].to_pylist():
        assert told.endswith("; 1 ring of them also serves others")


def test_two_rings_on_one_network_are_two_operators() -> None:
    addresses = {(ring, kind, e): 9 for ring in (0, 1) for kind in ("ip", "subnet") for e in range(40)}
    assert pairs(attributed(joined(templates(0, 1), templates(1, 2), addresses), [SUSPECT] * 2)) == [(0, 0), (1, 1)]


def test_no_rings_and_no_uses() -> None:
    assert pairs(attributed({}, [])) == []
    assert pairs(attributed({}, [OPEN])) == []
    assert pairs(attributed({}, [SUSPECT, OPEN])) == [(0, 0)]


def test_the_same_tables_in_whatever_order_of_rows() -> None:
    uses = joined(proxied(), operator(7, 4, 300))
    first = attributed(uses, [SUSPECT] * 11)
    shuffled = dict(random.Random(3).sample(sorted(uses.items()), len(uses)))
    assert {n: t.to_pylist() for n, t in attributed(shuffled, [SUSPECT] * 11).items()} == {
        n: t.to_pylist() for n, t in first.items()
    }
