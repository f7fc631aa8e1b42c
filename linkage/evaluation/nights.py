"""Logs cut at midnights: what a service would have had in its hands on the evening of each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import tomlkit

from linkage.config import Config, Output, Source, engine_settings, resolve
from linkage.engines import DuckDBEngine, Engine
from linkage.engines.step import ColumnType, Step, quoted
from linkage.errors import ConfigError
from linkage.sources.files import find_files
from linkage.sources.layout import Group, check_columns, configured_columns, group_files, rows_sql
from linkage.sources.scan import text_of
from linkage.sources.tables import is_exchange
from linkage.sources.times import check_time_settings, time_sql


@dataclass(frozen=True)
class Nights:
    """Logs cut into files: ``files`` holds (source, number of the night, file), a night's rows alone in each.

    A night ends its day: the run of night n reads the files of nights 0 to n, so every event up to that midnight UTC.
    ``exchanges`` has the columns account_id, night, n: how many exchanges each account sent in each night's rows.
    """

    days: list[date]
    files: list[tuple[str, int, Path]]
    exchanges: pa.Table


def cut_at_midnights(config: Config, config_path: Path, folder: Path, every: int, first: date | None) -> Nights:
    """Cut every source into ``folder``, from the end of day ``first`` every so many days.

    ``first`` is, when None, the day of the first event that names an entity; what is older falls into its night. The
    last day with such events is always a night. Rows whose time can't be read, and copies of a file, are left out.

    Raises:
        ConfigError: a source has no time column, or no event is as late as ``first``.
        InputRefused: a source can't be read.
    """
    engine = DuckDBEngine(engine_settings(config, config_path), folder / "scratch")
    try:
        for name, source in config.sources.items():
            _load(engine, config_path, name, source)
        linking = [name for name, source in config.sources.items() if source.entities]
        days = _days(engine, linking or list(config.sources), every, first, str(config_path))
        files = [file for name, source in config.sources.items() for file in _cut(engine, folder, name, source, days)]
        return Nights(days, files, _exchanges(engine, config, days))
    finally:
        engine.close()


def write_config(config: Config, config_path: Path, nights: Nights, night: int, folder: Path) -> Path:
    """Write the config of a night's run into ``folder``; returns its path.

    It reads the cut logs (sources without rows so far are left out) and publishes into ``folder``. Labels and dossiers
    are left out: they carry no times, and what they say may have been learnt later.
    """
    paths = {name: [str(p) for n, i, p in nights.files if n == name and i <= night] for name in config.sources}
    sources = {
        name: source.model_copy(update={"path": paths[name], "ignore": []})
        for name, source in config.sources.items()
        if paths[name]
    }
    lists = {name: resolve(config_path, path) for name, path in config.context.ip.items()}
    derived = config.model_copy(
        update={
            "sources": sources, "labels": None, "dossiers": None, "output": Output(dir=str(folder / "runs")),
            "context": config.context.model_copy(update={"ip": lists}), "engine": engine_settings(config, config_path),
        }
    )
    path = folder / "linkage.toml"
    path.write_text(tomlkit.dumps(derived.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    return path


def _load(engine: Engine, config_path: Path, name: str, source: Source) -> None:
    """Make the tables ``cut_<name>_<group>``: the configured columns and the instant of each row."""
    if not source.time:
        raise ConfigError(
            f"source '{name}' has no 'time', so it can't be cut at midnight.", where=f"{config_path}: sources.{name}",
            todo="Name the column with the time of its events, or leave the source out.",
        )
    check_time_settings(engine, name, source)
    groups = group_files(engine, name, source, find_files(name, source.path, config_path), None)
    check_columns(name, source, groups)
    parts = [_group_sql(engine, source, group, i) for i, group in enumerate(groups)]
    for i, (group, sql) in enumerate(zip(groups, parts, strict=True)):
        engine.scan(Step(f"cut_{name}_{i}", sql, (group.table,) if group.table else ()))
        if group.table:
            engine.drop(group.table)
    every = " UNION ALL ".join(f"SELECT moment, account, event FROM cut_{name}_{i}" for i in range(len(groups)))
    engine.run(Step(f"events_{name}", every))
    engine.load(f"groups_{name}", pa.table({"part": range(len(groups))}))


def _group_sql(engine: Engine, source: Source, group: Group, number: int) -> str:
    columns = configured_columns(source)
    types = {c: column.type if (column := group.column(c)) else ColumnType.TEXT for c in columns}
    raw = {c: f"c{i}" for i, c in enumerate(columns)}
    copies = [str(i) for i, file in enumerate(group.files) if file.copy]
    fresh = f"file NOT IN ({', '.join(copies)})" if copies else "true"
    moment = time_sql(raw[source.time or ""], types[source.time or ""], source).value
    event = f"CAST({raw[source.id]} AS VARCHAR)" if source.id else "NULL::VARCHAR"
    named = ", ".join(f"{raw[c]} AS {quoted(f'column {c}')}" for c in columns)
    account = text_of(raw[source.account], types[source.account])
    return (
        f"SELECT {moment} AS moment, {account} AS account, {event} AS event, {named} "
        f"FROM ({rows_sql(group, columns, None, engine)}) WHERE {fresh} AND moment IS NOT NULL"
    )


def _days(engine: Engine, names: Sequence[str], every: int, first: date | None, where: str) -> list[date]:
    moments = " UNION ALL ".join(f"SELECT moment FROM events_{name}" for name in names)
    told = engine.fetch(f"SELECT min(moment)::DATE AS first, max(moment)::DATE AS last FROM ({moments})").to_pylist()[0]
    start = first or told["first"]
    if start is None or start > told["last"]:
        raise ConfigError(
            f"no event is as late as {start}." if start else "there is no event with a time.", where=where,
            todo="Give an earlier day to --from, or leave it out.",
        )
    days = [start + timedelta(days=n) for n in range(0, (told["last"] - start).days + 1, every)]
    return days if days[-1] == told["last"] else [*days, told["last"]]


def _cut(engine: Engine, folder: Path, name: str, source: Source, days: Sequence[date]) -> list[tuple[str, int, Path]]:
    columns = ", ".join(f"{quoted(f'column {c}')} AS {quoted(c)}" for c in configured_columns(source))
    files = []
    for part in engine.fetch(f"groups_{name}")["part"].to_pylist():
        for night, span in enumerate(_spans(days)):
            query = f"FROM cut_{name}_{part} WHERE {span}"
            if engine.fetch(f"SELECT count(*) AS n {query}")["n"][0].as_py():
                path = folder / f"{name}-{part}-{night:04d}.parquet"
                engine.write(f"SELECT {columns} {query}", path)
                files.append((name, night, path))
    return files


def _spans(days: Sequence[date]) -> list[str]:
    """SQL of the rows that each night adds."""
    ends = [f"TIMESTAMPTZ '{day + timedelta(days=1)} 00:00:00+00'" for day in days]
    return [
        f"moment < {end}" if i == 0 else f"moment >= {ends[i - 1]} AND moment < {end}" for i, end in enumerate(ends)
    ]


def _exchanges(engine: Engine, config: Config, days: Sequence[date]) -> pa.Table:
    names = [name for name, source in config.sources.items() if is_exchange(source)]
    cases = " ".join(f"WHEN {span} THEN {night}" for night, span in enumerate(_spans(days)))
    # of rows with one id the first in time counts: the others are repeats
    rows = " UNION ALL ".join(
        f"(SELECT DISTINCT ON (coalesce(event, uuid()::VARCHAR)) account, moment FROM events_{name} "
        "ORDER BY moment, account)"
        for name in names
    )
    nothing = "SELECT ''::VARCHAR AS account, NULL::TIMESTAMPTZ AS moment WHERE false"
    return engine.fetch(
        f"SELECT account AS account_id, (CASE {cases} END)::INTEGER AS night, count(*) AS n FROM ({rows or nothing}) "
        "GROUP BY ALL ORDER BY ALL"
    )
