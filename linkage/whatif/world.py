"""A published run as the rings stage saw it: its graph, and who is in which ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from linkage.config import Config, KindSettings, Method, handed_on, kind_specs
from linkage.errors import StorageFault
from linkage.graph import known_of, to_arrays
from linkage.model import AccountGraph
from linkage.reports.run import Run
from linkage.rings.codelength import Ints
from linkage.rings.counts import World, ring_world
from linkage.rings.find import Measured, measure
from linkage.whatif.changes import without_entities, without_family

HAND_OFF = "hand_off"  # the kind that the graph stage makes


@dataclass(frozen=True)
class RunWorld:
    """The account-entity graph of a run; ``ring`` is the run's ring number per account, -1 where it is in none.

    ``cluster`` is the number of the cluster per ring. ``handed`` has the families in whose things hand-offs were
    sought, each with the hand-offs (as entities) that were found in them.
    """

    graph: AccountGraph
    ring: Ints
    cluster: Ints
    method: Method
    handed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def without_family(self, family: str) -> AccountGraph:
        """The graph as it would be had the logs no kind of this family, nor hand-offs found in it."""
        graph = without_entities(without_family(self.graph, family), self.handed.get(family, ()))
        if set(self.handed) != {family}:
            return graph
        return replace(graph, kinds=tuple(i for i in graph.kinds if i.kind.name != HAND_OFF))

    @cached_property
    def world(self) -> World:
        """The background of every kind."""
        return ring_world(self.graph)

    def members(self, ring: int) -> Ints:
        """Account numbers of a ring, rising."""
        return np.flatnonzero(self.ring == ring).astype(np.int64)

    @property
    def smallest(self) -> int:
        """Accounts of the smallest group that can be a ring."""
        return self.method.min_accounts


def load_world(run: Run) -> RunWorld:
    """Read the links, kinds, creations and ring members of a run.

    Raises:
        StorageFault: a table is missing or can't be read, or the manifest does not say how the run was made.
    """
    store = run.store
    created = store.query("SELECT epoch(created)::DOUBLE AS created FROM accounts ORDER BY account")["created"]
    links = store.arrow("SELECT account, entity, kind, first_seen, n FROM links ORDER BY account, entity")
    known = known_of(*(store.table(name) for name in ("labels", "accounts", "entities")))
    loads = store.table("loads").sort_by("account")["load"].to_numpy()
    graph = to_arrays(links, store.table("kinds"), len(created), created.to_numpy(dtype=np.float64), loads, known)
    ring = np.full(graph.accounts, -1, dtype=np.int64)
    members = store.table("ring_members")
    ring[members["account"].to_numpy()] = members["ring"].to_numpy()
    listed = store.query("SELECT cluster FROM ring_list ORDER BY ring")["cluster"].to_numpy(dtype=np.int64)
    method = method_of(run)
    return RunWorld(graph, ring, listed, method, _handed(run, method))


def _handed(run: Run, method: Method) -> dict[str, tuple[int, ...]]:
    """Families in whose things hand-offs were sought, with the hand-offs (as entities) found in them."""
    given = run.manifest["config"].get("kinds", {})
    kinds = {name: KindSettings.model_validate(settings) for name, settings in given.items()}
    config = Config.model_construct(sources={}, kinds=kinds, method=method)
    family = {kind: spec.family for kind, spec in kind_specs(config).items()}
    made = run.store.query(
        "SELECT DISTINCT h.entity, e.kind FROM hand_offs h JOIN entities e ON e.entity = h.thing "
        "ORDER BY h.entity, e.kind"
    )
    of = made["kind"].map(family)
    return {name: tuple(made["entity"][of == name].tolist()) for name in sorted({family[k] for k in handed_on(config)})}


def method_of(run: Run) -> Method:
    """The settings with which a run was made.

    Raises:
        StorageFault: the manifest does not say.
    """
    try:
        return Method.model_validate(run.manifest["config"].get("method", {}))
    except (KeyError, ValueError, AttributeError) as error:
        raise StorageFault(
            "the manifest does not say with which settings the run was made.", where=str(run.path / "manifest.json"),
            todo="Restore the run folder, or run again.",
        ) from error


def measured(graph: AccountGraph, members: Ints, world: World | None = None) -> Measured:
    """What is known of one group of accounts, ``members`` by their numbers; ``world`` saves making it anew.

    All fields have one group, number 0.
    """
    labels = np.full(graph.accounts, -1, dtype=np.int64)
    labels[members] = 0
    return measure(graph, world or ring_world(graph), labels)
