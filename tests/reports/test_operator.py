"""One operator cluster."""

from __future__ import annotations

import json
from collections import Counter

import pandas as pd

from linkage.reports.run import Run
from tests.small_run import BYSTANDER, DOSSIER, DOSSIER_MATCH, EVIL_TEMPLATE, OPERATOR, RING_IDS, USERS, USES, A, B


def test_rings_members_and_roles(run: Run) -> None:
    operator = run.operator(OPERATOR)
    assert [ring.id for ring in operator.rings] == [RING_IDS[0], RING_IDS[1]]
    assert sorted(operator.members["account_id"]) == sorted((*A, *B))
    unattributed = operator.members["operator_id"].isna()
    assert operator.members.loc[unattributed, "account_id"].tolist() == [BYSTANDER]
    facts = operator.card().facts
    assert [facts[f"{role}_accounts"] for role in ("core", "periphery", "bystander")] == [19, 1, 1]


def test_shared_entities_stand_in_two_profiles(run: Run) -> None:
    counted = Counter(e for a in (*A, *B) for e in USES[a])
    shared = run.operator(OPERATOR).shared
    assert shared["entity"].tolist() == [EVIL_TEMPLATE, "tpl-3"]
    for row in shared.itertuples():
        assert row.ring_accounts == counted[row.kind, row.entity]
        assert row.all_accounts == USERS[row.kind, row.entity]


def test_what_speaks_against_it_names_the_ring(run: Run) -> None:
    operator = run.operator(OPERATOR)
    assert operator.weaknesses == [operator.weakest_tie]
    assert operator.why_not[1:] == [f"{ring.id}: {d.text}" for ring in operator.rings for d in ring.why_not]


def test_its_own_weaknesses(run: Run) -> None:
    alone, apart = run.operator(OPERATOR), run.operator(OPERATOR)
    alone.__dict__["rings"] = alone.rings[:1]
    assert alone.weaknesses == ["It consists of one ring: nothing but that ring's own evidence carries it."]
    apart.__dict__["shared"] = pd.DataFrame({"entity": []})
    apart.__dict__["ties"] = apart.ties.iloc[:0]
    assert apart.weaknesses == ["No entity stands in the profiles of two of its rings."]


def test_the_loosest_ring_comes_first_with_what_else_would_explain_its_tie(run: Run) -> None:
    operator = run.operator(OPERATOR)
    assert operator.ties["ring_id"].tolist() == [RING_IDS[0], RING_IDS[0], RING_IDS[1]]
    assert operator.ties["kind"].tolist() == ["prompt_template", "device", "prompt_template"]
    assert operator.weakest_tie == (
        f"The loosest ring, {RING_IDS[0]}, is tied to the others by 2 prompt templates that hardly anyone else uses "
        "(21.5 bits). A reseller, an agency or a leaked prompt that both use would explain it as well."
    )


def test_a_known_operator_is_a_resemblance_to_be_checked(run: Run) -> None:
    operator = run.operator(OPERATOR)
    assert operator.resembles == [
        r"OP-AAAAAAAAAA resembles the known operator 'Cobalt\x1b[31m <b>': 2 of 5 accounts, 3 of 8 indicators, 41.2 "
        "bits; a resemblance, to be checked."
    ]
    data = operator.card().data()
    assert (data["dossier"], data["dossier_match"], data["resembles"]) == (DOSSIER, DOSSIER_MATCH, operator.resembles)
    operator.row["dossier"] = None
    assert operator.resembles == []


def test_the_card_is_json_and_its_names_do_not_collide(run: Run) -> None:
    card = run.operator(OPERATOR).card(top=1)
    assert len(card.data()) == len(card.facts) + len(card.tables) + len(card.notes)
    assert json.loads(json.dumps(card.data(), default=str))["decided_by"] == [
        "one template set",
        "each ring picks from it",
    ]
    assert [len(t) for t in card.tables.values()] == [1, 1, 1, 1]
