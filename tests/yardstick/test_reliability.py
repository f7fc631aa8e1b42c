"""Reliability tables: counts by hand, the interval's coverage when rings err as wholes, and the commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from typer.testing import CliRunner

from linkage.reports.likelihood import MEASURES, read_weights, weights, write_weights
from linkage.simulator import Preset
from linkage.yardstick import __main__ as command
from linkage.yardstick import reliability as module
from linkage.yardstick.bench import Bench
from linkage.yardstick.reliability import Line, page, reliability, scopes, share_limits, summary_table, worlds
from linkage.yardstick.worlds import PRESETS
from tests.yardstick.test_likelihood import made


def frame(**columns: object) -> pd.DataFrame:
    base: dict[str, object] = {"own": True, "verdict": "suspect", "world": "w", "ring": 0, "preset": "market"}
    return pd.DataFrame({**base, "likelihood": 0.95, "right": True, **columns})


def test_bins_are_counts_by_hand() -> None:
    rows = frame(likelihood=[0.05, 0.12, 0.18, 0.99, 1.0], right=[False, True, False, True, True], ring=[1, 2, 2, 3, 4])
    first, second, last = [x for x in reliability(rows) if x.scope == "members"]
    assert (first.low, first.memberships, first.rings, first.true) == (0.0, 1, 1, 0.0)
    assert (second.low, second.memberships, second.rings) == (0.1, 2, 1)
    assert (second.stated, second.true) == (pytest.approx(0.15), 0.5)
    assert second.gap == pytest.approx(-0.35)
    assert (last.low, last.memberships, last.rings, last.true) == (0.9, 2, 2, 1.0)


def test_scopes_part_members_affiliations_suspects_and_presets() -> None:
    rows = frame(
        own=[True, True, False, False], verdict=["suspect", "household", "suspect", "campus"],
        preset=["market", "thin", "market", "thin"],
    )  # fmt: skip
    told = {name: part.index.tolist() for name, part in scopes(rows)}
    assert told == {
        "members": [0, 1], "members of suspect rings": [0], "affiliations": [2, 3],
        "affiliations with suspect rings": [2], "members, market": [0], "members, thin": [1], "suspect, market": [0],
    }


def test_single_accounts_have_the_interval_of_clopper_and_pearson() -> None:
    hits = np.array([1.0] * 37 + [0.0] * 3)
    low, high = share_limits(np.ones(40), hits)
    exact = binomtest(37, 40).proportion_ci(0.95, "exact")
    assert low == pytest.approx(exact.low, abs=0.01)
    assert high == pytest.approx(exact.high, abs=0.01)


def test_rings_that_all_agree_count_once_each() -> None:
    low, high = share_limits(np.full(5, 100.0), np.full(5, 100.0))
    assert (low, high) == (pytest.approx(binomtest(5, 5).proportion_ci(0.95, "exact").low), 1.0)
    assert share_limits(np.array([50.0]), np.array([20.0]))[1] > 0.9  # one ring says nothing


def test_the_interval_holds_the_truth_when_rings_err_as_wholes() -> None:
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        size = generator.integers(5, 50, 40).astype(np.float64)
        low, high = share_limits(size, size * (generator.random(40) < 0.8))
        held += low <= 0.8 <= high
    assert held / 400 > 0.93


def line(stated: float, true_low: float, true_high: float, **changed: object) -> Line:
    told = {"scope": "members", "low": 0.8, "memberships": 500, "rings": 50, "stated": stated, "true": 0.8,
            "true_low": true_low, "true_high": true_high, **changed}  # fmt: skip
    return Line(**told)  # type: ignore[arg-type]  # values of a dict


def test_off_and_surely_off() -> None:
    assert not line(0.85, 0.7, 0.9).off
    assert line(0.86, 0.7, 0.9).off
    assert not line(0.86, 0.7, 0.9).surely_off
    assert line(0.86, 0.75, 0.805).surely_off
    assert line(0.7, 0.755, 0.9).surely_off
    assert not line(0.86, 0.7, 0.9, rings=19).enough
    assert not line(0.86, 0.7, 0.9, memberships=99).enough


def test_the_summary_names_the_bins_that_are_off() -> None:
    lines = [line(0.86, 0.75, 0.805), line(0.82, 0.7, 0.9, memberships=1_500, low=0.9), line(0.1, 0.0, 1.0, rings=2)]
    (row,) = summary_table(lines).splitlines()[2:]
    assert row == "| members | 2,500 | 0.164 | 2 | 60% | 0.8 (0.86, true 0.80, sure) |"


def test_every_preset_and_rate_of_evasion_has_a_world_and_fit_and_check_have_other_seeds() -> None:
    fitted, checked = worlds(module.FIRST_FIT), worlds(module.FIRST_CHECK)
    assert {(w.preset, w.evade) for w in fitted if w.preset != "honest"} == {
        (p.value, e) for p in PRESETS if p != Preset.HONEST for e in module.EVADES
    }
    assert len(fitted) == len(set(fitted)) == 36
    assert not {w.seed for w in fitted} & {w.seed for w in checked}


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Memberships that were made up, in place of simulated worlds; the weights are written elsewhere."""
    rows = made(3_000, 1, ring=5, constant=1.0, bits=0.5).assign(preset="market", evade=0.3)
    monkeypatch.setattr(module, "collected", lambda bench, chosen: rows)
    monkeypatch.setattr(command, "WEIGHTS", tmp_path / "likelihood.json")
    (tmp_path / "page.md").write_text("<!-- likelihood: begin -->\n<!-- likelihood: end -->\n")
    monkeypatch.setattr(command, "PAGE", tmp_path / "page.md")
    return tmp_path


