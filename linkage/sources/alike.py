"""Files that are alike, to be one source: by their columns, folders and names; and a sample of their rows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage.config import Source
from linkage.engines import nothing_quoted
from linkage.engines.step import Column, ColumnType, Engine
from linkage.errors import InputRefused
from linkage.sources.files import Format, InputFile
from linkage.sources.folders import LeftOut, starred, start_of
from linkage.sources.layout import group_files, read_header, rows_sql, unpacked_start
from linkage.sources.scan import text_of
from linkage.sources.shapes import Sampled, is_hash

SAMPLE = 1000  # rows a file
FILES = 3  # of a source, as long as they have rows: the first, the middle and the last say how columns are written
# Names of files that say nothing of what is in them, and of folders that split a table; numbers may stand behind
NOTHING = re.compile(r"((parts?|data|files?|chunk|output|export|page|batch|split|shard)(?![a-z])|$|\d).*|[^=]*=.*")
NUMBER = re.compile(r"([-_.]\d+(?:[-_.:T]\d+)*Z?|\d{4,}(?:[-_.:T]\d+)*Z?|[-_.]+)$")  # at the end of a name
BLANK = b"\xef\xbb\xbf \t\r\n"
ANY = Source.model_validate({"path": [], "account": ""})
Shape = frozenset[tuple[str, ColumnType]]


@dataclass(frozen=True)
class Alike:
    """Files for one source, with its name."""

    name: str
    files: tuple[InputFile, ...]


def shape_of(engine: Engine, file: InputFile) -> Shape:
    """The columns of a file, with types; of NDJSON the keys of its first lines.

    Raises:
        InputRefused: the file is empty, or can't be read.
    """
    match file.format:
        case Format.PARQUET:
            columns = tuple(engine.parquet_columns(file.path))
        case Format.CSV:
            columns = tuple(Column(name, ColumnType.TEXT) for name in read_header(file.path)[0])
        case Format.NDJSON:
            columns = _keys(engine, file)
    if not columns:
        raise InputRefused("is empty.", where=file.shown, todo="Leave it out, or check its export.")
    return frozenset((column.name, column.type) for column in columns)


def _keys(engine: Engine, file: InputFile) -> tuple[Column, ...]:
    start = unpacked_start(file.path).lstrip(BLANK)
    if start.startswith(b"["):
        raise InputRefused("is one JSON array.", where=file.shown, todo="Write one object a line: jq -c '.[]' does.")
    (group,) = group_files(engine, "guess", ANY, [file], SAMPLE)
    engine.drop(group.table)
    if start and not group.columns:
        raise InputRefused("no line of it is a JSON object.", where=file.shown, todo="Write one object a line.")
    return group.columns


def sort_files(engine: Engine, files: Sequence[InputFile]) -> tuple[list[Alike], list[LeftOut]]:
    """Files put together that are to be one source, in order of their first file, and those that can't be read.

    Together are those with the same columns that lie in one folder and have no words for names to tell them apart, or
    that have one name in several folders. NDJSON files whose names differ by numbers alone are taken to be alike: an
    object may lack a key.
    """
    near: dict[tuple[Path, Shape | str], list[InputFile]] = {}
    left = []
    for file in files:
        try:
            near.setdefault((file.path.parent, _likeness(engine, file, near)), []).append(file)
        except InputRefused as error:
            left.append(LeftOut(file.shown, error))
    alike: dict[tuple[str, Shape | str], list[InputFile]] = {}
    for (_, shape_or_stem), members in near.items():
        for name, part in _named(members):
            alike.setdefault((name, shape_or_stem), []).extend(part)
    return [Alike(name, tuple(members)) for (name, _), members in alike.items()], left


def _likeness(engine: Engine, file: InputFile, near: Container[tuple[Path, Shape | str]]) -> Shape | str:
    """What files of one folder have in common to be alike: columns, or a name; by name only one of them is opened."""
    stem = starred(_stem(file))
    if file.format is not Format.NDJSON or "*" not in stem:
        return shape_of(engine, file)
    if not file.bytes or (file.path.parent, stem) not in near:
        shape_of(engine, file)
    return stem


def sample(engine: Engine, alike: Alike) -> list[Sampled]:
    """The columns of like files, with a sample of values from some of them.

    Raises:
        InputRefused: a file that is looked at can't be read.
    """
    files, middle = list(alike.files), len(alike.files) // 2
    order = list(dict.fromkeys([files[0], files[middle], files[-1], *files]))
    texts: dict[str, list[str]] = {}
    columns: dict[str, Column] = {}
    rows = 0
    for number, file in enumerate(order):
        if number >= FILES and rows:
            break
        (group,) = group_files(engine, "sample", ANY, [file], SAMPLE)
        names = [column.name for column in group.columns]
        cells = ", ".join(f"{text_of(f'c{i}', column.type)} AS t{i}" for i, column in enumerate(group.columns))
        with nothing_quoted(file.shown):  # there may be prompts among the texts
            table = engine.fetch(f"SELECT {cells} FROM ({rows_sql(group, names, SAMPLE, engine)}) WHERE broken IS NULL")
        if group.table:
            engine.drop(group.table)
        rows += table.num_rows
        for i, column in enumerate(group.columns):
            columns.setdefault(column.name, column)
            texts.setdefault(column.name, []).extend(x.strip() for x in table[f"t{i}"].to_pylist() if x)
    return [Sampled(column, tuple(texts[name]), rows) for name, column in columns.items()]


def why_no_rows(engine: Engine, file: InputFile) -> InputRefused:
    """What to say of a file none of whose sampled rows can be used: it has none, or none that can be read."""
    (group,) = group_files(engine, "sample", ANY, [file], SAMPLE)
    broken = f"SELECT broken, count(*) AS n FROM ({rows_sql(group, [], SAMPLE, engine)}) GROUP BY broken"
    reasons = engine.fetch(f"{broken} ORDER BY n DESC, broken").to_pylist()
    if group.table:
        engine.drop(group.table)
    if not reasons:
        return InputRefused("holds no rows.", todo="Check its export.")
    what = f"none of its rows can be read ({reasons[0]['broken']})."
    return InputRefused(what, todo="Save it as UTF-8, with the names of columns first and then one row a line.")


def word(text: str) -> str:
    """A text as a name that the config allows."""
    found = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60]
    return found if found[:1].isalpha() else f"column_{found}" if found else "column"


def _named(files: Sequence[InputFile]) -> Iterator[tuple[str, list[InputFile]]]:
    """Like files of one folder with the names of their sources: what all names begin with, else each name that is a
    word, else the folder's name."""
    name = _common([_stem(file) for file in files])
    if _says(name):
        yield word(name), list(files)
        return
    rest = []
    for file in files:
        if len(files) > 1 and _says(_stem(file)) and not re.search(r"\d", _stem(file)):
            yield word(_stem(file)), [file]
        else:
            rest.append(file)
    if rest:
        yield _folder(rest[0].path), rest


def _stem(file: InputFile) -> str:
    return file.path.name.split(".")[0]


def _says(name: str) -> bool:
    return not NOTHING.fullmatch(name.lower()) and not is_hash(name)


def _common(stems: Sequence[str]) -> str:
    """What names begin with, up to the end of a word, without numbers behind it."""
    start = start_of(stems)
    if any(re.match(r"[^\W\d_]", stem[len(start) :]) for stem in stems):
        start = re.sub(r"[^\W\d_]+$", "", start)
    return NUMBER.sub("", start) if len(stems) == 1 else re.sub(r"[-_.\d]+$", "", start)


def _folder(path: Path) -> str:
    """The name of the nearest folder that is named for what is in it, and not for a day or a part of it."""
    return next((word(parent.name) for parent in path.parents if _says(parent.name)), "log")
