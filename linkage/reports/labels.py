"""What is known already of a ring's members: labels that clear, labels that accuse, and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from linkage.model import Verdict
from linkage.reports.case import Case
from linkage.reports.visible import printable
from linkage.reports.words import count, listed

HONEST = frozenset({"honest", "confirmed_honest", "legitimate", "benign", "staff", "red_team", "test", "cleared"})
ACCUSING = frozenset({"banned", "blocked", "suspended", "terminated"})


def clears(labels: pd.Series) -> pd.Series:
    """Which labels say that an account is honest, or the service's own; in any case, with ``_``, hyphens or blanks."""
    return _folded(labels).isin(HONEST)


def accuses(labels: pd.Series) -> pd.Series:
    """Which labels say that the service acted against an account."""
    return _folded(labels).isin(ACCUSING)


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


def _folded(labels: pd.Series) -> pd.Series:
    return labels.str.strip().str.casefold().str.replace(r"[ -]", "_", regex=True)
