"""Nothing of a prompt's text gets out: planted words are sought in all that runs and commands write and say."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import pipeline
from linkage.engines import DuckDBEngine
from linkage.engines.step import Step
from linkage.errors import LinkageError
from linkage.state.manifest import sha256
from linkage.templates.ids import VARIABLE
from tests.small_world import Ended, linkage_command

KEY = "0123456789abcdef" * 4
PLANTED = "zqcanary"  # no word of linkage has it
TEMPLATES = (
    "You are a {c}alpha helper. Sort these {n} fruits for {c}beta and say 'the {c}gamma' when the list ends: {v}.",
    "Rewrite the {c}delta text in the voice of a {c}epsilon captain, keep every number such as {n}, then {v} twice, "
    "as /srv/{v}/own.",
    '{{"messages": [{{"role": "user", "content": "Grade the {c}zeta essay of pupil {n} about {v} for {c}eta"}}]}}',
)
ACCOUNTS, EACH = 40, 3


def rows_of(accounts: int) -> list[tuple[str, ...]]:
    """What so many accounts said: account, time, prompt, device."""
    return [
        (f"acct{a:02d}", f"2026-03-{1 + a % 28:02d}T10:00:{k:02d}Z",
         TEMPLATES[(a + k) % 3].format(c=PLANTED, n=a * 7 + k, v=f"{PLANTED}slot{a}x{k}"), f"dev{a // 2}")
        for a in range(accounts) for k in range(EACH)
    ]  # fmt: skip


ROWS = rows_of(ACCOUNTS)
HEAD = ("account_id", "ts", "prompt", "device")
BAD_CSV = [
    f"acct01,{PLANTED} one,broken off,dev1", f"acct01,2026-03-01T10:00:00Z,{PLANTED}, two, {PLANTED},dev",
    f'acct02,2026-03-01T10:00:00Z,"{PLANTED} three,dev2', f"{PLANTED} four, {PLANTED}, five, six",
    f",2026-03-01T10:00:00Z,{PLANTED} seven,dev", f"{PLANTED}", "acct03,2026-03-01T10:00:00Z,,dev3",
]  # fmt: skip
BAD_NDJSON = [f'{{"account_id": "acct01", "prompt": "{PLANTED}', f"{PLANTED}", f'["{PLANTED}"]',
              f'{{"account_id": "acct01", "ts": "{PLANTED}", "prompt": "{PLANTED}"}}']  # fmt: skip


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _csv(rows: list[tuple[str, ...]]) -> str:
    return "\n".join([",".join(HEAD), *(",".join(map(_cell, row)) for row in rows)]) + "\n"


def write_logs(folder: Path, rows: list[tuple[str, ...]] = ROWS) -> Path:
    """Logs of three formats, good rows and bad ones, in ``logs``; returns the config."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    (logs / "a.csv").write_text(_csv(rows) + "\n".join(BAD_CSV) + "\n", encoding="utf-8")
    with (logs / "a.csv").open("ab") as file:
        file.write(f"acct04,2026-03-01T10:00:00Z,{PLANTED} ".encode() + b"\xff\xfe,dev4\n")
    lines = [json.dumps(dict(zip(HEAD, row, strict=True))) for row in rows]
    (logs / "b.ndjson.gz").write_bytes(gzip.compress("\n".join([*lines, *BAD_NDJSON]).encode()))
    columns: dict[str, Any] = dict(zip(HEAD, map(list, zip(*rows, strict=True)), strict=True))
    columns["ts"][0] = f"{PLANTED} no time"
    columns["system"] = [f"Obey the {PLANTED}theta rules." for _ in rows]
    pq.write_table(pa.table(columns), logs / "c.parquet")
    config = folder / "linkage.toml"
    sources = "\n".join(
        f'[sources.{name}]\npath = "logs/{path}"\naccount = "account_id"\ntime = "ts"\nprompt = "prompt"\n{more}'
        f'entities = {{ device = "device" }}\n'
        for name, path, more in (
            ("a", "a.csv", ""), ("b", "b.ndjson.gz", ""), ("c", "c.parquet", 'system_prompt = "system"\n')
        )
    )  # fmt: skip
    levels = '{ exact = "exact", masked = "masked", skeleton = "skeleton", family = "prompt_template" }'
    kinds = "".join(f'[kinds.{kind}]\nfamily = "content"\n' for kind in ("exact", "masked", "skeleton"))
    config.write_text(
        f'{sources}\n{kinds}[templates]\nlevels = {levels}\n[audit]\nstop_share = 0.5\n'
        '[engine]\nmemory_limit = "40MB"\nthreads = 2\n',
        encoding="utf-8",
    )  # fmt: skip
    return config


