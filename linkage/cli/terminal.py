"""What the command line prints: tables for people, JSON for programs, and hostile text made harmless in both."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from linkage.reports.visible import printable

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(value: object) -> str:
    """Text that a terminal can show: what is not printable (control, escape, bidi characters) as its escape code."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return "-" if value != value else f"{value:,.1f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; numbers to the right, every cell through :func:`plain` and free of markup.

    Long cells fold on a terminal, but no column gets narrower than 24 characters: ids stay whole, to be copied.
    """
    table = Table(title=Text(plain(title)), title_justify="left", box=None, pad_edge=False)
    cells = [list(row) for row in rows]
    for i, name in enumerate(columns):
        numeric = any(isinstance(row[i], (int, float)) for row in cells)
        longest = max([len(name), *(len(plain(row[i])) for row in cells)])
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(Text(plain(name)), justify=justify, overflow="fold", min_width=min(longest, 24))
    for row in cells:
        table.add_row(*(Text(plain(cell)) for cell in row))
    if not out.is_terminal:  # a file or a pipe has no edge to fold at
        table.width = Measurement.get(out, out.options.update(width=100_000), table).maximum
    out.print(table)


def say(text: str) -> None:
    """A line for people on standard output, without markup."""
    out.print(Text(text))


def warn(text: str) -> None:
    """A line for people on standard error."""
    err.print(Text(text, style="yellow"))


def print_json(data: Any) -> None:
    """JSON for programs, on standard output: ASCII only, so that no terminal obeys what is in it."""
    json.dump(data, sys.stdout, indent=2, ensure_ascii=True, default=_jsonable)
    sys.stdout.write("\n")


def _jsonable(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    return str(value)