def test_calibrate_fits_and_check_rewrites_the_page(collected: Path) -> None:
    assert CliRunner().invoke(command.app, ["calibrate"]).exit_code == 0
    made_of = read_weights(collected / "likelihood.json")
    assert made_of.members["suspect"]["bits"] == pytest.approx(0.5, abs=0.15)
    assert made_of.fitted_on["worlds"] == 36
    assert made_of.fitted_on["seeds"] == [81, 82, 83, 84]
    before = (collected / "likelihood.json").read_bytes()
    done = CliRunner().invoke(command.app, ["calibrate", "--check", "--accounts", "3000"])
    assert done.exit_code == 0
    assert (collected / "likelihood.json").read_bytes() == before
    text = (collected / "page.md").read_text()
    assert "36 worlds of 3,000 accounts, seeds 91 to 94, which played no part in the fit." in text
    assert "| members of suspect rings | 0.9 to 1.0 |" in text


def test_weights_that_are_wrong_are_seen(collected: Path) -> None:
    flat = {**dict.fromkeys(("constant", *MEASURES), 0.0), "constant": -3.0}
    wrong = dict.fromkeys(weights().members, flat)
    write_weights(type(weights())({}, wrong, wrong), collected / "likelihood.json")
    done = CliRunner().invoke(command.app, ["calibrate", "--check"])
    assert ", sure)" in done.output
    assert "| no |" in done.output


def test_worlds_are_run_and_read_where_the_bench_keeps_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = worlds(81)[:2]
    asked: list[object] = []
    monkeypatch.setattr(Bench, "run", lambda bench, which, methods: asked.append((which, methods)))
    seen: list[tuple[Path, Path]] = []

    def read(run: Path, truth: Path) -> pd.DataFrame:
        seen.append((run, truth))
        return frame(likelihood=[0.95])

    monkeypatch.setattr(module, "memberships", read)
    bench = Bench(tmp_path, 1, print)
    told = module.collected(bench, chosen)
    assert asked == [(chosen, ("linkage",))]
    assert seen == [(bench.place(w) / "runs/latest", bench.place(w) / "truth.parquet") for w in chosen]
    assert told["world"].tolist() == [w.name for w in chosen]
    assert page(reliability(told), chosen)
