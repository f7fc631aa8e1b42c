"""Which columns a source's files have, and the files grouped by them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from linkage.config import Source
from linkage.engines import SealedEngine
from linkage.engines.step import Column, ColumnType, Engine, literal, quoted
from linkage.errors import InputRefused
from linkage.sources.files import Format, InputFile
from linkage.sources.records import join_quoted_lines
from linkage.sources.times import refusal
from linkage.wording import nearest, sentence

PEEK = 1 << 20  # bytes of a text file that its header must fit in
DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Group:
    """Files of one source with the same columns; ``table`` holds the lines of text files."""

    format: Format
    columns: tuple[Column, ...]
    files: tuple[InputFile, ...]
    delimiter: str = ","
    header_line: int = 0
    table: str = field(default="", compare=False)

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)


def group_files(
    engine: Engine, name: str, source: Source, files: Sequence[InputFile], sample: int | None
) -> list[Group]:
    """Files grouped by format and columns; text files are read into tables of lines, once.

    Raises:
        InputRefused: a file can't be read as what its name says.
    """
    groups = []
    for number, ((form, columns, delimiter, header), members) in enumerate(_alike(engine, source, files)):
        table = f"lines_{name}_{number}"
        if form is not Format.PARQUET:
            engine.read_lines(table, [f.path for f in members], sample + 1 if sample else None)  # + 1: a header
        if form is Format.CSV:
            table = join_quoted_lines(engine, table, delimiter, len(columns))
        if form is Format.NDJSON:
            columns = _json_columns(engine, f"SELECT text FROM {quoted(table)}")
        lines = "" if form is Format.PARQUET else table
        groups.append(Group(form, columns, tuple(members), delimiter, header, lines))
    return groups


def group_sealed(
    sealed: SealedEngine, source: Source, files: Sequence[InputFile], sample: int | None
) -> list[Group]:
    """:func:`group_files` for a source with prompts: nothing but names of columns is kept of the files.

    Raises:
        InputRefused: as :func:`group_files`.
    """
    groups = []
    for (form, columns, delimiter, header), members in _alike(sealed, source, files):
        if form is Format.NDJSON:
            columns = _json_columns(sealed, sealed.lines_sql([f.path for f in members], sample))
        groups.append(Group(form, columns, tuple(members), delimiter, header))
    return groups


_Shape = tuple[Format, tuple[Column, ...], str, int]  # columns, delimiter and line of the header of CSV files


def _alike(engine: Engine, source: Source, files: Sequence[InputFile]) -> list[tuple[_Shape, list[InputFile]]]:
    shapes: dict[_Shape, list[InputFile]] = {}
    for file in files:
        shapes.setdefault((file.format, *_shape(engine, source, file)), []).append(file)
    return list(shapes.items())


def check_columns(name: str, source: Source, groups: Sequence[Group]) -> list[str]:
    """Check the configured columns against those of the files; warnings for columns that nobody asked for.

    Raises:
        InputRefused: a configured column is missing, or a time column can't be read as such.
    """
    warnings = []
    for group in groups:
        warnings += _missing_columns(name, source, group, groups)
        for column in (source.time, source.first, source.last):
            found = group.column(column) if column else None
            problem = refusal(found.type, source) if found else None
            if found and problem:
                raise InputRefused(
                    f"column '{found.name}' {problem[0]}.",
                    where=f"sources.{name}: {group.files[0].shown}",
                    todo=problem[1],
                )
    warnings += _doubled(name, source, groups)
    known = set(configured_columns(source)) | set(source.ignore)
    unused = sorted({c.name for g in groups for c in g.columns} - known)
    if unused:
        listed = ", ".join(f"'{c}'" for c in unused)
        warnings.append(f"source '{name}': columns not used: {listed}. Name them in 'entities', or in 'ignore'.")
    return warnings


def _doubled(name: str, source: Source, groups: Sequence[Group]) -> list[str]:
    """Warnings of configured columns whose name stands twice in a header."""
    return [
        f"source '{name}': column '{column}' stands twice in {group.files[0].shown}; the first of them is read."
        for group in groups
        for column in configured_columns(source)
        if sum(c.name == column for c in group.columns) > 1
    ]


def configured_columns(source: Source) -> list[str]:
    """Columns that the config names for a source, each once."""
    fixed = (source.account, source.time, source.first, source.last, source.count, source.id, source.status)
    return list(dict.fromkeys(c for c in (*fixed, *source.entities, *_prompts(source)) if c))


def _prompts(source: Source) -> list[str]:
    return [column for column in (source.prompt, source.system_prompt) if column]


def unpacked_start(path: Path) -> bytes:
    """The first bytes (at most PEEK) of a text file, unpacked.

    Raises:
        InputRefused: the file can't be unpacked.
    """
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            return bytes(stream.read(PEEK))
    except (OSError, pa.ArrowException) as error:
        raise InputRefused(
            f"can't be unpacked: {error}.", where=str(path), todo="Write it again, or leave it out of 'path'."
        ) from error


def read_header(path: Path, wanted: Iterable[str] = ()) -> tuple[list[str], str, int]:
    """Column names, delimiter and line number of a CSV file's header.

    The delimiter is the one that yields most of the ``wanted`` columns, then most columns. No columns: no lines.

    Raises:
        InputRefused: the file is no UTF-8 text.
    """
    start = unpacked_start(path)
    try:
        line, number = _first_line(start)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in line:
            raise UnicodeError
        text = line.decode("utf-8-sig")
    except UnicodeError:
        raise InputRefused("is no UTF-8 text.", where=str(path), todo="Save it as CSV in UTF-8.") from None
    if not text:
        return [], ",", 0
    return _best_split(path, text, set(wanted), number)


def _first_line(start: bytes) -> tuple[bytes, int]:
    """The line with the names and its number; a line before it that tells Excel the delimiter is none."""
    for number, line in enumerate(start.splitlines(), 1):
        text = line.strip(b"\xef\xbb\xbf \t")
        if text and not re.fullmatch(rb"(?i)sep=.?", text):
            return line, number
    return b"", 0


def _best_split(path: Path, text: str, wanted: set[str], number: int) -> tuple[list[str], str, int]:
    best: tuple[int, int, list[str], str] | None = None
    for delimiter in DELIMITERS:
        try:
            names = [n.strip() for n in next(csv.reader([text], delimiter=delimiter, strict=True))]
        except csv.Error:
            continue
        score = (len(wanted & set(names)), len(names))
        if best is None or score > best[:2]:
            best = (*score, names, delimiter)
    if best is None:
        raise InputRefused(
            "its header can't be read.", where=str(path), todo="Give each column a name in the first line."
        )
    return best[2], best[3], number


def _shape(engine: Engine, source: Source, file: InputFile) -> tuple[tuple[Column, ...], str, int]:
    if file.format is Format.PARQUET:
        return tuple(engine.parquet_columns(file.path)), ",", 0
    if file.format is Format.NDJSON:
        if unpacked_start(file.path).startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputRefused("is no UTF-8 text.", where=str(file.path), todo="Save it as UTF-8.")
        return (), ",", 0
    names, delimiter, line = read_header(file.path, configured_columns(source))
    return tuple(Column(n, ColumnType.TEXT) for n in names), delimiter, line


def _json_columns(engine: Engine, lines: str) -> tuple[Column, ...]:
    """The keys of the lines' objects; ``lines`` is a SELECT of ``text``."""
    keys = engine.fetch(
        f"SELECT DISTINCT unnest(json_keys(json_object_text(text))) AS name FROM ({lines}) ORDER BY name"
    )
    return tuple(Column(name, ColumnType.TEXT) for name in keys["name"].to_pylist())


