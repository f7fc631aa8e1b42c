"""A published run, opened for reading."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from linkage.errors import NotFound, StorageFault
from linkage.reports import lookup
from linkage.reports.account import Account
from linkage.reports.entity import Entity
from linkage.reports.operator import Operator
from linkage.reports.pair import Pair, compare
from linkage.reports.ring import Ring, ranked
from linkage.reports.store import Store


def open_run(path: str | Path = "runs/latest") -> Run:
    """Open a run folder, or the folder that holds ``latest``; a later run does not change what is open.

    Raises:
        NotFound: there is no published run at this path.
        StorageFault: its manifest can't be read.
    """
    given = Path(path)
    folder = next((p for p in (given, given / "latest") if (p / "manifest.json").is_file()), None)
    if folder is None:
        raise NotFound(
            "there is no published run.", where=str(given), todo="Make one with 'linkage run', or name its folder."
        )
    manifest = folder.resolve() / "manifest.json"
    try:
        return Run(manifest.parent, json.loads(manifest.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        raise StorageFault(
            f"can't be read: {error}.", where=str(manifest), todo="Restore the run folder, or run again."
        ) from error


class Run:
    """A published run: its tables as pandas, read when first asked for, and the things in it by their ids."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest
        self.store = Store(path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {len(self.rings)} rings, {len(self.operators)} operator clusters)"

    @cached_property
    def rings(self) -> pd.DataFrame:
        """One row per ring: suspect ones first, then by bits saved."""
        return ranked(self.store.frame("rings"))

    @cached_property
    def members(self) -> pd.DataFrame:
        """One row per account that is in a ring."""
        return self.store.frame("members")

    @cached_property
    def operators(self) -> pd.DataFrame:
        """One row per operator cluster."""
        return self.store.frame("operators")

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """One row per entity or pool of a ring's profile."""
        return self.store.frame("evidence")

    @cached_property
    def affiliations(self) -> pd.DataFrame:
        """Further memberships of accounts that are in a ring."""
        return self.store.frame("affiliations")

    @cached_property
    def ring_operators(self) -> pd.DataFrame:
        """Which operator clusters a ring serves, with their shares of its traffic."""
        return self.store.frame("ring_operators")

    def ring(self, ring_id: str) -> Ring:
        """A ring by its id.

        Raises:
            NotFound: no ring has this id; names the nearest.
        """
        return Ring(self.store, lookup.ring_number(self.store, ring_id))

    def operator(self, operator_id: str) -> Operator:
        """An operator cluster by its id.

        Raises:
            NotFound: no operator cluster has this id; names the nearest.
        """
        return Operator(self.store, lookup.operator_id(self.store, operator_id))

    def account(self, account_id: str) -> Account:
        """An account by its id.

        Raises:
            NotFound: no account has this id; names the nearest.
        """
        return Account(self.store, lookup.account_number(self.store, account_id))

    def entity(self, name: str) -> Entity:
        """An entity written ``kind:value``, such as ``ip:192.0.2.1``.

        Raises:
            NotFound: no entity has this kind and value; names the nearest.
        """
        return Entity(self.store, lookup.entity_number(self.store, name))

    def find(self, name: str) -> Ring | Operator | Account | Entity:
        """Whatever a name stands for; see :func:`linkage.reports.lookup.resolve`.

        Raises:
            NotFound: nothing in the run has this name.
        """
        named = lookup.resolve(self.store, name)
        if named.thing == "ring":
            return self.ring(named.name)
        if named.thing == "operator":
            return self.operator(named.name)
        return self.account(named.name) if named.thing == "account" else self.entity(named.name)

    def why(self, a: str, b: str) -> Pair:
        """What two accounts share, and why they are, or are not, in one ring.

        Raises:
            NotFound: one of the accounts is unknown, or both are the same.
        """
        return compare(self.store, self.account(a), self.account(b))
