"""The command `linkage run` as a user starts it: its exit codes, what it prints, broken input, kills and the lock."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from linkage import pipeline
from linkage.errors import InputRefused
from linkage.reports.words import count
from linkage.state import hold_lock
from linkage.state.manifest import check_hashes
from tests.small_world import LOGS, TINY, Broken, break_world, linkage_command, linkage_process, make_world

RUN_ID = r"\d{8}T\d{6}Z-[0-9a-f]{6}"


def manifest_of(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / "manifest.json").read_text(encoding="ascii"))
    return told


def runs_in(output: Path) -> list[str]:
    return sorted(path.name for path in output.iterdir() if re.fullmatch(RUN_ID, path.name))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config of a world of 300 accounts, with one run."""
    config = make_world(tmp_path_factory.mktemp("tiny") / "world", TINY)
    pipeline.run(config)
    return config


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """The config of a copy of it, to be changed."""
    return Path(shutil.copytree(tiny.parent, tmp_path / "world", symlinks=True)) / "linkage.toml"


# What it prints


def test_a_run_says_what_became_of_the_rows_and_what_to_do_next(copy: Path) -> None:
    ended = linkage_command("run", "--config", copy)
    assert (ended.code, ended.err) == (0, "")  # no progress bar where stderr is no terminal
    folder = (copy.parent / "runs" / "latest").resolve()
    rows, counted, published = ended.out.splitlines()
    told = manifest_of(folder)
    assert rows == f"{told['rows']['in']:,} rows: {told['rows']['loaded']:,} loaded, 0 duplicate, 0 quarantined."
    rings, members, operators = (told["tables"][f"{n}.parquet"]["rows"] for n in ("rings", "members", "operators"))
    assert counted == (
        f"{count(rings, 'ring')} of any verdict with {count(members, 'account')}; "
        f"{count(operators, 'operator cluster')} among the suspect ones."
    )
    assert published == f"Published as {folder}. Next: linkage rings --run {folder}"


def test_a_run_of_sources_that_tie_nobody_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("account_id,plan\na,free\n")
    config = tmp_path / "linkage.toml"
    config.write_text('[sources.log]\npath = "log.csv"\naccount = "account_id"\nignore = ["plan"]\n')
    ended = linkage_command("run", "--config", config)
    assert ended.code == 0
    assert ended.out.splitlines()[:2] == [
        "1 row: 1 loaded, 0 duplicate, 0 quarantined.",
        "0 rings of any verdict with 0 accounts; 0 operator clusters among the suspect ones.",
    ]
    assert ended.err == (
        "warning: no source names an entity that ties accounts, so no ring can come out: say 'entities'.\n"
    )
    checked = linkage_command("check", "--config", config)
    assert checked.out.splitlines()[-1] == "No source ties accounts: a run would find no ring."
    again = linkage_command("stability", tmp_path / "runs" / "latest")
    assert (again.code, again.err.split(": ")[-1]) == (2, "this run has no ring. There is nothing to find again.\n")


def test_json_is_the_manifest_in_ascii(copy: Path) -> None:
    ended = linkage_command("run", "--config", copy, "--json", "--keep-steps")
    assert (ended.code, ended.err) == (0, "")
    folder = (copy.parent / "runs" / "latest").resolve()
    assert json.loads(ended.out) == manifest_of(folder)
    assert ended.out.isascii()
    steps = sorted(path.name for path in (folder / "steps").iterdir())
    assert steps[0] == "01-pairs_accounts.parquet"
    assert len([name for name in steps if name.endswith(".sql")]) * 2 == len(steps) > 40
    assert "steps/01-pairs_accounts.parquet" in manifest_of(folder)["tables"]


def test_the_profile_has_a_line_for_each_stage_and_for_its_dearer_steps(copy: Path) -> None:
    ended = linkage_command("run", "--config", copy, "--profile")
    assert (ended.code, ended.err) == (0, "")
    title, head, *lines = ended.out.splitlines()
    assert title == "What it cost, with the steps that took 1% of the time or more"
    assert head.split("  ")[0] == "stage, step"
    assert head.split()[2:] == ["seconds", "rows", "peak", "MB", "spilled", "MB"]
    stages = manifest_of((copy.parent / "runs" / "latest").resolve())["stages"]
    table = lines[: next(i for i, line in enumerate(lines) if line.startswith("whole run")) + 1]
    assert [line.split()[0] for line in table if not line.startswith(" ")] == [*(s["name"] for s in stages), "whole"]
    total = sum(stage["seconds"] for stage in stages)
    dear = [step["name"] for stage in stages for step in stage["steps"] if step["seconds"] >= 0.01 * total]
    assert [line.strip().split("  ")[0] for line in table if line.startswith(" ")] == dear


