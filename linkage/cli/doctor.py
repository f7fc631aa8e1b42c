"""What ``linkage doctor`` finds out about this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from linkage.config import EngineSettings
from linkage.engines.duckdb import DuckDBEngine
from linkage.errors import LinkageError
from linkage.reports.extras import EXTRAS

GIB = 1 << 30
LEAST_MEMORY = 4 * GIB  # 20 million links through Leiden: igraph needs about 210 bytes a link at its peak
LEAST_DISK = 10 * GIB


@dataclass(frozen=True)
class Finding:
    """One thing about the machine: what it is, and advice when it is not well (empty otherwise)."""

    name: str
    value: str
    advice: str = ""


def examine() -> list[Finding]:
    """Versions of linkage, Python and the libraries; engine, memory, cores, disk; extras that are missing."""
    return [
        Finding("linkage", _version("linkage")),
        Finding("python", f"{platform.python_version()} on {platform.platform(terse=True)}", _python_advice()),
        *(Finding(name, _version(name), _library_advice(name)) for name in _libraries()),
        *_engine_findings(),
        _memory(),
        Finding("cores", str(os.cpu_count() or "unknown")),
        _disk("disk here", Path.cwd()),
        _disk("disk for temporary files", Path(tempfile.gettempdir())),
        *(_extra(name, modules) for name, modules in EXTRAS.items()),
    ]


def _libraries() -> list[str]:
    try:
        required = importlib.metadata.requires("linkage") or []
    except importlib.metadata.PackageNotFoundError:
        return ["duckdb", "igraph", "leidenalg", "networkx", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "typer"]
    core = [requirement for requirement in required if "extra ==" not in requirement]
    return sorted(re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0] for requirement in core)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _python_advice() -> str:
    return "" if sys.version_info >= (3, 11) else "linkage needs Python 3.11 or later."


def _library_advice(name: str) -> str:
    return "" if _version(name) != "not installed" else f"pip install {name}"


def _engine_findings() -> list[Finding]:
    try:
        with tempfile.TemporaryDirectory(prefix="linkage-") as workdir:
            engine = DuckDBEngine(EngineSettings.model_validate({}), Path(workdir))
            try:
                rows = engine.fetch(
                    "SELECT current_setting('memory_limit') AS memory, current_setting('threads')::VARCHAR AS threads"
                ).to_pylist()[0]
            finally:
                engine.close()
    except LinkageError as error:
        return [Finding("engine", "does not start", str(error))]
    return [Finding("engine", f"duckdb, memory limit {rows['memory']}, {rows['threads']} threads")]


def _memory() -> Finding:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    advice = "Little: keep runs under ten million links, and set engine.memory_limit." if total < LEAST_MEMORY else ""
    return Finding("memory", f"{total / GIB:.1f} GiB", advice)


def _disk(name: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    advice = "Little: point output.dir and engine.spill_dir to a larger disk." if free < LEAST_DISK else ""
    return Finding(name, f"{free / GIB:.1f} GiB free", advice)


def _extra(name: str, modules: tuple[str, ...]) -> Finding:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if not missing:
        return Finding(f"extra '{name}'", "installed")
    return Finding(f"extra '{name}'", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
