"""Figures and dates in words."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from linkage.model import CREATED, LOAD
from linkage.reports import words


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 accounts"), (1, "1 account"), (2, "2 accounts"), (25_000, "25,000 accounts")]
)
def test_count(n: int, said: str) -> None:
    assert words.count(n, "account") == said


def test_count_with_an_odd_plural() -> None:
    assert words.count(2, "entity", "entities") == "2 entities"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (0.001, "under 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1.0, "100 %"), (0.704, "70 %")],
)
def test_percent_never_rounds_to_none_or_all(share: float, said: str) -> None:
    assert words.percent(share) == said


def test_days_and_spans() -> None:
    first, last = datetime(2026, 4, 22, 23, 59, tzinfo=UTC), pd.Timestamp("2026-06-05T01:00Z")
    assert words.day(first) == "22 April 2026"
    assert words.day(pd.NaT) == words.day(None) == "an unknown date"
    assert words.span(first, last) == "between 22 April 2026 and 5 June 2026"
    assert words.span(first, first) == "on 22 April 2026"
    assert words.span(None, None) == "at times that the logs do not give"


def test_listed() -> None:
    assert [words.listed(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_sentences_drop_what_is_empty() -> None:
    assert words.sentences("one card; two addresses;") == ["one card", "two addresses"]
    assert words.sentences(None) == []


def test_records_hold_plain_values_only() -> None:
    frame = pd.DataFrame(
        {"i": np.array([1, 2]), "f": [1.5, None], "s": ["x", None], "t": pd.to_datetime(["2026-01-01", None], utc=True),
         "n": pd.array([1, None], dtype="Int64"), "b": [True, False]}
    )
    first, second = words.records(frame)
    assert first == {"i": 1, "f": 1.5, "s": "x", "t": pd.Timestamp("2026-01-01", tz="UTC"), "n": 1, "b": True}
    assert second == {"i": 2, "f": None, "s": None, "t": None, "n": None, "b": False}
    assert [type(first[k]) for k in "ifsb"] == [int, float, str, bool]


def test_a_piece_of_evidence_in_words() -> None:
    entity = {"kind": "ip", "entity": "192.0.2.1\u202e", "pool": None}
    assert words.piece(entity) == r"ip:192.0.2.1\u202e"
    assert words.piece({"kind": "ip", "entity": None, "pool": 1}) == "a pool of 1 ip entity"
    assert words.piece({"kind": "ip", "entity": None, "pool": 1200}) == "a pool of 1,200 ip entities"


def test_windows_are_said_as_what_members_do() -> None:
    day = {"kind": CREATED, "entity": "2026-04-01 09:12:40 to 2026-04-02 10:00:00 UTC", "pool": None}
    assert words.done(day) == "were created 2026-04-01 09:12:40 to 2026-04-02 10:00:00 UTC"
    assert words.done({"kind": LOAD, "entity": "2 to 3 exchanges a day", "pool": None}) == "do 2 to 3 exchanges a day"
    pool = {"kind": CREATED, "entity": None, "pool": 3}
    assert words.done(pool) == "were created in one of 3 spans of creation times"
    assert words.piece(pool) == "3 spans of creation times"
    assert words.done({"kind": "ip", "entity": "192.0.2.1", "pool": None}) == "use ip:192.0.2.1"
