"""SHA-256 of files, and whether a run's tables are still the ones that its manifest names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linkage.errors import HashMismatch, StorageFault


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        StorageFault: the file can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageFault(f"can't be read: {error}.", where=str(path), todo="Restore the file.") from error


def check_tables(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Compare every table that the manifest names with its hash.

    Raises:
        HashMismatch: a table was changed after the run was published.
        StorageFault: a table is missing or can't be read.
    """
    for name, entry in sorted(manifest.get("tables", {}).items()):
        if sha256(folder / name) != entry["sha256"]:
            raise HashMismatch(
                f"{name} does not match its SHA-256 in manifest.json.", where=str(folder),
                todo="Restore the run folder, or run again; nothing was written.",
            )
