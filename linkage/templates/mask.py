"""What differs from prompt to prompt of one template becomes a slot.

Every pattern runs in time linear in the text (RE2), whatever the text. One that stays open while others match inside it
would make the whole quadratic, so none goes on over what another could begin with, but to its own next mark.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from linkage.templates.chat import SYSTEM, USER

SLOT = "⬚"  # U+2B1A: one sign for all values, as what is a number in one prompt is an id in the next

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATES = rf"(?i:\b{_WEEKDAY}(?:{_MONTH} (?:{_DAY}(?:,? \d{{4}})?|\d{{4}})|{_DAY} (?:of )?{_MONTH}(?:,? \d{{4}})?)\b)"
_ADDRESSES = r"(?:https?|ftp|file|wss?|s3|gs)://[^\s<>\"]*[\w/]|www\.[^\s<>\"]*[\w/]|\w[\w.%-]*(?:\+[\w.%-]*)?@[\w-]+(?:\.[\w-]+)+"
_BLOBS = r"[A-Za-z0-9][A-Za-z0-9+/_-]{31,}(?:\n[A-Za-z0-9+/]{32,})*(?:\n[A-Za-z0-9+/]+={1,2}|={1,2})?"
_UNITS = r"(?:[KMGTPkmgtp]?i?[Bb]|[mun]?s|secs?|mins?|hrs?)\b"  # the same value has another one when it is larger
_NUMBERS = rf"[+-]?(?:\w+-)*\w*\p{{Nd}}(?:[\w\p{{Nd}}.,:/%-]*[\w\p{{Nd}}])?%?(?: {_UNITS})?"  # words with a digit too
_PLAIN = f"{_DATES}|{_ADDRESSES}|{_NUMBERS}"
_BLOCKS = r"(?s:```.*?(?:```|\z)|~~~.*?(?:~~~|\z)|\"\"\".*?\"\"\"|'''.*?'''|`[^`\n]+`|\B\"[^\"]*\"\B)"
_SINGLE_QUOTED = r"(^|[\s(\[{<>:=,;/|.?!\"-])'(?:[^'\n]|\b'\b)+'\B"  # not behind a letter: there it is an apostrophe

_AND = r"(?:and|or|und|oder|et|ou|y|e|o|и|или|&)"
_CAPITAL, _REST = r"[A-ZÀ-ÖØ-ÞΑ-ΫА-Я]", r"[A-Za-z'\x{80}-\x{10ffff}-]"
_WORD = rf"{_CAPITAL}{_REST}*[a-z\x{{80}}-\x{{10ffff}}]{_REST}*"  # not all in capitals
_NAME = rf"{_WORD}(?: {_WORD}){{0,3}}"
_FIRST = rf"((?:^|[.!?:;{SYSTEM}{USER}] ){_WORD} )?"  # a sentence's first word has its capital from there
_ITEM = rf"^((?:[-*•]|{SLOT}[.)]) ){_NAME}$"
_NAMES = rf"(?m){_ITEM}|{_FIRST}{_NAME}(?:, {_NAME})*(?:,? {_AND} |, {_NAME}, ){_NAME}"
_BETWEEN = rf"(?:[ ,;/|+&\n-]|[.)] |{_AND} )*"
_RUNS = rf"{SLOT}(?:{_BETWEEN}{SLOT})+"


def masked(normalised: pa.StringArray) -> pa.StringArray:
    """Normalised texts with their values as :data:`SLOT`, runs of slots as one, in lower case, on one line.

    Values are code blocks, quoted strings, addresses, dates, numbers, words with digits, blobs, and names in lists.
    A text that would be left without a letter keeps its blocks, quoted strings and names; if it has no letter even
    then, it is empty. Null stays null.
    """
    full = _slotted(normalised, f"{_BLOCKS}|{_SINGLE_QUOTED}|{_BLOBS}", kept=1)
    full = _slotted(_slotted(_slotted(full, _PLAIN), _NAMES, kept=2), _RUNS)
    bare = pc.fill_null(pc.invert(_lettered(full)), False)
    if pc.any(bare).as_py():
        light = _slotted(_slotted(_slotted(normalised.filter(bare), _BLOBS), _PLAIN), _RUNS)
        full = pc.replace_with_mask(full, bare, pc.if_else(_lettered(light), light, ""))
    return pc.utf8_lower(pc.replace_substring(full, "\n", " "))


def _slotted(texts: pa.StringArray, pattern: str, kept: int = 0) -> pa.StringArray:
    """Texts with what the pattern finds replaced by its first groups, as many as are kept, and a slot."""
    return pc.replace_substring_regex(texts, pattern, "".join(rf"\{i + 1}" for i in range(kept)) + SLOT)


def _lettered(texts: pa.StringArray) -> pa.BooleanArray:
    """Whether a text has a letter."""
    return pc.match_substring_regex(texts, r"\p{L}")
