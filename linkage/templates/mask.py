"""What differs from prompt to prompt of one template: values become slots."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

SLOT = "⬚"  # U+2B1A: one sign for all values, as a slot may hold a number in one prompt and an id in the next

_BLOCKS = r"(?s)```.*?(?:```|\z)|~~~.*?(?:~~~|\z)|\"\"\".*?\"\"\""
_NAME = r"[\p{Lu}][\p{L}\p{M}'.-]*(?: [\p{Lu}][\p{L}\p{M}'.-]*){0,3}"
_VALUES = "|".join(
    (
        r"(?:https?|ftp|file|s3|wss?)://[^\s<>\"]+|www\.[^\s<>\"]+",
        r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
        r"\B\"[^\"\n]*\"\B",
        r"\B'(?:[^'\n]|\b'\b)*'\B",
        r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b",
        r"\b\d{1,2}(?:st|nd|rd|th)? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?(?:,? \d{4})?\b",
        r"[A-Za-z0-9+/=_-]{32,}",
        r"[+-]?[\w]*\p{Nd}(?:[\w.,:/%-]*\w)?%?",
    )
)
_NAMES = f"{_NAME}(?:, {_NAME})+(?:,? (?:and|or|&) {_NAME})?"
_RUNS = f"{SLOT}(?:[ ,;/|+&-]*(?: (?:and|or) )?{SLOT})+"


def masked(normalised: pa.StringArray) -> pa.StringArray:
    """Normalised texts with values replaced by :data:`SLOT`, runs of slots as one, in lower case, on one line."""
    texts = pc.replace_substring_regex(normalised, _BLOCKS, SLOT)
    texts = pc.replace_substring_regex(texts, _VALUES, SLOT)
    texts = pc.replace_substring_regex(texts, _NAMES, SLOT)
    texts = pc.replace_substring_regex(texts, _RUNS, SLOT)
    return pc.utf8_lower(pc.replace_substring(texts, "\n", " "))
