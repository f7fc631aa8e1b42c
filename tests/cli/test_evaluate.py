from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from linkage.cli import app

TRUTH = [  # account, kind, group, ring, operator, framed
    *((f"o{i}", "operator", "g", "r1", "x", False) for i in range(4)),
    *((f"c{i}", "company", "acme", None, None, i == 0) for i in range(3)),
    ("v", "vpn_user", "g9", None, None, True),
]
MEMBERS = [  # account, ring, operator, verdict, likelihood, role
    *((f"o{i}", "R-1", "OP-1", "suspect", 0.9, "core") for i in range(3)),
    *((f"c{i}", "R-2", "OP-2", "suspect", 0.7, "core") for i in range(2)),
    ("v", "R-1", None, "suspect", 0.6, "bystander"),
]


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words])


def table(columns: list[str], rows: list[tuple[object, ...]]) -> pa.Table:
    return pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    columns = ["account_id", "group_kind", "group_id", "ring_id", "operator_id", "framed"]
    pq.write_table(table(columns, TRUTH), tmp_path / "truth.parquet")
    served = [("r1", "x", 0.75), ("r1", None, 0.25)]
    pq.write_table(table(["ring_id", "operator_id", "traffic_share"], served), tmp_path / "truth_operators.parquet")
    return tmp_path / "truth.parquet"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "1-sources").mkdir(parents=True)
    columns = ["account_id", "ring_id", "operator_id", "verdict", "likelihood", "role"]
    pq.write_table(table(columns, MEMBERS), folder / "members.parquet")
    shares = [("R-1", "OP-1", 1.0), ("R-2", "OP-2", 1.0)]
    pq.write_table(table(["ring_id", "operator_id", "traffic_share"], shares), folder / "ring_operators.parquet")
    accounts = [(i, row[0], 10) for i, row in enumerate(TRUTH)]
    pq.write_table(table(["account", "account_id", "exchanges"], accounts), folder / "1-sources/accounts.parquet")
    return folder


def test_everything_that_applies_is_printed_in_order(run: Path, truth: Path) -> None:
    shown = call("evaluate", run, truth)
    assert shown.exit_code == 0
    titles = [
        "B-cubed, averaged over the accounts of operators", "Found beside true: all 1 operators",
        "Found beside true: all 1 rings", "Exchanges attributed: all 1 operators",
        "Rings that serve several: all 2 shares", "Honest accounts in suspect rings",
        "2 of 5 suspect accounts are honest (40.00%); 1 of 1 bystanders.", "Honest groups reported as suspect: all 1",
        "Framed: 1 of 2 honest accounts with planted values are suspects (upper 95 % limit 97.47%).",
        "Rings by verdict and by the true kind of most members",
        "Stated likelihood of members, and the share that belongs",
        "The same in steps of a tenth, rings of any verdict",
    ]
    places = [shown.output.find(title) for title in titles]
    assert -1 not in places
    assert places == sorted(places)
    row = next(line for line in shown.output.splitlines() if "innocent customers" in line)
    assert row.split() == ["r1", "innocent", "customers", "10", "25.0%", "25.0%", "0.0", "0.0%", "25.0"]


def test_json_has_every_section(run: Path, truth: Path) -> None:
    told = json.loads(call("evaluate", run, truth, "--json").output)
    assert list(told) == ["scores", "matches", "traffic", "honest", "verdicts", "calibration"]
    assert told["traffic"]["operators"] == [{"operator": "x", "exchanges": 30, "found": "OP-1", "share": 0.75}]
    shared = [(s["operator"], s["true"], s["stated"], s["error"]) for s in told["traffic"]["shared"]]
    assert shared == [("x", 0.75, 0.75, 0.0), ("", 0.25, 0.25, 0.0)]
    assert told["honest"]["groups"] == [
        {"kind": "company", "group": "acme", "accounts": 3, "ring": "R-2", "ring_accounts": 2, "common": 2}
    ]
    assert [c["rings"] for c in told["calibration"]] == ["any verdict", "suspect"]
    assert told["calibration"][1]["true"] == 0.5


def test_evaluate_scores_a_table_against_the_truth(simulated: Path, tmp_path: Path) -> None:
    (tmp_path / "clusters.csv").write_text("account_id,cluster\nnobody,1\n")
    shown = call("evaluate", tmp_path / "clusters.csv", simulated / "truth.parquet")
    assert shown.exit_code == 0
    assert "B-cubed, averaged over the accounts of operators" in shown.output
    told = json.loads(call("evaluate", tmp_path / "clusters.csv", simulated / "truth.parquet", "--json").output)
    ring = next(s for s in told["scores"] if s["level"] == "ring")
    assert ring["precision"] == 1.0
    assert ring["found"] == 0
    assert ring["clusters"] == json.loads((simulated / "world.json").read_text())["rings"]


def test_the_truth_against_itself_is_perfect(simulated: Path, tmp_path: Path) -> None:
    truth = pq.read_table(simulated / "truth.parquet", columns=["account_id", "ring_id"])
    pq.write_table(truth.rename_columns(["account_id", "cluster"]), tmp_path / "c.parquet")
    told = json.loads(call("evaluate", tmp_path / "c.parquet", simulated / "truth.parquet", "--json").output)
    ring = next(s for s in told["scores"] if s["level"] == "ring")
    assert (ring["f1"], ring["found"]) == (1.0, ring["clusters"])


def test_hostile_names_reach_the_terminal_harmless(simulated: Path, tmp_path: Path) -> None:
    rows = "account_id,group_kind,ring_id,operator_id\na,\x1b[31mred,,\nb,operator,r,o\n"
    (tmp_path / "truth.csv").write_text(rows)
    (tmp_path / "members.csv").write_text("account_id,ring_id,operator_id,verdict\na,R-1,,suspect\n")
    result = call("evaluate", tmp_path / "members.csv", tmp_path / "truth.csv")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "\\x1b[31mred" in result.output


def test_help_shows_an_example() -> None:
    assert "Example: linkage evaluate" in call("evaluate", "--help").output
