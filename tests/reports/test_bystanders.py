"""Why an account is a bystander, in every place that tells it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq

import linkage
from linkage.model import BystanderReason
from linkage.reports.bystanders import WORDS, in_words, reasons
from linkage.reports.exhibits import write_exhibits
from linkage.reports.run import Run, open_run
from tests.small_run import BYSTANDER, A


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(BystanderReason)
    assert in_words([BystanderReason.ADDRESSES]) == [
        "only addresses tie it, and weakly, as they tie strangers who use them, too"
    ]
    assert in_words(["of a later version"]) == ["of a later version"]


def test_the_docs_list_every_reason() -> None:
    page = (Path(linkage.__file__).parent.parent / "docs" / "reading-results.md").read_text(encoding="utf-8")
    reasons_told, _ = page.split("\n## What speaks against a ring\n")
    assert re.findall(r"^\| `(\w+)` \|", reasons_told, re.MULTILINE) == list(WORDS)


def test_the_account_tells_its_reason(run: Run) -> None:
    account = run.account(BYSTANDER)
    assert reasons(run.store, account.number) == ["home"]
    card = account.card()
    assert card.facts["bystander_because"] == "home"
    assert card.notes["why_a_bystander"] == [
        "It hangs on the others by one thing, together with accounts with which it shares things of its own, as a "
        "household does through whose line a proxy leaves."
    ]
    other = run.account(A[0]).card()
    assert other.facts["bystander_because"] is None
    assert "why_a_bystander" not in other.notes


def test_its_ring_tells_it_too(run: Run) -> None:
    ring = run.ring(str(run.account(BYSTANDER).ring_id))
    because = ring.members.set_index("account_id")["bystander_because"]
    assert because.dropna().to_dict() == {BYSTANDER: "home"}


def test_two_accounts_tell_it(run: Run) -> None:
    mate = next(a for a in run.ring(str(run.account(BYSTANDER).ring_id)).members["account_id"] if a != BYSTANDER)
    said = run.why(BYSTANDER, mate).why[-1]
    assert f"{BYSTANDER} is in " in said
    assert "a bystander there: it hangs on the others by one thing" in said


def test_the_exhibits_of_an_export_have_it(run: Run, tmp_path: Path) -> None:
    ring = str(run.account(BYSTANDER).ring_id)
    write_exhibits(run.store, [ring], tmp_path)
    told = pq.read_table(tmp_path / "members.parquet").to_pylist()
    assert {row["account_id"]: row["bystander_because"] for row in told if row["bystander_because"]} == {
        BYSTANDER: "home"
    }


def test_runs_of_before_tell_nothing(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / folder.name
    shutil.copytree(folder, old)
    (old / "4-rings" / "bystanders.parquet").unlink()
    assert open_run(old).account(BYSTANDER).bystander_because == []
