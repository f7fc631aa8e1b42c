from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from linkage.cli import app
from linkage.cli.validate import _print_bound
from linkage.config import Method
from linkage.errors import ConfigError
from linkage.model import AccountGraph
from linkage.review.intervals import exact
from linkage.validation import bound, framing, power, rerun
from linkage.validation.bound import Bound
from linkage.validation.exceedance import levels
from linkage.validation.framing import Framing
from linkage.validation.power import Power, curve
from linkage.validation.rerun import Case
from tests.rings.graphs import chance_world

GRAPH = chance_world(1, 50)
FOUND = {
    "bound": Bound(240, 50, 400, 12_345, -8.25, levels([-9.0] * 240), [0.0] * 6, {"random": levels([2.0] * 40)}, 3,
                   exact(1, 240)),
    "power": Power(2, 50, 4, curve(np.array([-5.0, 5.0, 900.0]), np.array([0.1, 0.4, 1.0]))),
    "framing": Framing(200, 50, ["device"], 31.4, 27, 8, 0, 0.014867, 0, 0.014867, {}, 5, 6),
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the experiments were asked for; they answer FOUND."""
    calls: list[tuple[object, ...]] = []

    def answer(name: str) -> Any:
        def check(*given: Any) -> Any:
            *first, progress = given
            calls.append((name, *[x.accounts if isinstance(x, AccountGraph) else x for x in first]))
            progress(0, 2)
            return FOUND[name]

        return check

    monkeypatch.setattr(rerun, "open_case", lambda path: Case(GRAPH, Method(), path))
    monkeypatch.setattr(bound, "check_bound", answer("bound"))
    monkeypatch.setattr(power, "power_curve", answer("power"))
    monkeypatch.setattr(framing, "frame", answer("framing"))
    return calls


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["validate", *words])


def test_each_experiment_has_its_own_number_of_draws(asked: list[tuple[object, ...]]) -> None:
    for name in FOUND:
        call(name, "run")
    call("bound", "run", "--n", "7", "--accounts", "20", "--seed", "5")
    call("power", "run", "--accounts", "0")
    method = Method()
    assert asked == [
        ("bound", 50, method, 240, 1), ("power", 50, method, 30, 1),
        ("framing", Case(GRAPH, method, Path("run")), 200, 1, []),
        ("bound", 20, method, 7, 5), ("power", 50, method, 30, 1),
    ]  # fmt: skip


def test_with_the_truth_honest_accounts_alone_are_framed(asked: list[tuple[object, ...]], tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("account_id,ring_id,operator_id\na,,\nb,r1,o1\nc,,\nd,,o1\n")
    call("framing", "run", "--truth", str(truth))
    assert asked[0][-1] == ["b", "d"]
    shown = call("framing", "run", "--truth", str(tmp_path / "none.csv"))
    assert isinstance(shown.exception, ConfigError)


def test_the_bound_is_printed_with_what_it_is_not(asked: list[tuple[object, ...]]) -> None:
    shown = call("bound", "run").output
    rows = [line.split() for line in shown.splitlines()]
    assert ["6", "0.0156", "240", "0", "0.0000", "to", "0.0153", "holds"] in rows
    assert ["1", "0.5000", "40", "40", "0.9119", "to", "1.0000", "broken"] in rows
    assert "12,345 different groups were scored, the best saves -8.2 bits." in shown
    assert "3 rings came out; 1 of 240 graphs have one with a q-value of 0.05 or less" in shown
    assert "no probability of innocence" in shown


def test_of_no_group_none_is_the_best(capsys: pytest.CaptureFixture[str]) -> None:
    _print_bound(Bound(240, 3, 3, 0, float("-inf"), levels([-9.0] * 240), [0.0] * 6, {}, 0, exact(0, 240)))
    assert "0 different groups were scored." in capsys.readouterr().out


def test_the_power_curve_is_printed_and_drawn(asked: list[tuple[object, ...]], tmp_path: Path) -> None:
    shown = call("power", "run", "--picture", str(tmp_path / "p.svg")).output
    rows = [line.split() for line in shown.splitlines()]
    assert ["over", "320", "1", "1", "1.000", "0.025", "to", "1.000", "1.000"] in rows
    assert ["10", "to", "20", "0", "0", "-", "0.000", "to", "1.000", "-"] in rows
    assert (tmp_path / "p.svg").stat().st_size > 1_000


def test_framing_is_printed_with_its_upper_limit(asked: list[tuple[object, ...]]) -> None:
    shown = call("framing", "run").output
    assert "200 accounts framed for 27 suspect rings with 31.4 values each on average (at most 50) of device" in shown
    assert "0 of 200 became core or periphery of a suspect ring (upper 95 % limit 1.49%); 0 of them" in shown
    assert "could stand above tier 3 of the action list (1.49%)." in shown
    assert "5 are named beside a suspect ring without being members, 6 are members of other rings." in shown


def test_json_has_the_same_numbers(asked: list[tuple[object, ...]]) -> None:
    told = {name: json.loads(call(name, "run", "--json").output) for name in FOUND}
    assert told["bound"]["any_candidate"][5]["finding"] == "holds"
    assert told["bound"]["fixed"]["random"][0]["finding"] == "broken"
    assert told["power"]["steps"][0]["low"] is None
    assert told["power"]["steps"][3]["mean_f1"] is None
    assert told["framing"]["upper"] == 0.014867


def test_other_experiments_are_refused(asked: list[tuple[object, ...]]) -> None:
    assert call("luck", "run").exit_code == 2
    assert asked == []
