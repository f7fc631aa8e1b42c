"""The same inputs, config and seed give the same bytes of every table, whatever the order of rows and the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import model
from tests.small_world import NUMBERED, break_world, hashes, linkage_command, read_log, shuffle_world

BESIDE = """
[labels]
path = "labels.csv"

[dossiers]
path = "known-*.toml"

[context.ip]
vpn = "vpn.txt"
"""
BESIDE_FILES = ("labels.csv", "vpn.txt", "known-1.toml", "known-2.toml")
SEEDS = (11, 12)  # of the two shuffles
MACHINES = (
    {"PYTHONHASHSEED": "1", "TZ": "America/St_Johns"},
    {"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
)


def manifest_of(config: Path, **environment: str) -> dict[str, Any]:
    """Run in a process of its own."""
    ended = linkage_command("run", "--config", config, "--json", **environment)
    assert ended.code == 0, ended.err
    told: dict[str, Any] = json.loads(ended.out)
    return told


@pytest.fixture(scope="module")
def rough(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world with what order could matter for: repeated ids with other content, broken rows, blanks, labels."""
    folder = tmp_path_factory.mktemp("rough") / "world"
    shuffle_world(simulated, folder, seed=10)
    exchanges = read_log(simulated, "exchanges")
    turned = exchanges["account_id"].take(pa.array(np.arange(exchanges.num_rows)[::-1]))
    other = exchanges.set_column(exchanges.column_names.index("account_id"), "account_id", turned).slice(0, 300)
    pq.write_table(other, folder / "exchanges" / "again.parquet")
    sessions = read_log(simulated, "sessions").slice(0, 60)
    broken = sessions.set_column(sessions.column_names.index("ip"), "ip", pa.array(["999.1.1.1", None, " "] * 20))
    pq.write_table(broken, folder / "sessions-broken.parquet")
    accounts = sorted(read_log(simulated, "accounts")["account_id"].to_pylist())
    (folder / "labels.csv").write_text("account_id,label\n" + "".join(f"{a},banned\n" for a in accounts[::97]))
    addresses = sorted(set(sessions["ip"].to_pylist()))
    (folder / "vpn.txt").write_text("".join(f"{address}\n" for address in addresses[:10]))
    truth = pq.read_table(simulated / "truth.parquet").to_pandas().dropna(subset="operator_id")
    for number, (_, theirs) in enumerate(list(truth.groupby("operator_id"))[:2], start=1):
        listed = ", ".join(f'"{a}"' for a in sorted(theirs["account_id"]))
        (folder / f"known-{number}.toml").write_text(f'name = "Known {number}"\naccounts = [{listed}]\n')
    (folder / "linkage.toml").write_text((folder / "linkage.toml").read_text() + BESIDE)
    return folder


@pytest.fixture(scope="module")
def first(rough: Path) -> dict[str, Any]:
    return manifest_of(rough / "linkage.toml", PYTHONHASHSEED="0", TZ="UTC")


def test_the_rough_world_has_what_order_could_matter_for(rough: Path, first: dict[str, Any]) -> None:
    assert first["rows"]["duplicate"] == 300
    assert first["rows"]["quarantined"] == 20
    tables = {name: t["rows"] for name, t in first["tables"].items()}
    assert tables["1-sources/labels.parquet"] > 10
    operators = pq.read_table(rough / "runs" / "latest" / "operators.parquet")
    assert "Known 1" in operators["dossier"].to_pylist()
    entities = pq.read_table(rough / "runs" / "latest" / "1-sources" / "entities.parquet")
    assert entities["context"].to_pylist().count("vpn") > 0
    assert tables["rings.parquet"] > 5


@pytest.mark.parametrize("turn", [0, 1], ids=["one thread", "two threads"])
def test_order_of_rows_files_threads_hash_seed_and_time_zone_do_not_matter(
    rough: Path, first: dict[str, Any], tmp_path: Path, turn: int
) -> None:
    config = shuffle_world(rough, tmp_path / "world", SEEDS[turn])
    for name in BESIDE_FILES:
        (config.parent / name).write_bytes((rough / name).read_bytes())
    config.write_text(config.read_text() + f"\n[engine]\nthreads = {turn + 1}\n")
    again = manifest_of(config, **MACHINES[turn])
    assert {i["sha256"] for i in again["inputs"]} != {i["sha256"] for i in first["inputs"]}
    assert hashes(again) == hashes(first)
    covered = {name.partition("/")[0] for name in hashes(first)}
    assert covered == {*NUMBERED, *(f"{name}.parquet" for name in model.PUBLISHED)}
    assert again["rows"] == first["rows"]
    assert again["sources"] == first["sources"]


def test_the_seed_and_the_data_do_matter(published: Path, first: dict[str, Any]) -> None:
    other = json.loads((published / "manifest.json").read_text())
    changed = {name for name, sha256 in hashes(first).items() if hashes(other)[name] != sha256}
    assert {"members.parquet", "evidence.parquet", "2-graph/links.parquet", "4-rings/profiles.parquet"} <= changed


def test_csv_files_give_the_bytes_that_parquet_files_give(simulated: Path, published: Path, tmp_path: Path) -> None:
    as_csv = manifest_of(break_world(simulated, tmp_path / "csv", share=0.0).config)
    assert hashes(as_csv) == hashes(json.loads((published / "manifest.json").read_text()))


def test_no_table_names_the_run(rough: Path, first: dict[str, Any]) -> None:
    folder = rough / "runs" / first["run_id"]
    for path in folder.rglob("*.parquet"):
        table = pq.read_table(path)
        told = [str(table.schema), str(pq.read_metadata(path).metadata), *map(str, table.to_pylist())]
        assert not [text for text in told if first["run_id"] in text or str(folder) in text], path
