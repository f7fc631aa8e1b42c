from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from linkage.errors import ConfigError
from linkage.reports.run import Run
from linkage.review import draw as module
from linkage.review.draw import ACCOUNT, CONTROL, PAIR, Plan, draw
from tests.small_run import ALL, RINGS, USERS, USES, VERDICTS, B, role

RING_OF = {account: number for number, ring in enumerate(RINGS) for account in ring}


@pytest.fixture(scope="module")
def items(run: Run) -> pd.DataFrame:
    return draw(run.store, Plan(40, 1))


def shared(a: int, b: int) -> set[tuple[str, str]]:
    return USES[ALL[a]] & USES[ALL[b]]


def test_the_same_seed_the_same_items_and_another_seed_others(run: Run, items: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(draw(run.store, Plan(40, 1)), items)
    assert draw(run.store, Plan(40, 2))["account"].tolist() != items["account"].tolist()


def test_members_stand_in_their_ring_with_its_verdict_and_stratum(items: pd.DataFrame) -> None:
    asked = items[items["verdict"] != CONTROL]
    assert len(asked) == 32 == len(set(asked["account"]))
    for row in asked.itertuples():
        account = ALL[row.account]
        assert row.ring == RING_OF[account]
        beside = role(account) == "bystander"
        assert row.verdict == ("bystander of suspects" if beside else VERDICTS[row.ring])
        assert row.tier.startswith(role(account))
    drawn = asked.groupby(["verdict", "tier"])
    assert (drawn.size() == drawn["drawn"].first()).all()
    assert drawn["population"].first().sum() == len(RING_OF)
    assert (drawn["drawn"].first() <= drawn["population"].first()).all()
    assert (asked["verdict"] == "suspect").sum() == 16


def test_partners_are_of_the_ring_and_share_something_where_anybody_does(run: Run) -> None:
    seen = 0
    for seed in range(5):
        items = draw(run.store, Plan(40, seed))
        for row in items[(items["verdict"] != CONTROL) & (items["question"] == PAIR)].itertuples():
            assert row.other != row.account
            assert RING_OF[ALL[row.other]] == row.ring
            mates = [b for b in RINGS[row.ring] if b != ALL[row.account]]
            assert shared(row.account, row.other) or not any(USES[b] & USES[ALL[row.account]] for b in mates)
            seen += 1
    assert seen > 50


def test_controls_look_linked_and_are_in_no_ring_together(run: Run) -> None:
    for seed in range(5):
        items = draw(run.store, Plan(40, seed))
        controls = items[items["verdict"] == CONTROL]
        assert Counter(controls["question"]) == {ACCOUNT: 4, PAIR: 4}
        assert controls[["population", "drawn"]].isna().all(axis=None)
        for row in controls[controls["question"] == PAIR].itertuples():
            rings = [RING_OF.get(ALL[n]) for n in (row.account, row.other)]
            assert rings[0] is None or rings[0] != rings[1]
            assert shared(row.account, row.other)
        for row in controls[controls["question"] == ACCOUNT].itertuples():
            assert ALL[row.account] not in RING_OF
            near = {entity for b in RINGS[row.ring] for entity in USES[b]} & USES[ALL[row.account]]
            assert any(2 <= USERS[entity] <= module.WIDE for entity in near)


def test_what_many_share_makes_nobody_near(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WIDE", 1)
    assert not (draw(run.store, Plan(40, 1))["verdict"] == CONTROL).any()


def test_every_member_is_as_likely_to_be_drawn(run: Run) -> None:
    """Ring B's core: 5 accounts beside ring A's 14 in one stratum, or apart by band; over seeds none is preferred."""
    seeds = 60
    times: Counter[str] = Counter()
    chance: dict[str, float] = {}
    for seed in range(seeds):
        items = draw(run.store, Plan(20, seed))
        for row in items[items["verdict"] != CONTROL].itertuples():
            times[ALL[row.account]] += 1
            chance[ALL[row.account]] = row.drawn / row.population
    assert set(times) == set(RING_OF)
    for account, p in chance.items():
        assert abs(times[account] - seeds * p) <= 4 * (seeds * p * (1 - p)) ** 0.5, account


def test_order_is_blind(run: Run) -> None:
    """Controls and verdicts are spread: no half of the sheet holds them all."""
    items = draw(run.store, Plan(40, 3))
    for verdict in (CONTROL, "suspect"):
        places = items.index[items["verdict"] == verdict]
        assert places.min() < 20 <= places.max()


def test_too_few_items_say_how_many_are_needed(run: Run) -> None:
    with pytest.raises(ConfigError, match=r"^--n: 4 items are too few for the \d+ strata of this run\. Take (\d+) or"):
        draw(run.store, Plan(4, 1))
    with pytest.raises(ConfigError) as caught:
        draw(run.store, Plan(4, 1))
    needed = int(str(caught.value).split("Take ")[1].split()[0])
    assert len(draw(run.store, Plan(needed, 1))) > 0


def test_a_single_account_at_the_edge_is_its_own_stratum(items: pd.DataFrame) -> None:
    edge = items[items["account"] == ALL.index(B[-1])]
    assert edge["tier"].str.startswith("periphery").all()
    assert edge["population"].tolist() == [1]
