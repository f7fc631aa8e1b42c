from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from linkage.cli import app
from linkage.errors import ConfigError, InputRefused, StorageFault


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = (f"a{i % 7},2026-01-01T00:00:00Z,d{i % 3},8.8.8.{i % 5},free" for i in range(40))
    (tmp_path / "log.csv").write_text("\n".join(["account_id,ts,device_id,ip,plan", *rows]) + "\n")
    return tmp_path / "log.csv"


@pytest.fixture
def config(log: Path) -> Path:
    out = log.parent / "linkage.toml"
    assert call("init", log, "--out", out).exit_code == 0
    return out


def test_init_writes_a_config_that_check_accepts(log: Path) -> None:
    out = log.parent / "linkage.toml"
    result = call("init", log, "--out", out)
    assert result.output.splitlines() == [
        f"Wrote {out}: log.",
        f"Read it, correct the guesses, then: linkage check --config {out}",
    ]
    assert tomllib.loads(out.read_text())["sources"]["log"]["entities"] == {"device_id": "device", "ip": "ip"}
    checked = call("check", "--config", out)
    assert checked.exit_code == 0, checked.output
    assert "The config can be used." in checked.output
    assert "3 device, 5 ip" in checked.output


def test_init_of_a_folder_says_what_it_left_out(log: Path) -> None:
    for number in range(12):
        (log.parent / f"colours{number}.csv").write_text("colour\nred\n")
    out = log.parent / "linkage.toml"
    result = call("init", log.parent, "--out", out)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == f"Wrote {out}: log."
    assert sum(line.startswith("Left out colours") for line in lines) == 10
    assert f"2 more are left out: the end of {out} names them." in lines
    assert "# colours9.csv: no column looks like an account id (there are: colour)." in out.read_text()
    assert call("check", "--config", out).exit_code == 0


def test_init_replaces_a_config_only_when_forced(log: Path, config: Path) -> None:
    config.write_text("mine")
    refused = call("init", log, "--out", config)
    assert isinstance(refused.exception, ConfigError)
    assert str(refused.exception) == f"{config}: there is a config already. Name another --out, or say --force."
    assert config.read_text() == "mine"
    assert call("init", log, "--out", config, "--force").exit_code == 0
    assert "sources" in tomllib.loads(config.read_text())


def test_init_into_a_folder_that_is_not_there(log: Path) -> None:
    refused = call("init", log, "--out", log.parent / "no" / "linkage.toml")
    assert isinstance(refused.exception, StorageFault)
    assert "Choose a folder that can be written." in str(refused.exception)


def test_check_prints_what_a_sample_gives(config: Path) -> None:
    told = json.loads(call("check", "--config", config, "--json").output)
    assert told["sample"] == 10_000
    assert told["error"] is None
    (source,) = told["sources"]
    assert source["source"] == "log"
    assert source["counts"] == {
        "source": "log",
        "rows": 40,
        "loaded": 40,
        "duplicate": 0,
        "quarantined": 0,
        "not_linking": 0,
    }
    assert (source["accounts"], source["entities"], source["reasons"]) == (7, {"device": 3, "ip": 5}, [])


def test_check_tells_reasons_and_ends_with_the_first_error(log: Path, config: Path) -> None:
    log.write_text(log.read_text() + "broken\n" * 4)
    result = call("check", "--config", config)
    assert isinstance(result.exception, InputRefused)
    assert result.exception.exit_code == 3
    assert "wrong number of fields" in result.output
    assert "The config can be used." not in result.output
    told = json.loads(call("check", "--config", config, "--json").output)
    assert told["error"] == told["sources"][0]["error"]
    assert told["sources"][0]["reasons"] == [{"column": None, "reason": "wrong number of fields", "rows": 4}]


def test_check_lists_every_source_that_a_run_would_stop_at(log: Path, config: Path) -> None:
    naive = log.read_text().replace("T00:00:00Z", " 00:00:00")
    section = config.read_text().split("[sources.log]")[1]
    for name in ("one", "two"):
        (log.parent / f"{name}.csv").write_text(naive)
        config.write_text(config.read_text() + f"\n[sources.{name}]" + section.replace("log.csv", f"{name}.csv"))
    with pq.ParquetWriter(log.parent / "three.parquet", pa.schema([("who", "string"), ("at", pa.timestamp("us"))])):
        pass
    config.write_text(config.read_text() + '\n[sources.three]\npath = "three.parquet"\naccount = "who"\ntime = "at"\n')
    result = call("check", "--config", config)
    assert isinstance(result.exception, InputRefused)
    assert str(result.exception) == (
        f"{config}: 3 faults are listed above, and each of them stops a run. Mend them all, then check again."
    )
    for name in ("one", "two"):
        assert result.output.count(f"sources.{name}: 40 of 40 rows can't be used") == 1
    assert "sources.three: three.parquet: column 'at' holds times without a zone." in result.output
    assert [line.split() for line in result.output.splitlines() if line.startswith("three")] == [["three", *"--------"]]
    told = json.loads(call("check", "--config", config, "--json").output)
    assert [bool(source["error"]) for source in told["sources"]] == [False, True, True, True]


def test_check_warns_of_columns_that_nobody_uses(log: Path, config: Path) -> None:
    config.write_text(config.read_text().replace('ignore = ["plan"]', "ignore = []"))
    result = call("check", "--config", config)
    assert "source 'log': columns not used: 'plan'." in result.output


def test_check_leaves_nothing_behind(config: Path) -> None:
    before = sorted(os.listdir(config.parent))
    call("check", "--config", config)
    assert sorted(os.listdir(config.parent)) == before


def test_check_without_a_config(tmp_path: Path) -> None:
    result = call("check", "--config", tmp_path / "linkage.toml")
    assert isinstance(result.exception, ConfigError)
    assert "Write one with 'linkage init FILES...'." in str(result.exception)


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("account_id,\x1b]0;owned\x07,ip\na,x,8.8.8.8\n")
    out = tmp_path / "linkage.toml"
    assert "\x1b" not in call("init", tmp_path / "log.csv", "--out", out).output
    out.write_text('[sources.s]\npath = "log.csv"\naccount = "account_id"\nentities = { ip = "ip" }\n')
    checked = call("check", "--config", out)
    assert "\x1b" not in checked.output
    assert "\\x1b]0;owned\\x07" in checked.output


def test_schema_is_json_schema(config: Path, tmp_path: Path) -> None:
    schema = json.loads(call("schema").output)
    jsonschema.validate(tomllib.loads(config.read_text()), schema)
    assert call("schema", "--out", tmp_path / "s.json").output == ""
    assert json.loads((tmp_path / "s.json").read_text()) == schema


@pytest.mark.parametrize("command", ["init", "check", "doctor", "schema"])
def test_each_command_has_help_with_an_example(command: str) -> None:
    help_text = call(command, "--help").output
    assert f"Example: linkage {command}" in help_text


def test_exit_codes_and_messages_of_the_process(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-c",
        "from linkage.cli import main; main()",
        "check",
        "--config",
        str(tmp_path / "no.toml"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"linkage: {tmp_path / 'no.toml'}: there is no such file.")
    assert "Traceback" not in done.stderr
