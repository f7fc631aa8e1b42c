"""What a summary says, in sentences with their figures; the words are chosen for a reader who may be in court."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from linkage.model import Role
from linkage.reports.bursts import densest
from linkage.reports.operator import DISCUSSED, Operator
from linkage.reports.ring import Ring
from linkage.reports.words import count, day, done, listed, records, sentences, span

BURST_SHARE = 0.8  # of a ring's accounts within one week: worth a finding of its own


@dataclass(frozen=True)
class Subject:
    """What a summary is about: an operator cluster with its rings, or one ring alone."""

    id: str
    rings: list[Ring]
    operator: Operator | None = None

    @property
    def title(self) -> str:
        """What stands above the summary."""
        return f"Operator cluster {self.id}" if self.operator else f"Ring {self.id}"

    @cached_property
    def members(self) -> pd.DataFrame:
        """Members of all its rings, with ring_id and whether they are ``attributed`` to the subject."""
        if self.operator:
            return self.operator.members.assign(attributed=self.operator.members["operator_id"] == self.id)
        ring = self.rings[0]
        return ring.members.assign(ring_id=ring.id, attributed=ring.members["role"] != Role.BYSTANDER)

    @property
    def discussed(self) -> list[Ring]:
        """The rings that the text treats one by one."""
        return self.rings[:DISCUSSED]


def findings(subject: Subject) -> list[str]:
    """The findings, one paragraph each."""
    return [
        _attribution(subject), _activity(subject), *_verdicts(subject), *_common(subject), *_resemblance(subject),
        *_bursts(subject), *_chance(subject),
    ]


def _attribution(subject: Subject) -> str:
    members = subject.members
    roles = members.loc[members["attributed"], "role"].value_counts()
    held = f"{subject.title} consists of {count(len(subject.rings), 'ring')} with {count(len(members), 'account')}."
    if not subject.operator:
        held = f"{subject.title} links {count(len(members), 'account')}; it is attributed to no operator cluster here."
    attributed = int(members["attributed"].sum())
    named = listed([f"{int(roles[role]):,} {role}" for role in (Role.CORE, Role.PERIPHERY) if role in roles])
    verb = "belong to it" if attributed != 1 else "belongs to it"
    said = f"{attributed:,} of them {verb}" + (f" ({named})." if named else ".")
    others = len(members) - attributed
    bystanders = int((~members["attributed"] & (members["role"] == Role.BYSTANDER)).sum())
    apart = f" Not attributed to it: {count(others, 'other account')} of these rings" if others else ""
    apart += f", {count(bystanders, 'bystander')} among them" if others > bystanders > 0 else ""
    apart += f", {'a bystander' if others == 1 else 'all bystanders'}" if others == bystanders > 0 else ""
    return f"{held} {said}{apart + '.' if apart else ''}"


def _activity(subject: Subject) -> str:
    members = subject.members[subject.members["attributed"]]
    row = subject.operator.row if subject.operator else {}
    exchanges = int(row.get("exchanges", members["exchanges"].sum()) or 0)
    first = row.get("first_seen", members["first_seen"].min())
    last = row.get("last_seen", members["last_seen"].max())
    if not exchanges:
        return f"The logs hold no exchanges of these accounts; they were seen {span(first, last)} (UTC)."
    return f"These accounts made {count(exchanges, 'exchange')}; they were seen {span(first, last)} (UTC)."


def _verdicts(subject: Subject) -> list[str]:
    return [
        f"{ring.id}: {count(len(ring.members), 'account')}, verdict {ring.verdict}; "
        f"{f'runner-up {ring.next_best}' if ring.next_best else 'nothing else fits'}. {_pieces(ring)}"
        for ring in subject.discussed
    ]


def _pieces(ring: Ring) -> str:
    """The strongest piece of evidence of each family, strongest family first."""
    strongest = records(ring.evidence.drop_duplicates("family"))
    said = [
        f"{row['ring_accounts']:,} of {row['ring_accounts_with_kind']:,} {done(row)} "
        f"(everywhere {row['all_accounts']:,} of {row['all_accounts_with_kind']:,})"
        for row in strongest
    ]
    return f"Of its members, {listed(said)}." if said else "It has no evidence of its own."


def _common(subject: Subject) -> list[str]:
    if not subject.operator or len(subject.rings) < 2:
        return []
    shared = subject.operator.shared
    kinds = listed([f"{n:,} of kind {kind}" for kind, n in shared["kind"].value_counts().sort_index().items()])
    found = f"The rings have {count(len(shared), 'profile entity', 'profile entities')} in common"
    why = "; ".join(sentences(subject.operator.row["decided_by"]))
    return [f"{f'{found} ({kinds})' if len(shared) else found}. Why they are taken together: {why}."]


def _resemblance(subject: Subject) -> list[str]:
    said = subject.operator.resembles if subject.operator else []
    counted = "Counted is what its dossier lists and these logs hold. This is no proof of who runs the accounts."
    return [f"{line} {counted}" for line in said]


def _bursts(subject: Subject) -> list[str]:
    found = []
    for ring in subject.discussed:
        burst = densest(ring.members["created"])
        if burst and burst.accounts >= max(3, BURST_SHARE * len(ring.members)):
            accounts = count(len(ring.members), "account")
            when = span(burst.first, burst.last)
            found.append(f"{ring.id}: {burst.accounts:,} of its {accounts} were created {when}, within {burst.within}.")
    return found


def _chance(subject: Subject) -> list[str]:
    strongest = max(subject.rings, key=lambda ring: ring.bits_saved)
    weakest = min(subject.rings, key=lambda ring: ring.bits_saved)
    bound = f"2^-{max(0.0, weakest.bound_bits):,.1f}"
    text = (
        f"If accounts were linked by coincidence alone, a group linked as strongly as {weakest.id} would be found in "
        f"such data with a probability of at most {bound}."
    )
    if weakest is not strongest:
        text += f" For the strongest ring, {strongest.id}, this bound is 2^-{max(0.0, strongest.bound_bits):,.1f}."
    return [f"{text} This bounds coincidence. It is not a probability of innocence: honest groups are linked too."]


def dates(subject: Subject) -> list[dict[str, str]]:
    """The timeline in figures: for each ring its creations and its use, as days (UTC)."""
    return [
        {
            "ring": ring.id, "created_first": day(ring.members["created"].min()),
            "created_last": day(ring.members["created"].max()), "first_seen": day(ring.row["first_seen"]),
            "last_seen": day(ring.row["last_seen"]),
        }
        for ring in subject.discussed
    ]


def config_hash(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the configuration as parsed: JSON with sorted keys, without blanks."""
    text = json.dumps(manifest.get("config", {}), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
