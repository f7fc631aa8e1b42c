"""Which files a source names, what they are, and their SHA-256."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from linkage.config import resolve
from linkage.errors import ConfigError, InputRefused, StorageFault

PACKED = (".gz", ".zst")


class Format(StrEnum):
    """How a file is read, by the ending of its name."""

    PARQUET = "Parquet"
    CSV = "CSV"
    NDJSON = "NDJSON"


ENDINGS = {
    ".parquet": Format.PARQUET,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".json": Format.NDJSON,
}
KNOWN = "Known: .parquet, .csv, .tsv, .ndjson, .jsonl, .json, and all but .parquet with .gz or .zst behind."


@dataclass(frozen=True)
class InputFile:
    """A file of a source. ``shown`` is its path relative to the config, ``copy`` that its content was read before."""

    path: Path
    shown: str
    format: Format
    bytes: int
    sha256: str
    copy: bool = False


def find_files(source: str, paths: str | Sequence[str], config_path: Path, hashed: bool = True) -> list[InputFile]:
    """The files that a source's ``path`` names, in order of path; with ``hashed`` their SHA-256 too.

    Raises:
        InputRefused: a path matches no file, or a file's ending is not known.
        StorageFault: a file can't be read.
    """
    patterns = [paths] if isinstance(paths, str) else list(paths)
    if not patterns:
        raise ConfigError("the list of files is empty.", where=f"sources.{source}.path", todo="Name at least one file.")
    found = sorted({path for pattern in patterns for path in _matches(source, pattern, config_path)})
    seen: set[str] = set()
    files = []
    for path in found:
        sha256 = file_sha256(path) if hashed else ""
        shown = shown_path(path, config_path)
        files.append(
            InputFile(path, shown, _format(path, source), path.stat().st_size, sha256, hashed and sha256 in seen)
        )
        seen.add(sha256)
    return files


def matching_files(pattern: str, config_path: Path) -> list[Path]:
    """The files that a path or glob of the config names, in order of path; there may be none."""
    full = Path(resolve(config_path, pattern))
    root = Path(config_path).resolve().parent  # its own name may have brackets, which are no part of the glob
    paths = [full] if full.exists() else [root / found for found in glob.glob(pattern, root_dir=root, recursive=True)]
    return sorted(path for path in set(paths) if path.is_file())


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        StorageFault: the file can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageFault(
            f"{error.strerror or error}.", where=str(path), todo="Check the file and its rights."
        ) from error


def shown_path(path: Path, config_path: Path) -> str:
    """A path as outputs show it: relative to the folder of the config."""
    return Path(os.path.relpath(path, Path(config_path).resolve().parent)).as_posix()


def _matches(source: str, pattern: str, config_path: Path) -> list[Path]:
    paths = matching_files(pattern, config_path)
    if not paths:
        folder = os.path.isdir(resolve(config_path, pattern))
        raise InputRefused(
            f"source '{source}' is empty: '{pattern}' {'is a folder' if folder else 'matches no file'}.",
            where=f"sources.{source}.path",
            todo=f"Write '{_glob_for(pattern, config_path)}' or such."
            if folder
            else "Check the path (it is relative to the config).",
        )
    return paths


def format_of(path: Path) -> Format | None:
    """How a file is read, by the ending of its name; None where that is not known."""
    endings = [e.lower() for e in path.suffixes[-2:]]
    packed = path.suffix in PACKED  # in small letters, as the readers know them
    form = ENDINGS.get(endings[-2] if packed and len(endings) == 2 else endings[-1]) if endings else None
    return None if packed and form is Format.PARQUET else form


def ending(path: Path) -> str:
    """The ending of a log's name, with that of its packing."""
    return "".join(path.suffixes[-2:] if path.suffix in PACKED else path.suffixes[-1:])


def _glob_for(pattern: str, config_path: Path) -> str:
    """A glob that finds logs in a folder, by the first that is there."""
    folder = pattern.rstrip("/")
    for place, _, names in os.walk(resolve(config_path, folder)):
        below = "" if os.path.samefile(place, resolve(config_path, folder)) else "**/"
        for path in map(Path, sorted(names)):
            if format_of(path) and not path.name.startswith("."):
                return f"{folder}/{below}*{ending(path)}"
    return f"{folder}/*.parquet"


def _format(path: Path, source: str) -> Format:
    form = format_of(path)
    if form is None:
        raise InputRefused(
            f"the ending of '{path.name}' is not known.",
            where=f"sources.{source}.path",
            todo=KNOWN,
        )
    return form
