"""Frame accounts in the logs themselves: a ring's values join their events, and the whole job runs anew."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomlkit

from linkage import pipeline
from linkage.config import Config, Output, Source, engine_settings, parse_config, resolve
from linkage.errors import NotFound
from linkage.reports.run import open_run
from linkage.reports.store import Store
from linkage.validation.framing import Framing, best_values, count_roles, numbers_of, summary, victims_of
from linkage.validation.rerun import Case

USES = 3  # of one planted value, at most


def frame_in_logs(
    case: Case, victims: int, seed: int, spared: Collection[str], observe: pipeline.Observer | None = None
) -> Framing:
    """Frame ``victims`` accounts in the run's logs, all at once; whom and with what says :func:`.framing.frame`.

    The files of the run are read again, beside further sources with the planted values, one a kind: each value one to
    three times while it was active. The job runs in a folder of the system's for temporary files; ``observe`` is told
    its stages.

    Raises:
        NotFound: the run has no suspect ring whose profile holds values of a forgeable kind that stand in the logs.
        ConfigError, InputRefused, StorageFault: as a run of the config.
    """
    store, config_path = Store(case.folder), Path(open_run(case.folder).manifest["config_path"])
    config = parse_config(open_run(case.folder).manifest["config"], str(config_path))
    named = {entity if isinstance(entity, str) else entity.kind for s in config.sources.values()
             for entity in s.entities.values()}  # fmt: skip
    stock = [values[values["kind"].isin(named)] for values in best_values(case.graph, store)]
    stock = [values for values in stock if len(values)]
    if not stock:
        raise NotFound(
            "the run has no suspect ring with values of a forgeable kind in the logs: nobody can be framed there.",
            where=str(case.folder), todo="Choose a run with suspect rings.",
        )
    chosen = victims_of(store, numbers_of(store, spared), case.graph.accounts, victims, seed)
    pairs = pd.concat([stock[i % len(stock)].assign(account=account) for i, account in enumerate(chosen)])
    events = _events(store, pairs, seed)
    counts: Counter[str] = Counter(planted=len(pairs))
    roles: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="linkage-framing-") as name:
        run = pipeline.run(_write(config, config_path, events, Path(name)), observe)
        tables = {table: pq.read_table(run / "4-rings" / f"{table}.parquet")
                  for table in ("rings", "members", "affiliations")}  # fmt: skip
    count_roles(tables, chosen, counts, roles)
    return summary(chosen, sorted(set(pairs["kind"])), len(stock), 1, counts, roles)


def _events(store: Store, pairs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Account id, time (None where it is not known), kind and value of each planted event.

    They lie between the first and the last use of anything: of who did nothing yet an attacker does not know.
    """
    lives = store.query(
        "SELECT a.account, a.account_id, min(l.first_seen) AS first_seen, max(l.last_seen) AS last_seen "
        "FROM accounts a JOIN links l USING (account) GROUP BY ALL"
    )
    values = store.query("SELECT entity, value FROM entities")
    rows = pairs.merge(lives, on="account").merge(values, on="entity")
    rng = np.random.default_rng(seed)
    rows = rows.loc[rows.index.repeat(rng.integers(1, USES + 1, len(rows)))]
    life = rows["last_seen"] - rows["first_seen"]
    return rows.assign(time=(rows["first_seen"] + life * rng.random(len(rows))).dt.floor("us"))[
        ["account_id", "time", "kind", "value"]
    ]


def _write(config: Config, config_path: Path, events: pd.DataFrame, folder: Path) -> Path:
    """The config with the planted events as further sources, and all paths made absolute; returns where it lies."""
    def absolute(path: str | list[str]) -> str | list[str]:
        return resolve(config_path, path) if isinstance(path, str) else [resolve(config_path, p) for p in path]

    sources = {name: s.model_copy(update={"path": absolute(s.path)}) for name, s in config.sources.items()}
    for kind, rows in events.groupby("kind"):
        file = folder / f"{kind}.parquet"
        timed = rows["time"].notna().all()
        columns = ["account_id", "value", *(["time"] if timed else [])]
        pq.write_table(pa.Table.from_pandas(rows[columns], preserve_index=False), file)
        told = {"path": str(file), "account": "account_id", "entities": {"value": kind}}
        sources[_free(f"planted_{kind}", sources)] = Source.model_validate(told | ({"time": "time"} if timed else {}))
    lists = {name: resolve(config_path, path) for name, path in config.context.ip.items()}
    changes: dict[str, Any] = {
        "sources": sources, "output": Output(dir=str(folder / "runs")), "engine": engine_settings(config, config_path),
        "context": config.context.model_copy(update={"ip": lists}),
    }
    for section in ("labels", "dossiers"):
        if found := getattr(config, section):
            changes[section] = found.model_copy(update={"path": absolute(found.path)})
    path = folder / "linkage.toml"
    derived = config.model_copy(update=changes).model_dump(mode="json", exclude_none=True)
    path.write_text(tomlkit.dumps(derived), encoding="utf-8")
    return path


def _free(name: str, taken: Collection[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)
