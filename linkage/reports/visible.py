"""Hostile text made visible instead of obeyed."""

from __future__ import annotations

import math


def printable(text: str) -> str:
    """The text with what is not printable (control, escape, bidi and invisible characters) as its escape code.

    >>> printable("a\\x1b[31m\\u202eb")
    'a\\\\x1b[31m\\\\u202eb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, limit: int) -> str:
    """Printable text of at most ``limit`` characters, its middle left out."""
    text = printable(text)
    if len(text) <= limit:
        return text
    head = math.ceil((limit - 1) / 2)
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head):]}"
