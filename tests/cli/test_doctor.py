from __future__ import annotations

import importlib.util
import json
import platform
from collections import namedtuple
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from linkage.cli import app, doctor
from linkage.cli.doctor import Finding, examine
from linkage.errors import StorageFault


def by_name() -> dict[str, Finding]:
    return {finding.name: finding for finding in examine()}


def test_versions_engine_memory_cores_disk_and_extras() -> None:
    found = by_name()
    assert found["python"].value.startswith(platform.python_version())
    assert found["duckdb"] == Finding("duckdb", duckdb.__version__)
    assert found["engine"].value.startswith("duckdb, memory limit ")
    assert {"linkage", "igraph", "pyarrow", "memory", "cores", "disk here", "extra 'report'"} <= set(found)


def test_the_command_prints_both_ways() -> None:
    table = CliRunner().invoke(app, ["doctor"]).output
    assert "linkage doctor" in table
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)
    assert told["duckdb"] == {"name": "duckdb", "value": duckdb.__version__, "advice": ""}


def test_what_is_missing_comes_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jinja2" else real(name))
    assert by_name()["extra 'report'"] == Finding("extra 'report'", "missing: jinja2", "pip install jinja2")


def test_little_memory_and_disk_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage(10, 10, 1 << 30))
    monkeypatch.setattr(doctor.os, "sysconf", lambda name: 1 << 15)
    found = by_name()
    assert found["memory"].value == "1.0 GiB"
    assert found["memory"].advice.startswith("Little: keep runs under ten million links")
    assert found["disk here"] == Finding(
        "disk here", "1.0 GiB free", "Little: point output.dir and engine.spill_dir to a larger disk."
    )


def test_an_engine_that_does_not_start_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise StorageFault("no room.", where=str(Path("/tmp")))

    monkeypatch.setattr(doctor, "DuckDBEngine", broken)
    assert by_name()["engine"] == Finding("engine", "does not start", "/tmp: no room.")
