"""The likelihood: the SQL against a sum by hand, its weights as they lie in the package, and what labels do to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linkage import model
from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine
from linkage.model import Verdict
from linkage.reports.likelihood import (
    MEANINGS,
    MEASURES,
    Weights,
    read_weights,
    state_likelihoods,
    weights,
    write_weights,
)

VERDICTS = ("suspect", "suspect", "suspect", "household")
RUNNERS_UP = ("undetermined", "campus", "undetermined", "own_accounts")
RIVALS = (None, 0.75, None, 0.5)  # their fits
FITS = (0.875, 1.0, None, 0.625)  # those of the verdicts
# account, ring, log-odds in bits, role
MEMBERS = [(0, 0, 3.0, "core"), (1, 0, 50.0, "periphery"), (2, 1, 1.0, "bystander"), (3, 2, -1.0, "core"),
           (4, 3, 7.0, "core")]  # fmt: skip
FURTHER = [(0, 1, 2.0, "periphery"), (0, 2, 4.0, "core"), (4, 0, 1.0, "bystander"), (1, 3, 3.0, "core")]
OPERATORS = {0: 7, 1: 7, 2: 8}
SIZE, SAVED, SUPPORT = 8, 40.0, 0.75


def simple(**changed: float) -> dict[str, float]:
    return {"constant": 0.0, **dict.fromkeys(MEASURES, 0.0), **changed}


def uneven() -> Weights:
    """Weights that differ in every place, so that a wrong column or row shows."""
    rows = {
        (own, v): {c: 0.01 * (1 + i) * (1 + j) * (1 if own else -1) for j, c in enumerate(("constant", *MEASURES))}
        for own in (True, False) for i, v in enumerate(map(str, Verdict))
    }
    return Weights({}, *({v: row for (mine, v), row in rows.items() if mine == own} for own in (True, False)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 1}), tmp_path / "work")
    keys = ("account", "ring", "log_odds_bits", "role")
    members = [dict(zip(keys, row, strict=True)) for row in MEMBERS]
    further = [dict(zip(keys, row, strict=True)) for row in FURTHER]
    rings = [
        {"ring": i, "verdict": v, "verdict_fit": FITS[i], "runner_up": RUNNERS_UP[i], "runner_up_fit": RIVALS[i],
         "accounts": SIZE, "bits_saved": SAVED,
         "support": SUPPORT, "families": "content,payment"} for i, v in enumerate(VERDICTS)
    ]  # fmt: skip
    load(made, "ring_members", model.RING_MEMBERS, members)
    load(made, "ring_affiliations", model.RING_AFFILIATIONS, further)
    load(made, "ring_rings", model.RING_LIST, rings)
    made.load("main_operator", pa.table({"ring": [*OPERATORS], "operator": [*OPERATORS.values()]}))
    load(made, "accounts", model.ACCOUNTS, [{"account": i, "account_id": f"a{i}"} for i in range(40)])
    load(made, "labels", model.LABELS, [])
    yield made
    made.close()


def load(engine: DuckDBEngine, name: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    engine.load(name, pa.Table.from_pylist(rows, schema=schema))


def stated(engine: DuckDBEngine) -> dict[tuple[int, int, bool], float]:
    rows = engine.fetch("SELECT * FROM stated").to_pylist()
    return {(r["account"], r["ring"], r["own"]): r["likelihood"] for r in rows}


def measures(account: int, ring: int, bits: float, role: str, own: bool) -> dict[str, float]:
    home = next(r for a, r, *_ in MEMBERS if a == account)
    return {
        "constant": 1, "bits": math.log2(1 + min(max(bits, 0), 10)), "size": math.log2(SIZE), "support": SUPPORT,
        "fit": FITS[ring] or 0.0, "rival": RIVALS[ring] or 0.0,
        "periphery": role == "periphery", "bystander": role == "bystander",
        "beside_suspects": not own and VERDICTS[home] == "suspect",
        "same_operator": not own and ring in OPERATORS and OPERATORS.get(ring) == OPERATORS.get(home),
    }  # fmt: skip


def test_every_likelihood_is_the_slow_sum(engine: DuckDBEngine) -> None:
    used = uneven()
    state_likelihoods(engine, used)
    found = stated(engine)
    assert len(found) == len(MEMBERS) + len(FURTHER)
    for own, rows, table in ((True, MEMBERS, used.members), (False, FURTHER, used.affiliations)):
        for account, ring, bits, role in rows:
            row = table[VERDICTS[ring]]
            logit = sum(row[name] * value for name, value in measures(account, ring, bits, role, own).items())
            assert found[account, ring, own] == round(1 / (1 + math.exp(-logit)), 4)


def test_no_likelihood_is_sure(engine: DuckDBEngine) -> None:
    by_verdict = {str(v): simple(constant=-99.0 if v == "household" else 99.0) for v in Verdict}
    state_likelihoods(engine, Weights({}, by_verdict, by_verdict))
    assert set(stated(engine).values()) == {0.001, 0.999}


def test_measures_are_told_with_their_meaning() -> None:
    assert list(MEANINGS) == list(MEASURES)


def test_the_package_has_weights_for_every_verdict_and_measure() -> None:
    packed = weights()
    for table in (packed.members, packed.affiliations):
        assert set(table) == {str(v) for v in Verdict}
        assert all(set(row) == {"constant", *MEASURES} for row in table.values())
        assert all(row["bits"] >= 0 and row["same_operator"] >= 0 for row in table.values())
    suspect = packed.members["suspect"]
    assert suspect["bystander"] < suspect["periphery"]
    assert suspect["bystander"] < -0.5
    assert packed.affiliations["suspect"]["same_operator"] > 1


def test_weights_come_back_as_they_were_written(tmp_path: Path) -> None:
    made = replace(uneven(), fitted_on={"worlds": 3})
    write_weights(made, tmp_path / "w.json")
    assert read_weights(tmp_path / "w.json") == made


LABELLED = 36  # accounts of three suspect rings


@pytest.fixture
def known(engine: DuckDBEngine) -> DuckDBEngine:
    """36 members of the three suspect rings; every third is labelled honest, the others banned."""
    members = [{"account": i, "ring": i % 3, "log_odds_bits": 3.0, "role": "core"} for i in range(LABELLED)]
    load(engine, "ring_members", model.RING_MEMBERS, [*members, {**members[0], "account": 39, "ring": 3}])
    label(engine, {i: "Confirmed honest" if i % 4 == 0 else "banned" for i in range(LABELLED)})
    return engine


def label(engine: DuckDBEngine, said: dict[int, str]) -> None:
    load(engine, "labels", model.LABELS, [{"account_id": f"a{i}", "label": word} for i, word in said.items()])


FLAT = Weights({}, *({str(v): simple(constant=3.0) for v in Verdict} for _ in range(2)))


def test_labels_move_suspect_rings_towards_what_they_say_and_no_others(known: DuckDBEngine) -> None:
    changed = state_likelihoods(known, FLAT)
    assert (changed.operator, changed.honest, changed.rings, changed.unused) == (27, 9, 3, "")
    found = stated(known)
    before = round(1 / (1 + math.exp(-3)), 4)
    assert 0.75 < found[0, 0, True] < before - 0.01
    assert found[39, 3, True] == before  # a household
    assert found[4, 0, False] == found[0, 0, True]  # an affiliation with a suspect ring
    assert found[1, 3, False] == before


def test_a_red_team_conflicts_and_words_that_say_nothing_are_left_out(known: DuckDBEngine) -> None:
    labels = {i: "Confirmed honest" if i % 4 == 0 else "banned" for i in range(12)}
    label(known, {**labels, 12: "red team", 13: "vip"})
    whole = known.fetch("labels")
    both = pa.Table.from_pylist([{"account_id": "a1", "label": "staff"}], schema=model.LABELS)
    known.load("labels", pa.concat_tables([whole, both]))
    changed = state_likelihoods(known, FLAT)
    assert (changed.operator, changed.honest) == (8, 3)


def test_labels_of_accounts_that_are_no_members_are_no_evidence(known: DuckDBEngine) -> None:
    label(known, {37: "banned", 38: "honest", 39: "banned"})
    changed = state_likelihoods(known, FLAT)
    assert (changed.operator, changed.honest, changed.shift, changed.slope) == (0, 0, 0.0, 1.0)
    assert changed.unused == "0 labelled members of 0 suspect rings; 10 of 3 rings are needed"
