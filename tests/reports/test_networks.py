"""What lists of networks say of the addresses that hold a ring together."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.model import ENTITIES, POOLS, RING_EVIDENCE
from linkage.reports.networks import listed_networks
from linkage.reports.run import Run
from linkage.reports.store import Store
from tests.small_run import RING_IDS

Row = dict[str, Any]


def test_a_single_address_is_named(run: Run) -> None:
    assert listed_networks(run.store, 0) == ["ip:198.51.100.7 is in the list 'vpn'."]
    assert listed_networks(run.store, 2) == []
    assert run.ring(RING_IDS[0]).known[-1] == "ip:198.51.100.7 is in the list 'vpn'."


def test_the_tables_of_a_ring_and_of_its_operator_say_it_too(run: Run) -> None:
    ring = run.ring(RING_IDS[0])
    listed = ring.evidence.set_index("entity")["context"].dropna()
    assert listed.to_dict() == {"198.51.100.7": "vpn"}
    assert ring.pools["context"].isna().all()
    assert "context" in run.operator("OP-AAAAAAAAAA").shared


@pytest.fixture
def store(run: Run, tmp_path: Path) -> Store:
    """A ring with a pool of 30 addresses and six named ones, in two lists and in none."""
    root = tmp_path / "run"
    shutil.copytree(run.path, root)
    lists = ["vpn"] * 28 + [None, "datacentre"] + ["datacentre", "datacentre", "vpn", None, None, None]
    entities = [{"entity": i, "kind": "ip", "value": f"8.8.4.{i}", "context": c} for i, c in enumerate(lists)]
    pools = [{"ring": 7, "kind": "ip", "entity": i, "ring_accounts": 2, "all_accounts": 2} for i in range(30)]
    named: list[Row] = [{"ring": 7, "kind": "ip", "entity": i, "bits": 9.0} for i in range(30, 36)]
    named.append({"ring": 7, "kind": "ip", "pool": 30, "bits": 99.0})
    for name, rows, schema in (
        ("1-sources/entities", entities, ENTITIES),
        ("4-rings/pools", pools, POOLS),
        ("4-rings/evidence", named, RING_EVIDENCE),
    ):
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), root / f"{name}.parquet")
    return Store(root)


def test_pools_and_named_addresses_are_counted_apart(store: Store) -> None:
    assert listed_networks(store, 7) == [
        "28 of the 30 ip entities of the pool are in the list 'vpn'.",
        "2 of the 6 ip entities named in the profile are in the list 'datacentre'.",
        "1 of the 6 ip entities named in the profile is in the list 'vpn'.",
        "1 of the 30 ip entities of the pool is in the list 'datacentre'.",
    ]
