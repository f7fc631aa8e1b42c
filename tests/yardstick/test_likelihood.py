"""The fit of the likelihood: worlds made from known weights, memberships of a real run, and the SQL's own answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from linkage import pipeline
from linkage.evaluation.calibration import belongs
from linkage.evaluation.prediction import align, read_prediction
from linkage.evaluation.truth import read_truth
from linkage.model import Verdict
from linkage.reports.likelihood import MEASURES, weights
from linkage.yardstick.likelihood import RISING, fit, memberships, stated


def made(number: int, seed: int, ring: int = 1, **weight: float) -> pd.DataFrame:
    """Members and affiliations of suspect rings of ``ring`` accounts, right by these weights."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({name: generator.normal(1.0, 1.0, number) for name in MEASURES})
    logit = weight.get("constant", 0.0) + sum(weight.get(name, 0.0) * frame[name] for name in MEASURES)
    return frame.assign(
        own=generator.random(number) < 0.5, verdict="suspect", world="w", ring=np.arange(number) // ring,
        account=np.arange(number), right=generator.random(number) < expit(logit),
    )  # fmt: skip


def test_it_finds_the_weights_that_made_the_world() -> None:
    true = {"constant": -0.5, "bits": 0.8, "size": -0.4, "rival": -1.1}
    found = fit(made(20_000, 1, **true), {"worlds": 1})
    for table in (found.members, found.affiliations):
        for name in ("constant", *MEASURES):
            near = 0.25 if name == "constant" else 0.12
            assert table["suspect"][name] == pytest.approx(true.get(name, 0.0), abs=near), name
    assert found.fitted_on == {"worlds": 1}


def test_what_must_not_count_against_a_membership_does_not() -> None:
    true = dict.fromkeys(MEASURES, -0.8)
    found = fit(made(4_000, 2, **true), {}).members["suspect"]
    assert all(found[name] == 0 for name in RISING)
    assert all(found[name] < -0.5 for name in MEASURES if name not in RISING)


def test_verdicts_without_rings_borrow_from_the_others() -> None:
    found = fit(made(4_000, 3, constant=1.0, size=0.7), {}).members
    assert set(found) == {str(v) for v in Verdict}
    assert found["campus"]["size"] > 0.3
    assert found["campus"] == found["household"]


def test_one_large_ring_does_not_settle_it() -> None:
    one = made(2_000, 4, constant=-2.0).assign(ring=0)
    many = made(2_000, 5, constant=2.0).assign(ring=lambda f: f["account"] + 1)
    both = pd.concat([one, many], ignore_index=True).assign(**dict.fromkeys(MEASURES, 0.0))
    assert fit(both, {}).members["suspect"]["constant"] > 1.5


def test_memberships_of_a_run_are_those_that_the_evaluation_judges(published: Path, simulated: Path) -> None:
    frame = memberships(published, simulated / "truth.parquet")
    known, found = align(read_truth(simulated / "truth.parquet"), read_prediction(published))
    assert found.members is not None
    right = dict(zip(known.account_id.to_pylist(), belongs(known, found.members).tolist(), strict=True))
    ids = pq.read_table(published / "1-sources/accounts.parquet").sort_by("account")["account_id"].to_pylist()
    own = frame[frame["own"]]
    assert dict(zip(own["account"].map(ids.__getitem__), own["right"], strict=True)) == {
        account: right[account] for account in pq.read_table(published / "members.parquet")["account_id"].to_pylist()
    }
    assert len(frame) - len(own) == pq.read_metadata(published / "affiliations.parquet").num_rows
    assert 0.3 < own["right"].mean() < 1


def test_a_run_states_what_the_weights_say(published: Path, simulated: Path) -> None:
    """The SQL of a run against numpy on the same measures."""
    frame = memberships(published, simulated / "truth.parquet")
    frame["likelihood"] = stated(frame, weights())
    ids = pq.read_table(published / "1-sources/accounts.parquet").sort_by("account")["account_id"].to_pylist()
    rings = pq.read_table(published / "rings.parquet").sort_by("ring")["ring_id"].to_pylist()
    for own, name in ((True, "members"), (False, "affiliations")):
        part = frame[frame["own"] == own]
        keys = zip(part["account"].map(ids.__getitem__), part["ring"].map(rings.__getitem__), strict=True)
        expected = dict(zip(keys, part["likelihood"], strict=True))
        table = pq.read_table(published / f"{name}.parquet").to_pylist()
        assert {(r["account_id"], r["ring_id"]): r["likelihood"] for r in table} == pytest.approx(expected, abs=1.01e-4)
        assert len(table) == len(part)


def test_the_manifest_says_where_likelihoods_are_from(published: Path) -> None:
    told = json.loads((published / "manifest.json").read_text())["likelihood"]
    assert told["statement"] == "calibrated on simulated worlds, not on real cases (there are no labels)"
    assert told["fitted_on"] == weights().fitted_on
    assert (told["shift"], told["slope"]) == (0.0, 1.0)


def test_labels_recalibrate_a_run_and_its_report_says_so(simulated: Path, tmp_path: Path) -> None:
    truth = pq.read_table(simulated / "truth.parquet").to_pandas().sort_values("account_id")
    word = np.where(truth["operator_id"].notna(), "banned", "confirmed honest")
    labels = truth.assign(label=word)[["account_id", "label"]]
    for part, rows in enumerate((labels[::2], labels[1::2])):
        rows.to_csv(tmp_path / f"labels-{part}.csv", index=False)
    config = (simulated / "linkage.toml").read_text().replace('path = "', f'path = "{simulated}/')
    text = config + f'\n[labels]\npath = ["{tmp_path}/labels-0.csv", "{tmp_path}/labels-1.csv"]\n'
    (tmp_path / "linkage.toml").write_text(text)
    run = pipeline.run(tmp_path / "linkage.toml")
    told = json.loads((run / "manifest.json").read_text())["likelihood"]
    members = pq.read_table(run / "members.parquet").to_pandas().merge(labels, on="account_id")
    suspect = members[members["verdict"] == "suspect"]
    banned = int((suspect["label"] == "banned").sum())
    assert (told["operator"], told["honest"]) == (banned, len(suspect) - banned)
    assert told["unused"] == ""
    assert told["statement"].startswith("calibrated on simulated worlds, and for suspect rings recalibrated on ")
    assert abs(suspect["likelihood"].mean() - (suspect["label"] == "banned").mean()) < 0.05
