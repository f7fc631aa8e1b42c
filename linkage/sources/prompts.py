"""Sources with raw prompts: their files stream through memory, and template ids stand where the prompts stood.

Nothing else reads the columns with the prompts. What the other engine gets, which may spill, holds ids in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from linkage.config import Level, Source
from linkage.engines import Engine, SealedEngine, nothing_quoted
from linkage.engines.step import Column, ColumnType, quoted
from linkage.sources.files import Format
from linkage.sources.layout import Group, rows_sql
from linkage.sources.lines import line_tables
from linkage.sources.records import join_quoted_lines
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


def hash_prompts(
    engine: Engine, sealed: SealedEngine, name: str, source: Source, groups: Sequence[Group],
    templates: TemplateIds, sample: int | None,
) -> tuple[Source, list[Group]]:
    """Make tables of a source's rows with ids in the places of prompts; returns the source and groups that read them.

    Raises:
        InputRefused: a file can't be read; nothing of it is quoted.
        StorageFault: memory or disk are full.
    """  # fmt: skip
    told = with_ids(source, templates.levels)
    tables = [f"fields_{name}_{number}" for number in range(len(groups))]
    columns = [f"c{i}" for i in range(len(wanted_columns(told)))]
    made: set[int] = set()
    with nothing_quoted(f"sources.{name}"):
        for batch in templates.ids(lambda: _batches(sealed, source, groups, sample)):
            number = int(batch.schema.metadata[b"group"])
            rows = pa.Table.from_batches([batch.drop_columns(["account"])]).rename_columns([*PLACES, *columns])
            (engine.append if number in made else engine.load)(tables[number], rows)
            made.add(number)
    return told, [_hashed(group, table, source, told) for group, table in zip(groups, tables, strict=True)]


def _hashed(group: Group, table: str, source: Source, told: Source) -> Group:
    """The group as its table has it: columns in their order, ids last."""
    names = wanted_columns(source)
    known = [group.column(name) or Column(name, ColumnType.TEXT) for name in names]
    ids = [Column(name, ColumnType.TEXT) for name in wanted_columns(told) if name not in names]
    return replace(group, columns=(*known, *ids), table=table)


def _batches(
    sealed: SealedEngine, source: Source, groups: Sequence[Group], sample: int | None
) -> Iterator[pa.RecordBatch]:
    """All rows of a source: where they stand, the wanted columns, account, prompt and system prompt as texts.

    Of each group first a batch without rows. The number of the group is in the metadata of the schema.
    """
    for number, group in enumerate(groups):
        for batch in _group_batches(sealed, source, group, sample):
            yield batch.replace_schema_metadata({"group": str(number)})


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
            table = join_quoted_lines(sealed, table, group.delimiter, len(group.columns))
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
