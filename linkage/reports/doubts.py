"""What speaks against a ring: one small check each.

The docstring of a check is the text that the reader sees, with the figures that the check returns in the places of the
braces; a check that finds nothing returns None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from linkage.config import PAYMENT_FAMILY
from linkage.model import CREATED, LOAD, Role, Verdict
from linkage.reports.bursts import WEEK, densest
from linkage.reports.case import Case
from linkage.reports.labels import accuses, clears, labelled
from linkage.reports.visible import printable
from linkage.reports.words import count, listed, percent, piece, records

MOST = 0.7  # share of the bits from which one family, or forgeable kinds, carry "most" of a ring
MANY_METHODS = 4  # payment methods that a home or a small company hardly has
BURSTS = ((1, 5), (WEEK, 10))  # days, and accounts that a home does not create in them
SOME = 0.05  # share of the members under which a weakness is not worth a line
FEW = 5  # accounts that one person pools (2 to 5 are common)
SLOW_DAYS = 90  # days over which creations are called spread out; known factories made theirs within days
WEAK_BITS = 20.0  # about one in a million

Figures = Mapping[str, Any]
Check = Callable[[Case], Figures | None]


@dataclass(frozen=True)
class Doubt:
    """One thing that speaks against a ring: the check's name, the sentence, and the figures in it."""

    name: str
    text: str
    figures: Figures


def no_family_beyond(case: Case) -> Figures | None:
    """The ring would not stand without the family {family}: it carries {bits:,.1f} bits, and the ring saves
    {saved:,.1f} in all.
    """
    if len(case.families) < 2 or case.families["left"].iloc[0] > 0:
        return None
    return {"family": case.strongest, "bits": float(case.families["bits"].iloc[0]), "saved": case.ring["bits_saved"]}


def one_family_carries_most(case: Case) -> Figures | None:
    """{share} of the evidence rests on one family, {family}. Evidence is independent between families only."""
    if not case.bits or case.families["bits"].iloc[0] < MOST * case.bits or len(case.run_families) == 1:
        return None
    return {"share": percent(case.families["bits"].iloc[0] / case.bits), "family": case.strongest}


def run_read_one_family(case: Case) -> Figures | None:
    """The logs hold one family of evidence only, {family}: nothing independent could confirm the links."""
    return {"family": case.run_families[0]} if len(case.run_families) == 1 else None


def members_without_support(case: Case) -> Figures | None:
    """Without a share in the ring's profile outside the family {family}: {unsupported} of the {members}."""
    if case.unsupported < SOME * len(case.members) or not case.unsupported or len(case.families) < 2:
        return None
    members = count(len(case.members), "member")
    return {"unsupported": f"{case.unsupported:,}", "members": members, "family": case.strongest}


def members_fall_apart(case: Case) -> Figures | None:
    """By the profile alone the members fall into {parts} groups that share nothing; the largest has {largest} of
    {members}.
    """
    members = count(len(case.members), "member")
    if len(case.parts) < 2:
        return None
    return {"parts": f"{len(case.parts):,}", "largest": f"{case.parts[0]:,}", "members": members}


def widely_used(case: Case) -> Figures | None:
    """Used more outside the ring than inside it: {wide} of {pieces} of evidence; the widest is {widest}, used by
    {users} in all, of which {inside} here.
    """
    things = case.evidence[~case.evidence["kind"].isin([CREATED, LOAD])]  # windows are wide by their nature
    wide = things[things["all_accounts"] > 2 * things["ring_accounts"]]
    if wide.empty:
        return None
    top = records(wide.sort_values("all_accounts", ascending=False, kind="stable").head(1))[0]
    return {
        "wide": f"{len(wide):,}", "pieces": count(len(things), "piece"),
        "widest": piece(top), "users": count(top["all_accounts"], "account"), "inside": f"{top['ring_accounts']:,}",
    }


def forgeable_carries_most(case: Case) -> Figures | None:
    """{share} of the evidence comes from kinds that an attacker can plant on a stranger's account for free: {kinds}."""
    forged = case.evidence[case.evidence["forgeable"].astype(bool)]
    if not case.bits or forged["bits"].sum() < MOST * case.bits:
        return None
    return {"share": percent(forged["bits"].sum() / case.bits), "kinds": listed(sorted(set(forged["kind"])))}


def spread_over_time(case: Case) -> Figures | None:
    """The accounts were created over {days} days, no more than {burst} of {dated} within any {window} days: no
    burst.
    """
    burst = densest(case.members["created"])
    if burst is None or burst.span_days < SLOW_DAYS or 2 * burst.accounts > burst.dated:
        return None
    return {"days": f"{burst.span_days:,}", "burst": f"{burst.accounts:,}", "dated": f"{burst.dated:,}",
            "window": WEEK}


def runner_up(case: Case) -> Figures | None:
    """The next best explanation of the same links is {explanation}."""
    named = next_best(case.ring)
    return {"explanation": EXPLANATIONS.get(named, printable(named))} if named else None