def test_a_terminal_sees_the_stages_go_by(copy: Path) -> None:
    ours, theirs = pty.openpty()
    script = [sys.executable, "-c", "from linkage.cli import main; main()", "run", "--config", str(copy)]
    done = subprocess.Popen(script, stderr=theirs, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    out, _ = done.communicate()
    assert done.returncode == 0
    assert all(stage.encode() in shown for stage in ("sources", "rings"))
    assert b"\x1b" not in out


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says EIO when the other side has closed
        return b""


# Exit codes


def test_bad_usage_exits_2(tmp_path: Path) -> None:
    missing = linkage_command("run", "--config", tmp_path / "none.toml")
    assert (missing.code, missing.out) == (2, "")
    assert missing.err == (
        f"linkage: {tmp_path}/none.toml: there is no such file. Write one with 'linkage init FILES...'.\n"
    )
    unknown = linkage_command("run", "--confg", "x")
    assert unknown.code == 2
    assert "No such option: --confg" in unknown.err


def test_a_config_that_cannot_be_exits_2_and_makes_no_folder(copy: Path) -> None:
    shutil.rmtree(copy.parent / "runs")
    copy.write_text(copy.read_text().replace("entities", "entitis"))
    ended = linkage_command("run", "--config", copy)
    assert ended.code == 2
    assert "key 'sources.payments.entitis' is unknown; did you mean 'entities'?" in ended.err
    assert not (copy.parent / "runs").exists()


def test_input_that_is_refused_exits_3(copy: Path) -> None:
    before = os.readlink(copy.parent / "runs" / "latest")
    (copy.parent / "payments.parquet").unlink()
    ended = linkage_command("run", "--config", copy)
    assert ended.code == 3
    assert ended.err == (
        "linkage: sources.payments.path: source 'payments' is empty: 'payments.parquet' matches no file. "
        "Check the path (it is relative to the config).\n"
    )
    assert os.readlink(copy.parent / "runs" / "latest") == before


def test_a_second_run_at_the_same_time_exits_4_and_names_the_first(copy: Path) -> None:
    output = copy.parent / "runs"
    before = runs_in(output)
    with hold_lock(output):
        ended = linkage_command("run", "--config", copy)
    assert ended.code == 4
    assert f"another run holds the lock (process {os.getpid()} on {socket.gethostname()}, since " in ended.err
    assert ended.err.endswith("Wait until it ends, or stop it.\n")
    assert runs_in(output) == before


@pytest.mark.parametrize("place", ["world.json", "world.json/runs", "/proc/linkage-runs"])
def test_an_output_that_cannot_be_written_exits_5(copy: Path, place: str) -> None:
    copy.write_text(copy.read_text().replace('dir = "runs"', f'dir = "{place}"'))
    ended = linkage_command("run", "--config", copy)
    assert ended.code == 5
    assert f"{place}: can't write there: " in ended.err
    assert "Traceback" not in ended.err


def test_a_disk_that_fills_up_exits_5_and_leaves_latest(copy: Path) -> None:
    output = copy.parent / "runs"
    before = runs_in(output)
    script = [sys.executable, "-c", "from linkage.cli import main; main()", "run", "--config", str(copy)]
    ended = subprocess.run(
        script, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000)),  # bytes a file
    )  # fmt: skip
    assert ended.returncode == 5, ended.stderr
    assert "File too large" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert runs_in(output) == before
    assert not list(output.glob(".unfinished-*"))


FAULT = """
from linkage import pipeline
def broken(*_):
    raise KeyError("gone\\x1b[31m")
pipeline.find_rings = broken
from linkage.cli import main
main()
"""


