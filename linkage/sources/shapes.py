"""What the values of a column look like, judged from a sample."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkage.engines.step import Column, ColumnType
from linkage.sources.cards import looks_like_cards

MOST = 0.9  # share of the sampled values that must have a shape for the column to have it
ISO_LOCAL = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?)?")
ISO_INSTANT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?(Z| ?UTC|[+-]\d{2}(:?\d{2})?)")
HEX = re.compile(r"(0x)?([0-9a-fA-F]{16,128}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
CARD_LONG = re.compile(r"[0-9](?:[ -]?[0-9]){12,18}")
# Tried in this order: where both day and month could come first, the day does in most of the world.
TIME_FORMATS = (
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%Y%m%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z",
)  # fmt: skip
# Seconds from 2000 to 2100 since 1970, times the unit
EPOCHS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FIRST_SECOND, LAST_SECOND = 946_684_800, 4_102_444_800


@dataclass(frozen=True)
class Sampled:
    """A column with the texts of its sampled values, missing ones left out, and the number of rows sampled."""

    column: Column
    texts: tuple[str, ...]
    rows: int

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def distinct(self) -> int:
        """Number of different values in the sample."""
        return len(set(self.texts))

    def mostly(self, test: Callable[[str], bool]) -> bool:
        """Whether nearly all sampled values pass the test."""
        return bool(self.texts) and sum(map(test, self.texts)) >= MOST * len(self.texts)


@dataclass(frozen=True)
class TimeShape:
    """How a column writes times: the settings zone, epoch and time_format that it needs (None: not needed)."""

    zone: str | None = None
    epoch: str | None = None
    time_format: str | None = None


def time_shape(sampled: Sampled) -> TimeShape | None:
    """How the column writes times, or None when it holds none."""
    if sampled.column.type is ColumnType.INSTANT:
        return TimeShape()
    if sampled.column.type is ColumnType.LOCAL_TIME:
        return TimeShape(zone="UTC")
    if sampled.mostly(lambda x: bool(ISO_INSTANT.fullmatch(x))):
        return TimeShape()
    if sampled.mostly(lambda x: bool(ISO_LOCAL.fullmatch(x) or ISO_INSTANT.fullmatch(x))):
        return TimeShape(zone="UTC")
    unit = epoch_unit(sampled)
    if unit:
        return TimeShape(epoch=unit)
    form = next((f for f in TIME_FORMATS if sampled.mostly(lambda x, f=f: _parses(x, f))), None)  # type: ignore[misc]  # mypy: default of a lambda
    return TimeShape(zone=None if "%z" in form else "UTC", time_format=form) if form else None


def epoch_unit(sampled: Sampled) -> str | None:
    """The unit in which the column's numbers are times between 2000 and 2100, or None."""
    numbers = [n for n in map(_number, sampled.texts) if n is not None]
    if not numbers or len(numbers) < MOST * len(sampled.texts):
        return None
    for unit, factor in EPOCHS.items():
        inside = sum(FIRST_SECOND * factor <= n < LAST_SECOND * factor for n in numbers)
        if inside >= MOST * len(numbers):
            return unit
    return None


def is_address(text: str) -> bool:
    """Whether a text is an IP address (a port behind it is fine)."""
    try:
        ipaddress.ip_address(text.partition("%")[0] if text.count(":") != 1 else text.partition(":")[0])
    except ValueError:
        return False
    return True


def is_address_number(text: str) -> bool:
    """Whether a text is a number that could be an IPv4 address."""
    number = _number(text)
    return number is not None and 2**24 <= number < 2**32


def is_hash(text: str) -> bool:
    """Whether a text is a hexadecimal hash of 64 bits or more, or a UUID."""
    return bool(HEX.fullmatch(text))


def is_status(text: str) -> bool:
    """Whether a text is an HTTP status."""
    return text.isdigit() and 100 <= int(text[:6]) <= 599


def is_count(text: str) -> bool:
    """Whether a text is a positive whole number."""
    return text.isdigit() and int(text[:20]) > 0


def holds_cards(sampled: Sampled) -> bool:
    """Whether the column's values look like full card numbers."""
    digits = {re.sub("[ -]", "", text) for text in sampled.texts if CARD_LONG.fullmatch(text)}
    return looks_like_cards(sum(map(_luhn, digits)), len(digits))


def same_shape(columns: Sequence[Sampled], names: Sequence[str]) -> Sampled | None:
    """The first column whose name is one of ``names``, in their order; see :func:`plain_name`."""
    by_name = {plain_name(sampled.name): sampled for sampled in reversed(columns)}
    by_name |= {sampled.name.lower(): sampled for sampled in columns}
    return next((by_name[name] for name in names if name in by_name), None)


def plain_name(name: str) -> str:
    """A column's name in small letters, its words parted by underscores.

    >>> plain_name("createdAt"), plain_name("Account ID")
    ('created_at', 'account_id')
    """
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
