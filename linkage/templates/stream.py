"""Batches of prompts in, batches of template ids out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from linkage.config import Config, Level, Templates, resolve
from linkage.templates.catalogue import Catalogue, read_catalogue, write_catalogue
from linkage.templates.ids import VERSIONS, Key
from linkage.templates.mask import masked
from linkage.templates.text import joined, normalised, texts

Batches = Callable[[], Iterator[pa.RecordBatch]]
TEXTS = ("prompt", "system_prompt")


VERSION = "-".join(VERSIONS.values())


@dataclass
class TemplateIds:
    """Gives prompts their ids at some levels (level: the kind of the entities that the ids are).

    The ``catalogue`` grows with each reading of :meth:`ids`.
    """

    key: Key
    levels: Mapping[Level, str]
    catalogue: Catalogue = field(default_factory=Catalogue)

    @classmethod
    def opened(cls, key: Key, settings: Templates) -> TemplateIds:
        """Template ids as the settings say, against their catalogue; its path is taken as it is.

        Raises:
            ConfigError, StorageFault: as :func:`linkage.templates.catalogue.read_catalogue`.
        """
        return cls(key, settings.levels, read_catalogue(Path(settings.catalogue), key, VERSION))

    def write(self, path: Path) -> None:
        """Write the catalogue.

        Raises:
            StorageFault: the disk refused.
        """
        write_catalogue(self.catalogue, path, self.key, VERSION)

    def ids(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """The batches with ids, a column a level in the order of ``levels``, in the places of ``prompt`` and
        ``system_prompt``.

        ``account`` tells who sent the prompt (a null has no ids); other columns pass as they are.
        """
        for batch in batches():
            yield self._told(batch)

    def _told(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        clean = normalised(_texts(batch))
        plain = masked(clean) if set(self.levels) - {Level.EXACT} else clean
        told = {Level.EXACT: clean, Level.MASKED: plain}
        kept = batch.drop_columns([name for name in TEXTS if name in batch.schema.names])
        for level in self.levels:
            kept = kept.append_column(level.value, self.key.ids(level.value, told.get(level, plain)))
        return kept


def resolved_templates(config: Config, config_path: Path) -> Templates:
    """The settings of templates, with the files taken relative to the folder of the config file."""
    given = config.templates
    files = {"catalogue": given.catalogue, **({"key_file": given.key_file} if given.key_file else {})}
    return given.model_copy(update={name: resolve(config_path, path) for name, path in files.items()})


def key_of(settings: Templates) -> Key:
    """The key that the settings name, or that of the environment.

    Raises:
        ConfigError: there is none, or others can read it.
    """
    return Key.of(Path(settings.key_file) if settings.key_file else None)


def _texts(batch: pa.RecordBatch) -> pa.StringArray:
    said = texts(batch["prompt"])
    if "system_prompt" in batch.schema.names:
        said = joined(texts(batch["system_prompt"]), said)
    return pc.if_else(pc.is_null(batch["account"]), pa.scalar(None, pa.string()), said)
