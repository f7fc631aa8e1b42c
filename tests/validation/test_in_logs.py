from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from linkage.config import load_config
from linkage.errors import NotFound
from linkage.evaluation import read_truth
from linkage.pipeline import STAGES
from linkage.reports.store import Store
from linkage.validation import in_logs as module
from linkage.validation.framing import BUDGET, best_values
from linkage.validation.in_logs import USES, frame_in_logs
from linkage.validation.rerun import Case, open_case


@pytest.fixture(scope="module")
def case(published: Path) -> Case:
    return open_case(published)


def events_of(case: Case) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is planted on three accounts, and the events."""
    values = best_values(case.graph, Store(case.folder))[0]
    values = values[values["kind"] != "hand_off"]
    pairs = pd.concat([values.assign(account=account) for account in (3, 1, 4)])
    return pairs, module._events(Store(case.folder), pairs, 1)


def test_each_value_is_used_while_its_victim_was_active(case: Case) -> None:
    pairs, events = events_of(case)
    store = Store(case.folder)
    uses = events.groupby(["account_id", "kind", "value"]).size()
    assert len(uses) == len(pairs)
    assert set(uses) == set(range(1, USES + 1))
    lives = store.frame("links").groupby("account").agg(first=("first_seen", "min"), last=("last_seen", "max"))
    known = store.frame("accounts").set_index("account_id")["account"]
    mine = lives.loc[events["account_id"].map(known)].reset_index()
    times = events["time"].reset_index(drop=True)
    assert ((mine["first"] <= times) & (times <= mine["last"])).all()


def test_the_logs_stay_and_the_values_stand_beside_them(case: Case, simulated: Path, tmp_path: Path) -> None:
    config = load_config(simulated / "linkage.toml")
    _, events = events_of(case)
    written = load_config(module._write(config, simulated / "linkage.toml", events, tmp_path))
    planted = {name for name in written.sources if name not in config.sources}
    assert planted == {f"planted_{kind}" for kind in set(events["kind"])}
    for name in planted:
        rows = pq.read_table(written.sources[name].path)
        assert rows.num_rows == (events["kind"] == name.removeprefix("planted_")).sum()
        assert written.sources[name].time == "time"
    assert tomllib.loads((tmp_path / "linkage.toml").read_text())["output"]["dir"] == str(tmp_path / "runs")
    paths = [p for s in written.sources.values() for p in ([s.path] if isinstance(s.path, str) else s.path)]
    assert all(Path(path).is_absolute() for path in paths)


def test_a_source_of_ones_own_keeps_its_name() -> None:
    assert module._free("planted_device", {"sessions"}) == "planted_device"
    assert module._free("planted_device", {"planted_device", "planted_device_"}) == "planted_device__"


def test_values_without_times_have_no_time_column(case: Case, simulated: Path, tmp_path: Path) -> None:
    _, events = events_of(case)
    config_path = simulated / "linkage.toml"
    unknown = events.assign(time=pd.NaT)
    written = load_config(module._write(load_config(config_path), config_path, unknown, tmp_path))
    assert {s.time for name, s in written.sources.items() if name.startswith("planted_")} == {None}


def test_victims_are_linked_and_not_accused(case: Case, simulated: Path) -> None:
    truth = read_truth(simulated / "truth.parquet")
    operators = truth.account_id.to_numpy(zero_copy_only=False)[~truth.honest].tolist()
    before = sorted(p.name for p in case.folder.parent.iterdir())
    told: list[str] = []
    found = frame_in_logs(case, 5, 1, operators, lambda stage, step: told.append(stage))
    assert [stage for stage in told if stage] == list(STAGES)
    assert (found.victims, found.batches, found.caught, found.unmarked) == (5, 1, 0, 0)
    assert 0 < found.planted <= BUDGET
    assert set(found.kinds) <= {"device", "prompt_template"}
    assert sorted(p.name for p in case.folder.parent.iterdir()) == before


def test_without_suspect_rings_nobody_can_be_framed(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / case.folder.name
    shutil.copytree(case.folder, folder)
    rings = pq.read_table(folder / "4-rings/rings.parquet").to_pandas().assign(verdict="household")
    rings.to_parquet(folder / "4-rings/rings.parquet", index=False)
    with pytest.raises(NotFound, match="nobody can be framed there"):
        frame_in_logs(replace(case, folder=folder), 5, 1, [])
