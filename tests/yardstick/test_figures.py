from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from linkage.yardstick.figures import OURS, cost, counted, quality, series, too_easy
from linkage.yardstick.results import Result
from tests.yardstick.toys import WORLD, methods, nobody, peer


def test_quality_has_a_row_per_method_scope_and_level_and_says_what_did_not_run() -> None:
    frame = quality({WORLD: methods(0.9)})
    assert frame.groupby("method", sort=False).size().to_dict() == {
        "linkage": 4, "ceiling": 2, "components, degree <= 50": 2, "Leiden, plain": 2, "Splink": 1
    }
    assert frame.loc[frame["method"] == "Splink", "not_run"].tolist() == ["Splink is not installed"]
    assert set(frame["seed"]) == {1001}
    told = frame[frame["honest_suspects"].notna()]
    assert set(told["rings"]) == {"suspect"}
    assert told[["honest_accounts", "honest_suspects", "honest_bystanders", "honest_groups"]].drop_duplicates(
    ).to_numpy().tolist() == [[1000, 2, 1, 0]]
    assert told["traffic"].unique().tolist() == [0.75]


def test_rows_stand_in_the_order_of_presets_evades_and_seeds_whatever_the_order_of_results() -> None:
    worlds = [replace(WORLD, preset=p, evade=e, seed=s) for p in ("market", "campaign") for e in (0.6, 0.3)
              for s in (1002, 1001)]  # fmt: skip
    frame = quality({world: methods(0.9) for world in worlds})
    again = quality({world: methods(0.9) for world in reversed(worlds)})
    pd.testing.assert_frame_equal(frame, again)
    seen = frame.drop_duplicates(["preset", "evade", "seed"])[["preset", "evade", "seed"]].to_numpy().tolist()
    assert seen[:3] == [["campaign", 0.3, 1001], ["campaign", 0.3, 1002], ["campaign", 0.6, 1001]]
    assert seen[-1] == ["market", 0.6, 1002]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (methods(0.9, leiden=0.59, components=0.29), ""),
        (methods(0.9, leiden=0.6), "Leiden, plain 0.60"),
        (methods(0.9, components=0.3), "components, degree <= 50 0.30"),
        (methods(0.9, leiden=0.7, components=0.4), "components, degree <= 50 0.40; Leiden, plain 0.70"),
        (nobody(), ""),
        ({"Leiden, plain": peer(0.9, 0.5)}, ""),  # the best setting in hindsight does not make a world too easy
        ({"Leiden, plain": Result(not_run="why")}, ""),
    ],
)
def test_a_world_is_too_easy_when_what_people_run_by_default_does_well(found: dict[str, Result], reason: str) -> None:
    assert too_easy(found) == reason


def test_worlds_that_are_too_easy_are_marked_and_do_not_count() -> None:
    easy = replace(WORLD, seed=1002)
    frame = quality({WORLD: methods(0.9), easy: methods(0.9, leiden=0.8)})
    assert set(frame.loc[frame["seed"] == 1002, "counts"]) == {"too easy"}
    assert set(counted(frame)["seed"]) == {1001}
    assert counted(frame, 0.6).empty
    assert set(counted(quality({easy: methods(0.9, leiden=0.8)}, judged=False))["seed"]) == {1002}


def test_nothing_to_find_gives_no_score_but_counts_honest_accounts() -> None:
    frame = quality({replace(WORLD, preset="honest"): nobody()})
    assert frame["f1"].isna().all()
    assert frame.loc[frame["rings"] == "suspect", "honest_suspects"].tolist() == [5, 5]


def test_series_are_ours_by_scope_then_the_ceiling_then_peers() -> None:
    found = series(quality({WORLD: methods(0.9)}))
    assert list(found) == [*OURS.values(), "ceiling", "components, degree <= 50", "Leiden, plain", "Splink"]
    assert set(found[OURS["suspect"]]["rings"]) == {"suspect"}


def test_cost_is_of_the_worlds_on_which_a_method_ran() -> None:
    second = {**methods(0.9), "Leiden, plain": replace(peer(0.6, 0.4), seconds=2.5, peak_mb=310.0)}
    table = cost({WORLD: methods(0.9), replace(WORLD, seed=1002): second}).set_index("method")
    assert list(table.index) == ["linkage", "components, degree <= 50", "Leiden, plain"]
    assert table.loc["Leiden, plain"].tolist() == [2, 1.5, 2.5, 310.0]
