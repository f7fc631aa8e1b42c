"""The catalogue of templates is kept and grows with the runs: all of a run's templates are added, or none.

A run writes the grown catalogue beside the old one, with a note of the run folder; the run is published; then the new
file takes the old one's place. Who finds such a note knows by the run folder whether that is still to be done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from linkage.config import Config, Templates, has_prompts
from linkage.errors import ConfigError, RunLocked, StorageFault
from linkage.state.manifest import sha256
from linkage.state.publish import sync
from linkage.templates import VERSION, TemplateIds, key_of, resolved_templates


@dataclass(frozen=True)
class HeldCatalogue:
    """A catalogue's file that nobody else changes meanwhile."""

    path: Path

    @property
    def grown(self) -> Path:
        """Where the grown catalogue waits."""
        return self.path.with_name(f".{self.path.name}.grown")

    @property
    def note(self) -> Path:
        """Where it is noted which folder, once it is there, says that the grown one counts."""
        return self.path.with_name(f".{self.path.name}.note")

    def prepare(self, write: Callable[[Path], None], published: Path) -> None:
        """Have the grown catalogue written, to count from when ``published`` is there.

        Raises:
            StorageFault: the disk refused.
        """
        write(self.grown)
        with _told(self.path):
            self.note.write_text(str(published.resolve()), encoding="utf-8")
            sync(self.note)
            sync(self.path.parent)

    def settle(self) -> None:
        """Put the grown catalogue in the old one's place if what it belongs to is published, else take it away.

        Raises:
            StorageFault: the disk refused; the next run tries again.
        """
        with _told(self.path):
            if self.grown.exists() and self.note.exists() and Path(self.note.read_text(encoding="utf-8")).exists():
                os.replace(self.grown, self.path)
                sync(self.path.parent)
            self.grown.unlink(missing_ok=True)
            self.note.unlink(missing_ok=True)


@dataclass(frozen=True)
class KeptTemplates:
    """Template ids, and the catalogue that they are minted against."""

    ids: TemplateIds
    held: HeldCatalogue
    words: HeldCatalogue | None = None  # the file of skeletons in words, where one is named

    def prepare(self, published: Path) -> dict[str, Any]:
        """See :meth:`HeldCatalogue.prepare`; gives what the manifest says: version of the ids, SHA-256 of the catalogue
        before (None: there was none) and after."""
        before = sha256(self.held.path) if self.held.path.exists() else None
        self.held.prepare(self.ids.write, published)
        if self.words:
            self.words.prepare(self.ids.write_words, published)
        return {"version": VERSION, "catalogue_before": before, "catalogue": sha256(self.held.grown)}


@contextmanager
def kept_templates(config: Config, config_path: Path) -> Iterator[KeptTemplates | None]:
    """Template ids for the prompts of a config, None where it names none; nobody else mints any meanwhile.

    Raises:
        ConfigError: there is no key, or the catalogue is another's.
        RunLocked, StorageFault: as :func:`held_catalogue`.
    """
    if not has_prompts(config):
        yield None
        return
    settings = resolved_templates(config, config_path)
    key = key_of(settings)  # first: whoever lacks it leaves no trace
    with held_templates(settings) as (held, words):
        yield KeptTemplates(TemplateIds.opened(key, settings), held, words)


@contextmanager
def held_templates(settings: Templates) -> Iterator[tuple[HeldCatalogue, HeldCatalogue | None]]:
    """Hold the catalogue that settings name, and their file of skeletons in words where they name one.

    Raises:
        ConfigError: both are one file.
        RunLocked, StorageFault: as :func:`held_catalogue`.
    """
    with held_catalogue(Path(settings.catalogue)) as held:
        if settings.words is None:
            yield held, None
            return
        if Path(settings.words).resolve() == held.path.resolve():
            raise ConfigError(
                "the catalogue and the words are one file.", where="templates.words", todo="Name another file."
            )
        with held_catalogue(Path(settings.words)) as words:
            yield held, words


@contextmanager
def held_catalogue(path: Path) -> Iterator[HeldCatalogue]:
    """Hold the lock of a catalogue; what a run that was killed left behind is settled at the beginning.

    Raises:
        RunLocked: another run holds it.
        StorageFault: its folder can't be written.
    """
    held = HeldCatalogue(path)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise RunLocked(
                "another run adds to the catalogue of templates.",
                where=str(path),
                todo="Wait until it ends, or stop it.",
            ) from None
    try:
        held.settle()
        yield held
    except BaseException:
        with suppress(StorageFault):
            held.settle()
        raise
    else:
        held.settle()
    finally:
        lock.release()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFault(
            f"the catalogue of templates can't be written: {error.strerror or error}.",
            where=str(path),
            todo="Check rights and space.",
        ) from error
