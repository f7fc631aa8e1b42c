from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from linkage.evaluation.honest import Framed, HonestKind, ReportedGroup, group_labels, honest_accounts, upper_limit
from linkage.evaluation.memberships import of_numbered
from linkage.evaluation.prediction import Members
from linkage.evaluation.truth import Truth

# kind, group, operator (-1: none), framed, ring (-1: none), verdict, role
Row = tuple[str, str, int, bool, int, str, str]
ROWS: list[Row] = [
    *[("operator", "o", 0, False, 0, "suspect", "core")] * 4,
    *[("company", "acme", -1, False, 0, "suspect", "core")] * 2,  # half of acme, in a ring that is mostly an operator's
    ("company", "acme", -1, True, 0, "suspect", "bystander"),
    ("company", "acme", -1, False, -1, "", ""),
    *[("company", "big", -1, False, 1, "suspect", "periphery")] * 2,  # few of big, but the whole ring is of it
    *[("company", "big", -1, False, 2, "organisation", "core")] * 8,
    *[("vpn_user", f"v{i}", -1, True, 3, "suspect", "core") for i in range(3)],
    ("vpn_user", "v9", -1, True, -1, "", ""),
]


def made(rows: list[Row]) -> tuple[Truth, Members]:
    kind, group, operator, framed, ring, verdict, role = (list(column) for column in zip(*rows, strict=True))
    words = [np.array(column, dtype=object) for column in (kind, group, verdict, role)]
    labels, rings = np.array(operator), np.array(ring)
    names = np.array([f"R-{i}" for i in range(4)], dtype=object)
    truth = Truth(
        pa.array([f"a{i}" for i in range(len(rows))]), {"operator": of_numbered(labels, 2)},
        {"ring": names[:0], "operator": names[:2]}, sp.csr_matrix((0, 2)), words[0], words[1], np.array(framed),
    )
    likelihood = np.full(len(rows), np.nan)
    return truth, Members(rings, words[2], words[3], likelihood, names, names[:0], sp.csr_matrix((4, 0)))


def test_honest_suspects_are_counted_by_kind_and_bystanders_apart() -> None:
    told = honest_accounts(*made(ROWS))
    assert (told.suspects, told.honest_suspects, told.bystanders, told.honest_bystanders) == (11, 7, 1, 1)
    assert told.kinds == [
        HonestKind("company", 14, 4, 1, groups=2, reported=2, crowds=0),
        HonestKind("vpn_user", 4, 3, 0, groups=0, reported=0, crowds=1),
    ]


def test_a_group_is_reported_by_half_of_it_or_by_most_of_the_ring() -> None:
    assert honest_accounts(*made(ROWS)).groups == [
        ReportedGroup("company", "acme", 4, "R-0", 6, 2),
        ReportedGroup("company", "big", 10, "R-1", 2, 2),
        ReportedGroup("vpn_user", "", 4, "R-3", 3, 3),
    ]
    more = [*ROWS, ROWS[7]]  # two of five are less than half of acme
    assert [g.group for g in honest_accounts(*made(more)).groups] == ["big", ""]


def test_half_a_ring_is_not_most_of_it() -> None:
    rows = [ROWS[0], ("campus", "u", -1, False, 0, "suspect", "core"), *[("campus", "u", -1, False, -1, "", "")] * 2]
    assert honest_accounts(*made(rows)).groups == []


def test_framed_accounts_have_an_upper_limit() -> None:
    assert honest_accounts(*made(ROWS)).framed == Framed(5, 3, pytest.approx(upper_limit(3, 5)))
    assert honest_accounts(*made(ROWS[:4])).framed is None


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_upper_limit_is_where_so_few_hits_have_a_chance_of_one_in_twenty(hits: int, of: int) -> None:
    if hits >= of:
        assert upper_limit(of, of) == 1.0
    else:
        assert binom.cdf(hits, of, upper_limit(hits, of)) == pytest.approx(0.05, abs=1e-6)
    assert upper_limit(0, 0) == 1.0


def test_without_kinds_all_honest_accounts_are_one_kind() -> None:
    rows = [("", "", *row[2:]) for row in ROWS]
    told = honest_accounts(*made(rows))
    assert [(k.kind, k.accounts, k.suspects) for k in told.kinds] == [("honest", 18, 7)]


def test_groups_of_one_and_operators_have_no_group() -> None:
    frame = group_labels(made(ROWS)[0])
    assert set(frame.loc[frame["group"] != "", "group"]) == {"acme", "big"}
