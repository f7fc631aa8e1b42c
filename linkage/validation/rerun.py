"""The method once more, on the graph of a published run or on one made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from linkage.communities import inner_proposer, proposer
from linkage.config import Method, load_config, resolve
from linkage.errors import StorageFault
from linkage.graph import known_of, to_arrays
from linkage.model import AccountGraph
from linkage.reports.run import open_run
from linkage.rings import Limits, find_rings
from linkage.rings.counts import Observer

CONFIG_SUFFIX = ".toml"


@dataclass(frozen=True)
class Case:
    """What a published run decided on: its graph, and the settings of the method that decided."""

    graph: AccountGraph
    method: Method
    folder: Path


def open_case(path: Path) -> Case:
    """The case of a run: a run folder, the folder with ``latest`` in it, or the linkage.toml whose last run is meant.

    Raises:
        ConfigError: the linkage.toml can't be read.
        NotFound: there is no published run.
        StorageFault: a table of the run is missing or can't be read, or it was made by another version.
    """
    if path.suffix == CONFIG_SUFFIX:
        path = Path(resolve(path, load_config(path).output.dir))
    run = open_run(path)
    created = pc.cast(run.store.table("accounts").sort_by("account")["created"], pa.int64())
    seconds = np.asarray(pc.cast(created, pa.float64()).to_numpy(), dtype=np.float64) / 1e6
    loads = run.store.table("loads").sort_by("account")["load"].to_numpy()
    known = known_of(*(run.store.table(name) for name in ("labels", "accounts", "entities")))
    links = run.store.table("links").sort_by([("account", "ascending"), ("entity", "ascending")])
    graph = to_arrays(links, run.store.table("kinds"), len(seconds), seconds, loads, known)
    try:
        method = Method.model_validate(run.manifest["config"]["method"])
    except (KeyError, ValidationError) as error:
        raise StorageFault(
            "the manifest does not have the settings of this version's method.",
            where=str(run.path), todo="Run again with this version.",
        ) from error
    return Case(graph, method, run.path)


def rings_of(graph: AccountGraph, method: Method, observe: Observer | None = None) -> dict[str, pa.Table]:
    """The tables of the rings, by name, as a run with these settings decides them.

    ``observe`` is told the size and the bits saved of every group that the method scores on its way.
    """
    partitions = proposer(method.proposers, method.proposers.resolutions, method.seed)(graph)
    inside = inner_proposer(method.proposers, method.seed)
    return find_rings(graph, partitions, inside, Limits.of(method), observe)
