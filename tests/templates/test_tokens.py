"""Tokens against a plain reading of the text, and as keyed hashes that tell nothing without the key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.templates.ids import Key
from linkage.templates.mask import SLOT
from linkage.templates.siphash import siphash
from linkage.templates.tokens import slot_token, spelled, tokens_of

KEY = Key(b"0123456789abcdef" * 4)
ALPHABET = "abé ЖשШ日本ふカไท,!?😀⟐⬚\n"


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    tokens_of(pa.array(["compiled before anything is timed"]), KEY)


def expected(text: str) -> list[int]:
    """By Python's own reading: runs of letters, a slot for one with a slot in it; characters where no blanks are."""
    runs = re.findall(r"[日本ふカไท]|(?:[^\W日本ふカไท]|⬚)+|[^\w\s]", text)
    words = [SLOT if SLOT in run else run for run in runs]
    one, two = np.frombuffer(KEY.derived("tokens 3")[:16], "<u8")
    return [int(siphash(letters := bytes_of(word), 0, len(letters), one, two)) for word in words]


def bytes_of(word: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(word.encode(), np.uint8)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(alphabet=ALPHABET, max_size=25)), max_size=8), st.integers(0, 3))
def test_tokens_are_words_and_marks_in_their_order(texts: list[str | None], skipped: int) -> None:
    made = tokens_of(pa.array(texts, pa.string()).slice(skipped), KEY)
    rows = [made.token[a:b].tolist() for a, b in zip(made.start, made.start[1:], strict=False)]
    assert rows == [expected(text or "") for text in texts[skipped:]]
    assert made.start.dtype == np.int64
    assert made.token.dtype == np.uint64
    assert made.start[-1] == len(made.token)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("don't stop", 2),
        ("and/or, e.g. this: (that)", 9),
        ("--flag key=value /usr/lib/x", 6),
        ("今天天气很好", 6),
        ("ภาษาไทย", 7),
        ("한국어 문장", 2),
        ("שלום עולם", 2),
        ("नमस्ते दुनिया", 2),
        ("😀👍 ok", 3),
        (f"a {SLOT}, b", 4),
    ],
)
def test_tokens_in_many_scripts(text: str, tokens: int) -> None:
    assert len(tokens_of(pa.array([text]), KEY).token) == tokens


@pytest.mark.parametrize("word", [SLOT, f"a{SLOT}b", "/usr/lib/x", "\\a\\b", "org.example.name", "true"])
def test_words_that_are_values_are_slots(word: str) -> None:
    assert tokens_of(pa.array([word]), KEY).token.tolist() == [slot_token(KEY)]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("from here () at", f"from here ({SLOT}) at"),
        ("of []{}<>", f"of [{SLOT}]{{{SLOT}}}<{SLOT}>"),
        ("user= group=", f"user={SLOT} group={SLOT}"),
        ("f(user=,group=)", f"f(user={SLOT},group={SLOT})"),
        (f"to mail.example:{SLOT} now", f"to {SLOT} now"),
        (f"to a.mail.example:{SLOT}:{SLOT}", f"to {SLOT}"),
    ],
)
def test_a_value_that_may_be_empty_or_longer_is_a_slot_however_it_is(text: str, form: str) -> None:
    assert tokens_of(pa.array([text]), KEY).token.tolist() == tokens_of(pa.array([form]), KEY).token.tolist()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("( )", 2), (") (", 2), ("a == b", 4), ("x = ", 2), (f"user:{SLOT}", 3), (f"mail.example: {SLOT}", 3)],
)
def test_what_is_no_empty_value_stays(text: str, tokens: int) -> None:
    assert len(tokens_of(pa.array([text]), KEY).token) == tokens


def test_a_value_does_not_go_on_in_the_next_text() -> None:
    assert np.diff(tokens_of(pa.array([f"of {SLOT}:", SLOT]), KEY).start).tolist() == [3, 1]


HOSTILE = [f"a{'*' * 300_000}b", *(unit * 100_000 for unit in (".a", "/a", "é'.", "a=é", "\\a", "~"))]


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: repr(word[:4]))
def test_long_words_take_no_longer_than_their_length(word: str) -> None:
    began = time.process_time()
    tokens_of(pa.array([word]), KEY)
    assert time.process_time() - began < 2  # measured: 0.05; a look ahead from each mark takes minutes


def test_another_key_shares_no_token() -> None:
    texts, other = pa.array(["some words of a text"]), Key(b"fedcba9876543210" * 4)
    assert not set(tokens_of(texts, KEY).token.tolist()) & set(tokens_of(texts, other).token.tolist())


def test_a_million_characters_are_tokens_too() -> None:
    made = tokens_of(pa.array(["word, " * 150_000]), KEY)
    assert len(made.token) == 300_000
    assert len(np.unique(made.token)) == 2


@pytest.mark.skipif(sys.hash_info.algorithm != "siphash13", reason="this Python hashes bytes in another way")
def test_words_are_hashed_as_python_hashes_bytes_under_a_key_of_zeros() -> None:
    texts = [b"a", b"abcdefg", b"abcdefgh", bytes(range(256)) * 3]
    told = subprocess.run(
        [sys.executable, "-c", f"print([hash(text) for text in {texts!r}])"],
        env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    zero = np.uint64(0)
    made = [siphash(np.frombuffer(text, np.uint8), 0, len(text), zero, zero) for text in texts]
    assert str([int(np.int64(np.uint64(h))) for h in made]) == told.stdout.strip()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text(st.sampled_from("ab5ß李ก한.,-'/\\@_%$#*&+~!?(⬚ 😀\u0301"), max_size=20), min_size=1))
def test_tokens_are_spelled_as_they_stood(texts: list[str]) -> None:
    masked = pa.array(texts, pa.string())
    told, slot = spelled(masked, KEY), int(slot_token(KEY))
    for text in texts:
        found = tokens_of(pa.array([text]), KEY).token.tolist()
        words = [told.get(token, SLOT) for token in found]
        assert slot not in told
        assert all(word == SLOT or word in text for word in words)
        missing = [token for token in found if token != slot and token not in told]
        assert not missing or any(mark in text for mark in "./\\⬚")  # marks behind what is a value