def test_a_fault_of_ours_exits_70_with_one_line_or_on_demand_with_the_traceback(copy: Path) -> None:
    output = copy.parent / "runs"
    before = (runs_in(output), os.readlink(output / "latest"))
    for words in ([], ["--debug"]):
        script = [sys.executable, "-c", FAULT, *words, "run", "--config", str(copy)]
        ended = subprocess.run(script, capture_output=True, text=True, check=False)
        assert ended.returncode == 70
        *traceback, last = ended.stderr.splitlines()
        assert last == (
            "linkage: a fault of linkage, not yours (KeyError: 'gone\\x1b[31m'). Run 'linkage --debug' with the same "
            "words, and report what it prints."
        )
        assert bool(traceback) == bool(words)
        assert "\x1b" not in ended.stderr
        assert (runs_in(output), os.readlink(output / "latest")) == before


def test_a_log_that_grows_meanwhile_stops_the_run_and_leaves_latest(copy: Path) -> None:
    output = copy.parent / "runs"
    before = (runs_in(output), os.readlink(output / "latest"))
    script = [sys.executable, "-c", GROWING, str(copy.parent / "accounts.parquet"), "run", "--config", str(copy)]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (
        3,
        "linkage: accounts.parquet: the file changed while it was read. Name a copy, or logs that nobody writes to any "
        "more, and run again.\n",
    )
    assert (runs_in(output), os.readlink(output / "latest")) == before
    assert not list(output.glob(".unfinished-*"))


GROWING = """
import sys
from pathlib import Path
from linkage.cli import main
from linkage.sources import tables
log, make = Path(sys.argv.pop(1)), tables.make_accounts
def grow(*words):
    log.write_bytes(log.read_bytes() + b" ")
    make(*words)
tables.make_accounts = grow
main()
"""


STOPPED = "linkage: stopped by Ctrl-C. 'latest' names the last run that was published.\n"


def test_ctrl_c_ends_a_run_and_leaves_nothing(copy: Path) -> None:
    output = copy.parent / "runs"
    before = runs_in(output)
    process = linkage_process("run", "--config", copy)
    _wait_for_start(process, output)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, STOPPED)
    assert runs_in(output) == before
    assert not list(output.glob(".unfinished-*"))


IN_LEIDEN = """
import os, signal
import igraph
from linkage.cli import main
run = igraph.Graph.community_leiden
def interrupted(*words, **more):
    os.kill(os.getpid(), signal.SIGINT)
    found = run(*words, **more)
    print("Leiden ended", flush=True)
    return found
igraph.Graph.community_leiden = interrupted
main()
"""


def test_ctrl_c_in_leiden_ends_a_run_at_the_end_of_its_round(copy: Path) -> None:
    output = copy.parent / "runs"
    before = (runs_in(output), os.readlink(output / "latest"))
    script = [sys.executable, "-c", IN_LEIDEN, "run", "--config", str(copy)]
    ended = subprocess.run(script, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "Leiden ended\n", STOPPED)
    assert (runs_in(output), os.readlink(output / "latest")) == before
    assert not list(output.glob(".unfinished-*"))


# Broken rows


