"""A ring: its tables, what is left of it, its timeline, and its card."""

from __future__ import annotations

import json
import shutil
import tomllib
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from linkage.errors import MissingExtra
from linkage.model import Verdict
from linkage.reports import extras
from linkage.reports import ring as ring_module
from linkage.reports.ring import ranked
from linkage.reports.run import Run, open_run
from tests.small_run import BYSTANDER, RING_IDS, RINGS, USERS, USES, A, evidence, log_odds, pool, saved, times


@pytest.mark.parametrize("number", range(4))
def test_evidence_is_k_of_s_here_and_d_of_n_everywhere(run: Run, number: int) -> None:
    found = run.ring(RING_IDS[number]).evidence
    columns = ["ring_accounts", "ring_accounts_with_kind", "all_accounts", "all_accounts_with_kind", "bits"]
    assert found[columns].to_numpy().tolist() == [[r["k"], r["s"], r["d"], r["n"], r["bits"]] for r in evidence(number)]
    assert found["bits"].is_monotonic_decreasing


def test_the_ring_knows_its_row(run: Run) -> None:
    ring = run.ring(RING_IDS[0])
    assert (ring.id, ring.verdict, ring.bits_saved) == (RING_IDS[0], Verdict.SUSPECT, saved(0))


def test_members_stand_firmest_first_with_their_times(run: Run) -> None:
    members = run.ring(RING_IDS[0]).members
    expected = sorted(A, key=lambda a: (-log_odds(a, 0), a))
    assert members["account_id"].tolist() == expected
    assert members["created"].tolist() == [pd.Timestamp(times(a)[0]) for a in expected]
    assert members.loc[members["account_id"] == BYSTANDER, "role"].tolist() == ["bystander"]


def test_pools_list_each_card_with_its_users(run: Run) -> None:
    pools = run.ring(RING_IDS[0]).pools
    counted = {(r.kind, r.entity): (r.ring_accounts, r.all_accounts) for r in pools.itertuples()}
    assert counted == {card: (sum(card in USES[a] for a in A), USERS[card]) for card in pool()}


@pytest.mark.parametrize("number", range(4))
def test_what_is_left_without_a_family_adds_up_again(run: Run, number: int) -> None:
    families = run.ring(RING_IDS[number]).families
    assert (families["bits"] + families["left"]).tolist() == pytest.approx([saved(number)] * len(families))
    assert families["bits"].sum() == pytest.approx(sum(r["bits"] for r in evidence(number)))


def test_the_timeline_counts_members_per_day(run: Run) -> None:
    table = run.ring(RING_IDS[0]).timeline
    assert table["created"].sum() == table["first_seen"].sum() == table["last_seen"].sum() == len(A)
    for day, active in table["active"].items():
        begin, end = day.to_pydatetime(), day.to_pydatetime() + timedelta(days=1)
        assert active == sum(times(a)[1] < end and times(a)[2] >= begin for a in A)


def test_the_timeline_of_a_ring_without_times_is_empty(run: Run) -> None:
    ring = run.ring(RING_IDS[0])
    ring.__dict__["members"] = ring.members.assign(created=pd.NaT, first_seen=pd.NaT, last_seen=pd.NaT)
    assert ring.timeline.empty


def test_ranking_puts_innocent_rings_last_whatever_their_bits() -> None:
    rings = pd.DataFrame(
        {
            "ring_id": list("abcd"),
            "verdict": ["campus", "suspect", "undetermined", "suspect"],
            "bits_saved": [9, 1, 5, 2],
        }
    )
    assert ranked(rings)["ring_id"].tolist() == ["d", "b", "c", "a"]


def test_the_card_is_json_and_its_names_do_not_collide(run: Run) -> None:
    card = run.ring(RING_IDS[0]).card()
    data = card.data()
    assert len(data) == len(card.facts) + len(card.tables) + len(card.notes)
    assert json.loads(json.dumps(data, default=str))["evidence"][0]["ring_accounts"] == 15
    assert len(data["members"]) == 15
    assert len(run.ring(RING_IDS[0]).card(top=4).data()["members"]) == 4


def test_the_bridge_is_not_sought_in_a_large_ring(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.ring(RING_IDS[0]).bridge is not None
    monkeypatch.setattr(ring_module, "BRIDGE_ACCOUNTS", len(RINGS[0]) - 1)
    ring = run.ring(RING_IDS[0])
    assert ring.bridge is None
    assert "weakest_bridge" not in ring.card().notes


def test_draw_returns_a_figure_and_svg_its_text(run: Run) -> None:
    ring = run.ring(RING_IDS[0])
    assert isinstance(ring.draw(), Figure)
    assert ring.svg().startswith("<svg")
    assert ring.svg() == run.ring(RING_IDS[0]).svg()


def test_drawing_without_matplotlib_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        run.ring(RING_IDS[0]).draw()
    assert str(caught.value) == "this needs matplotlib, which is not installed. Run: pip install jinja2 matplotlib"


def test_a_pool_of_one_shows_its_entity(run: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "run"))
    pools = pq.read_table(copy / "4-rings/pools.parquet")
    pq.write_table(pools.slice(0, 1), copy / "4-rings/pools.parquet")
    evidence = pq.read_table(copy / "evidence.parquet")
    ones = pa.array([None if n is None else 1 for n in evidence["pool"].to_pylist()], pa.int64())
    evidence = evidence.set_column(evidence.schema.get_field_index("pool"), "pool", ones)
    pq.write_table(evidence, copy / "evidence.parquet")
    entity = run.ring(RING_IDS[0]).pools["entity"]
    found = open_run(copy).ring(RING_IDS[0]).evidence
    assert found.loc[found["kind"] == "payment_method", "entity"].isin(entity).all()


def test_the_extras_name_what_pyproject_names() -> None:
    told = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra, modules in extras.EXTRAS.items():
        assert {line.split(">")[0] for line in told[extra] if not line.startswith("linkage[")} == set(modules)
