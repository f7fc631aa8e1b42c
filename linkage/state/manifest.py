"""The manifest of a run: what went in, what came out, and the SHA-256 of both."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from linkage.errors import HashMismatch, StorageFault

NAME = "manifest.json"
_LIBRARIES = (
    "linkage", "duckdb", "igraph", "leidenalg", "numpy", "pyarrow", "scipy", "networkx", "pandas",
    "confusable-homoglyphs",
)  # fmt: skip


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_hash(package: Path) -> str:
    """One SHA-256 over every Python file of the package, by path: the version of the code that really ran."""
    whole = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        whole.update(str(path.relative_to(package)).encode() + b"\0" + bytes.fromhex(sha256(path)))
    return whole.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries whose results a run depends on."""
    found = {name: metadata.version(name) for name in _LIBRARIES if _installed(name)}
    return {"python": platform.python_version(), **found}


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def table_hashes(folder: Path) -> dict[str, dict[str, Any]]:
    """Hash and rows of every Parquet file below a run folder, by relative path."""
    return {
        str(path.relative_to(folder)): {"sha256": sha256(path), "rows": pq.read_metadata(path).num_rows}
        for path in sorted(folder.rglob("*.parquet"))
    }


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write manifest.json: sorted keys, ASCII only."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=True, default=str)
    (folder / NAME).write_text(text + "\n", encoding="ascii")


def check_hashes(folder: Path) -> int:
    """Compare every table of a published run with its manifest; returns how many were compared.

    Raises:
        HashMismatch: a table is missing or its bytes have changed.
        StorageFault: the manifest can't be read.
    """
    manifest = folder / NAME
    try:
        tables = json.loads(manifest.read_text(encoding="ascii"))["tables"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageFault(
            f"can't be read: {error}.", where=str(manifest), todo="Restore the run folder, or run again."
        ) from error
    for name, stored in tables.items():
        path = folder / name
        if not path.is_file() or sha256(path) != stored["sha256"]:
            raise HashMismatch(
                "its bytes are not those of the manifest.", where=str(path), todo="Do not rely on this run; run again."
            )
    return len(tables)
