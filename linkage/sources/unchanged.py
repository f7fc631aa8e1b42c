"""What is read must stay as it is while it is read, and must not be what linkage itself wrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from linkage.config import Config, resolve
from linkage.errors import InputRefused
from linkage.sources.files import matching_files, shown_path

RUN_MARK = "manifest.json"  # the file by which a folder in output.dir is known for a published run
WAIT = "Name a copy, or logs that nobody writes to any more, and run again."
OTHER_OUTPUTS = ("refused", ".unfinished-")  # beginnings of the names of what else a run writes there


@dataclass(frozen=True)
class Stamp:
    """What the file system says of a file: which one, how long in bytes, last written when (ns since 1970)."""

    inode: int
    size: int
    mtime_ns: int


def named_files(config: Config, config_path: Path) -> dict[str, list[Path]]:
    """The files that the config names, by the key that names them; a key may name none."""
    lists = [(f"sources.{name}.path", source.path) for name, source in config.sources.items()]
    lists += [("labels.path", config.labels.path)] if config.labels else []
    patterns = [(key, one) for key, paths in lists for one in ([paths] if isinstance(paths, str) else paths)]
    patterns += [(f"context.ip.{name}", path) for name, path in config.context.ip.items()]
    patterns += [("dossiers.path", config.dossiers.path)] if config.dossiers else []
    named: dict[str, list[Path]] = {}
    for key, pattern in patterns:
        named.setdefault(key, []).extend(matching_files(pattern, config_path))
    return named


def refuse_own_output(named: Mapping[str, Sequence[Path]], config: Config, config_path: Path) -> None:
    """Refuse files in the folders that runs write: results would feed on earlier results.

    Raises:
        InputRefused: a key names one; logs that lie in ``output.dir`` beside the runs are fine.
    """
    output = Path(resolve(config_path, config.output.dir))
    for key, paths in named.items():
        own = [path for path in paths if _is_output(path, output)]
        if own:
            told = shown_path(own[0], config_path) + (f" and {len(own) - 1:,} more" if len(own) > 1 else "")
            raise InputRefused(
                f"it names what an earlier run wrote: {told}.",
                where=key,
                todo="Name the logs alone, or choose another output.dir.",
            )


def _is_output(path: Path, output: Path) -> bool:
    real, root = Path(os.path.realpath(path)), Path(os.path.realpath(output))
    if not real.is_relative_to(root) or real.parent == root:
        return False
    folder = root / real.relative_to(root).parts[0]
    return folder.name.startswith(OTHER_OUTPUTS) or (folder / RUN_MARK).is_file()


@contextmanager
def unchanged(paths: Sequence[Path], config_path: Path) -> Iterator[Callable[[Sequence[str]], None]]:
    """Refuse the input when a file changes while what is inside reads it: its SHA-256 would be that of other bytes.

    Gives a function to call with all that was read, as outputs show it: it refuses files that appeared since. Not
    guaranteed: to notice changes that keep the size and the time of the last write.

    Raises:
        InputRefused: a file was written, replaced or taken away meanwhile, whatever else was found wrong with it.
    """
    before = {path: _stamp(path) for path in paths}
    shown = {shown_path(path, config_path) for path in paths}

    def refuse_others(read: Sequence[str]) -> None:
        if new := sorted(set(read) - shown):
            raise InputRefused("the file appeared while the others were read.", where=new[0], todo=WAIT)

    try:
        yield refuse_others
    except InputRefused as error:
        _refuse_changed(before, config_path, error)
        raise
    _refuse_changed(before, config_path, None)


def _refuse_changed(before: Mapping[Path, Stamp | None], config_path: Path, cause: InputRefused | None) -> None:
    changed = [path for path, stamp in sorted(before.items()) if _stamp(path) != stamp]
    if changed:
        more = f", and {len(changed) - 1:,} more files did" if len(changed) > 1 else ""
        raise InputRefused(
            f"the file changed while it was read{more}.",
            where=shown_path(changed[0], config_path),
            todo=WAIT,
        ) from cause


def _stamp(path: Path) -> Stamp | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return Stamp(told.st_ino, told.st_size, told.st_mtime_ns)
