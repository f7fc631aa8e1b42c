from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.model import Verdict
from linkage.review import strata as module
from linkage.review.strata import BANDS, LEAST, allocate, claim, halved, with_tier

SIZES = st.lists(st.integers(1, 100_000), min_size=1, max_size=30).map(lambda x: np.array(x, dtype=np.int64))


@given(SIZES, st.integers(0, 500))
def test_all_items_are_given_out_and_no_stratum_gets_more_than_it_has(sizes: np.ndarray, items: int) -> None:
    given_out = allocate(sizes, items)
    assert given_out.sum() == min(items, sizes.sum())
    assert (given_out <= sizes).all()
    least = min(LEAST, items // len(sizes))
    assert (given_out >= np.minimum(sizes, least)).all()


def test_the_rest_goes_by_the_square_root_of_the_size() -> None:
    assert allocate(np.array([100, 400, 900]), 72).tolist() == [14, 24, 34]  # 4 each, then 60 as 1 : 2 : 3
    assert allocate(np.array([2, 400, 900]), 72).tolist() == [2, 28, 42]
    assert allocate(np.array([5, 7]), 100).tolist() == [5, 7]
    assert allocate(np.array([50, 70, 9]), 2).sum() == 2
    assert allocate(np.array([], dtype=np.int64), 5).tolist() == []


def test_the_least_of_a_stratum_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    before = allocate(np.array([9, 90_000]), 40)
    monkeypatch.setattr(module, "LEAST", 9)
    assert before.tolist() == [4, 36]
    assert allocate(np.array([9, 90_000]), 40).tolist() == [9, 31]


@given(SIZES, st.integers(60, 500))
def test_half_of_the_items_are_suspects_where_there_are_as_many(sizes: np.ndarray, items: int) -> None:
    first = np.arange(len(sizes)) % 3 == 0
    given_out = halved(sizes, first, items)
    assert given_out.sum() == min(items, sizes.sum())
    assert (given_out <= sizes).all()
    if sizes[first].sum() >= items // 2 and sizes[~first].sum() >= items - items // 2:
        assert given_out[first].sum() == items // 2


def test_what_each_verdict_claims() -> None:
    claims = {verdict: claim(verdict) for verdict in Verdict}
    assert claims.pop(Verdict.SUSPECT) == "yes"
    assert claims.pop(Verdict.UNDETERMINED) is None
    assert set(claims.values()) == {"no"}
    assert claim(module.BESIDE_SUSPECTS) == "no"


def test_tiers_are_role_and_band() -> None:
    members = pd.DataFrame(
        {
            "verdict": ["suspect", "suspect", "household", "suspect"],
            "role": ["core", "periphery", "bystander", "bystander"],
            "likelihood": [0.95, 0.8, 0.799999, 1.0],
        }
    )
    made = with_tier(members)
    assert made["tier"].tolist() == [
        f"core, {BANDS[2]}", f"periphery, {BANDS[1]}", f"bystander, {BANDS[0]}", f"bystander, {BANDS[2]}"
    ]  # fmt: skip
    assert made["verdict"].tolist() == ["suspect", "suspect", "household", "bystander of suspects"]
