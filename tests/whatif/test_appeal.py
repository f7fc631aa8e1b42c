"""The appeal: plain words, nobody else's name, and every outcome computed."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from linkage.model import Role, Verdict
from linkage.reports.run import Run
from linkage.whatif import appeal as module
from linkage.whatif.account import Change, Member, Standing
from linkage.whatif.appeal import NOTICE, ROLES, VERDICTS, Appeal, appeal_card
from linkage.whatif.world import RunWorld, load_world
from tests.small_run import ANSI, BIDI, BYSTANDER, FORMULA, OTHERS, SCRIPT, A


def appeal_of(run: Run, world: RunWorld, name: str) -> Appeal:
    account = run.account(name)
    return Appeal(run, account, Member(world, account.number, int(account.row["ring"])))


@pytest.fixture(scope="module")
def loosest(run: Run) -> str:
    """The member of a suspect ring that hangs by the least, and yet by something."""
    suspects = run.members[(run.members["verdict"] == "suspect") & (run.members["log_odds_bits"] > 0)]
    return str(suspects.sort_values(["log_odds_bits", "account_id"])["account_id"].iloc[0])


def test_every_role_and_verdict_has_its_words() -> None:
    assert set(ROLES) == set(Role)
    assert set(VERDICTS) == set(Verdict)


def test_it_names_no_other_account_and_accuses_nobody(run: Run) -> None:
    others = run.members["account_id"].tolist()
    for name in run.members.sort_values("log_odds_bits")["account_id"].iloc[::60]:
        text = json.dumps(appeal_card(run, run.account(name)).data(), default=str)
        assert not [other for other in others if other != name and other in text]
        assert not re.search("fraud|guilt|criminal|abus", text, re.IGNORECASE)


def test_what_ties_is_counted_in_the_logs(run: Run, world: RunWorld, loosest: str) -> None:
    found = appeal_of(run, world, loosest)
    assert len(found.tied_by) == found.ties["kind"].nunique()
    for row in found.ties.itertuples():
        entity = run.entity(f"{row.kind}:{row.entity}")
        here = entity.rings.set_index("ring_id").loc[run.account(loosest).ring_id, "ring_accounts"]
        assert row.others_in_the_group == here - 1
        assert row.accounts_outside == entity.row["all_accounts"] - here


def test_outcomes_are_told_as_computed(run: Run, world: RunWorld, loosest: str) -> None:
    found = appeal_of(run, world, loosest)
    for change, told in zip(found.member.without_each, found.ties["without_it"], strict=False):
        assert ("would not be counted in the group" in told) == (not change.then.member)
    figures = found.figures
    assert figures["log_odds_bits"].iloc[0] == found.member.now.log_odds
    assert len(figures) >= 1 + len(found.member.without_each) + len(found.member.without_families)


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (Standing(-2.0, None, Verdict.SUSPECT), "the account would not be counted in the group"),
        (Standing(9.0, Role.PERIPHERY, Verdict.SUSPECT), "it would be counted as periphery in place of core"),
        (Standing(9.0, Role.CORE, None), "the group would not stand out at all"),
        (Standing(-1.0, None, Verdict.CAMPUS),
         "the account would not be counted in the group, and the group would be taken for a campus"),
        (Standing(40.0, Role.CORE, Verdict.SUSPECT), "the same result"),
    ],
)  # fmt: skip
def test_the_outcome_in_words(run: Run, world: RunWorld, loosest: str, then: Standing, text: str) -> None:
    found = appeal_of(run, world, loosest)
    found.member.__dict__["now"] = Standing(50.0, Role.CORE, Verdict.SUSPECT)
    assert found._outcome(then) == text


def test_who_stands_on_the_edge_is_told_so(run: Run, world: RunWorld, loosest: str) -> None:
    found = appeal_of(run, world, loosest)
    assert module.OUTWEIGHED not in [*found.in_favour, *found.would_change]
    found.member.__dict__["now"] = Standing(-0.5, None, Verdict.SUSPECT)
    assert found.in_favour[0] == module.OUTWEIGHED
    assert found.would_change == [module.OUTWEIGHED]


def test_sets_of_ties_are_told(run: Run, world: RunWorld) -> None:
    firm = str(run.members[run.members["verdict"] == "suspect"].sort_values("log_odds_bits")["account_id"].iloc[-1])
    found = appeal_of(run, world, firm)
    ties, out = found.member.ties, Standing(-1.0, None, Verdict.SUSPECT)
    same = found.member.now
    found.member.__dict__["without_each"] = [Change((entity,), None, same) for entity in ties]
    found.member.__dict__["without_families"] = []
    found.member.__dict__["enough"] = Change(tuple(ties[:2]), None, out)
    assert found.would_change[0].startswith(f"No single one of its {len(ties)} ties decides: ")
    assert found.would_change[1].startswith("Without these 2 together it would not be counted in the group: the ")
    found.member.__dict__["enough"] = Change(tuple(ties), None, out)
    assert found.would_change[1] == (
        f"Only without all {len(ties)} ties together would it not be counted in the group."
    )
    found.member.__dict__["enough"] = None
    assert found.would_change[1] == "Even without all these ties it would be counted in the group."


def test_what_speaks_for_an_account(small: Run) -> None:
    found = appeal_of(small, load_world(small), BYSTANDER)
    ties = found.ties
    assert "The service's own list says: confirmed honest." not in found.in_favour
    forged = any("such values can be copied or forged" in line for line in found.in_favour)
    assert forged == bool(ties["forgeable"].any())
    cleared = appeal_of(small, load_world(small), A[9])
    assert small.account(A[9]).labels == ["confirmed honest"]
    assert "The service's own list says: confirmed honest." in cleared.in_favour
    exit_node = "the address 198.51.100.7 is in the list 'vpn': strangers may share it."
    told = appeal_of(small, load_world(small), A[0])
    assert (exit_node in told.in_favour) == ("198.51.100.7" in set(told.ties["entity"]))


def test_an_account_in_no_ring_has_nothing_to_appeal(small: Run) -> None:
    data = appeal_card(small, small.account(OTHERS[1])).data()
    assert data["ring_id"] is None
    assert data["about"] == [
        "The account u0001 is counted in no group: what it shares with others does not go far enough beyond "
        "coincidence.", NOTICE,
    ]  # fmt: skip


@pytest.mark.parametrize("name", [ANSI, BIDI, FORMULA, SCRIPT])
def test_hostile_names_are_escaped_in_sentences(small: Run, name: str) -> None:
    card = appeal_card(small, small.account(name))
    for lines in card.notes.values():
        assert all(line.isprintable() for line in lines)
    assert len(card.data()) == len(card.facts) + len(card.tables) + len(card.notes)


def test_how_far_from_the_others_it_was_created(
    run: Run, world: RunWorld, loosest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = appeal_of(run, world, loosest)
    members = run.ring(str(run.account(loosest).ring_id)).members.set_index("account_id")["created"]
    days = (members.drop(loosest).dt.floor("D") - members[loosest].floor("D")).abs().min().days
    monkeypatch.setattr(module, "APART", days)
    assert found._creation() == [f"No other account of the group was created within {days:,} days of it."]
    monkeypatch.setattr(module, "APART", days + 1)
    assert found._creation() == []


def test_hand_offs_after_others_name_nobody() -> None:
    rows = pd.DataFrame({"kind": ["hand_off", "hand_off", "ip"], "entity": ["after me", "after you", "after you"]})
    assert module._unnamed(rows, "me").tolist() == ["after me", "after another account was stopped", "after you"]


def test_a_hand_off_is_told_as_one(run: Run, world: RunWorld, loosest: str) -> None:
    found = appeal_of(run, world, loosest)
    found.__dict__["ties"] = found.ties.head(1).assign(kind="hand_off")
    assert found.tied_by == [
        "It took part in 1 hand-off with others of the group: one account was stopped, and within minutes another went "
        "on with the same work."
    ]
