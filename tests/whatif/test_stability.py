"""Rings found again with other seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.reports.run import Run
from linkage.whatif.stability import Steadiness, matched, rings_with, steadiness
from linkage.whatif.world import RunWorld

LABELS = st.lists(st.integers(-1, 3), min_size=1, max_size=14)


@pytest.fixture(scope="module")
def found(run: Run) -> Steadiness:
    """The rings once more with the run's own seed and with another one."""
    return steadiness(run, [1, 2])


def test_the_seed_of_the_run_finds_the_same_rings(run: Run, found: Steadiness) -> None:
    same = found.rings.to_pandas().query("seed == 1").set_index("ring_id").loc[run.rings["ring_id"]]
    assert (same["overlap"] == 1).all()
    assert same["verdict"].tolist() == run.rings["verdict"].tolist()
    assert same["kept"].tolist() == same["found"].tolist() == run.rings["accounts"].tolist()


def test_another_seed_against_a_count_with_sets(run: Run, world: RunWorld, found: Steadiness) -> None:
    labels, verdicts = rings_with(world, 2)
    table = found.rings.to_pandas().query("seed == 2").set_index("ring_id").fillna({"verdict": ""})
    stayed = found.members.to_pandas().set_index("account_id")["stayed"]
    ids = run.store.frame("accounts").sort_values("account")["account_id"].tolist()
    assert len(stayed) == len(run.members)
    for row in run.rings.itertuples():
        members = set(world.members(row.ring).tolist())
        others = {int(n): set(np.flatnonzero(labels == n).tolist()) for n in set(labels[sorted(members)]) - {-1}}
        match = max(others, key=lambda n: (len(others[n] & members), -len(others[n]), -n)) if others else None
        other = others[match] if match is not None else set()
        told = table.loc[row.ring_id]
        assert (told["kept"], told["found"]) == (len(members & other), len(other))
        assert told["overlap"] == pytest.approx(len(members & other) / len(members | other), abs=1e-4)
        assert told["verdict"] == ("" if match is None else verdicts[match])
        for account in members:
            assert stayed[ids[account]] == 1 + (account in other)


def test_each_seed_is_told_before_it_begins(run: Run) -> None:
    told: list[tuple[int, int]] = []
    steadiness(run, [3], lambda done, total: told.append((done, total)))
    assert told == [(0, 1)]


@settings(max_examples=60, deadline=None)
@given(LABELS)
def test_renaming_rings_changes_nothing(labels: list[int]) -> None:
    before = np.unique(labels, return_inverse=True)[1] - (1 if -1 in labels else 0)
    swap = np.array([2, 0, 3, 1, -1])
    table, same = matched(before, swap[before], [f"v{n}" for n in range(4)])
    assert table["overlap"].to_pylist() == [1.0] * (max(before.max(), -1) + 1)
    assert same.tolist() == (before >= 0).tolist()
    assert table["verdict"].to_pylist() == [f"v{swap[n]}" for n in range(max(before.max(), -1) + 1)]


def test_a_ring_that_is_gone_has_no_match() -> None:
    table, same = matched(np.array([0, 0, 1, 1]), np.array([-1, -1, 0, 0]), ["suspect"])
    assert table["verdict"].to_pylist() == [None, "suspect"]
    assert table["found"].to_pylist() == [0, 2]
    assert same.tolist() == [False, False, True, True]
