from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.config import Source
from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.step import ColumnType
from linkage.errors import ConfigError
from linkage.sources.times import check_time_settings, refusal, time_sql

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def source(**how: Any) -> Source:
    return Source.model_validate({"path": "x.csv", "account": "a", "time": "t", **how})


def read(engine: DuckDBEngine, type_: ColumnType, values: Any, **how: Any) -> list[datetime | str]:
    """Each value as an instant, or the reason why it is none."""
    engine.load("raw", pa.table({"i": range(len(values)), "x": values}))
    time = time_sql("x", type_, source(**how))
    rows = engine.fetch(f"SELECT {time.value} AS t, {time.reason} AS reason FROM raw ORDER BY i").to_pylist()
    return [r["t"] or r["reason"] for r in rows]


def one(engine: DuckDBEngine, text: str | None, **how: Any) -> datetime | str:
    return read(engine, ColumnType.TEXT, pa.array([text], pa.string()), **how)[0]


def test_text_with_an_offset_needs_no_setting(engine: DuckDBEngine) -> None:
    for text in ("2026-07-01T12:00:00Z", " 2026-07-01 14:00+02:00 ", "2026-07-01T17:30:00+0530"):
        assert one(engine, text) == NOON
        assert one(engine, text, zone="Asia/Tokyo") == NOON


def test_text_without_one_is_read_in_the_zone_and_refused_without(engine: DuckDBEngine) -> None:
    assert one(engine, "2026-07-01T14:00:00", zone="Europe/Berlin") == NOON
    assert one(engine, "2026-07-01", zone="UTC") == NOON - timedelta(hours=12)
    assert one(engine, "2026-07-01T14:00:00") == "time without a zone: set zone"


def test_an_offset_is_never_dropped(engine: DuckDBEngine) -> None:
    assert one(engine, "2026-07-01 14:00:00 Europe/Berlin", zone="UTC") == "time not understood: set time_format"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "time missing"),
        ("", "time missing"),
        ("  ", "time missing"),
        ("1751371200", "time is a number: set epoch"),
        ("yesterday", "time not understood: set time_format"),
        ("2026-02-30T00:00:00Z", "time not understood: set time_format"),
        ("2026-13-01T00:00:00Z", "time not understood: set time_format"),
        ("now", "time not understood: set time_format"),
        ("07/01/2026", "time not understood: set time_format"),
    ],
)
def test_reasons_say_which_setting_would_help(engine: DuckDBEngine, text: str | None, reason: str) -> None:
    assert one(engine, text) == reason


@pytest.mark.parametrize(("epoch", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_numbers_count_from_1970_in_their_unit(engine: DuckDBEngine, epoch: str, factor: int) -> None:
    number = int(NOON.timestamp()) * factor
    assert read(engine, ColumnType.WHOLE, pa.array([number, None], pa.int64()), epoch=epoch) == [NOON, "time missing"]
    assert one(engine, f" {number} ", epoch=epoch) == NOON
    assert one(engine, "soon", epoch=epoch) == "time is no number"
    assert one(engine, None, epoch=epoch) == "time missing"


def test_fractions_of_seconds_are_kept_to_the_microsecond(engine: DuckDBEngine) -> None:
    exact = NOON + timedelta(microseconds=123456)
    assert one(engine, f"{int(NOON.timestamp())}.123456", epoch="s") == exact
    assert read(engine, ColumnType.FRACTION, pa.array([exact.timestamp()]), epoch="s") == [exact]
    assert one(engine, "2026-07-01T12:00:00.123456789Z") == exact


def test_numbers_beyond_all_times_do_not_overflow(engine: DuckDBEngine) -> None:
    huge = pa.array([9e300, -9e300, float("nan"), float("inf"), 1e18])
    for found in read(engine, ColumnType.FRACTION, huge, epoch="s"):
        assert found == "time is no number" or isinstance(found, datetime)
    assert isinstance(one(engine, "9" * 20, epoch="ns"), (datetime, str))


def test_typed_columns(engine: DuckDBEngine) -> None:
    local = pa.array([NOON.replace(tzinfo=None)], pa.timestamp("us"))
    assert read(engine, ColumnType.INSTANT, pa.array([NOON], pa.timestamp("ns", tz="Asia/Tokyo"))) == [NOON]
    assert read(engine, ColumnType.LOCAL_TIME, local, zone="UTC") == [NOON]
    assert read(engine, ColumnType.LOCAL_TIME, local, zone="Europe/Berlin") == [NOON - timedelta(hours=2)]
    assert read(engine, ColumnType.LOCAL_TIME, pa.array([date(2026, 7, 1)]), zone="UTC") == [NOON - timedelta(hours=12)]


def test_a_format_with_and_without_an_offset(engine: DuckDBEngine) -> None:
    assert one(engine, "7/1/2026 14:00", time_format="%m/%d/%Y %H:%M", zone="Europe/Berlin") == NOON
    assert one(engine, "01/Jul/2026:14:00:00 +0200", time_format="%d/%b/%Y:%H:%M:%S %z") == NOON
    assert one(engine, "2026-07-01", time_format="%m/%d/%Y", zone="UTC") == "time does not fit time_format"
    assert one(engine, "", time_format="%m/%d/%Y", zone="UTC") == "time missing"


@SOME
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.sampled_from(["UTC", "Asia/Tokyo", "Asia/Kolkata"])
)
def test_local_times_are_those_of_pythons_zones(engine: DuckDBEngine, moment: datetime, zone: str) -> None:
    from zoneinfo import ZoneInfo

    meant = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert one(engine, moment.isoformat(), zone=zone) == meant
    assert one(engine, moment.isoformat(" "), zone=zone) == meant


def test_columns_that_can_be_no_times_are_refused_with_advice() -> None:
    plain = source()
    assert refusal(ColumnType.TEXT, plain) is None
    assert refusal(ColumnType.INSTANT, plain) is None
    assert refusal(ColumnType.LOCAL_TIME, plain) == (
        "holds times without a zone",
        'Say which zone they are in, such as zone = "UTC".',
    )
    assert refusal(ColumnType.WHOLE, plain) == (
        "holds numbers",
        'Say their unit since 1970, such as epoch = "s" (or "ms", "us", "ns").',
    )
    assert refusal(ColumnType.LOCAL_TIME, source(zone="UTC")) is None
    assert refusal(ColumnType.FRACTION, source(epoch="ms")) is None
    for hopeless in (ColumnType.NESTED, ColumnType.BYTES, ColumnType.OTHER):
        assert refusal(hopeless, source(zone="UTC", epoch="s")) is not None


def test_settings_that_cannot_be_are_errors_of_the_config(engine: DuckDBEngine) -> None:
    with pytest.raises(ConfigError, match=r"^sources\.s\.zone: 'Mars/Base' is no time zone\. Use an IANA name"):
        check_time_settings(engine, "s", source(zone="Mars/Base"))
    with pytest.raises(ConfigError, match=r"^sources\.s\.time_format: the format has no offset \(%z\)\. Say the zone"):
        check_time_settings(engine, "s", source(time_format="%Y"))
    with pytest.raises(ConfigError, match=r"^sources\.s\.time_format: '%Q' is no strptime format\. Write it such as"):
        check_time_settings(engine, "s", source(time_format="%Q", zone="UTC"))
    check_time_settings(engine, "s", source(time_format="%Y", zone="UTC"))
    check_time_settings(engine, "s", source(time_format="%Y %z"))
