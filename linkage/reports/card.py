"""What is known about one thing, in one shape: people see it as text and tables, programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from linkage.reports.words import records, scalar


@dataclass(frozen=True)
class Card:
    """``facts`` are single values, ``tables`` have rows, ``notes`` are lists of sentences; all by name, in order."""

    title: str
    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: Mapping[str, list[str]] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """The card as plain values for JSON; missing is None."""
        return {
            **{name: scalar(value) for name, value in self.facts.items()},
            **{name: records(table) for name, table in self.tables.items()},
            **{name: list(lines) for name, lines in self.notes.items()},
        }
