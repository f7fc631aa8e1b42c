"""Graphs with something taken away or replaced, against the same graph built from fewer or other links."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.model import AccountGraph
from linkage.whatif.changes import with_replaced, without_entities, without_family, without_links
from tests.rings.graphs import DEVICE, NETWORK, PAYMENT, graph_of

PAIRS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 5)), min_size=1)
ACCOUNTS = 8


def links_of(graph: AccountGraph) -> dict[str, set[tuple[int, int]]]:
    """(account, entity) by kind."""
    found = {}
    for i in graph.kinds:
        row, column = i.matrix.nonzero()
        found[i.kind.name] = set(zip(row.tolist(), i.entities[column].tolist(), strict=True))
    return found


def test_without_a_family_its_kinds_are_gone() -> None:
    graph = graph_of(3, [(NETWORK, [(0, 0)]), (PAYMENT, [(1, 0)]), (DEVICE, [(2, 0)])])
    assert list(links_of(without_family(graph, "payment"))) == ["ip", "device"]
    assert without_family(graph, "nothing").kinds == graph.kinds


@settings(max_examples=40, deadline=None)
@given(PAIRS, PAIRS, st.sets(st.integers(0, 11)))
def test_without_entities_nobody_uses_them(a: set[tuple[int, int]], b: set[tuple[int, int]], gone: set[int]) -> None:
    graph = graph_of(ACCOUNTS, [(NETWORK, a), (PAYMENT, b)])
    left = without_entities(graph, gone)
    expected = {kind: {(x, e) for x, e in pairs if e not in gone} for kind, pairs in links_of(graph).items()}
    assert links_of(left) == expected
    assert all((i.users > 0).all() for i in left.kinds)
    assert left.accounts == ACCOUNTS


@settings(max_examples=40, deadline=None)
@given(PAIRS, PAIRS, st.sets(st.integers(0, 11)), st.integers(0, 7))
def test_without_links_of_one_account_others_keep_theirs(
    a: set[tuple[int, int]], b: set[tuple[int, int]], gone: set[int], account: int
) -> None:
    graph = graph_of(ACCOUNTS, [(NETWORK, a), (PAYMENT, b)])
    left = without_links(graph, account, gone)
    expected = {
        kind: {(x, e) for x, e in pairs if x != account or e not in gone} for kind, pairs in links_of(graph).items()
    }
    assert links_of(left) == expected
    assert all((i.users > 0).all() for i in left.kinds)


@settings(max_examples=40, deadline=None)
@given(PAIRS, PAIRS, st.sets(st.integers(0, 11)), st.sets(st.integers(0, 7)))
def test_each_member_gets_an_entity_of_its_own(
    a: set[tuple[int, int]], b: set[tuple[int, int]], gone: set[int], members: set[int]
) -> None:
    graph = graph_of(ACCOUNTS, [(NETWORK, a), (PAYMENT, b)])
    made = with_replaced(graph, np.array(sorted(members), dtype=np.int64), gone)
    known = {int(e) for i in graph.kinds for e in i.entities}
    new: list[int] = []
    for before, after in zip(links_of(graph).values(), links_of(made).values(), strict=True):
        swapped = {(x, e) for x, e in before if x in members and e in gone}
        fresh = {(x, e) for x, e in after if e not in known}
        assert after - fresh == before - swapped
        assert sorted(x for x, _ in fresh) == sorted(x for x, _ in swapped)
        new += [e for _, e in fresh]
    assert len(new) == len(set(new))
    assert [i.breadth.tolist() for i in made.kinds] == [i.breadth.tolist() for i in graph.kinds]
    assert all((i.users > 0).all() for i in made.kinds)
