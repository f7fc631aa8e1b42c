from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linkage.errors import InputRefused
from linkage.sources.layout import read_header, unpacked_start
from tests.sources.small_logs import events, read, write_csv, write_parquet

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "names", "delimiter", "line"),
    [
        (b"a,b,c\n1,2,3\n", ["a", "b", "c"], ",", 1),
        (b"\xef\xbb\xbfa,b\r\n", ["a", "b"], ",", 1),
        (b"a;b;c\n", ["a", "b", "c"], ";", 1),
        (b"a\tb\n", ["a", "b"], "\t", 1),
        (b"a|b\n", ["a", "b"], "|", 1),
        (b'"a, b","c ""d"""\n', ["a, b", 'c "d"'], ",", 1),
        (b"\n  \n a , b \n", ["a", "b"], ",", 3),
        (b"only\n", ["only"], ",", 1),
        (b"\xef\xbb\xbfsep=;\r\na;b\r\n", ["a", "b"], ";", 2),
        (b"SEP=\t\na\tb\n", ["a", "b"], "\t", 2),
        (b"", [], ",", 0),
        (b"\n\n", [], ",", 0),
    ],
)
def test_headers(tmp_path: Path, data: bytes, names: list[str], delimiter: str, line: int) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    assert read_header(tmp_path / "a.csv") == (names, delimiter, line)


def test_the_delimiter_is_the_one_that_yields_the_columns_that_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("account_id;a,b,c,d;ts\n")
    assert read_header(tmp_path / "a.csv")[1] == ","
    assert read_header(tmp_path / "a.csv", ["account_id", "ts"]) == (["account_id", "a,b,c,d", "ts"], ";", 1)


@pytest.mark.parametrize("data", ["a,b\n".encode("utf-16"), b"a,b\xff\n", b"a\x00b\n", b"\x89PNG\r\n\x1a\n\x00"])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(InputRefused, match=r"a\.csv: is no UTF-8 text\. Save it as CSV in UTF-8\.$"):
        read_header(tmp_path / "a.csv")


def test_what_cannot_be_unpacked_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n"))
    assert unpacked_start(tmp_path / "a.csv.gz") == b"a,b\n"
    (tmp_path / "a.csv.gz").write_bytes(b"rubbish")
    with pytest.raises(InputRefused, match="can't be unpacked"):
        unpacked_start(tmp_path / "a.csv.gz")


def test_a_missing_column_names_the_nearest_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "acount_id,ts,device,ip", "a,2026-01-01T00:00:00Z,d,8.8.8.8")
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, {"s": events()})
    assert str(caught.value) == (
        "sources.s: events.csv: there is no column 'account_id'; did you mean 'acount_id'? "
        "Correct the name in the config."
    )


