"""What the checks look at."""

from __future__ import annotations

import networkx as nx
import pytest

from linkage.reports.case import Case
from linkage.reports.run import Run
from tests.small_run import FAMILIES, RING_IDS, RINGS, USES, evidence, pool


def case_of(run: Run, number: int) -> Case:
    """The case of a ring."""
    ring = run.ring(RING_IDS[number])
    return Case.of(run.store, ring.row, ring.evidence, ring.members, ring.families)


def profile_of(number: int) -> set[tuple[str, str]]:
    """The entities of a ring's profile, pools included."""
    return {(r["kind"], r["value"]) for r in evidence(number) if "value" in r} | (set(pool()) if number == 0 else set())


@pytest.mark.parametrize("number", range(4))
def test_use_of_the_profile_support_and_parts_against_sets(run: Run, number: int) -> None:
    case, profile = case_of(run, number), profile_of(number)
    assert case.use["entity"].notna().sum() == sum(len(USES[a] & profile) for a in RINGS[number])
    beyond = [a for a in RINGS[number] if any(FAMILIES[kind] != case.strongest for kind, _ in USES[a] & profile)]
    assert case.unsupported == len(RINGS[number]) - len(beyond)
    joined = nx.Graph([(a, e) for a in RINGS[number] for e in USES[a] & profile])
    assert case.parts == tuple(
        sorted((sum(n in RINGS[number] for n in c) for c in nx.connected_components(joined)), reverse=True)
    )


def test_labels_shares_and_families_of_the_run(run: Run) -> None:
    case = case_of(run, 0)
    assert case.labels["label"].tolist() == ["banned", "confirmed honest"]
    assert case.shares == (1.0,)
    assert case.run_families == ("content", "device", "network", "payment")
    assert case_of(run, 2).labels.empty
    assert case_of(run, 2).shares == ()


def test_members_that_use_nothing_of_the_profile_stand_alone(run: Run) -> None:
    case = case_of(run, 3)
    case.use.loc[case.use["account"] == case.use["account"].iloc[0], ["entity", "family"]] = None
    assert case.parts == (11, 1)
    assert case.unsupported == 12