def honest_labels(case: Case) -> Figures | None:
    """Labels clear {members} of the {accounts}: {labels}."""
    return labelled(case, case.labels[clears(case.labels["label"])])


def few_members(case: Case) -> Figures | None:
    """With {accounts} this may be one person's own accounts, or a family."""
    return {"accounts": count(len(case.members), "account")} if len(case.members) <= FEW else None


def weak_bound(case: Case) -> Figures | None:
    """The bound on coincidence is weak: 2 to the power of -{saved:,.1f}, about 1 in {one_in}."""
    saved = max(0.0, -float(case.ring["log2_p_bound"]))
    return {"saved": saved, "one_in": f"{max(1, round(2**saved)):,}"} if saved < WEAK_BITS else None


def bystanders(case: Case) -> Figures | None:
    """Bystanders by their looks, with little but infrastructure or forgeable values: {members} of the
    {accounts}{why}.
    """
    found = int((case.members["role"] == Role.BYSTANDER).sum())
    because = case.members["bystander_because"].dropna().str.split(",").explode().value_counts().sort_index()
    why = f" ({', '.join(f'{reason}: {number:,}' for reason, number in because.items())})" if len(because) else ""
    return {"members": f"{found:,}", "accounts": count(len(case.members), "member"), "why": why} if found else None


def serves_several(case: Case) -> Figures | None:
    """The ring serves {operators} operator clusters; the largest has {share} of its traffic."""
    if len(case.shares) < 2:
        return None
    return {"operators": f"{len(case.shares):,}", "share": percent(case.shares[0])}


def without_times(case: Case) -> Figures | None:
    """The logs give no times for these accounts: nothing can be said about creation, bursts or co-use."""
    return {} if case.members[["created", "first_seen", "last_seen"]].isna().all(axis=None) else None


def accusing_labels(case: Case) -> Figures | None:
    """Labels speak for suspicion on {members} of the {accounts}: {labels}."""
    return labelled(case, case.labels[accuses(case.labels["label"])])


def many_payment_methods(case: Case) -> Figures | None:
    """The members pay by {pool}, each on few accounts: {payers} of {able} do."""
    pools = case.evidence[(case.evidence["family"] == PAYMENT_FAMILY) & case.evidence["entity"].isna()]
    rows = records(pools.sort_values("pool", ascending=False).head(1))
    if not rows or rows[0]["pool"] < MANY_METHODS:
        return None
    return {"pool": piece(rows[0]), "payers": f"{rows[0]['ring_accounts']:,}",
            "able": f"{rows[0]['ring_accounts_with_kind']:,}"}


def created_in_a_burst(case: Case) -> Figures | None:
    """{burst} of the {accounts} were created within {window}."""
    for days, least in BURSTS:
        burst = densest(case.members["created"], days)
        if burst and burst.accounts >= max(least, MOST * len(case.members)):
            accounts = count(len(case.members), "account")
            return {"burst": f"{burst.accounts:,}", "accounts": accounts, "window": burst.within}
    return None


EXPLANATIONS: Mapping[str, str] = {
    Verdict.SUSPECT: "that the same hands run the accounts",
    Verdict.HOUSEHOLD: "a household",
    Verdict.ORGANISATION: "an organisation",
    Verdict.CAMPUS: "a campus",
    Verdict.SHARED_NETWORK: "a shared network, such as a VPN's exits",
    Verdict.OWN_ACCOUNTS: "one person's own accounts",
}
ON_EVERY_RING: tuple[Check, ...] = (runner_up, members_fall_apart, weak_bound, without_times)
AGAINST_SUSPICION: tuple[Check, ...] = (
    honest_labels, no_family_beyond, one_family_carries_most, run_read_one_family, members_without_support, widely_used,
    forgeable_carries_most, spread_over_time, bystanders, serves_several, few_members,
)
AGAINST_INNOCENCE: tuple[Check, ...] = (accusing_labels, many_payment_methods, created_in_a_burst)


def next_best(ring: Figures) -> str | None:
    """The runner-up among the explanations of a ring (its row of rings.parquet); None when nothing else fits."""
    named = ring["runner_up"]
    return None if named in (None, "", Verdict.UNDETERMINED, ring["verdict"]) else str(named)


def doubts(case: Case) -> tuple[Doubt, ...]:
    """What speaks against the ring: what its links lack, and then what its verdict leaves unexplained.

    Suspect rings are asked what speaks for innocence, innocent ones what speaks for suspicion, undetermined ones both.
    """
    verdict = case.ring["verdict"]
    checks = ON_EVERY_RING
    checks += AGAINST_SUSPICION if verdict in (Verdict.SUSPECT, Verdict.UNDETERMINED) else ()
    checks += AGAINST_INNOCENCE if verdict != Verdict.SUSPECT else ()
    found = ((check, check(case)) for check in checks)
    return tuple(Doubt(c.__name__, _sentence(c, figures), figures) for c, figures in found if figures is not None)


def _sentence(check: Check, figures: Figures) -> str:
    return " ".join((check.__doc__ or check.__name__).split()).format(**figures)
