from __future__ import annotations

import random

import pytest

from linkage.engines.step import Column, ColumnType
from linkage.sources.shapes import (
    Sampled,
    TimeShape,
    epoch_unit,
    holds_cards,
    is_address,
    is_address_number,
    is_count,
    is_hash,
    is_status,
    same_shape,
    time_shape,
)


def column(*texts: str, type_: ColumnType = ColumnType.TEXT, name: str = "x") -> Sampled:
    return Sampled(Column(name, type_), texts, len(texts))


@pytest.mark.parametrize(
    ("texts", "shape"),
    [
        (("2026-01-01T00:00:00Z", "2026-01-01 01:00+02:00"), TimeShape()),
        (("2026-01-01T00:00:00", "2026-01-01"), TimeShape(zone="UTC")),
        (("1767225600", "1767225601.5"), TimeShape(epoch="s")),
        (("1767225600000",), TimeShape(epoch="ms")),
        (("1767225600000000",), TimeShape(epoch="us")),
        (("1767225600000000000",), TimeShape(epoch="ns")),
        (("2/24/2015 22:55", "1/5/2015 3:04"), TimeShape(zone="UTC", time_format="%m/%d/%Y %H:%M")),
        (("24.02.2015",), TimeShape(zone="UTC", time_format="%d.%m.%Y")),
        (("10/Oct/2026:13:55:36 -0700",), TimeShape(time_format="%d/%b/%Y:%H:%M:%S %z")),
        (("yesterday",), None),
        (("12345",), None),
        ((), None),
    ],
)
def test_times_by_their_values(texts: tuple[str, ...], shape: TimeShape | None) -> None:
    assert time_shape(column(*texts)) == shape


def test_times_by_their_type() -> None:
    assert time_shape(column("2026-01-01 00:00:00+00", type_=ColumnType.INSTANT)) == TimeShape()
    assert time_shape(column("2026-01-01", type_=ColumnType.LOCAL_TIME)) == TimeShape(zone="UTC")


def test_one_odd_value_in_ten_does_not_hide_a_shape() -> None:
    good = ["2026-01-01T00:00:00Z"] * 9
    assert time_shape(column(*good, "oops")) == TimeShape()
    assert time_shape(column(*good, "oops", "oops")) is None
    assert epoch_unit(column(*["1767225600"] * 9, "5")) == "s"
    assert epoch_unit(column("x", "y")) is None


def test_shapes_of_single_values() -> None:
    addresses = ("8.8.8.8", "8.8.8.8:80", "2a00::1", "fe80::1%eth0")
    assert all(map(is_address, addresses))
    assert not any(map(is_address, ("8.8.8", "host", "")))
    assert is_address_number("732758368.8")
    assert not is_address_number("39")
    assert not is_address_number("x")
    assert all(map(is_hash, ("0123456789abcdef", "0xABCDEF0123456789", "123e4567-e89b-12d3-a456-426614174000")))
    assert not any(map(is_hash, ("0123", "0123456789abcdeg", "")))
    assert [is_status(x) for x in ("200", "429", "99", "600", "x", "9" * 5000)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert [is_count(x) for x in ("1", "0", "-1", "1.5", "", "9" * 5000)] == [True, False, False, False, False, True]


def test_card_numbers_are_known_by_the_column() -> None:
    dice = random.Random(1)
    assert holds_cards(column("4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"))
    assert not holds_cards(column("4111111111111111", "5555555555554444"))
    assert not holds_cards(column(*(str(dice.randrange(10**15, 10**16)) for _ in range(300))))


def test_the_first_name_of_the_list_that_is_there() -> None:
    columns = [column(name="User_ID"), column(name="account")]
    found = same_shape(columns, ["account_id", "account", "user_id"])
    assert found is not None
    assert found.name == "account"
    assert same_shape(columns, ["x"]) is None


def test_a_sample_knows_its_distinct_values() -> None:
    assert column("a", "b", "a").distinct == 2
    assert not column().mostly(bool)