@pytest.fixture(scope="module")
def broken(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """The tiny world as CSV, 3 % of its rows broken, run by the command."""
    made = break_world(tiny.parent, tmp_path_factory.mktemp("broken") / "world", share=0.03)
    ended = linkage_command("run", "--config", made.config)
    assert ended.code == 0, ended.err
    warned = re.findall(r"^warning: source '(\w+)': (\d+) of ", ended.err, flags=re.MULTILINE)
    assert {source: int(n) for source, n in warned} == {s: len(bad) for s, bad in made.bad.items()}
    return made


def test_three_per_cent_of_broken_rows_are_accounted_for_one_by_one(broken: Broken) -> None:
    run = broken.config.parent / "runs" / "latest"
    told = manifest_of(run)
    assert sorted(broken.bad) == sorted(LOGS)
    for source in told["sources"]:
        name = source["source"]
        repeated = broken.repeated if name == "exchanges" else 0
        bad = len(broken.bad[name])
        expected = (broken.rows[name], broken.rows[name] - repeated - bad, repeated, bad)
        assert tuple(source[k] for k in ("rows", "loaded", "duplicate", "quarantined")) == expected
    rows = told["rows"]
    assert rows["in"] == rows["loaded"] + rows["duplicate"] + rows["quarantined"] == sum(broken.rows.values())
    quarantine = pq.read_table(run / "1-sources" / "quarantine.parquet").to_pandas()
    for name, bad in broken.bad.items():
        assert sorted(quarantine[quarantine["source"] == name]["row"]) == sorted(bad)
    assert set(quarantine["reason"]) == {
        "account missing", "time not understood: set time_format", "time without a zone: set zone",
        "time out of range (2000 to 2099)", "not UTF-8 text", "longer than 1024 characters", "no IP address",
        "wrong number of fields",
    }  # fmt: skip
    check_hashes(run.resolve())


def test_ten_per_cent_stops_the_run_and_leaves_latest(tiny: Path, broken: Broken, tmp_path: Path) -> None:
    worse = break_world(tiny.parent, tmp_path / "worse", share=0.10)
    for name in LOGS:
        shutil.copy(worse.config.parent / f"{name}.csv", broken.config.parent / f"{name}.csv")
    output = broken.config.parent / "runs"
    before = (runs_in(output), os.readlink(output / "latest"))
    ended = linkage_command("run", "--config", broken.config)
    assert ended.code == 3
    assert "rows can't be used (10.0%; at most 5.0% may be, audit.stop_share)" in ended.err
    assert (runs_in(output), os.readlink(output / "latest")) == before
    check_hashes((output / "latest").resolve())
    kept = pq.read_table(output / "refused" / "quarantine.parquet")
    assert kept.num_rows == sum(len(bad) for bad in worse.bad.values())
    assert f"All of them are listed in {output / 'refused' / 'quarantine.parquet'}." in ended.err


@pytest.mark.parametrize("change", ["column", "rows", "file", "garbage"])
def test_a_source_that_cannot_be_leaves_latest(copy: Path, change: str) -> None:
    log = copy.parent / "payments.parquet"
    table = pq.read_table(log)
    if change == "column":
        pq.write_table(table.drop_columns(["payment_fingerprint"]), log)
    if change == "rows":
        pq.write_table(table.slice(0, 0), log)
    if change == "file":
        log.write_bytes(b"")
    if change == "garbage":
        log.write_bytes(log.read_bytes()[:-100])
    output = copy.parent / "runs"
    before = (runs_in(output), os.readlink(output / "latest"))
    with pytest.raises(InputRefused) as caught:
        pipeline.run(copy)
    assert caught.value.exit_code == 3
    assert caught.value.todo
    assert {"column": "payment_fingerprint", "rows": "is empty"}.get(change, "payments") in str(caught.value)
    assert (runs_in(output), os.readlink(output / "latest")) == before


# Kills


def _wait_for_start(process: subprocess.Popen[str], output: Path) -> None:
    """Until the process has signed the lock."""
    while process.poll() is None:
        try:
            if json.loads((output / ".lock-holder.json").read_text())["pid"] == process.pid:
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.001)
    pytest.fail(f"the run ended before it began: {process.communicate()}")


def test_runs_killed_at_ten_random_moments_never_tear_latest(copy: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # pytest shows it when the test fails
    moments = random.Random(seed)
    output = copy.parent / "runs"
    process = linkage_process("run", "--config", copy)
    _wait_for_start(process, output)
    started = time.perf_counter()
    process.communicate()
    lasts = time.perf_counter() - started
    halves = 0
    for _ in range(10):
        process = linkage_process("run", "--config", copy)
        _wait_for_start(process, output)
        time.sleep(moments.uniform(0, lasts))
        process.kill()
        process.communicate()
        named = (output / "latest").resolve()
        assert named.name == os.readlink(output / "latest")
        assert check_hashes(named) == len(manifest_of(named)["tables"]) > 20
        for name in runs_in(output):
            check_hashes(output / name)
        halves += bool(list(output.glob(".unfinished-*")))
    assert halves > 0, "no kill fell into a run"
    ended = linkage_command("run", "--config", copy)
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in output.iterdir() if path.name.startswith(".")) == [".lock"]
    assert manifest_of(output / "latest")["tables"] == manifest_of(output / runs_in(output)[0])["tables"]
