"""The commands rings, show, why and export, as they are typed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from linkage.cli import results
from linkage.cli.app import app
from linkage.errors import ConfigError, HashMismatch, LinkageError, NotFound
from linkage.reports.card import Card
from tests.small_run import (
    ANSI,
    BIDI,
    EVIL_CARD,
    FORMULA,
    HOSTILE,
    OPERATOR,
    OTHERS,
    RING_IDS,
    RINGS,
    A,
    write_small_run,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one run."""
    return write_small_run(tmp_path_factory.mktemp("runs")).parent


def call(*words: str) -> Result:
    """What a command prints; linkage's own errors come out as they are."""
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, LinkageError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def lines(*words: str) -> list[str]:
    """Printed lines without blanks at their ends."""
    return [line.rstrip() for line in call(*words).stdout.splitlines()]


def test_rings_ranks_them(runs: Path) -> None:
    assert lines("rings", "--run", str(runs)) == [
        "Rings",
        "ring          verdict       runner-up       accounts  bits  families                        operator       "
        "first seen  last seen",
        "R-AAAAAAAAAA  suspect       organisation          15  85.8  content,network,payment         OP-AAAAAAAAAA  "
        "2026-04-22  2026-05-20",
        "R-BBBBBBBBBB  suspect       -                      6  11.6  content,device,payment          OP-AAAAAAAAAA  "
        "2025-10-10  2025-11-06",
        "R-DDDDDDDDDD  undetermined  shared_network        12  45.4  network                         -              "
        "2026-04-23  2026-05-22",
        "R-CCCCCCCCCC  household     own_accounts           4  10.3  content,device,network,payment  -              "
        "2025-10-13  2025-11-08",
        "Linked is not guilty. Bits bound coincidence; they are no probability of innocence. "
        "Look closer with 'linkage show R-AAAAAAAAAA'.",
    ]


def test_rings_by_verdict_and_number(runs: Path) -> None:
    ids = [row["ring_id"] for row in json.loads(call("rings", "--run", str(runs), "--json").stdout)]
    assert ids == [RING_IDS[0], RING_IDS[1], RING_IDS[3], RING_IDS[2]]
    only = json.loads(call("rings", "--run", str(runs), "--verdict", "undetermined", "--json").stdout)
    assert [row["ring_id"] for row in only] == [RING_IDS[3]]
    assert len(json.loads(call("rings", "--run", str(runs), "--top", "2", "--json").stdout)) == 2
    assert "… and 3 more; --top 0 shows all." in lines("rings", "--run", str(runs), "--top", "1")
    assert lines("rings", "--run", str(runs), "--verdict", "campus") == ["No ring of verdict campus."]


def test_show_a_ring(runs: Path) -> None:
    said = lines("show", RING_IDS[0], "--run", str(runs))
    assert said[:3] == [
        "Ring R-AAAAAAAAAA",
        "  ring id                 R-AAAAAAAAAA",
        "  verdict                 suspect",
    ]
    for line in (
        "  - six cards, each on few accounts",
        "What speaks against it",
        "  - Labels clear 1 of the 15 members: confirmed honest.",
        "  - Without links worth 11.6 bits (2 links to 1 payment method and 1 prompt template), alpha-06 would stand "
        "apart from the 14 other members.",
        "  q value                 1.5e-26",
    ):
        assert line in said
    table = "\n".join(said)
    assert "payment_method   payment  pool of 6 entities" in table
    assert "14 of 15  20 of 400   48.3" in table
    assert re.search(r"account.* likelihood ", table)
    assert "  - Likelihood: from a run of an earlier version: not calibrated." in said
    assert any(line.startswith("  - No person has reviewed a sample of this run") for line in said)


def test_show_limits_long_tables(runs: Path) -> None:
    said = lines("show", RING_IDS[0], "--run", str(runs), "--top", "4")
    assert "… and 11 more; --top 0 shows all." in said
    assert "… and 11 more; --top 0 shows all." not in lines("show", RING_IDS[0], "--run", str(runs), "--top", "0")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (OPERATOR, f"Operator cluster {OPERATOR}"),
        ("casa-1", "Account casa-1"),
        ("account:casa-1", "Account casa-1"),
        ("ip:198.51.100.7", "Entity ip:198.51.100.7"),
        (OTHERS[1], "Account u0001"),
        (OTHERS[32], "Account u0032"),
    ],
)
def test_show_everything_else(runs: Path, name: str, title: str) -> None:
    said = lines("show", name, "--run", str(runs))
    assert said[0] == title
    assert said[-1] == "Linked is not guilty. Bits bound coincidence; they are no probability of innocence."
    assert json.loads(call("show", name, "--run", str(runs), "--json").stdout)


