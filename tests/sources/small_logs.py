"""Small logs written, read and looked at in a few lines."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.config import EngineSettings, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.sources import SourcesReport, read_sources
from linkage.templates import TemplateIds

TABLES = ("accounts", "entities", "observations", "quarantine", "source_counts", "labels", "dossiers")


@dataclass(frozen=True)
class Read:
    """What came out of a reading: the report, and each table as Arrow and (by attribute access) as pandas."""

    report: SourcesReport
    arrow: dict[str, pa.Table]

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name not in self.arrow:
            raise AttributeError(name)
        return self.arrow[name].to_pandas()

    def uses(self) -> set[tuple[str, str, str]]:
        """Account, kind and value of every observation."""
        table = self.observations.merge(self.accounts, on="account").merge(self.entities, on="entity")
        return set(zip(table["account_id"], table["kind"], table["value"], strict=True))

    def reasons(self) -> dict[str, int]:
        """Rows of the quarantine by reason."""
        counted: dict[str, int] = self.quarantine["reason"].value_counts().to_dict()
        return counted


def read(
    folder: Path,
    sources: dict[str, Any],
    *,
    threads: int = 2,
    refused: Path | None = None,
    sample: int | None = None,
    macros: tuple[str, ...] = (),
    ids: TemplateIds | None = None,
    **sections: Any,
) -> Read:
    """Read sources (their sections of the config) whose files are in ``folder``; ``macros`` replace the engine's."""
    config = parse_config({"sources": sources, **sections}, "linkage.toml")
    engine = DuckDBEngine(EngineSettings.model_validate({"threads": threads}), folder / "work")
    for macro in macros:
        engine._connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    try:
        report = read_sources(engine, config, folder / "linkage.toml", refused, sample, ids)
        ordered = {"observations": "SELECT * FROM observations ORDER BY account, entity"}
        return Read(report, {name: engine.fetch(ordered.get(name, name)) for name in TABLES})
    finally:
        engine.close()


def events(**changes: Any) -> dict[str, Any]:
    """A source of events with device and address, in ``events.csv``."""
    plain = {"path": "events.csv", "account": "account_id", "time": "ts", "entities": {"device": "device", "ip": "ip"}}
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def write_csv(path: Path, *lines: str) -> None:
    """Lines as they are, each ended by a newline; packed when the name ends in .gz."""
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def write_parquet(path: Path, **columns: Any) -> None:
    """Columns as one Parquet file."""
    pq.write_table(pa.table(columns), path)
