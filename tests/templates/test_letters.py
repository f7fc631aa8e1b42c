"""The table of letters: pinned, as ids depend on it, and checked against Unicode's own forms."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from linkage.templates.letters import GONE, JOINS, letters

OLD = unicodedata.ucd_3_2_0  # characters that every Python knows, with properties that no later Unicode may change


def _becomes(char: str) -> str:
    code = int(letters().becomes[ord(char)])
    return "" if code == GONE else chr(code)


@pytest.mark.parametrize(
    ("chars", "form"),
    [
        ("аɑ𝐚ａ", "a"),
        ("ОΟО", "O"),
        ("ІΙⅠℐ", "I"),
        ("–—‑−", "-"),
        ("’‘′", "'"),
        ("“”„«»", '"'),
        ("\u00a0\u3000\u2009\t", " "),
        ("\u2028\u2029\x85\x0c", "\n"),
        ("\u200b\u200d\ufeff\u00ad\u202e\u2066\ufe0f\u034f\u3164\x00\x1b\U000e0041", ""),
    ],
)
def test_what_looks_the_same_becomes_the_same(chars: str, form: str) -> None:
    assert {char: _becomes(char) for char in chars} == dict.fromkeys(chars, form)


@pytest.mark.parametrize("chars", ["שוןס", "اه", "日ノ一", "가", "é", "ж", "٣", "😀", "⬚", "⟐⟡"])
def test_letters_of_their_own_stay(chars: str) -> None:
    assert "".join(map(_becomes, chars)) == chars


def test_ascii_letters_digits_and_signs_stay() -> None:
    kept = [chr(code) for code in range(0x20, 0x7F)]
    assert [_becomes(char) for char in kept] == kept


def test_the_bytes_are_those_of_utf_8_and_what_joins_is_marked() -> None:
    table = letters()
    for char in "aé日😀\u200b\u0301½":
        trait = int(table.bytes_and_joins[ord(char)])
        assert trait % JOINS == len(_becomes(char).encode())
        assert (trait >= JOINS) == (char in "\u0301½")


def test_the_table_is_the_one_that_ids_of_this_version_are_made_with() -> None:
    """Fails when a new Python or confusable-homoglyphs changes a letter: then the versions of all ids go up."""
    known = [code for code in range(0x110000) if OLD.category(chr(code)) not in ("Cn", "Cs", "Co")]
    pinned = hashlib.sha256(letters().becomes[known].astype("<u4").tobytes()).hexdigest()
    assert pinned == "50752ea93623735a5276755f9352bcc81ab966b14322e799d06d6253ef419962"
