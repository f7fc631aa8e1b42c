"""The page's script in a stand-in for a browser; skipped where there is no node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import linkage.review
from linkage.review.answers import read_answers

SCRIPT = Path(linkage.review.__file__).parent / "sheet.js"
BROWSER = """
const shown = ["item-0001", "item-0002"].map(id => {
  const boxes = ["yes", "no", "unsure"].map(value => ({ value, checked: false }));
  const text = { value: "" };
  const item = { id, boxes, text, focus() { document.activeElement = item; }, scrollIntoView() {},
    contains: other => other === item, querySelectorAll: () => boxes,
    querySelector: what => what === "input.note" ? text
      : what === "input:checked" ? boxes.find(b => b.checked) || null
      : boxes.find(b => what === "input[value=" + b.value + "]") };
  return item;
});
const listeners = {}, kept = {}, saved = [];
const field = () => ({ value: "", textContent: "", focus() {},
  addEventListener: (_, act) => { listeners.save = act; } });
const fields = { reviewer: field(), progress: field(), save: field() };
globalThis.localStorage = { getItem: k => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; } };
globalThis.URL = { createObjectURL: blob => { saved.push(blob.text); return "blob:"; }, revokeObjectURL() {} };
globalThis.Blob = class { constructor(parts) { this.text = parts.join(""); } };
globalThis.document = { body: { dataset: { sheet: "x" } }, activeElement: null,
  querySelectorAll: () => shown, getElementById: id => fields[id] || shown.find(i => i.id === id),
  addEventListener: (name, act) => { listeners[name] = act; }, createElement: () => ({ click() {} }) };
const press = key => listeners.keydown({ key, target: { matches: () => false }, preventDefault() {} });
"""
PLAY = """
press("j"); press("y"); press("n");
shown[1].text.value = '=SUM(A1) "quoted", x';
listeners.save();
const early = saved.length;
fields.reviewer.value = "-Ann";
listeners.input();
listeners.save();
const before = JSON.parse(Object.values(kept)[0]);
console.log(JSON.stringify({ early, csv: saved[0], told: fields.progress.textContent, kept: before }));
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's script is not run")
    program = tmp_path_factory.mktemp("page") / "play.js"
    program.write_text(BROWSER + SCRIPT.read_text(encoding="utf-8") + PLAY, encoding="utf-8")
    done = subprocess.run([node, program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_keys_answer_and_go_on(played: dict[str, Any]) -> None:
    assert played["kept"]["answers"] == [["item-0001", "yes", ""], ["item-0002", "no", '=SUM(A1) "quoted", x']]
    assert played["told"] == "2 of 2 answered"


def test_nothing_is_saved_without_a_name(played: dict[str, Any]) -> None:
    assert played["early"] == 0


def test_what_is_saved_can_be_scored_and_is_no_formula(played: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(played["csv"], encoding="utf-8", newline="")
    assert '"\'=SUM(A1) ""quoted"", x"' in played["csv"]
    answers = read_answers([path], {"item-0001": "", "item-0002": ""})
    assert [(a.item, a.answer, a.reviewer) for a in answers] == [
        ("item-0001", "yes", "'-Ann"), ("item-0002", "no", "'-Ann")
    ]  # fmt: skip
