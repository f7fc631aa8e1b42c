from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.cli import main
from linkage.templates.catalogue import write_private
from linkage.templates.ids import VARIABLE

ROWS = [
    "a,2026-01-01T00:00:00Z,Sort 12 pears", "b,2026-01-02T00:00:00Z,Sort 7 pears", "c,never,x",
    "d,2026-01-03T00:00:00Z,"
]  # fmt: skip


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, "0123456789abcdef" * 4)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "logs.csv"
    path.write_text("\n".join(["account_id,ts,prompt", *ROWS]) + "\n")
    return path


def templates(monkeypatch: pytest.MonkeyPatch, *words: str, command: str = "templates") -> int:
    monkeypatch.setattr("sys.argv", ["linkage", command, *words])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_accounts_times_and_ids_are_written(
    logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert templates(monkeypatch, "logs.csv", "--time", "ts", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["written"], told["accounts"]) == (4, 3, 3)
    assert told["left_out"] == {"time not understood: set time_format in 'ts'": 1}
    rows = pq.read_table("templates.parquet").to_pylist()
    assert [row["account"] for row in rows] == ["a", "b", "d"]
    assert rows[0]["time"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert [*rows[0]] == ["account", "time", "exact", "masked", "skeleton", "family"]
    assert rows[0]["masked"] == rows[1]["masked"]
    assert rows[0]["exact"] != rows[1]["exact"]
    assert rows[2]["exact"] is None
    assert {path.name for path in logs.parent.iterdir()} == {
        "logs.csv", "templates.parquet", "templates.catalogue", ".templates.catalogue.lock"
    }  # fmt: skip


def test_the_ids_are_those_of_a_file_with_the_key(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert templates(monkeypatch, "logs.csv") == 0
    before = pq.read_table("templates.parquet")
    assert before.column_names == ["account", "exact", "masked", "skeleton", "family"]
    monkeypatch.delenv(VARIABLE)
    Path("key").write_text("0123456789abcdef" * 4)
    Path("key").chmod(0o600)
    assert templates(monkeypatch, "logs.csv", "--key-file", "key", "--force") == 0
    assert pq.read_table("templates.parquet") == before


def test_nothing_is_replaced_unasked_and_bad_words_are_explained(
    logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("templates.parquet").write_text("mine")
    assert templates(monkeypatch, "logs.csv") == 2
    assert "exists already. Replace it with --force" in capsys.readouterr().err
    assert Path("templates.parquet").read_text() == "mine"
    assert templates(monkeypatch, "logs.csv", "--epoch", "years", "--force") == 2
    assert "key 'epoch'" in capsys.readouterr().err
    assert templates(monkeypatch, "logs.csv", "--prompt", "promt", "--force") == 3
    assert capsys.readouterr().err == (
        "linkage: logs.csv: there is no column 'promt'. Name the columns with --account, --prompt, --system-prompt and "
        "--time.\n"
    )
    Path("numbers.csv").write_text("account_id,ts,prompt\na,1775000000,x\nb,1775000000,y\n")
    assert templates(monkeypatch, "numbers.csv", "--time", "ts", "--force") == 3
    assert capsys.readouterr().err.startswith(
        "linkage: templates.parquet: none of 2 rows can be used: time is a number: set epoch in 'ts' (2). Say how"
    )
    monkeypatch.delenv(VARIABLE)
    assert templates(monkeypatch, "logs.csv", "--force") == 2
    assert "There is no key for prompt templates" in capsys.readouterr().err
    assert Path("templates.parquet").read_text() == "mine"
    assert not Path("templates.catalogue").exists()


SAID = {
    "plain": "Sort the apples", "unseen": "So\u200brt\ufeff the \u202eapples", "alike": "Ѕort thе  аpples\x00",
    "chat": json.dumps([{"role": "user", "content": "Sort the apples"}]),
    "request": json.dumps(json.dumps({"model": "m", "messages": [{"role": "user", "content": "Sort the apples"}]})),
    "google": json.dumps({"contents": [{"parts": [{"text": "Sort the apples"}]}]}),
    "chinese": "请把这三种水果按重量排序：苹果、梨、桃。", "thai": "กรุณาเรียงผลไม้สามชนิดนี้ตามน้ำหนัก",
    "arabic": "رتّب هذه الفواكه الثلاثة 12", "hebrew": "מיין את הפירות",
    "emoji": "👩‍👩‍👧‍👦 sort 🍎", "mixed": "Сортируй 重量 apples",
    "blob": "QUJD" * 200, "large": "please sort the pears by weight\n" * 31_000, "quotes": 'a "b, c",\n""d"; ,e\n\n,"',
    "empty": "", "blank": " \n\t", "nothing seen": "\u200b\ufeff", "broken": '[{"role": "user", "content": x}',
}  # fmt: skip
SYSTEM = {name: "Be kind" if name in ("plain", "empty") else "" for name in SAID}


def _write(form: str, path: Path) -> None:
    rows = [(name, text, SYSTEM[name]) for name, text in SAID.items()]
    if form == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("account_id", "prompt", "system"), *rows])
    elif form == "parquet":
        pq.write_table(pa.table([*map(list, zip(*rows, strict=True))], ["account_id", "prompt", "system"]), path)
    else:
        keys = ("account_id", "prompt", "system")
        path.write_text("".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows))


def test_every_kind_of_prompt_has_the_same_ids_from_every_kind_of_file(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for form in ("csv", "parquet", "jsonl"):
        _write(form, Path(f"all.{form}"))
        for system in ((), ("--system-prompt", "system")):
            out = f"{form}{len(system)}"
            assert templates(monkeypatch, f"all.{form}", "--out", out, "--catalogue", f"{out}.c", *system) == 0
            found[form, len(system)] = {row.pop("account"): row for row in pq.read_table(out).to_pylist()}
    for system in (0, 2):
        assert found["csv", system] == found["parquet", system] == found["jsonl", system]
    alone, both = found["csv", 0], found["csv", 2]
    assert len({alone[name]["exact"] for name in ("plain", "alike", "unseen", "chat", "request", "google")}) == 1
    assert {name for name, row in alone.items() if row["exact"] is None} == {"empty", "blank", "nothing seen"}
    assert {name for name, row in alone.items() if row["masked"] is None} >= {"blob", "empty", "blank", "nothing seen"}
    assert {name for name in SAID if alone[name]["exact"] != both[name]["exact"]} == {"plain", "empty"}


def test_a_file_in_another_encoding_is_refused(
    logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for encoding in ("utf-16", "utf-16-le"):
        Path("a.csv").write_text("account_id,prompt\na,Sort the apples\n", encoding=encoding)
        assert templates(monkeypatch, "a.csv") == 3
        assert "a.csv: is no UTF-8 text. Save it as CSV in UTF-8." in capsys.readouterr().err


def test_prompts_of_other_types_are_read_as_their_text(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"role": "user", "content": "Sort the apples"}
    cells = [[message], {"messages": [message]}, "Sort the apples", 17, True, None]
    lines = [json.dumps({"account_id": i, "prompt": cell}) + "\n" for i, cell in enumerate(cells)]
    Path("a.jsonl").write_text("".join([*lines, '{"account_id": "broken", "prompt": "x\n', "\n"]))
    pq.write_table(pa.table({"account_id": [0, 1], "prompt": [[message], None]}), "a.parquet")
    pq.write_table(pa.table({"account_id": [0, 1], "prompt": [b"Sort the apples", b"\xff"]}), "b.parquet")
    for name, same in (("a.jsonl", ["0", "1", "2"]), ("a.parquet", ["0"]), ("b.parquet", ["0"])):
        assert templates(monkeypatch, name, "--force") == 0
        rows = pq.read_table("templates.parquet").to_pylist()
        ids = {row["account"]: row["exact"] for row in rows}
        assert {account for account in ids if ids[account] == ids["0"]} == {*same}
        assert ids.get("5") is None


def test_words_are_kept_where_asked_and_shown(
    logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"a{i},please sort the {'xyz'[i % 3] * (i + 2)} by their weight" for i in range(20)]
    logs.write_text("\n".join(["account_id,prompt", *rows]) + "\n")
    assert templates(monkeypatch, "logs.csv", "--words", "kept") == 0
    one = pq.read_table("templates.parquet")["skeleton"][0].as_py()
    assert asked(monkeypatch, one, "s0-none", "--file", "kept") == 0
    shown = capsys.readouterr().out
    assert f"{one}\n    please sort the ⬚ by their weight\ns0-none\n    nothing is known of it in words\n" in shown
    assert asked(monkeypatch, one, "--file", "kept", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {one: ["please sort the ⬚ by their weight"]}
    hostile = pa.table({"id": ["s1"], "words": ["say \x1b[2J \u202e now"]})
    write_private(hostile, Path("kept"))
    assert asked(monkeypatch, "s1", "--file", "kept") == 0
    assert "say \\x1b[2J \\u202e now" in capsys.readouterr().out
    Path("linkage.toml").write_text('[sources.a]\npath = "logs.csv"\naccount = "account_id"\nprompt = "prompt"\n')
    assert asked(monkeypatch, one) == 2
    assert "no file of templates in words is named" in capsys.readouterr().err
    assert templates(monkeypatch, "logs.csv", "--words", "templates.catalogue", "--force") == 2
    assert "the catalogue and the words are one file" in capsys.readouterr().err


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    return templates(monkeypatch, *words, command="words")
