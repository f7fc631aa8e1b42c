from __future__ import annotations

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
    assert "there is no column 'promt'" in capsys.readouterr().err
    monkeypatch.delenv(VARIABLE)
    assert templates(monkeypatch, "logs.csv", "--force") == 2
    assert "There is no key for prompt templates" in capsys.readouterr().err
    assert Path("templates.parquet").read_text() == "mine"
    assert not Path("templates.catalogue").exists()


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
