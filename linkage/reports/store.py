"""Reads the tables of one published run: small ones whole, big ones by queries that carry their parameters apart."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linkage import model
from linkage.engines.duckdb_errors import ctrl_c
from linkage.errors import StorageFault

# name in queries -> file in the run folder
TABLES = {
    **{name: f"{name}.parquet" for name in model.PUBLISHED},
    "accounts": "1-sources/accounts.parquet",
    "entities": "1-sources/entities.parquet",
    "labels": "1-sources/labels.parquet",
    "kinds": "2-graph/kinds.parquet",
    "links": "2-graph/links.parquet",
    "loads": "2-graph/loads.parquet",
    "ring_list": "4-rings/rings.parquet",
    "ring_members": "4-rings/members.parquet",
    "ring_evidence": "4-rings/evidence.parquet",
    "pools": "4-rings/pools.parquet",
    "profiles": "4-rings/profiles.parquet",
    "ring_operator_list": "5-operators/ring_operators.parquet",
    "operator_links": "5-operators/operator_links.parquet",
    "carried": "5-operators/carried.parquet",
}
# tables that runs of earlier versions lack: name in queries -> file, and its shape
LATER = {
    "hand_offs": ("2-graph/hand_offs.parquet", model.HAND_OFFS),
    "bystanders": ("4-rings/bystanders.parquet", model.BYSTANDERS),
    "windows": ("4-rings/windows.parquet", model.WINDOWS),
}
# made from others, for whatever says what a ring's evidence is: windows are evidence, but nothing that accounts use
VIEWS = {
    "told_kinds": "SELECT * FROM kinds UNION ALL SELECT kind, kind, false, count(*), count(DISTINCT entity), count(*) "
    "FROM windows GROUP BY kind",
    "told_entities": "SELECT entity, kind, value, context FROM entities "
    "UNION ALL SELECT DISTINCT entity, kind, value, NULL FROM windows",
}
_RESTORE = "Restore the run folder, or run again."


class Store:
    """The tables of one run folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Where a table lies.

        Raises:
            StorageFault: the run folder lacks it.
        """
        path = self.root / TABLES[name]
        if not path.is_file():
            raise StorageFault(f"the run folder lacks {TABLES[name]}.", where=str(self.root), todo=_RESTORE)
        return path

    def table(self, name: str) -> pa.Table:
        """A whole table as Arrow.

        Raises:
            StorageFault: the table is missing or can't be read.
        """
        path = self.path(name)
        try:
            return pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            raise StorageFault(f"can't be read: {error}.", where=str(path), todo=_RESTORE) from error

    def frame(self, name: str) -> pd.DataFrame:
        """A whole table as pandas.

        Raises:
            StorageFault: as :meth:`table`.
        """
        frame: pd.DataFrame = self.table(name).to_pandas()
        return frame

    def query(self, sql: str, **params: Any) -> pd.DataFrame:
        """Rows of a SELECT over the names in ``TABLES``, ``LATER`` and ``VIEWS``; ``$name`` stands for a parameter.

        Raises:
            StorageFault: a table is missing or can't be read.
        """
        with self._reading():
            rows: pd.DataFrame = self._connection.sql(sql, params=params).df()
            return rows

    def arrow(self, sql: str, **params: Any) -> pa.Table:
        """The same as Arrow, with the types of the stored tables.

        Raises:
            StorageFault: as :meth:`query`.
        """
        with self._reading():
            return self._connection.sql(sql, params=params).to_arrow_table()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with ctrl_c():
                yield
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise StorageFault(f"a table can't be read: {error}.", where=str(self.root), todo=_RESTORE) from error

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        # no extension is ever fetched from the network
        connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
        connection.execute("SET TimeZone = 'UTC'")
        for name in TABLES:
            connection.read_parquet(glob.escape(str(self.path(name)))).create_view(name)
        for name, (file, schema) in LATER.items():
            path = self.root / file
            if path.is_file():
                connection.read_parquet(glob.escape(str(path))).create_view(name)
            else:
                connection.register(name, schema.empty_table())
        for name, sql in VIEWS.items():
            connection.execute(f"CREATE VIEW {name} AS {sql}")
        return connection
