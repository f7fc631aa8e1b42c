from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.errors import ConfigError
from linkage.evaluation import evaluate, label_lines, read_truth
from linkage.evaluation.report import Evaluation

# account: true kind, ring, operator; predicted ring, operator, verdict
ACCOUNTS = [
    ("a", "operator", "r1", "o1", "R-1", "OP-1", "suspect"),
    ("b", "operator", "r1", "o1", "R-1", "OP-1", "suspect"),
    ("c", "operator", "r2", "o1", "R-2", "OP-1", "suspect"),
    ("d", "operator", "r2", "o1", "R-3", None, "undetermined"),
    ("e", "company", None, None, "R-1", None, "suspect"),
    ("f", "company", None, None, "R-4", None, "organisation"),
    ("g", "company", None, None, "R-4", None, "organisation"),
    ("h", "household", None, None, "R-4", None, "organisation"),
    ("i", "household", None, None, None, None, None),
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rows = list(zip(*ACCOUNTS, strict=True))
    truth = dict(zip(["account_id", "group_kind", "ring_id", "operator_id"], rows[:4], strict=True))
    pq.write_table(pa.table(truth), tmp_path / "truth.parquet")
    run = tmp_path / "run"
    for folder in ("2-graph", "1-sources"):
        (run / folder).mkdir(parents=True)
    in_ring = [i for i, row in enumerate(ACCOUNTS) if row[4]]
    names = ["account_id", "ring_id", "operator_id", "verdict"]
    columns = dict(zip(names, [rows[0], *rows[4:]], strict=True))
    pq.write_table(pa.table(columns).take(in_ring), run / "members.parquet")
    return run, tmp_path / "truth.parquet"


def f1_of(result: Evaluation) -> dict[tuple[str, str, str], float]:
    return {(x.of, x.level, x.rings): x.score.f1 for x in result.lines}


def test_scores_at_both_levels_over_both_sets_of_rings(files: tuple[Path, Path]) -> None:
    result = evaluate(*files)
    f1 = f1_of(result)
    scopes = [(level, rings) for rings in ("any verdict", "suspect") for level in ("ring", "operator")]
    assert list(f1) == [("linkage", *scope) for scope in scopes]
    precision = (2 / 3 + 2 / 3 + 1 + 1) / 4
    recall = (1 + 1 + 0.5 + 0.5) / 4
    assert f1["linkage", "ring", "any verdict"] == pytest.approx(2 * precision * recall / (precision + recall))
    recall = (3 * 3 / 4 + 1 / 4) / 4  # a, b, c together; d alone; e has no operator, so it stays with ring R-1
    assert f1["linkage", "operator", "any verdict"] == pytest.approx(2 * recall / (1 + recall))
    assert [x.score.found for x in result.lines] == [2, 1, 2, 1]


def test_honest_accounts_in_suspect_rings_are_counted_by_kind(files: tuple[Path, Path]) -> None:
    honest = evaluate(*files).honest
    assert honest is not None
    assert [(k.kind, k.accounts, k.suspects) for k in honest.kinds] == [("company", 3, 1), ("household", 2, 0)]


def test_verdicts_stand_against_the_true_kind_of_most_members(files: tuple[Path, Path]) -> None:
    assert evaluate(*files).verdicts == {
        ("organisation", "company"): (1, 3), ("suspect", "operator"): (2, 4), ("undetermined", "operator"): (1, 1)
    }


def test_a_table_of_clusters_gives_scores_only(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "clusters.csv").write_text("account_id,cluster\na,1\nb,1\nc,2\nd,2\n")
    result = evaluate(tmp_path / "clusters.csv", files[1])
    assert f1_of(result) == {
        ("clusters", "ring", "any verdict"): 1.0,
        ("clusters", "operator", "any verdict"): pytest.approx(2 / 3),
    }
    assert (result.honest, result.verdicts, result.calibration, result.traffic) == (None, {}, [], None)


def test_peers_come_from_the_runs_links(files: tuple[Path, Path]) -> None:
    run, truth = files
    backwards = {"account": list(range(9))[::-1], "account_id": [row[0] for row in ACCOUNTS][::-1]}
    backwards["exchanges"] = [1] * 9
    pq.write_table(pa.table(backwards), run / "1-sources/accounts.parquet")
    links = {"account": [0, 1, 2, 3], "entity": [5, 5, 6, 6], "kind": ["ip"] * 4}
    pq.write_table(pa.table(links), run / "2-graph/links.parquet")
    lines = {k: v for k, v in f1_of(evaluate(run, truth, with_peers=True)).items() if k[0] != "linkage"}
    assert len(lines) == 8
    assert {v for (_, level, _), v in lines.items() if level == "ring"} == {1.0}


def test_peers_without_links_are_refused(files: tuple[Path, Path]) -> None:
    run, truth = files
    with pytest.raises(ConfigError) as error:
        evaluate(run, truth, with_peers=True)
    assert str(error.value) == (
        f"{run}: peers need the table 2-graph/links.parquet, which is not there. Name a run folder such as runs/latest."
    )


def test_the_ceiling_comes_from_the_runs_links(files: tuple[Path, Path]) -> None:
    run, truth = files
    with pytest.raises(ConfigError, match=r"the ceiling needs the table 2-graph/links\.parquet, which is not there"):
        evaluate(run, truth, with_ceiling=True)
    accounts = {"account": list(range(9)), "account_id": [row[0] for row in ACCOUNTS], "exchanges": [1] * 9}
    pq.write_table(pa.table(accounts), run / "1-sources/accounts.parquet")
    links = {"account": [0, 1, 2, 3], "entity": [5, 5, 6, 6], "kind": ["ip"] * 4}
    pq.write_table(pa.table(links), run / "2-graph/links.parquet")
    lines = [x for x in evaluate(run, truth, with_ceiling=True).lines if x.of == "ceiling"]
    assert [(x.level, x.rings, x.score.f1) for x in lines] == [
        ("ring", "any verdict", 1.0), ("operator", "any verdict", 1.0)
    ]


def test_labels_are_scored_at_both_levels(files: tuple[Path, Path]) -> None:
    lines = label_lines("mine", pa.array(["a", "b", "c"]), np.array([4, 4, -1]), read_truth(files[1]))
    assert [(x.of, x.level, x.rings, x.score.found) for x in lines] == [
        ("mine", "ring", "any verdict", 2), ("mine", "operator", "any verdict", 1)
    ]


def test_a_run_without_rings_scores_as_everybody_alone(files: tuple[Path, Path]) -> None:
    run, truth = files
    empty = pq.read_table(run / "members.parquet").slice(0, 0)
    pq.write_table(empty, run / "members.parquet")
    result = evaluate(run, truth)
    assert [x.score.precision for x in result.lines] == [1.0] * 4
    assert [x.score.recall for x in result.lines] == [0.5, 0.25] * 2
    assert {x.score.found for x in result.lines} == {2, 0}
    assert result.verdicts == {}
    assert result.honest is not None
    assert (result.honest.suspects, result.honest.honest_suspects) == (0, 0)


def test_a_truth_without_operators_scores_zero_of_zero(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "honest.csv").write_text("account_id,operator\na,\nb,\n")
    score, = {x.score for x in evaluate(files[0], tmp_path / "honest.csv").lines}
    assert (score.precision, score.recall, score.f1, score.found, score.clusters) == (0.0, 0.0, 0.0, 0, 0)
