"""The action list of a run, and what its figures rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.actions.expected import Expected, by_likelihood, by_review
from linkage.actions.tier import MEANINGS, Tier
from linkage.actions.tiers import DONE, OPEN, listed
from linkage.errors import ConfigError, StorageFault
from linkage.reports.exhibits import write_csv
from linkage.reports.reviewed import stated_from
from linkage.reports.run import Run

NOTICE = (
    "Linked is not guilty: this is the order in which to look, no list of culprits. Decide on each account by its "
    "evidence ('linkage show ACCOUNT')."
)
NOT_REVIEWED = "No review of this run is at hand; 'linkage sample' draws one. Only that measures errors on your data."
CLAIMING = (Tier.FIRST, Tier.NEXT)  # tiers that take accounts for an operator's
FORMATS = (".csv", ".parquet")


@dataclass(frozen=True)
class Line:
    """One tier in figures: its accounts by status, and how many of the open ones are honest, where the tier claims.

    ``expected`` is by the likelihood, ``reviewed`` by what people said of a sample of this run.
    """

    tier: Tier
    accounts: int
    open: int
    done: int
    rings: int
    expected: Expected | None
    reviewed: Expected | None


@dataclass(frozen=True)
class ActionList:
    """Accounts in the order in which to look at them (``rows``, see :mod:`tiers`), for a run and a review of it."""

    rows: pd.DataFrame
    rests_on: str
    review: Mapping[str, Any] | None

    @cached_property
    def lines(self) -> list[Line]:
        """The tiers that have accounts, in order."""
        return [self._line(tier, part) for tier in Tier if len(part := self.rows[self.rows["tier"] == tier])]

    def _line(self, tier: Tier, part: pd.DataFrame) -> Line:
        still = part[part["status"] == OPEN]
        expected = reviewed = None
        if tier in CLAIMING and len(still):
            expected = by_likelihood(still["likelihood"].to_numpy(), still["ring_id"].to_numpy())
            reviewed = by_review(still["stratum"], self.review) if self.review else None
        done = int((part["status"] == DONE).sum())
        return Line(tier, len(part), len(still), done, part["ring_id"].nunique(), expected, reviewed)

    def only(self, tier: Tier | None, top: int) -> pd.DataFrame:
        """The rows of one tier (None: of all but the excluded ones), at most ``top`` of them (0: all)."""
        wanted = self.rows["tier"] != Tier.EXCLUDED if tier is None else self.rows["tier"] == tier
        rows = self.rows[wanted].drop(columns="stratum")
        return rows.head(top) if top else rows

    def data(self) -> dict[str, Any]:
        """What stands above the list, as plain values."""
        lines = [{**asdict(line), "tier": str(line.tier), "meaning": MEANINGS[line.tier]} for line in self.lines]
        return {"notice": NOTICE, "likelihood": self.rests_on, "reviewed": self.review is not None, "tiers": lines}


def action_list(run: Run, review: Mapping[str, Any] | None) -> ActionList:
    """The action list of a run; ``review`` is the result of a review of this very run, if there is one.

    Raises:
        StorageFault: a table is missing or can't be read.
    """
    return ActionList(listed(run.store), stated_from(run.manifest), review)


def check_format(path: Path) -> None:
    """Refuse a file that the list can't be written to.

    Raises:
        ConfigError: its ending is neither .csv nor .parquet.
    """
    if path.suffix not in FORMATS:
        raise ConfigError("the list is written as .csv or .parquet.", where=str(path), todo="Choose one of them.")


def write_list(rows: pd.DataFrame, path: Path) -> None:
    """Write rows of a list as CSV (no cell is a formula) or Parquet, by the ending; each row says what its tier means.

    Raises:
        ConfigError: as :func:`check_format`.
        StorageFault: it can't be written.
    """
    check_format(path)
    meaning = [MEANINGS[Tier(tier)] for tier in rows["tier"]]
    table = pa.Table.from_pandas(rows.assign(tier_means=meaning), preserve_index=False).replace_schema_metadata(None)
    try:
        if path.suffix == ".csv":
            write_csv(table, path)
        else:
            pq.write_table(table.replace_schema_metadata({b"notice": NOTICE.encode()}), path, compression="zstd")
    except OSError as error:
        raise StorageFault(f"can't be written: {error}.", where=str(path), todo="Choose another --out.") from error
