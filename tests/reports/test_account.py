"""One account."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from linkage.reports.run import Run
from tests.small_run import ALL, BYSTANDER, OTHERS, RING_IDS, SCRIPT, USERS, USES, WITH_KIND, A, log_odds, times


@pytest.mark.parametrize("name", [A[0], OTHERS[1], "casa-2"])
def test_links_are_all_that_it_uses_with_rarity(run: Run, name: str) -> None:
    links = run.account(name).links
    assert {(r.kind, r.entity): r.bits for r in links.itertuples()} == {
        e: round(math.log2(WITH_KIND[e[0]] / USERS[e]), 3) for e in USES[name]
    }
    assert links["bits"].is_monotonic_decreasing


def test_links_count_the_members_of_its_ring(run: Run) -> None:
    links = run.account(A[0]).links.set_index("entity")["ring_accounts"]
    assert (links["198.51.100.7"], links["tpl-1"]) == (10, 15)
    assert (run.account(OTHERS[1]).links["ring_accounts"] == 0).all()


def test_the_row_of_a_member(run: Run) -> None:
    account = run.account(SCRIPT)
    assert (account.id, account.ring_id, account.labels) == (SCRIPT, RING_IDS[0], [])
    assert account.row["log_odds_bits"] == log_odds(SCRIPT, 0)
    assert account.row["created"] == pd.Timestamp(times(SCRIPT)[0])
    assert account.odds is not None
    assert account.odds.total == pytest.approx(log_odds(SCRIPT, 0), abs=2e-3)
    assert account.why_not == []


def test_further_rings_and_labels(run: Run) -> None:
    assert run.account("beta-0").affiliations["ring_id"].tolist() == [RING_IDS[0]]
    assert run.account("alpha-01").labels == ["confirmed honest"]


def test_an_account_in_no_ring_says_what_is_missing(run: Run) -> None:
    account = run.account(OTHERS[1])
    assert account.ring_id is None
    assert account.odds is None
    assert account.why_not == [
        f"The nearest ring is R-AAAAAAAAAA; {-log_odds(OTHERS[1], 0):.1f} bits are missing for membership.",
        "u0001 uses none of the ring's prompt_template entities, worth 9.1 bits.",
    ]


def test_an_account_that_touches_no_profile(run: Run) -> None:
    assert run.account(OTHERS[32]).why_not == ["It uses nothing that is in the profile of any ring."]
    card = run.account(OTHERS[32]).card()
    assert card.tables["waterfall"].empty
    assert card.facts["waterfall_for"] is None


def test_positive_log_odds_without_membership_are_told(run: Run) -> None:
    account = run.account(BYSTANDER)
    account.__dict__["row"] = {**account.row, "ring_id": None, "ring": None}
    near = run.account(A[0]).odds
    assert near is not None
    account.__dict__["nearest"] = [near]
    assert account.why_not == [
        f"Its log-odds for R-AAAAAAAAAA are {near.total:.1f} bits: positive, yet it was not taken in."
    ]


@pytest.mark.parametrize("name", [ALL[0], OTHERS[1], OTHERS[32]])
def test_the_card_is_json_and_its_names_do_not_collide(run: Run, name: str) -> None:
    card = run.account(name).card()
    assert len(card.data()) == len(card.facts) + len(card.tables) + len(card.notes)
    assert json.loads(json.dumps(card.data(), default=str))["account_id"] == name
    assert len(run.account(name).card(top=2).tables["links"]) == 2
