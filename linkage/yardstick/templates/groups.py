"""Measures of a grouping: is each group exactly the true one, are pairs together that belong together."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Pairs:
    """How many pairs are together in the truth, how many are found together, and how many are both."""

    true: int
    found: int
    both: int

    @property
    def precision(self) -> float:
        """Of the pairs found together, the share that belongs together; 1 where none is found."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that belong together, the share that is found; 1 where none does."""
        return self.both / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.both / (self.true + self.found) if self.true + self.found else 1.0


def grouping_accuracy(found: pd.Series, truth: pd.Series) -> float:
    """The share of rows whose group is exactly the true one: no row more, no row less.

    This is the parsing accuracy of Zhu et al., Tools and Benchmarks for Automated Log Parsing (2019). No row of
    ``found`` or ``truth`` may be missing.
    """
    rows = pd.DataFrame({"found": found.to_numpy(), "truth": truth.to_numpy()})
    size = rows.groupby(["found", "truth"])["truth"].transform("size")
    same = [size == rows.groupby(name)["truth"].transform("size") for name in ("found", "truth")]
    return float((same[0] & same[1]).mean())


def pairs(found: pd.Series, truth: pd.Series) -> Pairs:
    """The pairs of rows that are together; a row without a group is together with none."""
    rows = pd.DataFrame({"found": found.to_numpy(), "truth": truth.to_numpy()})
    return Pairs(*(_pairs(rows.groupby(names).size()) for names in (["truth"], ["found"], ["found", "truth"])))


def _pairs(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def drawn_in(found: pd.Series, theirs: pd.Series) -> int:
    """How many rows that are not ``theirs`` are in a group with one that is."""
    groups = found[theirs].dropna().unique()
    return int((found.isin(groups) & ~theirs).sum())
