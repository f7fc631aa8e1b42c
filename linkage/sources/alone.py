"""Template ids of logs by themselves, for whoever keeps the prompts where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage.config import Config, EngineSettings, Level, Source, kind_specs
from linkage.engines import Engine, SealedEngine, nothing_quoted
from linkage.engines.step import quoted
from linkage.errors import InputRefused
from linkage.sources.files import InputFile, find_files
from linkage.sources.layout import Group, check_columns, configured_columns, group_sealed
from linkage.sources.prompts import Prompted, hash_prompts
from linkage.sources.scan import Opened, rows_of, source_values
from linkage.templates import TemplateIds

NAME = "prompts"


@dataclass(frozen=True)
class Written:
    """What came of the rows: all of them, those left out (by reason), accounts, and different ids by level."""

    rows: int
    left_out: dict[str, int]
    accounts: int
    ids: dict[str, int]

    @property
    def written(self) -> int:
        """Rows with an account, and with a time where one is asked for."""
        return self.rows - sum(self.left_out.values())


def write_ids(
    engine: Engine, settings: EngineSettings, source: Source, templates: TemplateIds, out: Path
) -> Written:
    """Write account, time (where the source has one) and an id a level to a Parquet file, in the order of the rows.

    Raises:
        InputRefused: files are missing or can't be read, or columns are missing.
        StorageFault: disk or memory are full.
    """
    files = find_files(NAME, source.path, out.resolve(), hashed=False)
    opened = _opened(engine, settings, source, templates, files)
    levels = list(templates.levels)
    columns = ", ".join(f"v{i} AS {quoted(level)}" for i, level in enumerate(levels))
    time = "first AS time, " if source.time else ""
    rows = rows_of(engine, opened)
    sound = f"SELECT trimmed(account) AS account, {time}{columns}, file, row FROM ({rows}) WHERE fault IS NULL"
    names = ", ".join(["account", *(["time"] if source.time else []), *map(quoted, levels)])
    engine.write(f"SELECT {names} FROM ({sound}) ORDER BY file, row", out)
    return _written(engine, opened, sound, levels)


def _opened(
    engine: Engine, settings: EngineSettings, source: Source, templates: TemplateIds, files: Sequence[InputFile]
) -> Opened:
    sealed = SealedEngine(settings)
    try:
        with nothing_quoted(NAME):
            groups = group_sealed(sealed, source, files, None)
        _refuse_missing(source, groups)
        check_columns(NAME, source, groups)
        told = hash_prompts(engine, sealed, [Prompted(NAME, source, groups)], templates, None)[NAME]
    finally:
        sealed.close()
    values = source_values(told.source, kind_specs(Config(sources={NAME: source})))
    return Opened(NAME, told.source, tuple(told.groups), values)


def _refuse_missing(source: Source, groups: Sequence[Group]) -> None:
    for column in configured_columns(source):
        if not any(group.column(column) for group in groups):
            raise InputRefused(
                f"there is no column '{column}'.",
                where=groups[0].files[0].shown,
                todo="Name the columns with --account, --prompt, --system-prompt and --time.",
            )


def _written(engine: Engine, opened: Opened, sound: str, levels: Sequence[Level]) -> Written:
    counts = ", ".join(f"count(DISTINCT {quoted(level)}) AS {quoted(level)}" for level in levels)
    found = engine.fetch(f"SELECT count(DISTINCT account) AS accounts, {counts} FROM ({sound})").to_pylist()[0]
    faults = engine.fetch(
        "SELECT fault_reason || coalesce(' in ''' || nullif(fault_column, '') || '''', '') AS reason, count(*) AS rows "
        f"FROM ({rows_of(engine, opened)}) WHERE fault IS NOT NULL GROUP BY reason ORDER BY rows DESC, reason"
    ).to_pylist()
    rows = engine.fetch(f"SELECT count(*) AS n FROM ({rows_of(engine, opened)})")["n"][0].as_py()
    left_out = {fault["reason"]: fault["rows"] for fault in faults}
    return Written(rows, left_out, found["accounts"], {level.value: found[level] for level in levels})
