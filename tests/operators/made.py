"""Rings for tests: what their members use, said ring by ring."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from linkage import model
from linkage.operators.uses import KindUses, of_tables

Uses = dict[tuple[int, str, int], int]  # (ring, kind, entity) -> members of the ring that use it
FAMILIES = {"card": "payment", "device": "device", "ip": "network", "subnet": "network", "template": "content",
            "prefix": "content"}
LINKS = 100_000  # of each kind, everybody's


def use_table(uses: Uses, strangers: dict[tuple[str, int], int] | None = None, times: int = 10) -> pa.Table:
    """The uses as model.RING_USES, each ``times`` for a member; ``strangers`` are users outside the rings."""
    everywhere: dict[tuple[str, int], int] = dict(strangers or {})
    for (_, kind, entity), k in uses.items():
        everywhere[kind, entity] = everywhere.get((kind, entity), 0) + k
    rows = [
        {"ring": ring, "entity": entity, "kind": kind, "ring_accounts": k, "all_accounts": everywhere[kind, entity],
         "uses": times * k}
        for (ring, kind, entity), k in uses.items() if FAMILIES[kind] != "network"
    ]
    return pa.Table.from_pylist(rows, schema=model.RING_USES)


def kind_table(uses: Uses, links: int = LINKS) -> pa.Table:
    """The kinds that are used, with so many links each."""
    rows = [
        {"kind": kind, "family": FAMILIES[kind], "forgeable": False, "accounts": links, "entities": links,
         "links": links}
        for kind in sorted({kind for _, kind, _ in uses})
    ]
    return pa.Table.from_pylist(rows, schema=model.KINDS)


def kinds_of(
    uses: Uses, strangers: dict[tuple[str, int], int] | None = None, rings: int | None = None, links: int = LINKS
) -> list[KindUses]:
    """The uses by kind."""
    number = 1 + max((ring for ring, _, _ in uses), default=-1) if rings is None else rings
    return of_tables(use_table(uses, strangers), kind_table(uses, links), number)


def ring_table(verdicts: list[str], clusters: list[int] | None = None, bits: float = 100.0) -> pa.Table:
    """Rings with these verdicts, each a cluster of its own unless said."""
    rows: list[dict[str, Any]] = [
        {"ring": i, "cluster": i if clusters is None else clusters[i], "verdict": verdict, "runner_up": "undetermined",
         "reasons": "", "accounts": 20, "bits_saved": bits, "q_value": 0.0, "families": "content", "support": 1.0}
        for i, verdict in enumerate(verdicts)
    ]
    return pa.Table.from_pylist(rows, schema=model.RING_LIST)


def templates(ring: int, *entities: int, members: int = 8) -> Uses:
    """One ring that uses these templates, each by so many members, and thirty more that nobody else does."""
    own = {(ring, "template", 100_000 + 100 * ring + i): 1 for i in range(30)}
    return own | {(ring, "template", entity): members for entity in entities}


def joined(*parts: Uses) -> Uses:
    """Several rings' uses."""
    return {key: k for part in parts for key, k in part.items()}
