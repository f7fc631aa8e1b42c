from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from linkage.errors import ConfigError, StorageFault
from linkage.reports.exhibits import sha256
from linkage.reports.run import Run
from linkage.review.draw import CONTROL, Plan
from linkage.review.sheet import HEADER, KEY, PAGE, SHEET, SHEETS, fingerprint, read_key, write_sample
from tests.review.conftest import PLAN
from tests.small_run import EVIL_CARD, RUN_ID, SCRIPT


class Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def rows(folder: Path) -> list[dict[str, str]]:
    text = (folder / SHEETS / SHEET).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_reviewers_get_a_folder_of_their_own(made: Path) -> None:
    assert sorted(str(path.relative_to(made)) for path in made.rglob("*")) == [SHEETS, f"{SHEETS}/{SHEET}",
                                                                              f"{SHEETS}/{PAGE}", KEY]  # fmt: skip


def test_the_same_run_and_plan_give_the_same_bytes(run: Run, made: Path, tmp_path: Path) -> None:
    again = write_sample(run, PLAN, tmp_path / "again").folder
    other = write_sample(run, Plan(40, 2), tmp_path / "other").folder
    for name in (KEY, f"{SHEETS}/{SHEET}", f"{SHEETS}/{PAGE}"):
        assert (again / name).read_bytes() == (made / name).read_bytes()
        assert (other / name).read_bytes() != (made / name).read_bytes()


def test_the_sheet_has_a_row_an_item_and_empty_columns_to_fill(made: Path) -> None:
    found = rows(made)
    assert tuple(found[0]) == HEADER
    assert {(row["answer"], row["reviewer"], row["note"]) for row in found} == {("", "", "")}
    key, _ = read_key(made)
    assert [row["item"] for row in found] == key["item"].tolist()
    assert [fingerprint(row["evidence"]) for row in found] == key["fingerprint"].tolist()


def test_the_key_says_what_is_what(made: Path) -> None:
    key, seal = read_key(made)
    assert (seal["run_id"], seal["items"], seal["seed"]) == (RUN_ID, PLAN.items, PLAN.seed)
    assert seal["sha256"] == {name: sha256(made / SHEETS / name) for name in (SHEET, PAGE)}
    asked = key[key["verdict"] != CONTROL]
    assert asked[["account_id", "ring_id", "population", "drawn"]].notna().all(axis=None)
    assert (key["other_id"].notna() == (key["question"] == "pair")).all()


def test_the_page_loads_nothing_and_runs_only_its_own_script(made: Path) -> None:
    text = (made / SHEETS / PAGE).read_text(encoding="utf-8")
    page = Page(text)
    assert not [tag for tag, attrs in page.tags if tag in ("link", "img", "iframe", "object") or "src" in attrs]
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "http://" not in re.sub(r"evil\.example|http://evil", "", text)


def test_page_and_sheet_ask_the_same(made: Path) -> None:
    page = Page((made / SHEETS / PAGE).read_text(encoding="utf-8"))
    words = " ".join(" ".join(page.words).split())
    for row in rows(made):
        assert row["question"] in words
        for sentence in row["evidence"].removeprefix("'").splitlines()[:2]:
            if sentence.startswith(("A is", "B is", "The others")):
                assert " ".join(sentence.split()) in words
    radios = [attrs for tag, attrs in page.tags if tag == "input" and attrs.get("type") == "radio"]
    assert len(radios) == 3 * PLAN.items
    assert {attrs["value"] for attrs in radios} == {"yes", "no", "unsure"}
    labelled = {attrs["for"] for tag, attrs in page.tags if tag == "label" and "for" in attrs}
    assert {attrs["id"] for tag, attrs in page.tags if tag == "input" and "id" in attrs} == labelled


def test_hostile_names_are_text_in_the_page_and_in_the_sheet(run: Run, tmp_path: Path) -> None:
    seen = ""
    for seed in range(4):
        folder = write_sample(run, Plan(60, seed), tmp_path / str(seed)).folder
        text = (folder / SHEETS / PAGE).read_text(encoding="utf-8")
        seen += text
        page = Page(text)
        assert [tag for tag, _ in page.tags].count("script") == 1
        assert not [tag for tag, _ in page.tags if tag == "img"]
        for row in rows(folder):
            assert not row["evidence"].startswith(("=", "+", "-", "@", "\t", "\r"))
    for escaped, name in (("&lt;script&gt;", SCRIPT), ("&lt;img", EVIL_CARD)):
        assert escaped in seen
        assert name not in seen


@pytest.mark.parametrize("change", [str.upper, lambda text: text + " x", lambda text: text.replace("1", "2", 1)])
def test_fingerprints_tell_changed_evidence(change: object) -> None:
    text = "A is the account 1: seen.\nip 9.9.9.9: used by 3."
    assert callable(change)
    assert fingerprint(change(text)) != fingerprint(text)


@pytest.mark.parametrize("text", ["A is\r\nthe account =1", "'A is the account =1", " A  is the\taccount =1\n"])
def test_fingerprints_bear_what_spreadsheets_do(text: str) -> None:
    assert fingerprint(text) == fingerprint("A is\nthe account =1")


def test_a_folder_that_exists_is_never_replaced(run: Run, made: Path) -> None:
    before = sha256(made / KEY)
    with pytest.raises(ConfigError, match=r"review: exists already\. Choose another --out: answers may be in it\.$"):
        write_sample(run, Plan(50, 9), made)
    assert sha256(made / KEY) == before


def test_nothing_is_left_when_the_disk_refuses(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("linkage.review.sheet.sync_tree", full)
    with pytest.raises(StorageFault, match="can't be written: No space left on device"):
        write_sample(run, PLAN, tmp_path / "review")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_read_is_told(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"this folder holds no review\. Name the folder with key\.parquet that"):
        read_key(tmp_path)
    copy = Path(shutil.copytree(made, tmp_path / "copy"))
    (copy / KEY).write_bytes(b"PAR1 no")
    with pytest.raises(StorageFault, match=r"key\.parquet: can't be read: "):
        read_key(copy)
