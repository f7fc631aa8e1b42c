"""The stage in one function: files in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from linkage.config import Config, engine_settings, handed_on, kind_specs, resolve, timed_kinds, used_kinds
from linkage.engines import Engine, SealedEngine, nothing_quoted
from linkage.errors import InputRefused, LinkageError
from linkage.sources import audit, context, tables
from linkage.sources.audit import SourceCounts
from linkage.sources.cards import refuse_card_numbers
from linkage.sources.dossiers import read_dossiers
from linkage.sources.files import InputFile, file_sha256, find_files, shown_path
from linkage.sources.forms import make_forms
from linkage.sources.labels import read_labels, strange_labels
from linkage.sources.layout import check_columns, group_files, group_sealed
from linkage.sources.moments import make_days, make_moments
from linkage.sources.pairs import make_left, make_pairs, texts_sql
from linkage.sources.prompts import Prompted, hash_prompts
from linkage.sources.repeats import find_repeats
from linkage.sources.rows import judge_rows
from linkage.sources.scan import Opened, count_of, keep_fields, source_values
from linkage.sources.times import check_time_settings
from linkage.sources.unchanged import named_files, refuse_own_output, unchanged
from linkage.templates import TemplateIds


@dataclass(frozen=True)
class InputRecord:
    """A file that was read: source (or section of the config), path relative to the config, size and SHA-256."""

    source: str
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SourcesReport:
    """What the stage read, and what became of it."""

    inputs: tuple[InputRecord, ...]
    counts: tuple[SourceCounts, ...]
    warnings: tuple[str, ...]
    refusal: InputRefused | None = None  # in a sample: what a run would refuse it for


def read_sources(
    engine: Engine, config: Config, config_path: Path, refused_dir: Path | None = None, sample: int | None = None,
    templates: TemplateIds | None = None,
) -> SourcesReport:
    """Make the tables accounts, entities, observations, moments, stops, days, quarantine, source_counts, labels and
    dossiers (see model.py).

    With ``sample`` only about so many rows a file are read, no file is hashed, and nothing is refused for its rows: for
    looking before a run. ``refused_dir`` is where the quarantine is written when too many rows are in it. ``templates``
    gives prompts their ids, and is needed where a source has some.

    Raises:
        InputRefused: files missing, unreadable, empty or written meanwhile, columns missing, card numbers, too many
            rows unusable.
        ConfigError: a time zone or time format that can't be.
        StorageFault: disk or memory are full.
    """  # fmt: skip
    named = named_files(config, config_path)
    refuse_own_output(named, config, config_path)
    with unchanged([path for paths in named.values() for path in paths], config_path) as refuse_others:
        report = _read(engine, _Reading(config, config_path, sample, templates), refused_dir)
        refuse_others([record.path for record in report.inputs])
    return report


@dataclass(frozen=True)
class _Reading:
    """What is read, and what for; ``warnings`` are collected on the way."""

    config: Config
    config_path: Path
    sample: int | None
    templates: TemplateIds | None
    warnings: list[str] = field(default_factory=list)


def _read(engine: Engine, reading: _Reading, refused_dir: Path | None) -> SourcesReport:
    config, config_path, sample, warnings = reading.config, reading.config_path, reading.sample, reading.warnings
    files = {name: _find(engine, reading, name) for name in config.sources}
    prompted = _with_ids(engine, reading, {name: files[name] for name, s in config.sources.items() if s.prompt})
    opened = [_open(engine, reading, name, files[name], prompted.get(name)) for name in config.sources]
    make_forms(engine, [texts_sql(o) for o in opened], kind_specs(config))
    for table in ("texts", "all_forms", *(f"left_{o.name}" for o in opened)):
        engine.drop(table)
    judged = [judge_rows(engine, o) for o in opened]
    opened, counts = [o for o, _ in judged], [c for _, c in judged]
    audit.make_quarantine(engine, {o.name: o.groups for o in opened}, {o.name: o.values for o in opened})
    audit.load_counts(engine, counts)
    refusal = audit.refusal(engine, counts, config.audit, refused_dir)
    if refusal and sample is None:
        raise refusal
    warnings += audit.warnings(engine, counts, config.audit)
    tables.make_accounts(engine, config.sources)
    tables.make_observations(engine, [o.name for o in opened])
    make_days(engine, opened)
    make_moments(engine, opened, handed_on(config))
    _forget(engine, opened)
    inputs = [record for o in opened for record in _records(o.name, [f for g in o.groups for f in g.files])]
    beside, notes = read_beside(engine, config, config_path)
    if sample is None:  # who previews sources reads on what is beside them
        engine.drop("names")
        if not used_kinds(config):
            warnings.append("no source names an entity that ties accounts, so no ring can come out: say 'entities'.")
        notes += strange_labels(engine)
    inputs, warnings = inputs + beside, warnings + notes
    inputs = sorted(inputs, key=lambda r: (r.source, r.path))
    return SourcesReport(tuple(inputs), tuple(counts), tuple(warnings), refusal)


def read_beside(engine: Engine, config: Config, config_path: Path) -> tuple[list[InputRecord], list[str]]:
    """Make ``entities`` (with the context of addresses), ``labels`` and ``dossiers``, after the sources.

    Returns what was read, and warnings.

    Raises:
        InputRefused: a list of networks, the labels or a dossier can't be read.
    """
    specs = kind_specs(config)
    lists = {name: Path(resolve(config_path, path)) for name, path in sorted(config.context.ip.items())}
    addresses = sorted(kind for kind, spec in specs.items() if spec.normalise == "ip")
    context.make_entities(engine, lists, addresses)
    labels = read_labels(engine, config.labels.path if config.labels else None, config_path)
    pattern = config.dossiers.path if config.dossiers else None
    dossiers, warnings = read_dossiers(engine, pattern, config_path, specs)
    sections = [*((f"context.ip.{name}", path) for name, path in lists.items()), *(("dossiers", p) for p in dossiers)]
    others = [
        InputRecord(section, shown_path(path, config_path), path.stat().st_size, file_sha256(path))
        for section, path in sections
    ]
    return [*_records("labels", labels), *others], warnings


def _find(engine: Engine, reading: _Reading, name: str) -> list[InputFile]:
    """The files of a source, its settings of times checked before."""
    source = reading.config.sources[name]
    check_time_settings(engine, name, source)
    files = find_files(name, source.path, reading.config_path, hashed=reading.sample is None)
    copies = [file.shown for file in files if file.copy]
    reading.warnings.extend(
        f"source '{name}': {copy} is a copy of a file read before; its rows are duplicates." for copy in copies
    )
    return files


def _open(
    engine: Engine, reading: _Reading, name: str, files: Sequence[InputFile], prompted: Prompted | None
) -> Opened:
    """Find the texts in the files of a source; one with prompts has been ``prompted`` before."""
    config, source, sample = reading.config, reading.config.sources[name], reading.sample
    if prompted:
        source, groups = prompted.source, list(prompted.groups)
    else:
        groups = group_files(engine, name, source, files, sample)
        reading.warnings.extend(check_columns(name, source, groups))
    values = source_values(source, kind_specs(config))
    by_day = frozenset(i for i, value in enumerate(values) if value.column.kind in timed_kinds(config).leased)
    opened = Opened(name, source, tuple(groups), values, sample, by_day)
    opened = opened if prompted else keep_fields(engine, opened)
    rows = count_of(engine, opened, opened.fresh)
    opened = replace(opened, repeats=find_repeats(engine, opened, rows))
    make_pairs(engine, opened)
    make_left(engine, opened, rows)
    refuse_card_numbers(engine, opened)
    return opened


def _with_ids(engine: Engine, reading: _Reading, files: Mapping[str, list[InputFile]]) -> dict[str, Prompted]:
    """Sources with prompts as sources with template ids, all of one batch; their rows are in tables of the engine."""
    templates, given = reading.templates, []
    if not files:
        return {}
    if templates is None:
        raise LinkageError(f"nothing gives ids to the prompts of source '{min(files)}'.", todo="Please report this.")
    sealed = SealedEngine(engine_settings(reading.config, reading.config_path))
    try:
        for name, found in files.items():
            source = reading.config.sources[name]
            with nothing_quoted(f"sources.{name}"):
                groups = group_sealed(sealed, source, found, reading.sample)
            reading.warnings.extend(check_columns(name, source, groups))
            given.append(Prompted(name, source, groups))
        return hash_prompts(engine, sealed, given, templates, reading.sample)
    finally:
        sealed.close()


def _forget(engine: Engine, opened: list[Opened]) -> None:
    """Drop what nobody reads any more."""
    fields = [group.table for o in opened for group in o.groups if group.table]
    of_sources = [f"{table}_{o.name}" for o in opened for table in ("uses", "again", "survivors")]
    for table in ("forms", "things", "numbered_accounts", *fields, *of_sources):
        engine.drop(table)


def _records(source: str, files: list[InputFile]) -> list[InputRecord]:
    return [InputRecord(source, file.shown, file.bytes, file.sha256) for file in files]
