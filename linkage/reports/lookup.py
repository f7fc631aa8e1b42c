"""From what a reader types to what it names in a run; an unknown name is answered with the nearest known ones."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal

from linkage.errors import NotFound
from linkage.reports.store import Store
from linkage.reports.visible import printable
from linkage.reports.words import listed

NEAREST = 3
_IDS = {"ring": "ring_id FROM rings", "operator": "operator_id FROM operators", "account": "account_id FROM accounts"}

Thing = Literal["ring", "operator", "account", "entity"]


@dataclass(frozen=True)
class Named:
    """What a name stands for. ``number`` is the run's own number of an account or entity, else None."""

    thing: Thing
    name: str
    number: int | None = None


def ring_number(store: Store, ring_id: str) -> int:
    """The run's own number of a ring.

    Raises:
        NotFound: no ring has this id.
    """
    found = store.query("SELECT ring FROM rings WHERE ring_id = $id", id=ring_id)
    if found.empty:
        raise _unknown(store, "ring", ring_id, "'linkage rings' lists them.")
    return int(found["ring"].iloc[0])


def operator_id(store: Store, name: str) -> str:
    """The operator id itself, once it is known to exist.

    Raises:
        NotFound: no operator cluster has this id.
    """
    if store.query("SELECT 1 FROM operators WHERE operator_id = $id", id=name).empty:
        raise _unknown(store, "operator", name, "'linkage rings' lists them beside their rings.")
    return name


def account_number(store: Store, account_id: str) -> int:
    """The run's own number of an account.

    Raises:
        NotFound: no account has this id.
    """
    found = store.query("SELECT account FROM accounts WHERE account_id = $id", id=account_id)
    if found.empty:
        raise _unknown(store, "account", account_id, "Ids are compared letter by letter, case included.")
    return int(found["account"].iloc[0])


def entity_number(store: Store, name: str) -> int:
    """The run's own number of an entity written ``kind:value``; addresses may be written in any usual form.

    Raises:
        NotFound: no entity has this kind and value.
    """
    kind, _, value = name.partition(":")
    for form in _forms(value):
        found = store.query(
            "SELECT entity FROM entities WHERE kind = $kind AND value = $value", kind=kind, value=form
        )
        if not found.empty:
            return int(found["entity"].iloc[0])
    raise _unknown_entity(store, name, kind, value)


def resolve(store: Store, name: str) -> Named:
    """What a name stands for: a ring or operator id, an entity ``kind:value``, or an account id, tried in that order.

    ``account:ID`` names an account whose id looks like something else.

    Raises:
        NotFound: nothing in the run has this name.
    """
    if not store.query("SELECT 1 FROM rings WHERE ring_id = $id", id=name).empty:
        return Named("ring", name)
    if not store.query("SELECT 1 FROM operators WHERE operator_id = $id", id=name).empty:
        return Named("operator", name)
    kind = name.partition(":")[0]
    if ":" in name and not store.query("SELECT 1 FROM kinds WHERE kind = $kind", kind=kind).empty:
        return Named("entity", name, entity_number(store, name))
    account_id = name.removeprefix("account:")
    if store.query("SELECT 1 FROM accounts WHERE account_id = $id", id=account_id).empty:
        if name.startswith("OP-"):
            operator_id(store, name)
        if name.startswith("R-"):
            ring_number(store, name)
    return Named("account", account_id, account_number(store, account_id))


def _forms(value: str) -> list[str]:
    """A value as typed, then as an address in canonical text, IPv6 by its /64."""
    try:
        address = ipaddress.ip_address(value.partition("/")[0])
    except ValueError:
        return [value]
    if isinstance(address, ipaddress.IPv4Address):
        return [value, str(address)]
    if address.ipv4_mapped:
        return [value, str(address.ipv4_mapped)]
    network = ipaddress.ip_network((address, 64), strict=False)
    return [value, str(network), str(network.network_address), str(address)]


def _unknown(store: Store, thing: Thing, name: str, todo: str) -> NotFound:
    column, _, table = _IDS[thing].partition(" FROM ")
    near = store.query(
        f"SELECT {column} AS name FROM {table} "
        f"ORDER BY jaro_winkler_similarity({column}, $name) DESC, {column} LIMIT $limit",
        name=name,
        limit=NEAREST,
    )
    return _not_found(store, thing, name, near["name"].tolist(), todo)


def _unknown_entity(store: Store, name: str, kind: str, value: str) -> NotFound:
    near = store.query(
        "SELECT kind || ':' || value AS name FROM entities WHERE kind = $kind "
        "ORDER BY jaro_winkler_similarity(value, $value) DESC, value LIMIT $limit",
        kind=kind,
        value=value,
        limit=NEAREST,
    )
    kinds = store.query("SELECT kind FROM kinds ORDER BY kind")["kind"].tolist()
    todo = f"Write an entity as kind:value; the kinds here are {listed(kinds)}."
    return _not_found(store, "entity", name, near["name"].tolist(), todo)


def _not_found(store: Store, thing: Thing, name: str, near: list[str], todo: str) -> NotFound:
    known = f"; the nearest are {listed([repr(printable(n)) for n in near])}" if near else f"; it has no {thing} at all"
    said = f"this run has no {thing} '{printable(name)}'{known}."
    return NotFound(said, where=str(store.root), todo=todo if near else "")