def _missing_columns(name: str, source: Source, group: Group, groups: Sequence[Group]) -> list[str]:
    warnings = []
    for column in configured_columns(source):
        if group.column(column):
            continue
        elsewhere = any(g.column(column) for g in groups)
        if column not in (*source.entities, *_prompts(source)) or not elsewhere:
            if not group.columns and group.format is Format.NDJSON:
                continue  # no line of it could be read: the audit says so better
            # a CSV file without a header has a row, and so a prompt, in the place of the names
            names = [] if source.prompt and group.format is Format.CSV else [c.name for c in group.columns]
            raise InputRefused(
                sentence(f"there is no column '{column}'{nearest(column, names)}"),
                where=f"sources.{name}: {group.files[0].shown}",
                todo="Correct the name in the config.",
            )
        warnings.append(f"source '{name}': no column '{column}' in {group.files[0].shown}; taken as empty there.")
    return warnings


def rows_sql(group: Group, wanted: Sequence[str], sample: int | None, engine: Engine) -> str:
    """A SELECT of file, row, broken (why a row can't be read), broken_value and the wanted columns as c0, c1, …

    ``file`` counts the group's files from 0, ``row`` the data rows of the file from 1. Columns keep their types.
    """
    if group.format is Format.PARQUET:
        columns = [c if group.column(c) else None for c in wanted]
        rows = engine.parquet_rows([f.path for f in group.files], columns, sample)
        return f"SELECT *, NULL::VARCHAR AS broken, NULL::VARCHAR AS broken_value FROM ({rows})"
    return _csv_sql(group, wanted) if group.format is Format.CSV else _json_sql(group, wanted)


def _named(columns: Sequence[str]) -> str:
    return "".join(f", {column} AS c{i}" for i, column in enumerate(columns))


def _json_sql(group: Group, wanted: Sequence[str]) -> str:
    pointers = ", ".join(literal("/" + c.replace("~", "~0").replace("/", "~1")) for c in wanted)
    columns = [f"fields[{i + 1}]" for i in range(len(wanted))]
    broken = "CASE WHEN fault IS NOT NULL THEN fault WHEN doc IS NULL THEN 'no JSON object' END"
    return (
        f"SELECT file, line AS row, {broken} AS broken, length(text) || ' characters' AS broken_value{_named(columns)} "
        f"FROM (SELECT *, json_fields(doc, [{pointers}]) AS fields "
        f"FROM (SELECT *, json_object_text(text) AS doc FROM {quoted(group.table)}))"
    )


def _csv_sql(group: Group, wanted: Sequence[str]) -> str:
    names = [c.name for c in group.columns]
    columns = [f"nullif(fields[{names.index(c) + 1}], '')" if c in names else "NULL::VARCHAR" for c in wanted]
    delimiter = literal(group.delimiter)
    fields = (
        f"CASE WHEN contains(text, '\"') THEN csv_fields(text, {delimiter}) ELSE string_split(text, {delimiter}) END"
    )
    broken = (
        "CASE WHEN fault IS NOT NULL THEN fault WHEN fields IS NULL THEN 'quotes not closed' "
        f"WHEN len(fields) <> {len(names)} THEN 'wrong number of fields' END"
    )
    return (
        f"SELECT file, line - {group.header_line} AS row, {broken} AS broken, "
        f"len(fields) || ' fields, not {len(names)}' AS broken_value{_named(columns)} "
        f"FROM (SELECT *, {fields} AS fields FROM {quoted(group.table)} WHERE line > {group.header_line})"
    )
