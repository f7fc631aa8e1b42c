"""How figures and dates are put into words, and rows of tables into plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from linkage.model import CREATED, LOAD
from linkage.reports.visible import shortened

# what people call the entities of a kind; others are called by the kind's own name
KINDS: dict[str, tuple[str, ...]] = {
    CREATED: ("span of creation times", "spans of creation times"),
    LOAD: ("range of loads", "ranges of loads"),
    "device": ("device",),
    "hand_off": ("hand-off",),
    "ip": ("address", "addresses"),
    "payment_method": ("payment method",),
    "prompt_template": ("prompt template",),
}


def count(n: int, noun: str, plural: str = "") -> str:
    """A number with its noun: ``1 account``, ``1,200 accounts``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def bits(value: float) -> str:
    """Bits to one decimal, with a proper minus sign kept as a hyphen so that programs can read it too."""
    return f"{value:,.1f} bits"


def things(n: int, kind: str) -> str:
    """So many entities of a kind in plain words: ``1 address``, ``14 prompt templates``."""
    return count(n, *KINDS.get(kind, (kind.replace("_", " "),)))


def percent(share: float) -> str:
    """A share of one as whole per cent; never rounded to 0 % or 100 % when it is neither."""
    whole = round(100 * share)
    if share > 0 and whole == 0:
        return "under 1 %"
    if share < 1 and whole == 100:
        return "over 99 %"
    return f"{whole} %"


def day(moment: Any) -> str:
    """A date in words, UTC: ``22 April 2026``; ``an unknown date`` when there is none."""
    if moment is None or pd.isna(moment):
        return "an unknown date"
    stamp = pd.Timestamp(moment)
    return f"{stamp.day} {stamp.strftime('%B %Y')}"


def span(first: Any, last: Any) -> str:
    """A period in words, or that the logs carry no times."""
    if first is None or pd.isna(first):
        return "at times that the logs do not give"
    return f"on {day(first)}" if day(first) == day(last) else f"between {day(first)} and {day(last)}"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


SPANS = {CREATED: "were created {}", LOAD: "do {}"}  # what accounts do in a window


def done(row: dict[str, Any]) -> str:
    """What members do in a row of evidence: ``use ip:192.0.2.1``, or ``were created 2026-04-01 09:12:40 to ...``."""
    if row["kind"] not in SPANS:
        return f"use {piece(row)}"
    return SPANS[row["kind"]].format(row["entity"] or f"in one of {things(row['pool'], row['kind'])}")


def piece(row: dict[str, Any]) -> str:
    """A row of evidence in words: ``ip:192.0.2.1``, or ``a pool of 9 payment_method entities``."""
    if row["kind"] in SPANS and row["entity"] is None:
        return things(row["pool"], row["kind"])
    if row["entity"] is not None:
        return f"{row['kind']}:{shortened(row['entity'], 40)}"
    return f"a pool of {count(row['pool'], row['kind'] + ' entity', row['kind'] + ' entities')}"


def scalar(value: Any) -> Any:
    """A cell of a pandas table as a plain Python value; missing is None."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, datetime):
        return value
    return value.item() if hasattr(value, "item") else value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as mappings of plain Python values; missing is None."""
    return [
        {str(key): scalar(cell) for key, cell in row.items()} for row in frame.astype(object).to_dict("records")
    ]


def sentences(text: str | None) -> list[str]:
    """The parts of a text that a stage joined with ``; ``."""
    return [part.strip() for part in (text or "").split(";") if part.strip()]
