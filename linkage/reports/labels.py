"""What is known already of a ring's members: labels that clear, labels that accuse, and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from linkage.model import ACCUSING, CLEARING, HONEST_HANDS, Verdict, standing_of
from linkage.reports.case import Case
from linkage.reports.visible import printable
from linkage.reports.words import count, listed


def standings(labels: pd.Series) -> pd.Series:
    """What labels say (see :class:`Standing`); in any case, with ``_``, hyphens or blanks."""
    return labels.astype("str").map(standing_of)


def standings_table(labels: pa.Table) -> pa.Table:
    """For each label whether it says that an operator runs the account (accused) or that honest hands do (cleared)."""
    said = standings(labels["label"].to_pandas())
    return pa.table({"label": labels["label"], "accused": pa.array(said.isin(ACCUSING), pa.bool_()),
                     "cleared": pa.array(said.isin(HONEST_HANDS), pa.bool_())})  # fmt: skip


def clears(labels: pd.Series) -> pd.Series:
    """Which labels say that an account is honest, or the service's own."""
    return standings(labels).isin(CLEARING)


def accuses(labels: pd.Series) -> pd.Series:
    """Which labels say that an operator runs the account, or that the service acted against it."""
    return standings(labels).isin(ACCUSING)


def labelled(case: Case, rows: pd.DataFrame) -> Mapping[str, Any] | None:
    """The figures of a sentence on the members that carry one of these labels; None when there is none."""
    if rows.empty:
        return None
    return {
        "members": f"{rows['account_id'].nunique():,}", "accounts": count(len(case.members), "member"),
        "labels": listed(sorted(printable(label) for label in set(rows["label"]))),
    }  # fmt: skip


def known(case: Case) -> list[str]:
    """What the members' labels say beside what speaks against the ring: for its verdict, or neither for nor against."""
    labels, verdict = case.labels, case.ring["verdict"]
    clearing, accusing = clears(labels["label"]), accuses(labels["label"])
    agreeing = labels[accusing if verdict == Verdict.SUSPECT else clearing & (verdict != Verdict.UNDETERMINED)]
    agreed = labelled(case, agreeing)
    said = ["Labels speak for the verdict on {members} of the {accounts}: {labels}.".format(**agreed)] if agreed else []
    other = labels[~clearing & ~accusing]
    held = other.groupby("label")["account_id"].nunique()
    members = count(len(case.members), "member")
    return said + [f"Labelled {printable(str(label))}: {n:,} of the {members}." for label, n in held.items()]