def test_columns_nobody_asked_for_are_reported_unless_ignored(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip,plan,note", "a,2026-01-01T00:00:00Z,d,8.8.8.8,x,y")
    assert read(tmp_path, {"s": events()}).report.warnings == (
        "source 's': columns not used: 'note', 'plan'. Name them in 'entities', or in 'ignore'.",
    )
    assert read(tmp_path, {"s": events(ignore=["plan", "note"])}).report.warnings == ()


def test_files_may_order_and_type_their_columns_differently(tmp_path: Path) -> None:
    write_parquet(tmp_path / "1.parquet", account_id=[1, 2], ts=[NOW, NOW], device=["d", "e"])
    write_parquet(tmp_path / "2.parquet", device=["d"], ts=["2026-01-02T00:00:00Z"], account_id=["3"])
    write_parquet(tmp_path / "3.parquet", ts=[NOW], device=["e"], account_id=[4.0])
    found = read(tmp_path, {"s": events(path="*.parquet", entities={"device": "device"})})
    assert found.uses() == {("1", "device", "d"), ("2", "device", "e"), ("3", "device", "d"), ("4", "device", "e")}


def test_one_source_may_mix_formats(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", account_id=["p"], ts=[NOW], device=["d"])
    write_csv(tmp_path / "a.csv", "ts;device;account_id", "2026-01-01T00:00:00Z;d;c")
    write_csv(tmp_path / "a.ndjson.gz", '{"account_id": "j", "ts": "2026-01-01T00:00:00Z", "device": "d"}')
    found = read(tmp_path, {"s": events(path=["a.csv", "a.parquet", "a.ndjson.gz"], entities={"device": "device"})})
    assert found.uses() == {("p", "device", "d"), ("c", "device", "d"), ("j", "device", "d")}


def test_a_value_column_may_be_missing_in_some_files_with_a_warning(tmp_path: Path) -> None:
    write_csv(tmp_path / "1.csv", "account_id,ts,device", "a,2026-01-01T00:00:00Z,d")
    write_csv(tmp_path / "2.csv", "account_id,ts,device,ip", "b,2026-01-01T00:00:00Z,d,8.8.8.8")
    found = read(tmp_path, {"s": events(path="*.csv")})
    assert found.report.warnings == ("source 's': no column 'ip' in 1.csv; taken as empty there.",)
    assert found.uses() == {("a", "device", "d"), ("b", "device", "d"), ("b", "ip", "8.8.8.8")}


def test_the_account_must_be_in_every_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "1.csv", "account_id,ts,device,ip", "a,2026-01-01T00:00:00Z,d,8.8.8.8")
    write_csv(tmp_path / "2.csv", "user,ts,device,ip", "b,2026-01-01T00:00:00Z,d,8.8.8.8")
    with pytest.raises(InputRefused, match=r"sources\.s: 2\.csv: there is no column 'account_id'"):
        read(tmp_path, {"s": events(path="*.csv")})


def test_typed_times_without_zone_or_unit_are_refused_for_the_column(tmp_path: Path) -> None:
    write_parquet(tmp_path / "1.parquet", account_id=["a"], ts=[NOW.replace(tzinfo=None)], device=["d"])
    write_parquet(tmp_path / "2.parquet", account_id=["a"], ts=[1_700_000_000], device=["d"])
    only_device = {"device": "device"}
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, {"s": events(path="1.parquet", entities=only_device)})
    assert str(caught.value) == (
        "sources.s: 1.parquet: column 'ts' holds times without a zone. "
        'Say which zone they are in, such as zone = "UTC".'
    )
    with pytest.raises(InputRefused, match=r"2\.parquet: column 'ts' holds numbers\. Say their unit since 1970"):
        read(tmp_path, {"s": events(path="2.parquet", entities=only_device)})
    both = read(tmp_path, {"s": events(path="*.parquet", entities=only_device, zone="UTC", epoch="s")})
    assert both.accounts["first_seen"][0] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_keys_of_json_may_hold_any_character(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "e.ndjson",
        '{"id of \\"account\\"": "a", "t/s": "2026-01-01T00:00:00Z", "de~vice": {"x": 1}}',
        '{"id of \\"account\\"": 7, "t/s": "2026-01-01T00:00:00Z", "de~vice": true, "more": null}',
    )
    source = events(path="e.ndjson", account='id of "account"', time="t/s", entities={"de~vice": "device"})
    found = read(tmp_path, {"s": source})
    assert found.uses() == {("a", "device", '{"x":1}'), ("7", "device", "true")}
    assert found.report.warnings == ("source 's': columns not used: 'more'. Name them in 'entities', or in 'ignore'.",)


def test_columns_of_a_csv_may_be_named_alike_but_for_case(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "ID,id,ts", "a,x,2026-01-01T00:00:00Z")
    found = read(tmp_path, {"s": events(path="e.csv", account="ID", entities={"id": "device"})})
    assert found.uses() == {("a", "device", "x")}


def test_columns_named_like_ours_are_columns_like_any_other(tmp_path: Path) -> None:
    names = [
        "file",
        "row",
        "broken",
        "broken_value",
        "c0",
        "account",
        "first",
        "last",
        "n",
        "n_text",
        "id",
        "v0",
        "fault",
    ]
    write_parquet(tmp_path / "e.parquet", row_number=["a"], **{name: [f"is {name}"] for name in names})
    source = {"path": "e.parquet", "account": "row_number", "entities": dict.fromkeys(names, "code")}
    found = read(tmp_path, {"s": source}, kinds={"code": {}})
    assert found.uses() == {("a", "code", f"is {name}") for name in names}


def test_a_file_with_a_header_alone_and_one_with_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip")
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, {"s": events()})
    assert str(caught.value) == "sources.s: source 's' is empty: its files hold no rows. Check its export."
    (tmp_path / "events.csv").write_bytes(b"")
    with pytest.raises(InputRefused, match=r"there is no column 'account_id'"):
        read(tmp_path, {"s": events()})


def test_a_column_that_stands_twice_is_told_and_the_first_is_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip,device", "a,2026-01-01T00:00:00Z,d1,8.8.8.8,d2")
    found = read(tmp_path, {"s": events()})
    assert found.report.warnings == (
        "source 's': column 'device' stands twice in events.csv; the first of them is read.",
    )
    assert found.uses() == {("a", "device", "d1"), ("a", "ip", "8.8.8.8")}


def test_a_line_that_tells_excel_the_delimiter_is_no_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "sep=;", "account_id;ts;device;ip", "a;2026-01-01T00:00:00Z;d1;8.8.8.8", "b")
    found = read(tmp_path, {"s": events()}, audit={"stop_share": 0.5})
    assert found.uses() == {("a", "device", "d1"), ("a", "ip", "8.8.8.8")}
    assert found.quarantine["row"].tolist() == [2]
