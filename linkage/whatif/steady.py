"""How steady a ring or an account is, in a table and in sentences."""

from __future__ import annotations

import pandas as pd

from linkage.reports.run import Run
from linkage.reports.visible import printable
from linkage.reports.words import count, listed, percent
from linkage.whatif.stability import AGAIN, Steadiness

NAMED = 5  # unsteady members that are named
UNKNOWN = "Not measured yet: 'linkage stability' finds the rings again with other seeds."


def summary(run: Run, found: Steadiness) -> pd.DataFrame:
    """One row a ring, in the order of the run's: seeds, in how many it was found again, its overlaps and verdicts.

    ``again`` counts overlaps of a half and more, ``same_verdict`` those of them with the same verdict, ``overlap`` is
    the mean and ``least_overlap`` the lowest.
    """
    told = found.rings.to_pandas().merge(run.rings[["ring_id", "verdict"]], on="ring_id", suffixes=("_then", ""))
    told["again"] = told["overlap"] >= AGAIN
    told["same_verdict"] = told["again"] & (told["verdict_then"] == told["verdict"])
    rings = told.groupby("ring_id").agg(
        seeds=("seed", "size"), again=("again", "sum"), same_verdict=("same_verdict", "sum"),
        overlap=("overlap", "mean"), least_overlap=("overlap", "min"),
    )
    return run.rings[["ring_id", "verdict", "accounts"]].merge(rings.round(4), on="ring_id")


def ring_told(run: Run, found: Steadiness | None, ring_id: str) -> list[str]:
    """How steady a ring is, in sentences; that it is not known where nothing was measured."""
    if found is None:
        return [UNKNOWN]
    rows = summary(run, found)
    row = rows[rows["ring_id"] == ring_id].iloc[0]
    seeds, again = int(row["seeds"]), int(row["again"])
    said = [
        f"Found again with {again:,} of {count(seeds, 'other seed')}, {int(row['same_verdict']):,} of these times as "
        f"{row['verdict']}; overlap {percent(row['overlap'])} on average, {percent(row['least_overlap'])} at least."
    ]
    members = found.members.to_pandas()
    loose = members[(members["ring_id"] == ring_id) & (members["stayed"] < members["seeds"])]
    loose = loose.sort_values(["stayed", "account_id"])
    if len(loose):
        names = [f"{printable(r.account_id)} ({r.stayed} of {r.seeds})" for r in loose.head(NAMED).itertuples()]
        more = len(loose) - len(names)
        who = listed(names + ([f"{more:,} more"] if more else []))
        said.append(f"Not in it with every seed: {who}.")
    return said


def account_told(found: Steadiness | None, account_id: str) -> str | None:
    """How often an account was in its ring again, in a sentence; None where nothing was measured."""
    if found is None:
        return None
    rows = found.members.to_pandas()
    rows = rows[rows["account_id"] == account_id]
    if rows.empty:
        return None
    seeds, stayed = int(rows["seeds"].iloc[0]), int(rows["stayed"].iloc[0])
    return (
        f"The groups were computed again {count(seeds, 'time')} with other random choices; in {stayed:,} of {seeds:,} "
        "the account was in this one again."
    )
