"""Rows with keys of ``forms`` in the places of their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from linkage.engines.step import Engine, literal
from linkage.sources.normalise import DULL, INVALID, LINKS
from linkage.sources.scan import Opened, slots


def joined_forms(engine: Engine, opened: Opened, rows: str) -> str:
    """SQL that joins rows (as `s`) with the reading of each of their texts: f0 of the account, f1, … of the values."""
    match = match_of(engine)
    joins = " ".join(
        f"LEFT JOIN (SELECT text, short, state, key FROM forms WHERE slot = {literal(slot)}) f{i} "
        f"ON {match.told(f's.{column}')} = f{i}.{match.column}"
        for i, (column, slot) in enumerate(slots(opened.values))
    )
    return f"({rows}) s {joins}"


@dataclass(frozen=True)
class Match:
    """How texts find their forms: by this ``column`` of ``forms``."""

    column: Literal["short", "text"]

    def told(self, text: str) -> str:
        """SQL of what is to be found in the column."""
        return f"short_digest({text})" if self.column == "short" else text


def match_of(engine: Engine) -> Match:
    """How texts find their forms. Numbers are found in two thirds of the time of texts."""
    apart = engine.fetch("SELECT count(short) = count(*) AS apart FROM forms")["apart"][0].as_py()
    return Match("short" if apart else "text")


def keyed_rows(engine: Engine, opened: Opened, rows: str) -> str:
    """A SELECT of the readable ones among ``rows`` (see :func:`linkage.sources.scan.rows_of`): account, first, last, n,
    id, stop, e0, e1, … (keys; null where the value links nobody) and dull, how many of their values are such."""
    places = range(1, len(opened.values) + 1)
    entities = "".join(f", f{i}.key AS e{i - 1}" for i in places)
    dull = " + ".join(f"CAST(coalesce(f{i}.state = '{DULL}', false) AS UTINYINT)" for i in places) or "0"
    readable = "".join(f" AND coalesce(f{i}.state <> '{INVALID}', true)" for i in places)
    return (
        f"SELECT f0.key AS account, s.first, s.last, s.n, s.id, s.stop{entities}, {dull} AS dull "
        f"FROM {joined_forms(engine, opened, rows)} WHERE s.fault IS NULL AND f0.state = '{LINKS}'{readable}"
    )
