"""Hostile text is shown, never obeyed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.reports.visible import printable, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"), ("a\u202eb", r"a\u202eb"), ("a\nb\t\r", r"a\nb\t\r"), ("\u200b", r"\u200b"),
        ("\x00", r"\x00"), ("\U000e0041", r"\U000e0041"), ("Ünï 漢字", "Ünï 漢字"), ("<b>", "<b>"),
    ],
)
def test_what_cannot_be_seen_becomes_its_code(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_unprintable_is_left_and_printable_text_is_kept(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.text(), st.integers(3, 30))
def test_shortened_keeps_both_ends(text: str, limit: int) -> None:
    short, whole = shortened(text, limit), printable(text)
    assert len(short) <= limit
    if len(whole) <= limit:
        assert short == whole
    else:
        head, tail = short.split("…", 1) if whole.count("…") == 0 else (short[: limit // 2], short[-1:])
        assert whole.startswith(head)
        assert whole.endswith(tail)
