"""Recalibration on labels: what few labels may do, what many must, and an oracle for the fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from linkage.reports.recalibrate import SHIFT_WIDTH, SLOPE_WIDTH, Recalibration, recalibrated

BOTH = [False, True]


def labelled(accused: list[bool], logits: list[float], rings: list[int]) -> pa.Table:
    return pa.table({"ring": pa.array(rings, pa.int32()), "logit": pa.array(logits, pa.float64()),
                     "accused": pa.array(accused, pa.bool_())})  # fmt: skip


def drawn(number: int, rings: int, shift: float, slope: float) -> pa.Table:
    generator = np.random.default_rng(5)
    stated = generator.normal(2.0, 1.5, number)
    true = generator.random(number) < expit(shift + slope * stated)
    return labelled(true.tolist(), stated.tolist(), generator.integers(0, rings, number).tolist())


def test_many_labels_of_many_rings_are_believed() -> None:
    found = recalibrated(drawn(20_000, 20_000, -1.0, 0.7), BOTH)
    assert found.shift == pytest.approx(-1.0, abs=0.12)
    assert found.slope == pytest.approx(0.7, abs=0.08)


def test_labels_that_agree_change_next_to_nothing() -> None:
    found = recalibrated(drawn(20_000, 20_000, 0.0, 1.0), BOTH)
    assert found.shift == pytest.approx(0.0, abs=0.1)
    assert found.slope == pytest.approx(1.0, abs=0.06)


def test_the_fit_is_the_best_on_a_grid() -> None:
    """An oracle: the posterior computed row by row on a grid, no point of which may beat the answer."""
    table = drawn(60, 7, -2.0, 1.4)
    found = recalibrated(table, BOTH)
    rows = table.to_pylist()
    size = {r["ring"]: sum(x["ring"] == r["ring"] for x in rows) for r in rows}

    def density(shift: float, slope: float) -> float:
        told = sum(
            size[r["ring"]] ** -0.5 * np.log(expit((shift + slope * r["logit"]) * (1 if r["accused"] else -1)))
            for r in rows
        )
        return float(told - shift**2 / SHIFT_WIDTH**2 / 2 - np.log(slope) ** 2 / SLOPE_WIDTH**2 / 2)

    best = density(found.shift, found.slope)
    grid = [density(a, b) for a in np.linspace(-3, 3, 61) for b in np.linspace(0.4, 2.2, 37)]
    assert best >= max(grid) - 1e-6
    assert best - max(grid) < 0.1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=10, max_size=14))
def test_few_labels_break_nothing(rows: list[tuple[bool, int]]) -> None:
    accused, rings = (list(column) for column in zip(*rows, strict=True))
    stated = float(logit(0.97))
    found = recalibrated(labelled(accused, [stated] * len(rows), rings), BOTH)
    after = float(expit(found.shift + found.slope * stated))
    assert 0.3 < after < 0.995
    assert 0.5 < found.slope < 1.6
    if all(accused):
        assert 0.97 <= after < 0.985


def test_more_honest_labels_lower_it() -> None:
    def after(honest: int) -> float:
        found = recalibrated(labelled([i >= honest for i in range(20)], [3.0] * 20, list(range(20))), BOTH)
        return found.shift + found.slope * 3.0

    logits = [after(honest) for honest in range(0, 21, 4)]
    assert logits == sorted(logits, reverse=True)
    assert len(set(logits)) == len(logits)


def test_a_large_ring_does_not_outvote_the_others() -> None:
    alone = [False] * 100 + [True] * 20
    one = recalibrated(labelled(alone, [3.0] * 120, [0] * 100 + list(range(1, 21))), BOTH)
    many = recalibrated(labelled(alone, [3.0] * 120, list(range(120))), BOTH)
    assert one.shift > many.shift + 0.2


@pytest.mark.parametrize(
    ("told", "labels", "rings", "why"),
    [
        ([], 0, 0, "there are no labels"),
        ([True], 40, 9, "labels name no honest account"),
        ([False], 40, 9, "labels name no account of an operator"),
        (BOTH, 9, 9, "9 labelled members of 9 suspect rings; 10 of 3 rings are needed"),
        (BOTH, 40, 2, "40 labelled members of 2 suspect rings; 10 of 3 rings are needed"),
        (BOTH, 1, 1, "1 labelled member of 1 suspect ring; 10 of 3 rings are needed"),
    ],
)
def test_too_little_leaves_all_as_it_was_and_says_why(told: list[bool], labels: int, rings: int, why: str) -> None:
    found = recalibrated(labelled([True] * labels, [3.0] * labels, [i % max(rings, 1) for i in range(labels)]), told)
    assert (found.shift, found.slope, found.unused) == (0.0, 1.0, why)
    assert found.statement == f"calibrated on simulated worlds, not on real cases ({why})"


def test_the_statement_counts_the_labels() -> None:
    found = Recalibration(-0.5, 0.9, 1_200, 34, 56, "")
    assert found.statement == (
        "calibrated on simulated worlds, and for suspect rings recalibrated on 1,234 of your labels "
        "(1,200 say operator, 34 honest; 56 rings)"
    )
    assert found.data()["statement"] == found.statement
    assert found.data()["shift"] == -0.5


def test_the_order_of_labels_does_not_matter() -> None:
    table = drawn(80, 9, -1.0, 1.0)
    assert recalibrated(table, BOTH) == recalibrated(table.sort_by("logit"), BOTH)
