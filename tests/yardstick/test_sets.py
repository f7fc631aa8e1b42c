from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from linkage.yardstick import sets
from linkage.yardstick.sets import (
    KINDS,
    SETS,
    Scored,
    co_use,
    copy_set,
    found_groups,
    groups,
    institute,
    posts,
    sign_ups,
    tax_forms,
    wallets,
)
from linkage.yardstick.third_party import best

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def clusters(**labels: object) -> pd.Series:
    return pd.Series(labels, dtype=object)


def test_groups_are_clusters_of_some_size() -> None:
    found = groups(clusters(a=1, b=1, c=1, d=2, e=2, f=None))
    assert list(found.index) == ["a", "b", "c"]
    assert list(groups(clusters(a=1, b=1, d=2), 2).index) == ["a", "b"]


def test_a_group_is_found_when_one_cluster_has_half_of_it_and_is_half_its() -> None:
    members = pd.DataFrame({"account_id": list("abcdefg"), "group": list("xxxxyyy")})
    members = pd.concat([members, members.head(2)])  # an account of several years counts once
    assert found_groups(clusters(a=1, b=1, e=2, f=2, g=2), members) == 2
    assert found_groups(clusters(a=1, b=1, c=1, e=1, f=1, g=1, h=1), members) == 0 + 0
    assert found_groups(clusters(a=1, e=2), members) == 0


def test_wallets_score_against_the_operators(tmp_path: Path) -> None:
    wallet = ["0xa", "0xb", "0xc", "0xd", "0xf", "0xe"]
    truth = pd.DataFrame({"account_id": wallet[:5], "operator": [1, 1, 2, 2, 2]})
    truth.to_csv(tmp_path / "operators_half.csv", index=False)
    told = wallets(pd.Series(["r", "r", None, None, None, "r"], index=wallet), tmp_path)
    # precision (2/3, 2/3, 1, 1, 1), recall (1, 1, 1/3, 1/3, 1/3)
    precision, recall = 13 / 15, 3 / 5
    assert told.key == pytest.approx(2 * precision * recall / (precision + recall))
    assert told.text == f"{told.key:.3f} (0.87, 0.60), 1 of 2"


def test_sign_ups_count_fraud_in_groups(tmp_path: Path) -> None:
    pd.DataFrame({"user_id": range(1, 7), "class": [1, 1, 0, 0, 1, 1]}).to_csv(
        tmp_path / "fraud_data.csv.gz", index=False)
    told = sign_ups(pd.Series({"1": 1, "2": 1, "3": 1, "5": 2, "6": 2}), tmp_path)
    assert told.text == "0.667, 0.500 (3)"
    assert told.key == pytest.approx(4 / 7)


def test_an_institute_takes_lone_persons_as_one_group(tmp_path: Path) -> None:
    (tmp_path / "email-Eu-core-department-labels.txt").write_text("0 1\n1 1\n2 2\n3 2\n4 3\n5 3\n")
    told = institute(pd.Series({"0": 7, "1": 7, "2": 8, "3": 8, "4": 9, "5": 10}), tmp_path)
    assert told.key == pytest.approx(1.0)  # 4 and 5 are alone, so together


def test_tax_forms_count_employers_and_score_households(tmp_path: Path) -> None:
    forms = pd.DataFrame({
        "account_id": list("abcdef"), "employer": list("xxxyyy"), "household_id": list("hhhijj"), "tax_year": 2020
    })
    forms.to_parquet(tmp_path / "w2.parquet")
    told = tax_forms(clusters(a=1, b=1, c=1, d=2, e=3, f=3), tmp_path)
    assert told.text == "2, 1.000"
    assert tax_forms(clusters(a=1, b=2, c=3, d=4, e=5, f=6), tmp_path).text.startswith("0, ")


def test_co_use_equals_brute_force(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"account_id": rng.choice(list("abcdef"), 120), "timestamp": rng.integers(0, 900, 120)})
    for kind in KINDS:
        table[kind] = np.where(rng.random(120) < 0.4, rng.choice(list("uvwxyz"), 120), None)
    table.to_parquet(tmp_path / "posts.parquet")
    rows = table.to_dict("records")
    together: dict[tuple[str, str, str], set[str]] = {}
    for one, two in itertools.permutations(rows, 2):
        for kind in KINDS:
            near = abs(one["timestamp"] - two["timestamp"]) <= 60
            if one["account_id"] < two["account_id"] and near and one[kind] is not None and one[kind] == two[kind]:
                together.setdefault((one["account_id"], two["account_id"], kind), set()).add(one[kind])
    expected = sorted({(a, b) for (a, b, _), things in together.items() if len(things) >= 2})
    found = co_use(tmp_path / "posts.parquet")
    assert list(found.itertuples(index=False, name=None)) == expected
    assert 0 < len(expected) < 15


def test_posts_have_no_key_and_count_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "co_use", lambda path: pd.DataFrame({"a": ["p", "p", "q"], "b": ["q", "r", "s"]}))
    told = posts(clusters(p=1, q=1, r=1, s=2, t=2), tmp_path)
    assert told.text == "2 of 3 (4)"
    assert math.isnan(told.key)


def test_the_best_setting_is_chosen_by_truth_and_without_truth_the_usual_one_is() -> None:
    assert best([Scored("usual", 0.1), Scored("good", 0.9), Scored("also", 0.9)]).text == "good"
    assert best([Scored("usual", float("nan")), Scored("other", float("nan"))]).text == "usual"


@pytest.mark.parametrize("chosen", SETS, ids=lambda chosen: chosen.name)
def test_a_set_is_copied_with_its_example_config(chosen: sets.ThirdParty, tmp_path: Path) -> None:
    data = tmp_path / "data" / chosen.name
    data.mkdir(parents=True)
    (data / "email-Eu-core.txt").write_text("0 1\n1 2\n")
    config = copy_set(chosen, tmp_path / "data", EXAMPLES, tmp_path / "copy")
    assert config.read_text() == (EXAMPLES / f"{chosen.name}.toml").read_text()
    assert (tmp_path / "copy" / "email-Eu-core.txt").exists()
    if chosen.name == "email_eu_core":
        assert (tmp_path / "copy" / "edges.csv").read_text() == "sender,recipient\n0,1\n1,2\n"
