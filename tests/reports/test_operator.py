"""One operator cluster."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linkage import model
from linkage.reports.run import Run, open_run
from tests.small_run import BYSTANDER, DOSSIER, DOSSIER_MATCH, EVIL_TEMPLATE, OPERATOR, RING_IDS, USERS, USES, A, B


def test_rings_members_and_roles(run: Run) -> None:
    operator = run.operator(OPERATOR)
    assert [ring.id for ring in operator.rings] == [RING_IDS[0], RING_IDS[1]]
    assert sorted(operator.members["account_id"]) == sorted((*A, *B))
    unattributed = operator.members["operator_id"].isna()
    assert operator.members.loc[unattributed, "account_id"].tolist() == [BYSTANDER]
    facts = operator.card().facts
    assert [facts[f"{role}_accounts"] for role in ("core", "periphery", "bystander")] == [19, 1, 1]


def test_members_of_an_undetermined_ring_that_follows_it_are_not_counted(folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folder, tmp_path / "run"))
    members = pq.read_table(folder / "members.parquet").to_pandas()
    of_second = members["ring_id"] == RING_IDS[1]
    members.loc[of_second, "verdict"] = model.Verdict.UNDETERMINED.value
    members.to_parquet(folder / "members.parquet")
    operator = open_run(folder).operator(OPERATOR)
    counted = members[(members["ring_id"] == RING_IDS[0])]["role"].value_counts().to_dict()
    facts = operator.card().facts
    assert {role: facts[f"{role}_accounts"] for role in counted} == counted
    assert len(operator.members) > sum(counted.values())


def test_shared_entities_stand_in_two_profiles(run: Run) -> None:
    counted = Counter(e for a in (*A, *B) for e in USES[a])
    shared = run.operator(OPERATOR).shared
    assert shared["entity"].tolist() == [EVIL_TEMPLATE, "tpl-3"]
    for row in shared.itertuples():
        assert row.ring_accounts == counted[row.kind, row.entity]
        assert row.all_accounts == USERS[row.kind, row.entity]


def test_what_speaks_against_it_names_the_ring(run: Run) -> None:
    operator = run.operator(OPERATOR)
    assert operator.weaknesses == [operator.weakest_link, operator.weakest_tie]
    assert operator.weakest_link == (
        f"Weakest link: 1 of 2 rings is tied to the others by 2 prompt templates (22.0 bits): {RING_IDS[1]}."
    )
    assert operator.why_not[2:] == [f"{ring.id}: {d.text}" for ring in operator.rings for d in ring.why_not]


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


def test_what_else_would_explain_it_and_whose_traffic_it_is_stand_on_the_card(run: Run) -> None:
    card = run.operator(OPERATOR).card()
    assert card.notes["alternatives"] == [
        "a prompt that is sold explains 100%: nothing else ties them", "one proxy provider explains 0%",
    ]
    assert card.notes["carrying"] == [], "no ring of it serves others"
    assert "weakest_link" not in card.facts


def test_accounts_of_a_shared_ring_that_do_not_show_for_whom_they_work(folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folder, tmp_path / "run"))
    served = pq.read_table(folder / "ring_operators.parquet")
    other = served.slice(0, 1).set_column(1, "operator_id", pa.array(["OP-ZZZZZZZZZZ"]))
    pq.write_table(pa.concat_tables([served, other]), folder / "ring_operators.parquet")
    ring = served["ring_id"][0].as_py()
    members = open_run(folder).operator(OPERATOR).members
    firm = members[(members["ring_id"] == ring) & (members["role"] != "bystander")]
    accounts = pq.read_table(folder / "1-sources/accounts.parquet").to_pandas().set_index("account_id")["account"]
    shown = [
        {"account": int(accounts[name]), "ring": 0, "operator": 0, "share": 0.4} for name in firm["account_id"].iloc[:3]
    ]
    pq.write_table(pa.Table.from_pylist(shown, schema=model.CARRIED), folder / "5-operators/carried.parquet")
    operator = open_run(folder).operator(OPERATOR)
    assert operator.carrying == [
        f"{ring} serves other operators, too: 3 of its {len(firm)} accounts show for whom they work. The other "
        f"{len(firm) - 3} use hardly anything that is known as an operator's: they look like bystanders, innocent "
        "customers of the ring, or evade (they have no value under carried)."
    ]
    carried = operator.members.set_index("account_id")["carried"]
    assert carried[firm["account_id"].iloc[:3]].tolist() == [0.4] * 3
    assert carried.notna().sum() == 3


def test_the_card_is_json_and_its_names_do_not_collide(run: Run) -> None:
    card = run.operator(OPERATOR).card(top=1)
    assert len(card.data()) == len(card.facts) + len(card.tables) + len(card.notes)
    assert json.loads(json.dumps(card.data(), default=str))["decided_by"] == [
        "one template set",
        "each ring picks from it",
    ]
    assert [len(t) for t in card.tables.values()] == [1, 1, 1, 1]
