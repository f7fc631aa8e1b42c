"""Normalised texts: nothing invisible counts, what looks the same is the same, and a row knows nothing of its batch."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.templates.text import joined, normalised, texts

UNSEEN = "\u200b\u200c\u200d\ufeff\u00ad\u2060\u202e\u2069\ufe0f\U000e0041\x07\x1b"


def one(text: str) -> str:
    form: str = normalised(pa.array([text], pa.string()))[0].as_py()
    return form


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        ("", ""),
        (" \u3000\t\r\n", ""),
        ("plain  text\t here ", "plain text here"),
        ("a \r\n\r\n  b\rc\u2028d", "a\nb\nc\nd"),
        ("Trаnslаte", "Translate"),  # Cyrillic а
        ("Тhе", "The"),
        ("ﬁne ½ № ①…", "fine 1/2 No 1..."),
        ("e\u0301 \u0430\u0301", "é á"),
        ("ｆｕｌｌ １２３", "full 123"),
        ("𝗯𝗼𝗹𝗱 𝒾𝓉𝒶𝓁", "bold ital"),
        ("“q” ‘s’ «g» – — −1", "\"q\" 's' \"g\" - - -1"),
        ("s\u200be\u200dc\ufeffr\u00ade\u2060t\x00", "secret"),
        ("\u202eabc\u202c", "abc"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f", "👨👩👧 ❤"),
        ("שלום עולם", "שלום עולם"),
        ("مرحبا\u200f بالعالم", "مرحبا بالعالم"),
        ("日本語　テキスト", "日本語 テキスト"),
        ("ทดสอบ", "ทดสอบ"),
        ("ᄒ\u1161\u11ab", "한"),
        ("z" + "\u0301\u0323" * 50, "ẓ" + "\u0323" * 3 + "\u0301" * 4),  # a heap of marks: eight of them count
    ],
)
def test_normal_forms(raw: str, form: str) -> None:
    assert one(raw) == form


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=6))
def test_a_form_is_its_own_form_and_no_row_knows_its_batch(raw: list[str | None]) -> None:
    batch = normalised(pa.array(raw, pa.string()))
    assert normalised(batch).equals(batch)
    assert batch.to_pylist() == [None if text is None else one(text) for text in raw]


@settings(deadline=None)
@given(st.text(max_size=20), st.sampled_from(UNSEEN), st.data())
def test_what_no_one_sees_changes_nothing(text: str, unseen: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    assert one(text[:place] + unseen + text[place:]) == one(text)


def test_slices_and_nulls_keep_their_places() -> None:
    raw = pa.array(["x", None, "é ", None, "", "a\u200b"])
    assert normalised(raw.slice(1, 4)).to_pylist() == [None, "é", None, ""]
    assert normalised(raw.slice(5)).to_pylist() == ["a"]
    assert normalised(pa.array([], pa.string())).to_pylist() == []
    assert normalised(pa.array([None], pa.string())).to_pylist() == [None]


@pytest.mark.parametrize("unit", ["e\u0301\u0323", "\u0301\u0323", "\ufdfa", " \t\n", "日本", "😀\u200d", "\u0430"])
def test_a_million_bytes_take_no_longer_than_their_length(unit: str) -> None:
    raw = pa.array([unit * (1_000_000 // len(unit.encode()))])
    began = time.process_time()
    normalised(raw)
    assert time.process_time() - began < 5  # measured: at most 0.4; a sort of marks without the limit takes 200


def test_a_cell_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linkage.templates.text.LONGEST", 32)
    cells = pa.array(["é" * 40, "short", None, '[{"role":"user","content":"cut off"}]'])
    assert texts(cells).to_pylist() == ["é" * 32, "short", None, "cut o"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    bad = pa.array([b"a\xff", b"b"]).view(pa.string())
    assert texts(bad).to_pylist() == ["a\ufffd", "b"]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_type_of_string_is_read(kind: pa.DataType) -> None:
    cells = pa.array(["a", None, '[{"role":"user","content":"b"}]']).cast(kind)
    assert texts(cells).to_pylist() == ["a", None, "b"]


def test_a_system_prompt_of_its_own_column_reads_as_in_a_chat() -> None:
    system = pa.array(["s", None, " ", None, "s", "⟐ s", ""])
    user = pa.array(["u", "u", "u", None, None, "⟐ x\n⟡ y", None])
    expected = ["⟐ s\n⟡ u", "u", "u", None, "⟐ s", "⟐ s\n⟐ x\n⟡ y", None]
    assert joined(system, user).to_pylist() == expected
    chat = '[{"role":"system","content":"s"},{"role":"user","content":"u"}]'
    assert texts(pa.array([chat])).to_pylist() == expected[:1]
