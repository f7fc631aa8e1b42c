"""The stage in one function: files in, tables out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linkage.config import Config, kind_specs, resolve
from linkage.engines.step import Engine
from linkage.sources import audit, context, tables
from linkage.sources.audit import SourceCounts
from linkage.sources.cards import refuse_card_numbers
from linkage.sources.files import InputFile, file_sha256, find_files, shown_path
from linkage.sources.forms import make_forms
from linkage.sources.labels import read_labels
from linkage.sources.layout import Group, check_columns, group_files
from linkage.sources.rows import judge_rows
from linkage.sources.scan import Value, scan, source_values
from linkage.sources.times import check_time_settings


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


def read_sources(
    engine: Engine, config: Config, config_path: Path, refused_dir: Path | None = None, sample: int | None = None
) -> SourcesReport:
    """Make the tables accounts, entities, observations, quarantine, source_counts and labels (schemas in model.py).

    With ``sample`` only about so many rows a file are read, no file is hashed, and nothing is refused for its rows: for
    looking before a run. ``refused_dir`` is where the quarantine is written when too many rows are in it.

    Raises:
        InputRefused: files missing, unreadable or empty, columns missing, card numbers, too many rows unusable.
        ConfigError: a time zone or time format that can't be.
        StorageFault: disk or memory are full.
    """
    warnings: list[str] = []
    groups: dict[str, list[Group]] = {}
    values: dict[str, tuple[Value, ...]] = {}
    specs = kind_specs(config)
    for name, source in config.sources.items():
        check_time_settings(name, source)
        files = find_files(name, source.path, config_path, hashed=sample is None)
        warnings += [
            f"source '{name}': {f.shown} is a copy of a file read before; its rows are duplicates."
            for f in files
            if f.copy
        ]
        groups[name] = group_files(engine, name, source, files, sample)
        warnings += check_columns(name, source, groups[name])
        values[name] = source_values(source, specs)
        scan(engine, name, source, groups[name], sample)
        refuse_card_numbers(engine, name, values[name])
    make_forms(engine, values, specs)
    counts = []
    for name in config.sources:
        rows = engine.fetch(f"SELECT count(*) AS rows FROM scan_{name}")["rows"][0].as_py()
        judge_rows(engine, name, values[name], groups[name])
        counts.append(audit.count_rows(engine, name, rows))
    audit.make_quarantine(engine, groups, values)
    audit.load_counts(engine, counts)
    if sample is None:
        warnings += audit.gate(engine, counts, config.audit, refused_dir)
    tables.make_accounts(engine, config.sources)
    tables.make_observations(engine, config.sources)
    lists = {name: Path(resolve(config_path, path)) for name, path in sorted(config.context.ip.items())}
    context.make_entities(engine, lists, sorted(k for k, spec in specs.items() if spec.normalise == "ip"))
    labels = read_labels(engine, config.labels.path if config.labels else None, config_path)
    inputs = _records(groups, labels, lists, config_path) if sample is None else ()
    return SourcesReport(inputs, tuple(counts), tuple(warnings))


def _records(
    groups: dict[str, list[Group]], labels: list[InputFile], lists: dict[str, Path], config_path: Path
) -> tuple[InputRecord, ...]:
    files = [(name, file) for name, of_source in groups.items() for group in of_source for file in group.files]
    records = [InputRecord(name, f.shown, f.bytes, f.sha256) for name, f in [*files, *(("labels", f) for f in labels)]]
    records += [
        InputRecord(f"context.ip.{name}", shown_path(path, config_path), path.stat().st_size, file_sha256(path))
        for name, path in lists.items()
    ]
    return tuple(sorted(records, key=lambda r: (r.source, r.path)))
