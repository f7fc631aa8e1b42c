"""Every check: the sentence that it gives, and the case next to it in which it is silent."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import linkage
from linkage.model import ACCUSING, CLEARING, LABEL_WORDS
from linkage.reports import doubts
from linkage.reports.case import Case
from linkage.reports.run import Run
from tests.small_run import RING_IDS

CHECKS = doubts.ON_EVERY_RING + doubts.AGAINST_SUSPICION + doubts.AGAINST_INNOCENCE


def evidence(*rows: tuple[str, str, bool, str | None, int, int, float]) -> pd.DataFrame:
    """Evidence from (kind, family, forgeable, entity, k, d, bits)."""
    columns = ["kind", "family", "forgeable", "entity", "ring_accounts", "all_accounts", "bits"]
    return pd.DataFrame(rows, columns=columns).assign(pool=None)


def case(**changes: Any) -> Case:
    """A ring of 40 accounts against which nothing speaks, with changes."""
    days = pd.to_datetime(["2026-04-22"] * 40, utc=True)
    members = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(40)],
            "role": "core",
            "bystander_because": pd.Series([None] * 40, dtype=object),
            "created": days,
            "first_seen": days,
            "last_seen": days,
        }
    )
    sound = Case(
        ring={"verdict": "suspect", "runner_up": None, "bits_saved": 90.0, "log2_p_bound": -88.0},
        evidence=evidence(
            ("payment_method", "payment", False, "card", 30, 31, 60.0), ("ip", "network", False, "ip", 9, 9, 50.0)
        ),
        members=members,
        families=pd.DataFrame({"family": ["payment", "network"], "bits": [60.0, 50.0], "left": [30.0, 40.0]}),
        use=pd.DataFrame({"account": [*range(40)], "entity": [1.0] * 40, "family": ["network"] * 40}),
        labels=pd.DataFrame({"account_id": ["a1"], "label": ["banned"]}),
        run_families=("network", "payment"),
        shares=(1.0,),
    )
    return replace(sound, **changes)


def ring(**changes: Any) -> dict[str, Any]:
    """The row of the sound ring, with changes."""
    return {"verdict": "suspect", "runner_up": None, "bits_saved": 90.0, "log2_p_bound": -88.0, **changes}


def only(found: tuple[doubts.Doubt, ...], name: str) -> str:
    """The sentence of the one check that speaks."""
    assert [d.name for d in found] == [name]
    return found[0].text


def test_nothing_speaks_against_a_sound_ring() -> None:
    assert doubts.doubts(case()) == ()


def test_every_check_is_documented_by_its_sentence() -> None:
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS) == 18
    assert all(check.__doc__ for check in CHECKS)


@pytest.mark.parametrize("named", [None, "undetermined", "suspect"])
def test_no_runner_up_where_nothing_else_fits(named: str | None) -> None:
    assert doubts.doubts(case(ring=ring(runner_up=named))) == ()


@pytest.mark.parametrize(
    ("runner_up", "said"),
    [
        ("household", "The next best explanation of the same links is a household."),
        ("suspect", "The next best explanation of the same links is that the same hands run the accounts."),
        ("\x1bnew", r"The next best explanation of the same links is \x1bnew."),
    ],
)
def test_runner_up(runner_up: str, said: str) -> None:
    verdict = "household" if runner_up == "suspect" else "suspect"
    found = doubts.doubts(case(ring=ring(runner_up=runner_up, verdict=verdict)))
    assert (found[0].name, found[0].text) == ("runner_up", said)


def test_honest_labels_in_any_spelling() -> None:
    labels = pd.DataFrame(
        {"account_id": ["a1", "a2", "a2", "a3"], "label": ["Confirmed Honest", "staff", "red-team", "banned"]}
    )
    said = only(doubts.doubts(case(labels=labels)), "honest_labels")
    assert said == "Labels clear 2 of the 40 members: Confirmed Honest, red-team and staff."


def test_no_family_beyond() -> None:
    families = pd.DataFrame({"family": ["network", "payment"], "bits": [60.0, 50.0], "left": [0.0, 10.0]})
    said = only(doubts.doubts(case(families=families, use=case().use.assign(family="payment"))), "no_family_beyond")
    assert said == (
        "The ring would not stand without the family network: it carries 60.0 bits, and the ring saves 90.0 in all."
    )


def test_one_family_carries_most() -> None:
    families = pd.DataFrame({"family": ["payment", "network"], "bits": [70.0, 30.0], "left": [20.0, 60.0]})
    said = only(doubts.doubts(case(families=families)), "one_family_carries_most")
    assert said == "70 % of the evidence rests on one family, payment. Evidence is independent between families only."
    assert doubts.doubts(case(families=families.assign(bits=[69.0, 31.0]))) == ()


def test_run_read_one_family() -> None:
    said = only(doubts.doubts(case(run_families=("network",))), "run_read_one_family")
    assert said == "The logs hold one family of evidence only, network: nothing independent could confirm the links."


def test_members_without_support() -> None:
    use = case().use
    use.loc[:2, "family"] = "payment"
    use.loc[3, ["entity", "family"]] = [1.0, "network"]
    said = only(doubts.doubts(case(use=use)), "members_without_support")
    assert said == "Without a share in the ring's profile outside the family payment: 3 of the 40 members."
    use.loc[1:2, "family"] = "network"
    assert doubts.doubts(case(use=use)) == ()


def test_members_fall_apart() -> None:
    use = case().use
    use.loc[:9, "entity"] = 2.0
    said = only(doubts.doubts(case(use=use)), "members_fall_apart")
    assert (
        said
        == "By the profile alone the members fall into 2 groups that share nothing; the largest has 30 of 40 members."
    )


def test_widely_used_counts_more_outside_than_inside() -> None:
    address = ("ip", "network", False, "\u202eip", 9, 19, 50.0)
    rows = [("payment_method", "payment", False, "card", 30, 60, 60.0), address]
    said = only(doubts.doubts(case(evidence=evidence(*rows))), "widely_used")
    assert said == (
        r"Used more outside the ring than inside it: 1 of 2 pieces of evidence; the widest is ip:\u202eip, used by "
        "19 accounts in all, of which 9 here."
    )


def test_a_pool_may_be_widely_used_too() -> None:
    rows = [("payment_method", "payment", False, None, 30, 900, 60.0), ("ip", "network", False, "ip", 9, 19, 50.0)]
    pools = evidence(*rows).assign(pool=pd.array([7, None], dtype="Int64"))
    said = only(doubts.doubts(case(evidence=pools)), "widely_used")
    assert said == (
        "Used more outside the ring than inside it: 2 of 2 pieces of evidence; the widest is a pool of "
        "7 payment_method entities, used by 900 accounts in all, of which 30 here."
    )


def test_forgeable_carries_most() -> None:
    rows = [("device", "payment", True, "dev", 30, 31, 78.0), ("ip", "network", False, "ip", 9, 9, 32.0)]
    said = only(doubts.doubts(case(evidence=evidence(*rows))), "forgeable_carries_most")
    assert (
        said
        == "71 % of the evidence comes from kinds that an attacker can plant on a stranger's account for free: device."
    )


def test_spread_over_time() -> None:
    spread = pd.date_range("2026-01-01", periods=40, freq="3D", tz="UTC")
    said = only(doubts.doubts(case(members=case().members.assign(created=spread))), "spread_over_time")
    assert said == "The accounts were created over 117 days, no more than 3 of 40 within any 7 days: no burst."
    assert doubts.doubts(case(members=case().members.assign(created=spread[:30].append(spread[:10])))) == ()


def test_bystanders() -> None:
    members = case().members
    members.loc[:3, "role"] = "bystander"
    said = only(doubts.doubts(case(members=members)), "bystanders")
    assert said == "Bystanders by their looks, with little but infrastructure or forgeable values: 4 of the 40 members."
    members.loc[:3, "bystander_because"] = ["home", "home,plantable", "addresses", None]
    said = only(doubts.doubts(case(members=members)), "bystanders")
    assert said.endswith("4 of the 40 members (addresses: 1, home: 2, plantable: 1).")


def test_serves_several() -> None:
    said = only(doubts.doubts(case(shares=(0.7, 0.3))), "serves_several")
    assert said == "The ring serves 2 operator clusters; the largest has 70 % of its traffic."


def test_few_members() -> None:
    small = case(members=case().members.head(5), use=case().use.head(5))
    assert only(doubts.doubts(small), "few_members") == (
        "With 5 accounts this may be one person's own accounts, or a family."
    )
    assert doubts.doubts(case(members=case().members.head(6), use=case().use.head(6))) == ()


def test_weak_bound() -> None:
    said = only(doubts.doubts(case(ring=ring(log2_p_bound=-10.0))), "weak_bound")
    assert said == "The bound on coincidence is weak: 2 to the power of -10.0, about 1 in 1,024."
    assert doubts.doubts(case(ring=ring(log2_p_bound=-20.0))) == ()


def test_without_times() -> None:
    timeless = case().members.assign(created=pd.NaT, first_seen=pd.NaT, last_seen=pd.NaT)
    said = only(doubts.doubts(case(members=timeless)), "without_times")
    assert said == "The logs give no times for these accounts: nothing can be said about creation, bursts or co-use."


def innocent(**changes: Any) -> Case:
    """The sound ring, taken for an organisation."""
    return case(**{"ring": ring(verdict="organisation"), "labels": case().labels.head(0), **changes})


def test_an_innocent_verdict_is_asked_what_speaks_for_suspicion() -> None:
    spread = case().members.assign(created=pd.date_range("2026-01-01", periods=40, freq="3D", tz="UTC"))
    assert doubts.doubts(innocent(members=spread)) == ()
    assert doubts.doubts(innocent(members=spread, run_families=("network",), shares=(0.5, 0.5))) == ()


def test_accusing_labels() -> None:
    spread = case().members.assign(created=pd.NaT)
    labels = pd.DataFrame({"account_id": ["a1", "a2", "a3"], "label": ["Banned", "staff", "vip"]})
    said = only(doubts.doubts(innocent(members=spread, labels=labels)), "accusing_labels")
    assert said == "Labels speak for suspicion on 1 of the 40 members: Banned."
    assert doubts.doubts(innocent(members=spread, labels=labels.tail(2))) == ()


def test_many_payment_methods() -> None:
    spread = case().members.assign(created=pd.NaT)
    rows = [("payment_method", "payment", False, None, 30, 31, 60.0), ("ip", "network", False, "ip", 9, 9, 50.0)]
    pools = evidence(*rows).assign(pool=pd.array([4, None], dtype="Int64"), ring_accounts_with_kind=35)
    said = only(doubts.doubts(innocent(members=spread, evidence=pools)), "many_payment_methods")
    assert said == "The members pay by a pool of 4 payment_method entities, each on few accounts: 30 of 35 do."
    assert doubts.doubts(innocent(members=spread, evidence=pools.assign(pool=[3, None]))) == ()


def test_created_in_a_burst() -> None:
    said = only(doubts.doubts(innocent()), "created_in_a_burst")
    assert said == "40 of the 40 accounts were created within 1 minute."
    slow = case().members.head(10).assign(created=pd.date_range("2026-01-01", periods=10, freq="15h", tz="UTC"))
    ten = {"members": slow, "use": case().use.head(10)}
    said = only(doubts.doubts(innocent(**ten)), "created_in_a_burst")
    assert said == "10 of the 10 accounts were created within 6 days."
    few = {"members": case().members.head(4), "use": case().use.head(4)}
    assert doubts.doubts(innocent(**few)) == ()


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("suspect", ["run_read_one_family"]),
        ("undetermined", ["run_read_one_family", "created_in_a_burst"]),
        ("campus", ["created_in_a_burst"]),
    ],
)
def test_an_open_verdict_is_asked_both_ways(verdict: str, said: list[str]) -> None:
    burst = case(ring=ring(verdict=verdict), run_families=("network",), labels=case().labels.head(0))
    assert [d.name for d in doubts.doubts(burst)] == said


def test_the_checks_of_real_cases(run: Run) -> None:
    names = {ring_id: [d.name for d in run.ring(ring_id).why_not] for ring_id in RING_IDS}
    assert names[RING_IDS[0]] == [
        "runner_up",
        "honest_labels",
        "no_family_beyond",
        "one_family_carries_most",
        "widely_used",
        "forgeable_carries_most",
        "bystanders",
    ]
    assert names[RING_IDS[3]] == ["runner_up", "one_family_carries_most"]


def test_the_docs_list_every_check_and_every_label_that_is_understood() -> None:
    page = (Path(linkage.__file__).parent.parent / "docs" / "reading-results.md").read_text(encoding="utf-8")
    _, checks = page.split("\n## What speaks against a ring\n")
    assert re.findall(r"^\| `(\w+)` \|", checks, re.MULTILINE) == [c.__name__ for c in CHECKS]
    for said, understood in (("clears them", CLEARING), ("accuses them", ACCUSING)):
        listed = re.search(rf"label that {said} \((.*?)\)", page)
        assert listed is not None
        words = {word for word, means in LABEL_WORDS.items() if means in understood}
        assert set(re.findall(r"`(\w+)`", listed[1])) == words
