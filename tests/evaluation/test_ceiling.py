from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.evaluation.ceiling import FOLDS, Dealt, Kind, ceiling_lines, deal, folds, log_odds, place
from linkage.evaluation.memberships import of_labels
from linkage.evaluation.report import evaluate, peer_lines
from linkage.evaluation.truth import Truth, read_truth

ACCOUNTS = 400
Ints = npt.NDArray[np.int64]


def truth_of(tmp_path: Path, ring: dict[int, str], operator: dict[int, str]) -> Truth:
    columns = {
        "account_id": [f"a{i}" for i in range(ACCOUNTS)], "ring_id": [ring.get(i) for i in range(ACCOUNTS)],
        "operator_id": [operator.get(i) for i in range(ACCOUNTS)],
    }
    pq.write_table(pa.table(columns), tmp_path / "truth.parquet")
    return read_truth(tmp_path / "truth.parquet")


def scores(links: list[tuple[int, int, str]], truth: Truth) -> dict[str, tuple[float, float]]:
    """Precision and recall of the ceiling by level."""
    account, entity, kind = (list(column) for column in zip(*links, strict=True))
    table = pa.table({"account": account, "entity": entity, "kind": kind})
    return {x.level: (x.score.precision, x.score.recall) for x in ceiling_lines(table, truth.account_id, truth)}


def own(first: int = 1_000) -> list[tuple[int, int, str]]:
    """A device of its own for every account."""
    return [(i, first + i, "device") for i in range(ACCOUNTS)]


def test_a_ring_that_shares_a_card_is_placed_and_the_account_that_shares_nothing_is_not(tmp_path: Path) -> None:
    truth = truth_of(tmp_path, dict.fromkeys(range(20), "r"), dict.fromkeys(range(20), "o"))
    links = [*own(), *((i, 0, "card") for i in range(19)), *((i, i, "card") for i in range(19, ACCOUNTS))]
    precision, recall = scores(links, truth)["ring"]
    assert precision == 1.0
    assert recall == pytest.approx((19 * 19 / 20 + 1 / 20) / 20)


