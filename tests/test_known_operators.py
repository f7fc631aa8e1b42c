"""What is known already, from files beside the logs to what people read: it points, and changes nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import tomlkit
from typer.testing import CliRunner

import linkage
from linkage import pipeline
from linkage.cli.app import app
from linkage.reports.run import Run

NAME = "Cobalt \x1b[31m"


@pytest.fixture(scope="module")
def indicators(published: Path) -> dict[str, list[str]]:
    """The cards and devices that only the largest operator cluster's accounts use."""
    run = linkage.open_run(published)
    largest = run.operators.sort_values("accounts")["operator_id"].iloc[-1]
    rows = run.store.query(
        "SELECT e.kind, e.value FROM links l JOIN entities e USING (entity) JOIN accounts a USING (account) "
        "LEFT JOIN members m USING (account_id) WHERE e.kind IN ('payment_method', 'device') "
        "GROUP BY e.kind, e.value HAVING bool_and(coalesce(m.operator_id = $id, false)) AND count(*) > 1 ORDER BY ALL",
        id=largest,
    )
    return {str(kind): group["value"].head(20).tolist() for kind, group in rows.groupby("kind")}


@pytest.fixture(scope="module")
def known(
    simulated: Path, published: Path, indicators: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """The same world, with two dossiers, labels and a list of networks."""
    folder = tmp_path_factory.mktemp("known")
    config = tomlkit.parse((simulated / "linkage.toml").read_text(encoding="utf-8"))
    for source in config["sources"].values():  # type: ignore[union-attr]  # tomlkit: an item of a document is anything
        source["path"] = str(simulated / source["path"])
    suspect = pq.read_table(published / "rings.parquet").to_pandas().iloc[0]
    members = pq.read_table(published / "members.parquet").to_pandas()
    honest = members.loc[members["ring_id"] == suspect["ring_id"], "account_id"].head(2)
    (folder / "known.csv").write_text("account_id,label\n" + "".join(f"{a},Honest\n" for a in honest))
    (folder / "everything.txt").write_text("0.0.0.0/0\n")
    for name, said in (("a", {"name": NAME, "indicators": indicators}), ("b", {"name": "Zinc", "accounts": ["gone"]})):
        (folder / f"{name}.toml").write_text(tomlkit.dumps(said), encoding="utf-8")
    config |= {
        "dossiers": {"path": "?.toml"}, "labels": {"path": "known.csv"}, "context": {"ip": {"any": "everything.txt"}},
        "output": {"dir": "runs"},
    }
    (folder / "linkage.toml").write_text(tomlkit.dumps(config), encoding="utf-8")
    return linkage.open_run(pipeline.run(folder / "linkage.toml"))


def test_the_operator_whose_indicators_are_listed_is_pointed_at(
    known: Run, published: Path, indicators: dict[str, list[str]]
) -> None:
    operators = known.operators.set_index("operator_id")
    named = operators.dropna(subset="dossier")
    assert named.index.tolist() == [operators["accounts"].idxmax()]
    number = sum(map(len, indicators.values()))
    match = named.iloc[0]
    assert match["dossier"] == NAME
    assert match["dossier_match"].startswith(f"{number} of {number} indicators, ")


def test_nothing_else_changes(known: Run, published: Path) -> None:
    before = linkage.open_run(published)
    for name in ("members", "affiliations", "ring_operators", "evidence"):
        pd.testing.assert_frame_equal(before.store.frame(name), known.store.frame(name))
    ours, theirs = before.store.frame("rings"), known.store.frame("rings")
    pd.testing.assert_frame_equal(ours.drop(columns="reasons"), theirs.drop(columns="reasons"))
    said = theirs["reasons"][ours["reasons"] != theirs["reasons"]]
    assert said.str.contains("labels clear 2 of ").all(), "labels speak in the reasons"
    pointer = ["dossier", "dossier_match"]
    pd.testing.assert_frame_equal(before.operators.drop(columns=pointer), known.operators.drop(columns=pointer))
    assert before.operators[pointer].isna().all(axis=None)


def test_the_manifest_has_the_hashes_of_the_dossiers_and_of_their_table(known: Run) -> None:
    listed = {i["path"]: i["sha256"] for i in known.manifest["inputs"] if i["source"] == "dossiers"}
    folder = known.path.parents[1]
    assert listed == {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in ("a.toml", "b.toml")}
    table = known.path / "1-sources" / "dossiers.parquet"
    assert known.manifest["tables"]["1-sources/dossiers.parquet"]["sha256"] == hashlib.sha256(
        table.read_bytes()
    ).hexdigest()


def test_people_and_programs_read_it(known: Run) -> None:
    operator = known.operators.dropna(subset="dossier").iloc[0]
    said = CliRunner().invoke(app, ["show", operator["operator_id"], "--run", str(known.path)]).stdout.splitlines()
    line = f"{operator['operator_id']} resembles the known operator 'Cobalt \\x1b[31m': {operator['dossier_match']}; "
    assert said[said.index("Known operators") + 1] == f"  - {line}a resemblance, to be checked."
    assert not [x for x in said if "\x1b" in x or x.lstrip().startswith("dossier")]
    printed = CliRunner().invoke(app, ["show", operator["operator_id"], "--run", str(known.path), "--json"]).stdout
    assert json.loads(printed)["dossier"] == NAME


def test_a_ring_says_what_labels_and_lists_say(known: Run) -> None:
    ring = known.ring(known.store.frame("rings")["ring_id"].iloc[0])
    honest = f"2 of the {len(ring.members)} members: Honest."
    assert [line for line in (*ring.known, *(d.text for d in ring.why_not)) if line.endswith(honest)]
    addresses = [line for line in ring.known if line.endswith("in the list 'any'.")]
    assert bool(addresses) == bool({"ip"} & (set(ring.pools["kind"]) | set(ring.evidence["kind"])))
