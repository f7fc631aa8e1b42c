from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.errors import ConfigError
from linkage.evaluation.prediction import ANY, SUSPECT
from linkage.evaluation.replay import EARLY, Replay, Surfaced, replay, surfaced
from linkage.evaluation.truth import read_truth
from linkage.simulator import WorldSpec, simulate


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "world"
    simulate(path, WorldSpec(accounts=800, seed=2, evade=0.0))
    return path


@pytest.fixture(scope="module")
def replayed(world: Path) -> Replay:
    return replay(world / "linkage.toml", world / "truth.parquet", every=30)


def exchanges(world: Path) -> pd.DataFrame:
    """Day and operator of every exchange of an operator's account; for worlds where each ring serves one."""
    log = pd.concat([pq.read_table(path).to_pandas() for path in sorted(world.glob("exchanges/*.parquet"))])
    owner = pq.read_table(world / "truth.parquet").to_pandas().set_index("account_id")["operator_id"]
    log["operator"], log["day"] = log["account_id"].map(owner), log["ts"].dt.date
    return log.dropna(subset=["operator"])


def test_every_operator_is_told_once_the_largest_first(world: Path, replayed: Replay) -> None:
    true = pq.read_table(world / "truth.parquet").to_pandas()["operator_id"].value_counts()
    assert {d.operator: d.accounts for d in replayed.operators} == true.to_dict()
    assert [d.accounts for d in replayed.operators] == sorted(true, reverse=True)
    assert any(d.suspect.day for d in replayed.operators)


def test_the_share_sent_equals_a_count_by_pandas(world: Path, replayed: Replay) -> None:
    log = exchanges(world)
    for told in replayed.operators:
        of_it = log[log["operator"] == told.operator]
        assert told.exchanges == len(of_it)
        for found in (told.suspect, told.any_verdict):
            if found.day:
                assert found.sent == pytest.approx((of_it["day"] <= found.day).mean())


def test_accounts_at_work_in_time_equal_a_count_by_pandas(world: Path, replayed: Replay) -> None:
    log = exchanges(world)
    for told in replayed.operators:
        of_it = log[log["operator"] == told.operator]
        nights = [night for night in replayed.nights if (of_it["day"] <= night).mean() < EARLY]
        at_work = of_it[of_it["day"] <= nights[-1]]["account_id"].nunique() if nights else 0
        assert told.begun == at_work


def test_early_is_before_a_share_of_its_exchanges_is_sent() -> None:
    day = date(2026, 4, 1)
    assert Surfaced(day, 0.149).early
    assert not Surfaced(day, EARLY).early
    assert not Surfaced(day).early  # no exchanges in the logs
    assert not Surfaced().early


def test_whoever_surfaces_as_suspect_has_surfaced_with_any_verdict(replayed: Replay) -> None:
    for told in replayed.operators:
        if told.suspect.day:
            assert told.any_verdict.day is not None
            assert told.any_verdict.day <= told.suspect.day


def test_nights_end_when_all_have_surfaced(replayed: Replay) -> None:
    days = [d.suspect.day for d in replayed.operators]
    steps = {b - a for a, b in zip(replayed.nights, replayed.nights[1:], strict=False)}
    assert timedelta(days=30) in steps or len(replayed.nights) < 3
    if None not in days:
        assert replayed.nights[-1] == max(d for d in days if d)


def test_the_runs_of_the_config_are_left_alone_and_nothing_is_left(
    world: Path, replayed: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not (world / "runs").exists()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told: list[tuple[date, int, int]] = []
    start = replayed.nights[-1]
    again = replay(world / "linkage.toml", world / "truth.parquet", 30, start, lambda *at: told.append(at))
    assert list(tmp_path.iterdir()) == []
    assert told[0][0] == again.nights[0] == start
    assert [done for _, done, _ in told] == list(range(len(told)))


def run_of(folder: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    columns = dict(zip(["account_id", "ring_id", "verdict", "role"], zip(*rows, strict=True), strict=True))
    nobody = pa.nulls(len(rows), pa.string())
    table = pa.table({**{name: list(column) for name, column in columns.items()}, "operator_id": nobody})
    folder.mkdir()
    pq.write_table(table, folder / "members.parquet")
    return folder


def test_an_operator_surfaces_in_a_ring_that_is_half_its_own(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("account_id,operator\na,x\nb,x\nc,y\nd,y\ne,z\nf,\ng,\nh,\n")
    truth = read_truth(tmp_path / "truth.csv")
    rows = [
        ("a", "R-1", "suspect", "core"), ("f", "R-1", "suspect", "core"), ("g", "R-1", "suspect", "bystander"),
        *((account, "R-2", "undetermined", "core") for account in "cdh"),
        ("e", "R-3", "suspect", "bystander"),
    ]
    told = surfaced(truth, run_of(tmp_path / "run", rows))
    names = truth.names["operator"]
    assert names[told[SUSPECT]].tolist() == ["x"]  # half of R-1 without its bystander
    assert names[told[ANY]].tolist() == ["y", "z"]  # with it a is one of three


def test_nights_less_than_a_day_apart_are_refused(world: Path) -> None:
    with pytest.raises(ConfigError) as error:
        replay(world / "linkage.toml", world / "truth.parquet", every=0)
    assert str(error.value) == "--every: nights are a day or more apart, not 0."


def test_a_table_of_clusters_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("account_id,cluster\na,1\n")
    (tmp_path / "truth.csv").write_text("account_id,operator\na,x\n")
    with pytest.raises(ConfigError, match="this folder is no run"):
        surfaced(read_truth(tmp_path / "truth.csv"), tmp_path / "c.csv")
