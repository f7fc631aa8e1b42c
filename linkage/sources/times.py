"""Times of any notation as instants: text, numbers and typed columns."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass

from linkage.config import Source
from linkage.engines.step import ColumnType, Engine, literal
from linkage.errors import ConfigError, LinkageError

EARLIEST, LATEST = (
    "2000-01-01 00:00:00+00",
    "2100-01-01 00:00:00+00",
)  # outside: the wrong unit, or a default such as 1970
MICROS = {"s": "1000000", "ms": "1000", "us": "1", "ns": "0.001"}
MOST_MICROS = 10**16  # the year 2286; more is out of range, and must not overflow
NUMBERS = (ColumnType.WHOLE, ColumnType.FRACTION)


@dataclass(frozen=True)
class TimeSql:
    """``value``: SQL of the instant, null when it can't be read. ``reason``: SQL that says why."""

    value: str
    reason: str


def time_sql(raw: str, type_: ColumnType, source: Source) -> TimeSql:
    """How a time column is read; ``raw`` is its SQL, of type ``type_``. See :func:`refusal` for what can't be."""
    if type_ is ColumnType.INSTANT:
        return TimeSql(f"CAST({raw} AS TIMESTAMPTZ)", "'time missing'")
    if type_ is ColumnType.LOCAL_TIME:
        return TimeSql(f"at_zone(CAST({raw} AS TIMESTAMP), {literal(source.zone or 'UTC')})", "'time missing'")
    if type_ in NUMBERS:
        return TimeSql(_epoch(raw, source), f"CASE WHEN {raw} IS NULL THEN 'time missing' ELSE 'time is no number' END")
    return _text_time(f"trimmed({raw})", source)


def refusal(type_: ColumnType, source: Source) -> tuple[str, str] | None:
    """Why a time column of this type can't be read at all and what to do, or None."""
    if type_ is ColumnType.LOCAL_TIME and not source.zone:
        return "holds times without a zone", 'Say which zone they are in, such as zone = "UTC".'
    if type_ in NUMBERS and not source.epoch:
        return "holds numbers", 'Say their unit since 1970, such as epoch = "s" (or "ms", "us", "ns").'
    if type_ in (ColumnType.NESTED, ColumnType.BYTES, ColumnType.OTHER):
        return "holds no times", "Name the column that holds the time of the event."
    return None


def check_time_settings(engine: Engine, name: str, source: Source) -> None:
    """Check what a source says about its times.

    Raises:
        ConfigError: a zone that does not exist, a format that is none, or one without a zone.
    """
    if source.zone is not None and source.zone not in zoneinfo.available_timezones():
        raise ConfigError(
            f"'{source.zone}' is no time zone.",
            where=f"sources.{name}.zone",
            todo="Use an IANA name such as 'Europe/Berlin'.",
        )
    if source.time_format and not _carries_zone(source.time_format) and not source.zone:
        raise ConfigError(
            "the format has no offset (%z).",
            where=f"sources.{name}.time_format",
            todo='Say the zone, such as zone = "UTC".',
        )
    if source.time_format:
        _try_format(engine, name, source.time_format)


def _try_format(engine: Engine, name: str, time_format: str) -> None:
    try:
        engine.fetch(f"SELECT parsed_time('', {literal(time_format)}) AS time")
    except LinkageError as error:
        raise ConfigError(
            f"'{time_format}' is no strptime format.",
            where=f"sources.{name}.time_format",
            todo="Write it such as '%d.%m.%Y %H:%M'.",
        ) from error


def _text_time(x: str, source: Source) -> TimeSql:
    zone = literal(source.zone or "")
    if source.time_format:
        parsed = f"parsed_time({x}, {literal(source.time_format)})"
        value = parsed if _carries_zone(source.time_format) else f"at_zone({parsed}, {zone})"
        return TimeSql(value, f"CASE WHEN {_is_blank(x)} THEN 'time missing' ELSE 'time does not fit time_format' END")
    if source.epoch:
        return TimeSql(_epoch(x, source), f"CASE WHEN {_is_blank(x)} THEN 'time missing' ELSE 'time is no number' END")
    local = f" WHEN is_local_time({x}) THEN at_zone(local_time({x}), {zone})" if source.zone else ""
    value = f"CASE WHEN is_instant({x}) THEN instant({x}){local} END"
    naive = "" if source.zone else f" WHEN is_local_time({x}) THEN 'time without a zone: set zone'"
    reason = (
        f"CASE WHEN {_is_blank(x)} THEN 'time missing'{naive} WHEN TRY_CAST({x} AS DOUBLE) IS NOT NULL "
        "THEN 'time is a number: set epoch' ELSE 'time not understood: set time_format' END"
    )
    return TimeSql(value, reason)


def _is_blank(x: str) -> str:
    return f"coalesce({x}, '') = ''"


def _epoch(x: str, source: Source) -> str:
    micros = f"(TRY_CAST({x} AS DECIMAL(28, 6)) * {MICROS[source.epoch or 's']})"
    near = f"{micros} BETWEEN -{MOST_MICROS} AND {MOST_MICROS}"
    return f"instant_of_micros(CASE WHEN {near} THEN {micros} WHEN {micros} IS NOT NULL THEN {MOST_MICROS} END)"


def _carries_zone(time_format: str) -> bool:
    return "%z" in time_format or "%Z" in time_format
