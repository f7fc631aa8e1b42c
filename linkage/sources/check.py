"""A look before a run: what each source would give, from a sample of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linkage.config import Config, Context
from linkage.engines.step import Engine
from linkage.errors import LinkageError
from linkage.sources.audit import SourceCounts, reasons
from linkage.sources.read import read_beside, read_sources
from linkage.sources.tables import is_exchange
from linkage.templates import TemplateIds, key_of, resolved_templates

SAMPLE = 10_000  # rows a source
BESIDE = {"context": Context(), "labels": None, "dossiers": None}  # the sections of what is beside sources, left out


@dataclass(frozen=True)
class Preview:
    """What a sample of one source gives. ``entities`` counts distinct values by kind, ``reasons`` quarantined rows.

    ``error`` is what a run would stop at, or None.
    """

    source: str
    files: int
    accounts: int
    entities: dict[str, int]
    reasons: tuple[dict[str, object], ...]
    warnings: tuple[str, ...]
    counts: SourceCounts
    error: LinkageError | None


@dataclass(frozen=True)
class CheckReport:
    """Previews of all sources, and what is wrong with labels, dossiers and lists of networks, or worth a warning."""

    previews: tuple[Preview, ...]
    beside: tuple[LinkageError, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[LinkageError, ...]:
        """All that is wrong, in the order of the config; each alone stops a run."""
        return (*(p.error for p in self.previews if p.error), *self.beside)

    @property
    def first_error(self) -> LinkageError | None:
        """What a run would stop at first, or None."""
        return next(iter(self.errors), None)


def check_sources(engine: Engine, config: Config, config_path: Path, sample: int = SAMPLE) -> CheckReport:
    """Preview each source by itself, so that what is wrong with one does not hide the others."""
    previews = tuple(_preview(engine, config, config_path, name, sample) for name in config.sources)
    if all(p.error for p in previews):
        return CheckReport(previews)
    errors, warnings = [], []
    for section in BESIDE:
        try:
            alone = config.model_copy(update={name: value for name, value in BESIDE.items() if name != section})
            warnings += read_beside(engine, alone, config_path)[1]
        except LinkageError as error:
            errors.append(error)
    return CheckReport(previews, tuple(errors), tuple(warnings))


def _preview(engine: Engine, config: Config, config_path: Path, name: str, sample: int) -> Preview:
    alone = {"sources": {name: config.sources[name]}, **BESIDE}
    try:
        settings = resolved_templates(config, config_path)
        ids = TemplateIds.opened(key_of(settings), settings) if config.sources[name].prompt else None
        report = read_sources(engine, config.model_copy(update=alone), config_path, sample=sample, templates=ids)
    except LinkageError as error:
        return Preview(name, 0, 0, {}, (), (), SourceCounts(name, 0, 0, 0, 0, 0), error)
    kinds = engine.fetch("SELECT kind, count(*) AS entities FROM entities GROUP BY kind ORDER BY kind").to_pylist()
    return Preview(
        source=name,
        files=len(report.inputs),
        accounts=engine.fetch("SELECT count(*) AS accounts FROM accounts")["accounts"][0].as_py(),
        entities={row["kind"]: row["entities"] for row in kinds},
        reasons=tuple(reasons(engine, name)),
        warnings=(*report.warnings, *_says_nothing(config, report.counts[0], bool(kinds))),
        counts=report.counts[0],
        error=report.refusal,
    )


def _says_nothing(config: Config, counts: SourceCounts, found: bool) -> list[str]:
    """A warning where a source ties no accounts: it names no entity, or none was ``found`` in rows that are sound."""
    name, source = counts.source, config.sources[counts.source]
    if found or not counts.loaded:
        return []
    if source.entities or source.prompt:
        columns = ", ".join(f"'{column}'" for column in [*source.entities, source.prompt] if column)
        return [f"source '{name}': no row of the sample names an entity that could tie accounts (in {columns})."]
    if source.role == "signup":
        return []
    also = "it counts exchanges, and " if is_exchange(source) else ""
    return [
        f"source '{name}': {also}ties no accounts: it has no 'entities' and no role 'signup'. Name the columns whose "
        "values accounts can share, or take the source out."
    ]
