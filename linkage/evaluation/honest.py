"""Honest accounts among the suspects: how many, of which kind, whole groups of them, and those that were framed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from linkage.evaluation.prediction import Members
from linkage.evaluation.truth import Truth
from linkage.model import Role, Verdict

UNKNOWN = "honest"  # the kind of honest accounts where the truth names no kinds
CONFIDENCE = 0.95


@dataclass(frozen=True)
class HonestKind:
    """Honest accounts of one kind; ``suspects`` are core or periphery of suspect rings, ``bystanders`` beside them.

    ``groups`` are those of two accounts and more, ``reported`` how many of them a suspect ring reports, and ``crowds``
    the suspect rings that are mostly accounts of this kind that belong to no group.
    """

    kind: str
    accounts: int
    suspects: int
    bystanders: int
    groups: int
    reported: int
    crowds: int


@dataclass(frozen=True)
class ReportedGroup:
    """An honest group (``group`` is empty for a crowd without one) and the suspect ring that reports it."""

    kind: str
    group: str
    accounts: int
    ring: str
    ring_accounts: int
    common: int


@dataclass(frozen=True)
class Framed:
    """Honest accounts with planted values, how many of them are suspects, and the upper 95 % limit of that share."""

    accounts: int
    caught: int
    upper: float


@dataclass(frozen=True)
class Honest:
    """Honest accounts in suspect rings, apart by role: out of how many accounts, of which kinds, in which groups."""

    suspects: int
    honest_suspects: int
    bystanders: int
    honest_bystanders: int
    kinds: list[HonestKind]
    groups: list[ReportedGroup]
    framed: Framed | None


def honest_accounts(truth: Truth, members: Members) -> Honest:
    """Count the honest accounts, and the honest groups that are reported as suspect.

    A suspect ring reports a group when it holds at least half of the group's accounts, or when more than half of the
    ring's are the group's; bystanders do not count as held. Accounts without a group, or alone in it, are a crowd:
    only the second holds for it. The arguments are aligned: one entry an account.
    """
    frame = _frame(truth, members)
    honest = frame[frame["honest"]]
    groups = _reported(frame)
    told = [_kind(str(kind), accounts, groups) for kind, accounts in honest.groupby("kind", sort=True)]
    return Honest(
        int(frame["suspect"].sum()), int(honest["suspect"].sum()), int(frame["bystander"].sum()),
        int(honest["bystander"].sum()), told, groups, _framed(truth, members),
    )


def group_labels(truth: Truth) -> pd.DataFrame:
    """For each account the kind and group that it is of when honest; no group for those alone in theirs."""
    kind = truth.group_kind if truth.has_kinds else np.full(len(truth.group_kind), UNKNOWN, dtype=object)
    frame = pd.DataFrame({"kind": kind, "group": truth.group, "honest": truth.honest}, dtype=object)
    frame["honest"] = truth.honest
    together = frame[frame["honest"]].groupby(["kind", "group"])["group"].transform("size")
    frame["group"] = frame["group"].where(together.reindex(frame.index, fill_value=0) > 1, "")
    return frame


def upper_limit(hits: int, of: int) -> float:
    """The one-sided upper limit, at 95 %, of a share (Clopper and Pearson 1934); 1 where there is nothing to count."""
    if not of:
        return 1.0
    return float(binomtest(hits, of, alternative="less").proportion_ci(CONFIDENCE, "exact").high)


def _frame(truth: Truth, members: Members) -> pd.DataFrame:
    frame = group_labels(truth)
    in_suspect = members.verdict == str(Verdict.SUSPECT)
    frame["ring"], frame["suspect"] = members.ring, members.accused
    frame["bystander"] = in_suspect & (members.role == str(Role.BYSTANDER))
    frame["ring_name"] = np.append(members.ring_names, "")[members.ring]
    return frame


def _reported(frame: pd.DataFrame) -> list[ReportedGroup]:
    suspects = frame[frame["suspect"]]
    sizes = frame[frame["honest"]].groupby(["kind", "group"]).size()
    rings = suspects.groupby("ring_name").size()
    common = suspects[suspects["honest"]].groupby(["kind", "group", "ring_name"]).size()
    cells = zip(common.index.to_frame().to_numpy(str).tolist(), common.to_numpy().tolist(), strict=True)
    found = [
        ReportedGroup(kind, group, int(sizes[kind, group]), ring, int(rings[ring]), count)
        for (kind, group, ring), count in cells
    ]
    return [g for g in found if (g.group and 2 * g.common >= g.accounts) or 2 * g.common > g.ring_accounts]


def _kind(kind: str, accounts: pd.DataFrame, groups: list[ReportedGroup]) -> HonestKind:
    reported = [g.group for g in groups if g.kind == kind]
    return HonestKind(
        kind, len(accounts), int(accounts["suspect"].sum()), int(accounts["bystander"].sum()),
        int(accounts.loc[accounts["group"] != "", "group"].nunique()), len({g for g in reported if g}),
        reported.count(""),
    )


def _framed(truth: Truth, members: Members) -> Framed | None:
    framed = truth.framed & truth.honest
    accounts, caught = int(framed.sum()), int((framed & members.accused).sum())
    return Framed(accounts, caught, upper_limit(caught, accounts)) if accounts else None