def test_people_are_not_shown_what_says_nothing(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = {"members": pd.DataFrame({"account_id": ["a", "b"], "exchanges": [0, 0]})}
    results._print_card(Card("Ring", {"exchanges": 0, "dossier": "Cobalt"}, tables), 20)
    assert not {"exchanges", "dossier", "Cobalt"} & set(capsys.readouterr().out.split())
    results._print_card(Card("Ring", {"exchanges": 1}, {"members": pd.DataFrame({"exchanges": [0, 7]})}), 20)
    assert capsys.readouterr().out.split().count("exchanges") == 2


def test_a_pool_of_one_entity_is_that_entity(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = pd.DataFrame({"kind": ["ip", "ip"], "entity": ["192.0.2.1", None], "pool": [1, 9]})
    results._print_card(Card("Ring", {}, {"evidence": evidence}), 20)
    said = capsys.readouterr().out
    assert "192.0.2.1" in said
    assert "pool of 9 entities" in said
    assert "pool of 1" not in said


def test_show_says_why_an_account_is_in_no_ring(runs: Path) -> None:
    said = lines("show", OTHERS[1], "--run", str(runs))
    assert "  - The nearest ring is R-AAAAAAAAAA; 2.6 bits are missing for membership." in said
    assert "uses some of the ring's payment_method entities   payment   4.4" in said


def test_show_an_appeal(runs: Path) -> None:
    said = lines("show", "casa-1", "--appeal", "--run", str(runs))
    assert said[0] == "Account casa-1: what ties it, and what would change that"
    headings = ["What this is", "What ties it to the group", "What would change the result"]
    assert [line for line in said if line in headings] == headings
    assert "guilt" not in " ".join(said)
    data = json.loads(call("show", "casa-1", "--appeal", "--run", str(runs), "--json").stdout)
    assert (data["account_id"], data["ring_id"]) == ("casa-1", RING_IDS[2])
    assert data["about"][-1] == "Being linked is no proof of wrongdoing, and says nothing of who holds the account."
    with pytest.raises(ConfigError) as caught:
        call("show", RING_IDS[0], "--appeal", "--run", str(runs))
    assert str(caught.value) == "show: only an account has an appeal. Name an account."


def test_show_writes_graphs(runs: Path, tmp_path: Path) -> None:
    graphml, gexf = tmp_path / "r.graphml", tmp_path / "r.gexf"
    call("show", RING_IDS[0], "--run", str(runs), "--graphml", str(graphml), "--gexf", str(gexf))
    assert len(nx.read_graphml(graphml)) == len(nx.read_gexf(gexf)) == 25
    call("show", OPERATOR, "--run", str(runs), "--graphml", str(graphml))
    assert len([n for n, t in nx.read_graphml(graphml).nodes(data="type") if t == "account"]) == 21
    with pytest.raises(ConfigError) as caught:
        call("show", "casa-1", "--run", str(runs), "--gexf", str(gexf))
    assert str(caught.value) == "show: only rings and operator clusters have a case graph. Name one of them."


@pytest.mark.parametrize(
    "words",
    [
        ("rings",),
        *(("show", name) for name in (*HOSTILE, *RING_IDS, OPERATOR)),
        *(("show", name, "--appeal") for name in HOSTILE),
        ("show", f"payment_method:{EVIL_CARD}"),
        ("why", ANSI, BIDI),
        ("why", FORMULA, OTHERS[1]),
    ],
)
def test_no_command_prints_what_a_terminal_obeys(runs: Path, words: tuple[str, ...]) -> None:
    for form in ((), ("--json",)):
        printed = call(*words, "--run", str(runs), *form).stdout
        assert not {c for c in printed if not c.isprintable()} - {"\n"}


def test_json_holds_the_exact_names(runs: Path) -> None:
    data = json.loads(call("show", RING_IDS[0], "--run", str(runs), "--json").stdout)
    assert {row["account_id"] for row in data["members"]} == set(A)


def test_why(runs: Path) -> None:
    said = lines("why", "alpha-00", OTHERS[1], "--run", str(runs))
    assert "  - alpha-00 and u0001 share 1 entity of 1 family, worth 4.2 bits." in said
    assert any(line.startswith("  - u0001 lacks 2.6 bits for R-AAAAAAAAAA: network +") for line in said)
    assert "ip    network  198.51.100.7  vpn      22 of 400    4.2  R-AAAAAAAAAA         163" in said


def test_why_is_the_same_question_both_ways(runs: Path) -> None:
    there = json.loads(call("why", "alpha-00", "beta-1", "--run", str(runs), "--json").stdout)
    back = json.loads(call("why", "beta-1", "alpha-00", "--run", str(runs), "--json").stdout)
    for part in ("shared", "log_odds", "waterfall", "same_ring", "shared_bits"):
        assert there[part] == back[part]
    assert (there["a"], there["ring_a"]) == (back["b"], back["ring_b"])


def test_export(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "summary"
    assert lines("export", OPERATOR, "--run", str(runs), "--out", str(folder)) == [
        f"Written: {folder}",
        "Open summary.html in a browser and print it. 'sha256sum -c SHA256SUMS' checks the files.",
    ]
    data = json.loads(call("export", OPERATOR, "--run", str(runs), "--out", str(folder), "--force", "--json").stdout)
    assert (data["folder"], data["summary_of"]) == (str(folder), OPERATOR)
    with pytest.raises(ConfigError, match=r"exists already\. Replace it with --force, or choose --out\."):
        call("export", OPERATOR, "--run", str(runs), "--out", str(folder))


def test_export_of_a_changed_run_is_refused(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "runs", symlinks=True))
    (copy / "latest" / "affiliations.parquet").write_bytes((copy / "latest" / "rings.parquet").read_bytes())
    with pytest.raises(HashMismatch) as caught:
        call("export", OPERATOR, "--run", str(copy), "--out", str(tmp_path / "summary"))
    assert caught.value.exit_code == 7
    assert not (tmp_path / "summary").exists()


@pytest.mark.parametrize("words", [("rings",), ("show", "x"), ("why", "x", "y"), ("export", "OP-X")])
def test_without_a_run_each_says_what_to_do(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(NotFound) as caught:
        call(*words, "--run", str(tmp_path / "none"))
    assert str(caught.value).endswith("there is no published run. Make one with 'linkage run', or name its folder.")


@pytest.mark.parametrize("command", ["rings", "show", "why", "export"])
def test_help_has_an_example(command: str) -> None:
    assert "linkage " + command in call(command, "--help").stdout


def test_every_member_of_every_ring_can_be_shown(runs: Path) -> None:
    for ring in RINGS:
        for account in ring[::5]:
            data = json.loads(call("show", f"account:{account}", "--run", str(runs), "--json").stdout)
            assert data["account_id"] == account
