from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest

from linkage.simulator.words import SLOTS, WORDS, common_words

FORMS = {
    "number": r"\d{1,7}",
    "name": r"[A-Z][a-z]+ [A-Z][a-z]+",
    "quotation": r'"[a-z]+( [a-z]+){1,7}"',
    "url": r"https://www\.[a-z]+\.[a-z.]+/[a-z]+/\d+",
    "email": r"[a-z]+\d+@[a-z]+\.[a-z.]+",
    "date": r"20[12]\d-\d\d-\d\d",
    "code": r"\n```\n([a-z]+) = [a-z]+\(\d+\)\nprint\(\1\)\n```\n",
    "items": r"(\n- [a-z]+){2,5}\n",
    "passage": r"[a-z]+( [a-z]+){4,59}",
    "identifier": r"[0-9a-f]{24}",
}


@pytest.mark.parametrize("slot", SLOTS)
def test_fillings_have_the_form_of_their_slot_and_vary(slot: str) -> None:
    texts = SLOTS[slot](400, np.random.default_rng(5)).to_pylist()
    assert len(texts) == 400
    assert all(re.fullmatch(FORMS[slot], text) for text in texts)
    assert len(set(texts)) > 250


@pytest.mark.parametrize("slot", SLOTS)
def test_no_filling_is_an_empty_array_of_text(slot: str) -> None:
    assert SLOTS[slot](0, np.random.default_rng(5)).to_pylist() == []


def test_dates_are_days_before_the_world_begins() -> None:
    days = [date.fromisoformat(text) for text in SLOTS["date"](500, np.random.default_rng(5)).to_pylist()]
    assert date(2016, 4, 1) < min(days) <= max(days) < date(2026, 4, 2)


def test_words_are_many_distinct_and_of_lower_case() -> None:
    assert len(set(WORDS)) == len(WORDS) > 1_500
    assert all(re.fullmatch("[a-z]+", word) for word in WORDS)


def test_words_follow_zipfs_law() -> None:
    count = np.bincount(common_words(np.random.default_rng(5).random(200_000)), minlength=len(WORDS))
    assert 0.07 < count[0] / 200_000 < 0.12
    assert 1.5 < count[:10].sum() / count[10:40].sum() < 2.2  # log(11) / log(41 / 11)
    assert (count > 0).mean() > 0.95
    assert common_words(np.array([0.0, 1.0 - 1e-16])).tolist() == [0, len(WORDS) - 1]
