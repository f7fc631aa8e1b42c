from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from linkage.errors import InputRefused, LinkageError
from linkage.model import QUARANTINE
from linkage.sources.audit import SourceCounts, check_sum
from tests.sources.small_logs import Read, events, read, write_csv

NOON = "2026-01-01T12:00:00Z"


def reading(folder: Path, rows: int, broken: int, refused: Path | None = None) -> Read:
    """A CSV with so many rows of which so many are broken, in three ways."""
    bad = ["a,{},d", 'a,{},"d,8.8.8.8', "a,not a time,d,8.8.8.8"]
    every = rows // broken if broken else rows + 1
    lines = [
        bad[(i // every) % 3].format(NOON)
        if i % every == 0 and i // every < broken
        else f"acc{i % 50},{NOON},d{i % 9},8.8.8.8"
        for i in range(rows)
    ]
    write_csv(folder / "events.csv", "account_id,ts,device,ip", *lines)
    return read(folder, {"s": events()}, refused=refused)


def test_three_percent_broken_rows_warn_and_each_is_accounted_for(tmp_path: Path) -> None:
    found = reading(tmp_path, 1000, 30)
    assert found.report.counts == (SourceCounts("s", 1000, 970, 0, 30, 0),)
    assert found.report.warnings == (
        "source 's': 30 of 1,000 rows (3.0%) can't be used and are in the quarantine. Reasons: quotes not closed (10); "
        "time not understood: set time_format in 'ts' (10); wrong number of fields (10).",
    )
    assert len(found.quarantine) == 30
    assert found.quarantine["row"].tolist() == [33 * i + 1 for i in range(30)]


def test_ten_percent_are_refused_and_the_quarantine_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        reading(tmp_path, 1000, 100, refused=tmp_path / "refused")
    kept = tmp_path / "refused" / "quarantine.parquet"
    assert str(caught.value) == (
        "sources.s: 100 of 1,000 rows can't be used (10.0%; at most 5.0% may be, audit.stop_share). Reasons: wrong "
        "number of fields (34); quotes not closed (33); "
        "time not understood: set time_format in 'ts' (33). Mend the rows, or "
        f"the config. All of them are listed in {kept}. Nothing was published."
    )
    table = pq.read_table(kept)
    assert table.schema.equals(QUARANTINE)
    assert table.num_rows == 100


def test_shares_at_the_limits_pass(tmp_path: Path) -> None:
    assert reading(tmp_path, 100, 1).report.warnings == ()
    assert len(reading(tmp_path, 100, 5).report.warnings) == 1
    with pytest.raises(InputRefused, match=r"6 of 100 rows can't be used \(6\.0%"):
        reading(tmp_path, 100, 6)


def test_limits_come_from_the_config(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", f"a,{NOON},d,8.8.8.8", "broken")
    assert len(read(tmp_path, {"s": events()}, audit={"stop_share": 0.5}).report.warnings) == 1
    assert read(tmp_path, {"s": events()}, audit={"stop_share": 0.5, "warn_share": 0.5}).report.warnings == ()
    with pytest.raises(InputRefused, match=r"at most 49\.0% may be"):
        read(tmp_path, {"s": events()}, audit={"stop_share": 0.49})


def test_only_the_most_frequent_reasons_are_told(tmp_path: Path) -> None:
    rows = [f",{NOON},d,8.8.8.8", "a,,d,8.8.8.8", "a,x,d,8.8.8.8", "a,1,d,8.8.8.8", "a,1999-01-01T00:00:00Z,d,8.8.8.8"]
    rows += [f"a,{NOON},d,x", "a"]
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", *rows)
    with pytest.raises(InputRefused, match=r"7 of 7 rows.*\(1\); and 2 more\."):
        read(tmp_path, {"s": events()})


def test_card_numbers_that_slipped_into_another_column_are_masked(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "a,t,card", "x,4111 1111 1111 1111,tok", f"y,{NOON},tok")
    source = {"path": "e.csv", "account": "a", "time": "t", "entities": {"card": "payment_method"}}
    found = read(tmp_path, {"s": source}, audit={"stop_share": 1.0})
    assert found.quarantine["value"].tolist() == ["(masked)"]


def test_reasons_of_one_source_are_not_mixed_with_anothers(tmp_path: Path) -> None:
    write_csv(tmp_path / "1.csv", "account_id", "a", "")
    write_csv(tmp_path / "2.csv", "account_id,x", "a", "b,c")
    sources = {"one": {"path": "1.csv", "account": "account_id"}, "two": {"path": "2.csv", "account": "account_id"}}
    found = read(tmp_path, sources, audit={"stop_share": 1.0})
    assert [(w.partition(":")[0], w.partition("Reasons: ")[2]) for w in found.report.warnings if "Reasons" in w] == [
        ("source 'two'", "wrong number of fields (1)."),
    ]
    assert found.source_counts["source"].tolist() == ["one", "two"]


def test_counts_that_do_not_add_up_are_our_fault() -> None:
    sound = SourceCounts("s", 3, 1, 1, 1, 0)
    assert check_sum(sound) is sound
    with pytest.raises(LinkageError, match=r"rows of source 's' do not add up: .*Please report this\.") as caught:
        check_sum(replace(sound, rows=4))
    assert type(caught.value) is LinkageError


def test_the_share_of_an_empty_source_is_nothing() -> None:
    assert SourceCounts("s", 0, 0, 0, 0, 0).quarantined_share == 0
    assert SourceCounts("s", 4, 3, 0, 1, 0).quarantined_share == 0.25
