"""Logs in folders: which files of a folder are logs, and the shortest path or glob that names just some of them."""

from __future__ import annotations

import glob
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage.errors import InputRefused, LinkageError, StorageFault
from linkage.sources.files import KNOWN, InputFile, ending, format_of, matching_files, shown_path
from linkage.sources.unchanged import RUN_MARK

OWN_MARKS = ("rings.parquet", "SHA256SUMS")  # beside RUN_MARK: a published run, or a summary of one
HIDDEN = (".", "_")  # beginnings of names that hold no logs, as Spark and Hive have it (_SUCCESS, _temporary)
NUMBERED = re.compile(r"\d+(?:[-_.:T]\d+)*")  # a number, a date or a time in the name of a file


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that gives no source, and the error that says why and what to do."""

    shown: str
    error: LinkageError

    def __str__(self) -> str:
        return f"{self.shown}: {self.error.what} {self.error.todo}".rstrip()


def find_logs(paths: Sequence[Path], config_path: Path) -> tuple[list[InputFile], list[LeftOut]]:
    """The logs among files, folders (with all below them) and globs, in order of path, and what else is there.

    Names that begin with a dot or an underscore are passed over, as are folders that linkage itself wrote.

    Raises:
        InputRefused: a path names nothing.
        StorageFault: a folder can't be read.
    """
    found: set[Path] = set()
    named: set[Path] = set()  # by themselves, not as what is in a folder
    for path in map(os.path.abspath, paths):
        if os.path.isdir(path):
            found.update(_below(path))
        elif files := matching_files(path, config_path):
            named.update(files)
        else:
            raise InputRefused(f"'{path}' matches no file.", where=str(path), todo="Check the path.")
    logs, others = [], []
    for file in sorted(found | named):
        form, shown = format_of(file), shown_path(file, config_path)
        if form:
            logs.append(InputFile(file, shown, form, file.stat().st_size, ""))
        else:
            others.append((file in named, shown))
    left = [shown for alone, shown in others if alone]
    beside = [shown for alone, shown in others if not alone]
    if beside:
        left.append(beside[0] + (f" and {len(beside) - 1} more" if len(beside) > 1 else ""))
    return logs, [LeftOut(shown, InputRefused("no log by the ending of the name.", todo=KNOWN)) for shown in left]


def _below(folder: str) -> Iterator[Path]:
    """The files of a folder and of those below it; links to folders are not followed, since they could lead round."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        if _is_ours(Path(place)):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        yield from (path for name in names if not name.startswith(HIDDEN) and (path := Path(place, name)).is_file())


def _refuse(error: OSError) -> None:
    raise StorageFault(
        f"can't be read: {error.strerror}.", where=str(error.filename), todo="Check the folder and its rights."
    ) from error


def _is_ours(folder: Path) -> bool:
    """Whether a run, a summary or a refusal of linkage is in the folder."""
    marked = (folder / RUN_MARK).is_file() and any((folder / name).is_file() for name in OWN_MARKS)
    return marked or (folder.name == "refused" and (folder / "quarantine.parquet").is_file())


def starred(name: str) -> str:
    """A name with a star in the place of each number, date and time.

    >>> starred("sessions-2026-04")
    'sessions-*'
    """
    return NUMBERED.sub("*", name)


def start_of(names: Sequence[str]) -> str:
    """The letters that all names begin with.

    >>> start_of(["part-000", "part-010"])
    'part-0'
    """
    first, last = min(names), max(names)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def paths_of(files: Sequence[InputFile], config_path: Path, roots: Sequence[Path] = ()) -> list[str]:
    """Paths and globs, as few as can be, that name just these files and no other that is there now.

    Globs that look through all folders below one are tried only in ``roots``.
    """
    if len(files) == 1:
        return [files[0].shown]
    whole = _exact_glob(files, config_path, roots)
    if whole:
        return [whole]
    parts: dict[tuple[Path, str], list[InputFile]] = {}
    for file in files:
        parts.setdefault((file.path.parent, ending(file.path)), []).append(file)
    found = []
    for part in parts.values():
        narrow = _exact_glob(part, config_path, ()) if len(part) > 1 else None
        found += [narrow] if narrow else [file.shown for file in part]
    return found


def glob_beside(file: InputFile) -> str:
    """The glob for files named like this one but for the first number in its name; '' where it has none.

    Relative to the config, as ``file.shown`` is.
    """
    folder, _, name = file.shown.rpartition("/")
    number = NUMBERED.search(name.split(".")[0])
    if number is None:
        return ""
    return _joined(glob.escape(folder), f"{glob.escape(name[: number.start()])}*{glob.escape(ending(file.path))}")


def _exact_glob(files: Sequence[InputFile], config_path: Path, roots: Sequence[Path]) -> str | None:
    wanted = {os.path.abspath(file.path) for file in files}
    for pattern in _globs([file.path for file in files], config_path, roots):
        if {os.path.abspath(path) for path in matching_files(pattern, config_path)} == wanted:
            return pattern
    return None


def _globs(paths: Sequence[Path], config_path: Path, roots: Sequence[Path]) -> Iterator[str]:
    """Globs that name all these files and perhaps others, the narrow ones first; none for files of several endings."""
    endings = {ending(path) for path in paths}
    if len(endings) > 1:
        return
    top = Path(os.path.commonpath([path.parent for path in paths]))
    below = [path.parent.relative_to(top).parts for path in paths]
    folders = []
    if len({len(parts) for parts in below}) == 1:
        folders.append("/".join(_star(level) for level in zip(*below, strict=True)))
    if any(top.is_relative_to(root) for root in roots):
        folders.append("**")
    names = [path.name for path in paths]
    wide = glob.escape(_before(names)) + "*" + glob.escape(endings.pop())
    above = shown_path(top, config_path)
    for folder, name in itertools.product(folders, dict.fromkeys((_star(names), wide))):
        yield _joined(_joined("" if above == "." else glob.escape(above), folder), name)


def _star(names: Sequence[str]) -> str:
    """A glob for names: what all begin and end with, without numbers that only some of them share, and a star between.

    >>> _star(["part-000.csv", "part-010.csv"])
    'part-*.csv'
    """
    if len(set(names)) == 1:
        return glob.escape(names[0])
    before = start_of(names)
    after = start_of([name[len(before) :][::-1] for name in names])[::-1]
    after = re.sub(r"^[\d._-]*\d", "", after)
    return glob.escape(_before(names)) + "*" + glob.escape(after)


def _before(names: Sequence[str]) -> str:
    return re.sub(r"\d[\d._-]*$", "", start_of(names))


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name
