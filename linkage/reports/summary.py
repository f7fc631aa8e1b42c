"""The attribution summary: one page for printing, its exhibits, and a manifest with SHA-256 over all of it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from linkage.errors import ConfigError, StorageFault
from linkage.reports.exhibits import sha256, write_exhibits
from linkage.reports.extras import require
from linkage.reports.findings import Subject
from linkage.reports.operator import Operator
from linkage.reports.ring import Ring
from linkage.reports.run import Run

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
PAGE = "summary.html"


def export_summary(run: Run, subject_id: str, out: Path | None = None, *, force: bool = False) -> Path:
    """Write the attribution summary of an operator cluster or a ring into ``out`` (default ``ID-summary``).

    The folder appears whole or not at all; the same run gives the same bytes. Returns the folder. Whether the run's
    tables are still the ones that were published is for the caller to check.

    Raises:
        NotFound: the run has no such operator cluster or ring.
        ConfigError: the id names something else, or the folder exists already.
        MissingExtra: jinja2 or matplotlib is not installed.
        StorageFault: a file can't be read or written.
    """
    for module in ("jinja2", "matplotlib"):
        require(module, "report")
    subject = _subject(run, subject_id)
    folder = (out or Path(f"{subject.id}-summary")).absolute()
    _check_free(folder, force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(run, subject, made)
            _publish(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise StorageFault(
            f"can't be written: {error}.", where=str(folder), todo="Free space or choose another folder with --out."
        ) from error
    return folder


def _subject(run: Run, subject_id: str) -> Subject:
    found = run.find(subject_id)
    if isinstance(found, Operator):
        return Subject(found.id, found.rings, found)
    if isinstance(found, Ring):
        return Subject(found.id, [found])
    raise ConfigError(
        f"'{subject_id}' is neither an operator cluster nor a ring.", where="export",
        todo="'linkage rings' lists both.",
    )


def _check_free(folder: Path, force: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    ours = (folder / SUMS).is_file() and (folder / PAGE).is_file() and not folder.is_symlink()
    if not ours:
        raise ConfigError("exists and is no earlier summary.", where=str(folder), todo="Choose another one with --out.")
    if not force:
        raise ConfigError("exists already.", where=str(folder), todo="Replace it with --force, or choose --out.")


def _write(run: Run, subject: Subject, folder: Path) -> None:
    from linkage.reports.page import render  # needs the extra `report`

    rows = write_exhibits(run.store, [ring.id for ring in subject.rings], folder)
    exhibits = [{"name": name, "rows": n, "sha256": sha256(folder / name)} for name, n in sorted(rows.items())]
    (folder / PAGE).write_text(render(run, subject, exhibits), encoding="utf-8")
    manifest = {
        "summary_of": subject.id,
        "run_id": run.manifest["run_id"],
        "run_manifest_sha256": sha256(run.path / "manifest.json"),
        "files": {path.name: _entry(path, rows.get(path.name)) for path in sorted(folder.iterdir())},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir()))
    (folder / SUMS).write_text(sums, encoding="ascii")


def _entry(path: Path, rows: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    return entry if rows is None else {**entry, "rows": rows}


def _publish(made: Path, folder: Path) -> None:
    """Sync the files, then put the folder in its place by one rename; an earlier summary steps aside first."""
    for path in made.iterdir():
        _sync(path)
    made.chmod(0o755)
    _sync(made)
    old = made.with_name(f"{made.name}-old")
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