def texts_in(path: Path) -> Iterator[bytes]:
    """What a file holds: its bytes, and of a Parquet file its cells and what is said of its columns too."""
    yield path.read_bytes()
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        return
    yield file.read().to_pandas().to_csv().encode()
    yield str(file.schema_arrow.metadata).encode()


def told(folder: Path, *said: str) -> list[str]:
    """Where planted words stand: in files below a folder, the logs aside, or in what was said."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "logs" not in path.parts]
    found = [str(path) for path in files if any(PLANTED.encode() in text.lower() for text in texts_in(path))]
    return found + [f"said: {text}" for text in said if PLANTED in text.lower()]


def said(ended: Ended) -> tuple[str, str]:
    return ended.out, ended.err


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    write_logs(tmp_path)
    shutil.move(tmp_path / "logs", tmp_path / "copies")
    assert len(told(tmp_path)) == 2  # what is packed is not looked into
    assert told(tmp_path / "nothing", f"x{PLANTED.upper()}y")


def test_a_run_tells_nothing(tmp_path: Path) -> None:
    config = write_logs(tmp_path)
    ended = linkage_command("--debug", "run", "--config", config, "--keep-steps", "--json")
    assert ended.code == 0, ended.err
    manifest = json.loads(ended.out)
    assert manifest["rows"]["quarantined"] >= 10
    assert manifest["rows"]["loaded"] >= 3 * ACCOUNTS * EACH - 1
    again = linkage_command("run", "--config", config, "--profile")
    assert told(tmp_path, *said(ended), *said(again)) == []


def test_the_file_of_words_alone_has_shared_words_and_nothing_has_slots(tmp_path: Path) -> None:
    config = write_logs(tmp_path)
    plain = linkage_command("run", "--config", config)
    config.write_text(config.read_text().replace("[templates]\n", '[templates]\nwords = "kept.words"\n'))
    ended = linkage_command("--debug", "run", "--config", config, "--keep-steps", "--json")
    assert (plain.code, ended.code) == (0, 0), ended.err
    assert told(tmp_path, *said(plain), *said(ended)) == [str(tmp_path / "kept.words")]
    words = "".join(pq.read_table(tmp_path / "kept.words")["words"].to_pylist())
    assert all(PLANTED + end in words for end in ("alpha", "beta", "delta", "epsilon", "zeta", "eta", "theta"))
    assert f"{PLANTED}gamma" not in words  # it stands in quotation marks
    assert f"{PLANTED}slot" not in words
    assert os.stat(tmp_path / "kept.words").st_mode & 0o077 == 0
    tables = [[sha256(path) for path in sorted(run.rglob("*.parquet")) if "quarantine" not in path.name]
              for run in sorted((tmp_path / "runs").glob("2*"))]  # fmt: skip
    assert {*tables[0]} <= {*tables[1]}  # the setting changes no table; the second run keeps its steps, too


def test_a_run_that_fails_late_keeps_no_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_logs(tmp_path)
    config.write_text(config.read_text().replace("[templates]\n", '[templates]\nwords = "kept.words"\n'))

    def fail(*given: object) -> None:
        raise LinkageError("failed late")

    monkeypatch.setattr(pipeline, "write_manifest", fail)
    with pytest.raises(LinkageError, match="failed late"):
        pipeline.run(config)
    assert told(tmp_path) == []
    assert not (tmp_path / "kept.words").exists()


def test_no_table_of_the_engine_that_can_spill_holds_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def look(engine: DuckDBEngine, name: str) -> None:
        table = engine._connection.sql(f'SELECT * FROM "{name}"').to_arrow_table()
        looked.append(name)
        assert PLANTED not in table.to_pandas().to_csv().lower(), name

    whole = DuckDBEngine._run, DuckDBEngine.load, DuckDBEngine.append, DuckDBEngine.read_lines

    def watched(number: int) -> Any:
        def method(engine: DuckDBEngine, what: Any, *rest: Any, **more: Any) -> None:
            whole[number](engine, what, *rest, **more)
            if type(engine) is DuckDBEngine:
                look(engine, what.name if isinstance(what, Step) else what)

        return method

    for number, name in enumerate(("_run", "load", "append", "read_lines")):
        monkeypatch.setattr(DuckDBEngine, name, watched(number))
    pipeline.run(write_logs(tmp_path))
    assert {"fields_a_0", "fields_b_0", "fields_c_0", "forms", "faults_a"} <= set(looked)


class Connection:
    """A connection to DuckDB that notes what it is asked, and looks at the tables that it is given."""

    def __init__(self, real: Any) -> None:
        self.real, self.planted = real, 0
        self.asked: list[str] = []

    @property
    def disk(self) -> str:
        """Where it spills."""
        return str(self.real.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)

        def noted(*given: Any, **more: Any) -> Any:
            self.asked += [text for text in given if isinstance(text, str)]
            self.planted += sum(PLANTED in x.to_pandas().to_csv() for x in given if isinstance(x, pa.Table))
            return found(*given, **more)

        return noted if callable(found) else found


def test_in_a_large_run_one_engine_reads_prompts_and_has_no_disk_and_the_other_spills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, Connection]] = []

    def connect(*given: Any, **more: Any) -> Connection:
        connection = Connection(duckdb.connect(*given, **more))
        made.append((connection.disk, connection))
        return connection

    monkeypatch.setattr("linkage.engines.duckdb.duckdb", SimpleNamespace(**{**vars(duckdb), "connect": connect}))
    run = pipeline.run(write_logs(tmp_path, rows_of(4_000)))
    spilled = [stage["spilled_bytes"] for stage in json.loads((run / "manifest.json").read_text())["stages"]]
    assert sum(spilled) > 1_000_000
    without, others = [c for disk, c in made if not disk], [c for disk, c in made if disk]
    assert len(without) == len(others) == 1
    assert any("/logs/" in text for text in without[0].asked)
    assert sum(c.planted for c in without) > 0 == sum(c.planted for c in others)
    assert not any("/logs/" in text or PLANTED in text for text in others[0].asked)
    assert any("fields_a_0" in text for text in others[0].asked)


@pytest.mark.parametrize("stage", ["judge_rows", "make_pairs", "hash_prompts"])
def test_a_killed_run_leaves_nothing(tmp_path: Path, stage: str) -> None:
    config = write_logs(tmp_path)
    script = (
        "import os, signal, linkage.sources.read as read\n"
        f"before = read.{stage}\n"
        "def killed(*given):\n    before(*given)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"read.{stage} = killed\n"
        f"from linkage import pipeline\nfrom pathlib import Path\npipeline.run(Path({str(config)!r}), None, True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == -9, ended.stderr
    assert list((tmp_path / "runs").glob(".unfinished-*"))
    assert told(tmp_path, ended.stdout, ended.stderr) == []


def test_a_full_disk_and_a_full_memory_tell_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from linkage.templates import spool

    config = write_logs(tmp_path)

    def full(*given: Any) -> None:
        raise OSError(28, f"No space left: {PLANTED}")

    monkeypatch.setattr(spool.pa.ipc, "new_stream", full)
    with pytest.raises(LinkageError) as stopped:
        pipeline.run(config)
    assert told(tmp_path, str(stopped.value)) == []
    assert not list((tmp_path / "runs").glob("2*"))


@pytest.mark.parametrize("fault", [ValueError, pa.ArrowInvalid, MemoryError, UnicodeDecodeError])
def test_a_fault_of_ours_quotes_nothing(
    tmp_path: Path, fault: type[Exception], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from linkage.cli import main
    from linkage.templates import stream

    def broken(cells: pa.StringArray) -> pa.StringArray:
        text = str(cells[0]) if len(cells) else PLANTED
        raise fault("utf-8", text.encode(), 0, 1, text) if fault is UnicodeDecodeError else fault(text)

    monkeypatch.setattr(stream, "texts", broken)
    monkeypatch.setattr(sys, "argv", ["linkage", "--debug", "run", "--config", str(write_logs(tmp_path))])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert ended.value.code in (5, 70)
    assert "prompts" in err
    assert told(tmp_path, out, err) == []


def _broken_parquet(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 40] = b"\xff" * 40
    path.write_bytes(data)


def _not_utf8(path: Path) -> None:
    values = pa.array([f"{PLANTED} ".encode() + b"\xff\xfe"] * 9)
    text = pa.StringArray.from_buffers(9, *values.buffers()[1:])
    pq.write_table(pa.table({"account_id": ["a"] * 9, "ts": ["x"] * 9, "prompt": text, "device": ["d"] * 9}), path)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _no_header(path: Path) -> None:
    path.write_text("\n".join(f"acct1,2026-03-01T10:00:00Z,{PLANTED} eight,{PLANTED} nine" for _ in range(9)))


BROKEN = {"c.parquet": (_broken_parquet, _not_utf8, _cut), "b.ndjson.gz": (_cut,), "a.csv": (_no_header,)}


@pytest.mark.parametrize(
    ("name", "spoil"), [(name, spoil) for name, ways in BROKEN.items() for spoil in ways],
    ids=lambda x: x if isinstance(x, str) else x.__name__,
)  # fmt: skip
def test_broken_files_are_refused_without_a_word_of_them(tmp_path: Path, name: str, spoil: Any) -> None:
    config = write_logs(tmp_path)
    spoil(tmp_path / "logs" / name)
    ended = linkage_command("--debug", "run", "--config", config, "--keep-steps")
    assert ended.code == 3, ended.err
    looked = linkage_command("--debug", "check", "--config", config)
    alone = linkage_command("--debug", "templates", tmp_path / "logs" / name, "--out", tmp_path / "o.parquet",
                            "--catalogue", tmp_path / "o.catalogue")  # fmt: skip
    assert alone.code == 3, alone.err
    assert told(tmp_path, *said(ended), *said(looked), *said(alone)) == []
    assert not (tmp_path / "templates.catalogue").exists()


def test_bad_keys_and_catalogues_tell_nothing(tmp_path: Path) -> None:
    config = write_logs(tmp_path)
    for environment in ({VARIABLE: ""}, {VARIABLE: "short"}):
        ended = linkage_command("--debug", "run", "--config", config, **environment)
        assert ended.code == 2, ended.err
        assert told(tmp_path, *said(ended)) == []
    assert linkage_command("run", "--config", config).code == 0
    other = linkage_command("--debug", "run", "--config", config, **{VARIABLE: KEY[::-1]})
    assert other.code == 2
    assert "another key" in other.err
    (tmp_path / "templates.catalogue").write_text(PLANTED[:2])
    broken = linkage_command("--debug", "run", "--config", config)
    assert broken.code == 5
    assert told(tmp_path, *said(other), *said(broken)) == []


def test_the_command_for_ids_alone_tells_nothing(tmp_path: Path) -> None:
    write_logs(tmp_path)
    out, words = tmp_path / "ids.parquet", ("--time", "ts", "--catalogue", tmp_path / "ids.catalogue")
    for path in sorted((tmp_path / "logs").iterdir()):
        plain = linkage_command("--debug", "templates", path, "--out", out, "--force", *words)
        as_json = linkage_command("templates", path, "--out", out, "--force", "--json", *words)
        assert (plain.code, as_json.code) == (0, 0), plain.err + as_json.err
        assert pq.read_metadata(out).num_rows >= ACCOUNTS * EACH - 1
        assert told(tmp_path, *said(plain), *said(as_json)) == []
    assert os.stat(tmp_path / "ids.catalogue").st_mode & 0o077 == 0


def test_a_first_config_tells_nothing(tmp_path: Path) -> None:
    write_logs(tmp_path)
    logs = sorted((tmp_path / "logs").iterdir())
    guessed = linkage_command("--debug", "init", *logs, "--out", tmp_path / "guessed.toml")
    assert guessed.code == 0, guessed.err
    assert (tmp_path / "guessed.toml").read_text().count("\nprompt = ") == 3
    _no_header(tmp_path / "logs" / "a.csv")
    refused = linkage_command("--debug", "init", tmp_path / "logs" / "a.csv", "--out", tmp_path / "none.toml")
    assert refused.code == 3, refused.err
    assert told(tmp_path, *said(guessed), *said(refused)) == []


@pytest.mark.parametrize(("name", "spoil"), [(name, spoil) for name, ways in BROKEN.items() for spoil in ways])
def test_a_first_config_tells_nothing_of_broken_files(tmp_path: Path, name: str, spoil: Any) -> None:
    write_logs(tmp_path)
    spoil(tmp_path / "logs" / name)
    guessed = linkage_command("--debug", "init", tmp_path / "logs", "--out", tmp_path / "guessed.toml")
    assert guessed.code == 0, guessed.err
    assert told(tmp_path, *said(guessed)) == []


def test_a_look_before_a_run_tells_nothing(tmp_path: Path) -> None:
    config = write_logs(tmp_path)
    looked = [linkage_command("--debug", "check", "--config", config, *more) for more in ((), ("--json",))]
    assert [ended.code for ended in looked] == [0, 0], looked[0].err
    assert told(tmp_path, *(text for ended in looked for text in said(ended))) == []
    assert not (tmp_path / "templates.catalogue").exists()  # a look writes nothing
