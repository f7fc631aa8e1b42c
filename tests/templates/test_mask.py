"""Masks: each kind of value becomes a slot, what is said around it stays, and no text makes it slow."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.templates.mask import SLOT, masked
from linkage.templates.text import normalised


def one(text: str) -> str:
    form: str = masked(normalised(pa.array([text], pa.string())))[0].as_py()
    return form


SLOTS = {
    "number": ("7", "-3", "+12.5", "1,234,567.89", "85%", "3/4", "0x1F", "٣٤", "१२", "1 000 000", "93.0 KB", "30 ms"),
    "word with digits": ("v1.2.3", "gpt4", "10-year-old", "B2B", "x86_64"),
    "date": ("2026-11-22", "22/11/2026", "2026-11-22T18:10:03Z", "Nov 22, 2026", "22nd of November 2026", "March 2026",
             "Sunday, 22 November 2026", "sept. 3rd", "18:10:03"),
    "address": ("https://a.example/x?y=1&z=b#c", "www.a.example/x", "s3://bucket/key", "ann.b+c@mail.example.co.uk"),
    "quoted": ('"two words"', "'two words'", "“ñ”", "«да»", "`x = y`", "'it's the cat's'", '"over\nlines"'),
    "block": ("```py\nx = 1\n\ny\n```", "~~~\ncode\n~~~", '"""a "doc" of it"""', "'''a\nb'''"),
    "id": ("550e8400-e29b-41d4-a716-446655440000", "9f86d081884c7d65", "blk1608999687919862906", "a" * 32,
           "sk-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"),
    "base64": ("aGVsbG8gd29ybGQ" * 5 + "==", ("QUJD" * 19 + "\n") * 3 + "aGVsbG8=",
               "-_-".join(["eyJhbGciOiJIUzI"] * 3)),
    "names": ("Ann Lee, Bo and Cy Young", "Ann, Bo, Cy", "Müller und Søren", "Анна и Вера", "Ann & Bo",
              "O'Neil or McKay"),
    "several": ("1, 2 and 3", "'a', 'b' or 'c'", "7 https://a.example 2026-11-22", "“a” / “b”"),
}  # fmt: skip


@pytest.mark.parametrize("value", [value for values in SLOTS.values() for value in values])
def test_a_value_is_one_slot(value: str) -> None:
    assert one(f"so take {value} for it") == f"so take {SLOT} for it"


@pytest.mark.parametrize(
    "text",
    [
        "don't say the dogs' names, it's ours",
        "the users' and the admins' rights",
        "dear sir, please answer in json, then stop.",
        "- be brief\n- be kind",
        "title\n=====\n----------------------------------------\nbody",
        "a heading: and / or a path/to/file",
        "5 o'clock"[2:],
        "b or s, as the min of both",
        "м'який п'ять смак",
        "日本語のテキスト、以上。",
        "שלום, עולם",
        "ship it 🚀 now",
    ],
)
def test_what_is_no_value_stays(text: str) -> None:
    assert one(text) == normalised(pa.array([text]))[0].as_py().replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Compare Ann Lee, Bo and Cy. Thanks", f"compare {SLOT}. thanks"),
        ("⟐ Be kind.\n⟡ Compare Ann and Bo.", f"⟐ be kind. ⟡ compare {SLOT}."),
        ("Ask him. Compare Ann and Bo.", f"ask him. compare {SLOT}."),
        ("People:\n- Ann Lee\n- Bo\n- Cy\nwho?", f"people: - {SLOT} who?"),
        ("People:\n1. Ann Lee\n2) Bo\nwho?", f"people: {SLOT} who?"),
        ("Go to https://a.example/x. Then stop", f"go to {SLOT}. then stop"),
        ('{"name": "Ann", "age": 7}, then', f"{{{SLOT}: {SLOT}: {SLOT}}}, then"),
        ("他说“你好”并且2024年1月2日", f"他说{SLOT}并且{SLOT}年{SLOT}月{SLOT}日"),
        ("an open ```fence\nhides all that follows", f"an open {SLOT}"),
        ('an open "quote hides nothing', 'an open "quote hides nothing'),
        ("LOUD AND CLEAR, THEN QUIET", "loud and clear, then quiet"),
    ],
)
def test_what_stands_around_values(text: str, form: str) -> None:
    assert one(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", ""),
        ("12345", ""),
        ("😀😀 !", ""),
        ("7, https://a.example", ""),
        ('"Answer all of this in 3 lines"', f'"answer all of this in {SLOT} lines"'),
        ("```\nAnswer this\n```", "``` answer this ```"),
        ("Ann and Bo", "ann and bo"),
    ],
)
def test_a_text_of_nothing_but_values_keeps_its_words(text: str, form: str) -> None:
    assert one(text) == form


VALUES = st.sampled_from([value for name, values in SLOTS.items() if name != "names" for value in values])


@settings(deadline=None)
@given(VALUES, VALUES)
def test_two_fillings_of_one_template_read_the_same(a: str, b: str) -> None:
    template = "Tell me about {} please,\nand then {} again.".replace("{}", "%s")
    assert one(template % (a, b)) == one(template % (b, a)) == f"tell me about {SLOT} please, and then {SLOT} again."


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(alphabet="aB1\"'`., \n@é日⬚", max_size=30)), max_size=6))
def test_no_row_knows_its_batch(raw: list[str | None]) -> None:
    batch = masked(normalised(pa.array(raw, pa.string())))
    assert batch.to_pylist() == [None if text is None else one(text) for text in raw]


HOSTILE = [
    *("'a 1", ' "a 1', "`1 ", "``` 1 ", "'''a 1 \"\"\"b "),
    *("a+1+", "a.+1@", "a%1%", "1@", "a+.", "x@1-", "1.", "_", "a", "-", "aB+/", "http://", "jan 1 ", "sun sun "),
    *("Aa, ", "Aa Bb Cc. ", "Aa: ", "Aa, Bb and\n", "- Aa\n", "⬚, ", "日本"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_million_characters_take_no_longer_than_their_length(unit: str) -> None:
    text = pa.array([unit * (300_000 // len(unit))])
    began = time.process_time()
    masked(text)
    assert time.process_time() - began < 2  # measured: 0.03; quadratic patterns take minutes
