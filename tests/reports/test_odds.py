"""Log-odds and waterfalls against plain loops."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from linkage.model import CREATED, LOAD
from linkage.reports.odds import Odds, nearest_rings, odds
from linkage.reports.store import Store
from tests.small_run import ALL, FAMILIES, OTHERS, RING_IDS, A, B, D, log_odds

SAMPLE = (*A[:3], A[11], A[14], *B[::3], *D[::11], "casa-0", OTHERS[0], OTHERS[1], OTHERS[7], OTHERS[20])


@pytest.mark.parametrize("account", SAMPLE)
def test_totals_for_every_ring(store: Store, account: str) -> None:
    found = odds(store, ALL.index(account), [0, 1, 2, 3])
    assert {o.ring_id: o.total for o in found} == pytest.approx(
        {ring_id: log_odds(account, i) for i, ring_id in enumerate(RING_IDS)}, abs=2e-3
    )
    assert [o.total for o in found] == sorted((o.total for o in found), reverse=True)


@pytest.mark.parametrize("account", SAMPLE)
def test_the_waterfall_and_the_families_add_up(store: Store, account: str) -> None:
    for found in odds(store, ALL.index(account), [0, 1, 2, 3]):
        assert found.waterfall["bits"].sum() == pytest.approx(found.total, abs=0.01)
        prior = found.terms.loc[found.terms["code"] == "prior", "bits"].sum()
        assert found.by_family["bits"].sum() + prior == pytest.approx(found.total, abs=0.01)
        assert set(found.by_family["family"]) <= set(FAMILIES.values())


def test_the_steps_say_what_they_stand_for(store: Store) -> None:
    near = odds(store, ALL.index(OTHERS[1]), [0])[0]
    assert near.waterfall["step"].tolist() == [
        "before any evidence: how rare members are",
        "uses some of the ring's payment_method entities",
        "uses some of the ring's ip entities",
        "payment_method:card-a1 (in the pool)",
        "ip:198.51.100.7",
        "1 payment_method link outside the pool",
        "uses none of the ring's prompt_template entities",
    ]
    assert odds(store, ALL.index("alpha-05"), [0])[0].waterfall["step"].tolist()[-1] == (
        "1 other prompt_template entity of the ring not used"
    )


def test_many_entities_of_one_pool_are_one_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one = odds(store, ALL.index(OTHERS[1]), [0])[0]
    apart = one.waterfall
    monkeypatch.setattr("linkage.reports.odds.NAMED", 0)
    card = apart[apart["step"] == "payment_method:card-a1 (in the pool)"]["bits"].item()
    assert one.waterfall["step"].tolist()[1] == f"1 payment_method entities in the pool, {card:,.1f} each"
    assert one.waterfall["bits"].sum() == pytest.approx(apart["bits"].sum())


def test_what_is_missing_is_worth_its_change(store: Store) -> None:
    outside = odds(store, ALL.index(B[0]), [0])[0]
    assert outside.missing["would_add"].is_monotonic_decreasing
    assert outside.absences == [
        "beta-0 uses none of the ring's payment_method entities, worth 9.3 bits.",
        "beta-0 uses none of the ring's ip entities, worth 5.0 bits.",
        "beta-0 does not use prompt_template:tpl-1, worth 3.7 bits.",
    ]
    gained = odds(store, ALL.index(A[0]), [0])[0]
    assert gained.missing.empty


def test_no_rings_no_odds(store: Store) -> None:
    assert odds(store, 0, []) == []


def test_only_rings_whose_profile_is_touched_are_near(store: Store) -> None:
    assert [o.ring_id for o in nearest_rings(store, ALL.index(OTHERS[20]))] == [RING_IDS[3]]
    assert nearest_rings(store, ALL.index(OTHERS[32])) == []


def test_the_sum_in_words_adds_up(store: Store) -> None:
    for account in SAMPLE[:4]:
        for found in odds(store, ALL.index(account), [0, 1]):
            parts = re.findall(r"[+-][\d,]+\.\d", found.summed)
            assert sum(float(part.replace(",", "")) for part in parts) == pytest.approx(found.total, abs=0.3)
            assert found.summed.endswith(" before any evidence")


def test_windows_are_steps_in_plain_words() -> None:
    """Made by hand: an account created with the ring, whose load is no one's of it."""
    rows = [
        (None, None, "prior", None, False, -8.0, 0.0),
        (CREATED, CREATED, "part", None, True, -0.5, 5.0),
        (CREATED, CREATED, "entity", "2026-04-01 09:00:00 to 2026-04-02 10:00:00 UTC", True, 6.0, 6.5),
        (CREATED, CREATED, "entity", "2026-05-01 09:00:00 to 2026-05-02 10:00:00 UTC", False, -0.1, 6.5),
        (LOAD, LOAD, "part", None, False, -1.0, 1.8),
    ]
    columns = ["kind", "family", "code", "entity", "used", "bits", "would_add"]
    found = Odds("a", "R-A", pd.DataFrame(rows, columns=columns).assign(links=1))
    assert found.waterfall["step"].tolist()[1:] == [
        "was created in one of the spans of time in which many of the ring were",
        "created 2026-04-01 09:00:00 to 2026-04-02 10:00:00 UTC",
        "has its load in none of the ranges in which many of the ring have theirs",
        "1 other creation-time entity of the ring not used",
    ]
    lacking = "a has its load in none of the ranges in which many of the ring have theirs, worth 1.8 bits."
    assert found.absences == [lacking]
