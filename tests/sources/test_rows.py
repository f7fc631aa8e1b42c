from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.sources.small_logs import events, read, write_csv

HEADER = "id,account_id,ts,device,ip"


def row(identity: str, account: str = "a", hour: int = 0, device: str = "d", ip: str = "8.8.8.8") -> str:
    return f"{identity},{account},2026-01-01T{hour:02d}:00:00Z,{device},{ip}"


def fates(found: object) -> tuple[int, int, int, int]:
    counts = found.report.counts[0]  # type: ignore[attr-defined]  # a Read
    return counts.rows, counts.loaded, counts.duplicate, counts.quarantined


def test_a_repeated_id_is_one_event_across_files(tmp_path: Path) -> None:
    write_csv(tmp_path / "1.csv", HEADER, row("r1"), row("r2"), row("r1"))
    write_csv(tmp_path / "2.csv", HEADER, row("r2"), row("r3", device="e"))
    found = read(tmp_path, {"s": events(path="*.csv", id="id")})
    assert fates(found) == (5, 3, 2, 0)
    assert dict(zip(found.entities["value"], found.observations["n"], strict=False))["d"] == 2


def test_rows_without_an_id_are_no_duplicates_and_identical_rows_add_up(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", HEADER, row(""), row(""), row(""))
    found = read(tmp_path, {"s": events(id="id")})
    assert fates(found) == (3, 3, 0, 0)
    assert found.observations["n"].tolist() == [3, 3]


def test_without_a_configured_id_nothing_is_a_duplicate(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", HEADER, row("r1"), row("r1"))
    assert fates(read(tmp_path, {"s": events(ignore=["id"])})) == (2, 2, 0, 0)


def test_which_row_of_an_id_is_kept_depends_on_content_not_on_order(tmp_path: Path) -> None:
    rows = [row("r1", account, hour, device) for account, hour, device in [("b", 1, "x"), ("a", 2, "y"), ("a", 1, "z")]]
    kept = set()
    for seed in range(6):
        random.Random(seed).shuffle(rows)
        write_csv(tmp_path / "events.csv", HEADER, *rows)
        found = read(tmp_path, {"s": events(id="id")})
        kept.add(frozenset(found.uses()))
    assert kept == {frozenset({("a", "device", "z"), ("a", "ip", "8.8.8.8")})}


def test_a_broken_row_does_not_use_up_an_id(tmp_path: Path) -> None:
    broken = [row("r1", account=""), "r1,a,never,d,8.8.8.8", row("r1", ip="x")]
    write_csv(tmp_path / "events.csv", HEADER, *broken, row("r1", "good"))
    found = read(tmp_path, {"s": events(id="id")}, audit={"stop_share": 1.0})
    assert fates(found) == (4, 1, 0, 3)
    assert found.accounts["account_id"].tolist() == ["good"]


def test_a_copied_file_is_all_duplicates_broken_rows_too(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", HEADER, row("r1"), row("r2", ip="broken"), "no,row")
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    found = read(tmp_path, {"s": events(path="*.csv", ignore=["id"])}, audit={"stop_share": 1.0})
    assert fates(found) == (6, 1, 3, 2)
    assert set(found.quarantine["file"]) == {"a.csv"}
    assert "source 's': b.csv is a copy of a file read before; its rows are duplicates." in found.report.warnings
    assert found.observations["n"].tolist() == [1, 1]


def test_the_same_file_in_two_sources_is_read_by_both(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", HEADER, row("r1"))
    sources = {name: events(ignore=["id"]) for name in ("one", "two")}
    found = read(tmp_path, sources)
    assert [c.loaded for c in found.report.counts] == [1, 1]
    assert found.observations["n"].tolist() == [2, 2]


@pytest.mark.parametrize(("device", "ip", "dull"), [("d", "10.0.0.1", 1), ("unknown", "-", 2), ("", "8.8.8.8", 0)])
def test_values_that_link_nobody_are_counted_and_their_rows_stay(
    tmp_path: Path, device: str, ip: str, dull: int
) -> None:
    write_csv(tmp_path / "events.csv", HEADER, row("r1", "a", device=device, ip=ip), row("r2", "b"))
    found = read(tmp_path, {"s": events(id="id")})
    counts = found.report.counts[0]
    assert (counts.loaded, counts.not_linking) == (2, dull)
    assert found.source_counts["not_linking"].tolist() == [dull]
    assert set(found.accounts["account_id"]) == {"a", "b"}


def test_two_address_columns_are_judged_each(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "a,x,y", "1,8.8.8.8,9.9.9.9", "2,8.8.8.8,bad", "3,bad,bad", "4,10.0.0.1,8.8.8.8")
    source = {"path": "e.csv", "account": "a", "entities": {"x": "ip", "y": "ip"}}
    found = read(tmp_path, {"s": source}, audit={"stop_share": 1.0})
    assert found.uses() == {("1", "ip", "8.8.8.8"), ("1", "ip", "9.9.9.9"), ("4", "ip", "8.8.8.8")}
    assert found.quarantine[["row", "column"]].values.tolist() == [[2, "y"], [3, "x"]]
