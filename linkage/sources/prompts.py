"""Sources with raw prompts: their files stream through memory, and template ids stand where the prompts stood.

Nothing else reads the columns with the prompts. What the other engine gets, which may spill, holds ids in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from linkage.config import Level, Source
from linkage.engines import Engine, SealedEngine, nothing_quoted
from linkage.engines.step import Column, ColumnType, quoted
from linkage.sources.files import Format
from linkage.sources.layout import Group, rows_sql
from linkage.sources.lines import line_tables
from linkage.sources.records import PROMPT, join_quoted_lines
from linkage.sources.scan import faults_of, text_of, wanted_columns
from linkage.templates import TemplateIds

PLACES = ("file", "row", "broken", "broken_value")


def with_ids(source: Source, levels: Mapping[Level, str]) -> Source:
    """The source with a column for the ids of each level, an entity of the level's kind."""
    columns = {level_column(source, level): kind for level, kind in levels.items()}
    return source.model_copy(update={"entities": {**source.entities, **columns}})


def level_column(source: Source, level: Level) -> str:
    """The name of the column with the ids of a level."""
    return f"{source.prompt} ({level})"


@dataclass(frozen=True)
class Prompted:
    """A source with prompts, by its name, and its files by what they hold."""

    name: str
    source: Source
    groups: Sequence[Group]

    def table(self, number: int) -> str:
        """The engine's table with the rows of a group."""
        return f"fields_{self.name}_{number}"


def hash_prompts(
    engine: Engine, sealed: SealedEngine, given: Sequence[Prompted], templates: TemplateIds, sample: int | None
) -> dict[str, Prompted]:
    """Make tables of the rows of all sources with ids in the places of prompts; returns the sources that read them.

    All of them are one batch: what accounts of several sources share counts, and the order of sources does not.

    Raises:
        InputRefused: a file can't be read; nothing of it is quoted.
        StorageFault: memory or disk are full.
    """
    made: set[str] = set()
    with nothing_quoted(", ".join(f"sources.{one.name}" for one in given)):
        for batch in templates.ids(lambda: _batches(sealed, given, sample)):
            table = batch.schema.metadata[b"table"].decode()
            rows = pa.Table.from_batches([batch.drop_columns(["account"])])
            columns = [f"c{i}" for i in range(rows.num_columns - len(PLACES))]
            (engine.append if table in made else engine.load)(table, rows.rename_columns([*PLACES, *columns]))
            made.add(table)
    return {one.name: _hashed(one, with_ids(one.source, templates.levels)) for one in given}


def _hashed(given: Prompted, told: Source) -> Prompted:
    """The source as its tables have it: columns in their order, ids last."""
    names = wanted_columns(given.source)
    ids = [Column(name, ColumnType.TEXT) for name in wanted_columns(told) if name not in names]
    groups = []
    for number, group in enumerate(given.groups):
        known = [group.column(name) or Column(name, ColumnType.TEXT) for name in names]
        groups.append(replace(group, columns=(*known, *ids), table=given.table(number)))
    return Prompted(given.name, told, groups)


def _batches(sealed: SealedEngine, given: Sequence[Prompted], sample: int | None) -> Iterator[pa.RecordBatch]:
    """All rows of all sources: where they stand, the wanted columns, account, prompt and system prompt as texts.

    Of each group first a batch without rows. The group's table is named in the metadata of the schema.
    """
    for one in given:
        with nothing_quoted(f"sources.{one.name}"):
            for number, group in enumerate(one.groups):
                for batch in _group_batches(sealed, one.source, group, sample):
                    yield batch.replace_schema_metadata({"table": one.table(number)})


def _group_batches(
    sealed: SealedEngine, source: Source, group: Group, sample: int | None
) -> Iterator[pa.RecordBatch]:
    for fields in _fields(sealed, source, group, sample):
        sealed.load("fields", fields)
        rows = sealed.fetch(_texts_sql(source, group, _sound_sql(sealed, source, group))).combine_chunks()
        yield from rows.to_batches() or [pa.RecordBatch.from_pylist([], schema=rows.schema)]


def _fields(sealed: SealedEngine, source: Source, group: Group, sample: int | None) -> Iterator[pa.Table]:
    """The rows of a group's files, some at a time; first none."""
    if group.format is Format.PARQUET:
        yield from (pa.Table.from_batches([b]) for b in sealed.stream(_raw_sql(sealed, source, group, sample)))
        return
    for lines in line_tables(sealed, group, sample):
        sealed.load("lines", lines)
        table = "lines"
        if group.format is Format.CSV:
            table = join_quoted_lines(sealed, table, group.delimiter, len(group.columns), PROMPT)
        yield sealed.fetch(_raw_sql(sealed, source, replace(group, table=table), sample))


def _private(source: Source) -> dict[str, str]:
    """The columns that template ids are made of: what they are called there, and in the file."""
    asked = {"account": source.account, "prompt": source.prompt, "system_prompt": source.system_prompt}
    return {word: column for word, column in asked.items() if column}


def _raw_sql(sealed: SealedEngine, source: Source, group: Group, sample: int | None) -> str:
    return rows_sql(group, [*wanted_columns(source), *_private(source).values()], sample, sealed)


def _sound_sql(sealed: SealedEngine, source: Source, group: Group) -> str:
    """The rows of the table ``fields``; of those that go to the quarantine only the reason, and no field.

    Where a prompt is not quoted as it should be, its words stand in the places of other columns.
    """
    faults = faults_of(sealed, replace(group, table="fields"), source)
    fields = range(len(wanted_columns(source)) + len(_private(source)))
    kept = ", ".join(f"CASE WHEN fault IS NULL THEN c{i} END AS c{i}" for i in fields)
    return (
        "SELECT file, row, fault_reason || coalesce(' in ''' || nullif(fault_column, '') || '''', '') AS broken, "
        f"CASE WHEN broken IS NOT NULL THEN broken_value END AS broken_value, {kept} "
        f"FROM fields JOIN ({faults}) USING (file, row)"
    )


def _texts_sql(source: Source, group: Group, rows: str) -> str:
    """The rows as batches have them: where they stand, the wanted columns, then account and prompts as texts."""
    columns = [*PLACES, *(f"c{i}" for i in range(len(wanted_columns(source))))]
    for i, (word, column) in enumerate(_private(source).items(), len(wanted_columns(source))):
        found = group.column(column)
        text = text_of(f"c{i}", found.type if found else ColumnType.TEXT)
        columns.append(f"{text if word != 'account' else f'trimmed({text})'} AS {quoted(word)}")
    return f"SELECT {', '.join(columns)} FROM ({rows})"