def test_an_account_that_no_ring_holds_is_placed_by_the_templates_of_all(tmp_path: Path) -> None:
    """Six rings of six use one template each of six; account 36 uses all six and nothing else of its own ring."""
    ring = {i: f"r{i // 6}" for i in range(36)} | {36: "r6"}
    truth = truth_of(tmp_path, ring, dict.fromkeys(range(37), "o"))
    links = [*own(), *((i, 10 + i // 6, "template") for i in range(36)), *((36, 10 + k, "template") for k in range(6))]
    links += [(i, 100 + i, "template") for i in range(37, ACCOUNTS)]
    assert scores(links, truth)["operator"] == (1.0, 1.0)


def dealt(account: Ints, entity: Ints, member: Ints) -> tuple[list[Dealt], Ints]:
    """Links of one kind dealt into folds of the members (1) and the others (0)."""
    fold = folds(of_labels(np.where(member > 0, 0, -1)))
    return [deal(Kind(account, entity), fold)], fold


def test_customers_of_a_vpn_are_not_taken_for_the_ring_that_uses_it() -> None:
    """Ten exits, used by 20 of the ring and 80 honest customers alike: one in five of the crowd is the ring's."""
    rng = np.random.default_rng(4)
    member = (np.arange(ACCOUNTS) < 20).astype(np.int64)
    exits = [(i, int(e)) for i in range(100) for e in rng.choice(10, 6, replace=False)]
    links = np.array([*exits, *((i, 100 + i) for i in range(100, ACCOUNTS))])
    kinds, fold = dealt(links[:, 0], links[:, 1], member)
    odds = log_odds(kinds, member > 0, fold)
    assert np.median(odds[:100]) == pytest.approx(np.log2(20 / 80), abs=1)
    assert abs(np.median(odds[:20]) - np.median(odds[20:100])) < 1
    assert (odds[100:] < -4).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_an_account_that_shares_nothing_tells_nothing(seed: int) -> None:
    """Each account alone on its entity: whoever it is, it has the same bits, but for the fold that it fell into."""
    rng = np.random.default_rng(seed)
    member = (rng.random(120) < 0.3).astype(np.int64)
    if not member.any():
        return
    kinds, fold = dealt(np.arange(120), rng.permutation(120), member)
    odds = log_odds(kinds, member > 0, fold)
    for f in range(FOLDS):
        assert len(set(odds[fold == f].tolist())) <= 1


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_an_accounts_own_membership_does_not_count_for_it(seed: int) -> None:
    """Members and others of one fold with the same links have the same bits: all is known from the other folds."""
    rng = np.random.default_rng(seed)
    member = (rng.random(200) < 0.5).astype(np.int64)
    fold = folds(of_labels(np.where(member > 0, 0, -1)))
    entity = rng.integers(0, 4, 200)
    odds = log_odds([deal(Kind(np.arange(200), entity), fold)], member > 0, fold)
    for f in range(FOLDS):
        for e in range(4):
            assert len(set(odds[(fold == f) & (entity == e)].tolist())) <= 1


def test_folds_deal_every_ring_and_the_honest_evenly() -> None:
    label = np.repeat([-1, 0, 1], [25, 10, 4])
    fold = folds(of_labels(np.random.default_rng(2).permutation(label)))
    order = np.random.default_rng(2).permutation(label)
    assert sorted(fold[order == 0].tolist()) == list(range(FOLDS))
    assert sorted(fold[order == 1].tolist()) == [0, 1, 2, 3]
    assert set(np.bincount(fold[order == -1]).tolist()) == {2, 3}


def test_the_order_of_links_does_not_matter_and_nothing_places_nobody() -> None:
    rng = np.random.default_rng(1)
    kind = Kind(rng.integers(0, 50, 300), rng.integers(0, 40, 300))
    order = rng.permutation(300)
    true = of_labels(np.where(np.arange(50) < 24, np.arange(50) // 8, -1))
    fold = folds(true)
    shuffled = Kind(kind.account[order], kind.entity[order])
    one, other = (place([deal(k, fold)], true, fold) for k in (kind, shuffled))
    assert np.array_equal(one.cluster, other.cluster)
    assert one.bits == pytest.approx(other.bits)
    assert (place([], true, fold).above(0) == -1).all()


def test_creation_in_one_burst_is_a_tie_too(tmp_path: Path) -> None:
    truth = truth_of(tmp_path, dict.fromkeys(range(30), "r"), dict.fromkeys(range(30), "o"))
    start = datetime(2026, 4, 1, 5, tzinfo=UTC)
    day = [7 if i < 30 else i % 60 for i in range(ACCOUNTS)]
    table = pa.table({
        "account": list(range(ACCOUNTS)), "entity": list(range(ACCOUNTS)), "kind": ["ip"] * ACCOUNTS,
        "first_seen": pa.array([start + timedelta(days=d) for d in day], pa.timestamp("us", tz="UTC")),
    })
    with_days = ceiling_lines(table, truth.account_id, truth)[0].score.f1
    without = ceiling_lines(table.drop_columns(["first_seen"]), truth.account_id, truth)[0].score.f1
    assert with_days > 0.8
    assert without < with_days - 0.2


def test_nothing_comes_above_it_on_a_simulated_world(simulated: Path, published: Path) -> None:
    truth = read_truth(simulated / "truth.parquet")
    lines = evaluate(published, simulated / "truth.parquet", with_ceiling=True).lines
    best = {x.level: x.score.f1 for x in lines if x.of == "ceiling"}
    accounts = pq.read_table(published / "1-sources/accounts.parquet").sort_by("account")["account_id"]
    others = peer_lines(pq.read_table(published / "2-graph/links.parquet"), accounts.combine_chunks(), truth)
    assert all(x.score.f1 <= best[x.level] + 0.01 for x in [*lines, *others])
    assert len(others) >= 8
