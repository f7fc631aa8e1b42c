"""The nouns and the table shapes that stages share."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from linkage import model
from linkage.model import AccountGraph, Incidence, Kind, Role, Verdict

SCHEMAS = {name: shape for name, shape in vars(model).items() if isinstance(shape, pa.Schema)}
ALL = {**SCHEMAS, **{f"PUBLISHED {name}": shape for name, shape in model.PUBLISHED.items()}}
READING = Path(__file__).parents[1] / "docs" / "reading-results.md"
CONTRACT = {  # the columns that every release publishes, in this order
    "members": "account_id ring_id operator_id verdict log_odds_bits likelihood role families",
    "affiliations": "account_id ring_id role likelihood",
    "rings": "ring_id operator_id verdict runner_up accounts bits_saved log2_p_bound q_value families first_seen "
    "last_seen",
    "ring_operators": "ring_id operator_id traffic_share",
    "operators": "operator_id rings accounts exchanges first_seen last_seen bits_saved",
    "evidence": "ring_id kind entity pool ring_accounts ring_accounts_with_kind all_accounts bits first_seen last_seen",
}
TYPES = {
    **dict.fromkeys(("first_seen", "last_seen", "created"), model.TIME),
    **dict.fromkeys(("bits", "bits_saved", "log_odds_bits", "q_value", "support", "traffic_share"), pa.float64()),
    **dict.fromkeys(("kind", "family", "verdict", "role", "families", "account_id", "ring_id"), pa.string()),
    **dict.fromkeys(("ring_accounts", "all_accounts", "ring_accounts_with_kind", "users", "n"), pa.int64()),
}


def test_published_tables_begin_with_the_columns_of_the_contract() -> None:
    assert set(model.PUBLISHED) == set(CONTRACT)
    for name, columns in CONTRACT.items():
        wanted = columns.split()
        assert model.PUBLISHED[name].names[: len(wanted)] == wanted

NUMBERS = ("account", "entity", "ring", "cluster", "operator", "community")  # of a run; published by names


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_column_has_one_type_wherever_it_occurs(name: str) -> None:
    shape = ALL[name]
    assert len(set(shape.names)) == len(shape.names)
    for field in shape:
        number = field.name in NUMBERS and name in SCHEMAS
        assert field.type == (pa.int32() if number else TYPES.get(field.name, field.type)), field.name



def test_times_are_utc_with_microseconds() -> None:
    assert pa.timestamp("us", tz="UTC") == model.TIME
    times = {field.type for shape in ALL.values() for field in shape if pa.types.is_timestamp(field.type)}
    assert times == {model.TIME}


def test_verdicts_and_roles_are_those_that_people_read_about() -> None:
    assert [str(v) for v in Verdict] == [
        "suspect", "undetermined", "household", "organisation", "campus", "shared_network", "own_accounts",
    ]  # fmt: skip
    assert [str(r) for r in Role] == ["core", "periphery", "bystander"]
    told = set(re.findall(r"`([a-z_]+)`", READING.read_text(encoding="utf-8")))
    assert {*map(str, Verdict), *map(str, Role)} <= told


@given(dense=arrays.arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 1)))
def test_users_and_breadth_are_the_sums_of_the_matrix(dense: np.ndarray) -> None:
    incidence = Incidence(Kind("ip", "network", False), sp.csr_matrix(dense), np.arange(dense.shape[1]))
    assert incidence.users.tolist() == dense.sum(axis=0).tolist()
    assert incidence.breadth.tolist() == dense.sum(axis=1).tolist()
    graph = AccountGraph(dense.shape[0], (incidence,))
    assert sum(int(i.users.sum()) for i in graph.kinds) == int(dense.sum())


def test_nouns_cannot_be_changed() -> None:
    kind = Kind("ip", "network", False)
    with pytest.raises(AttributeError):
        kind.forgeable = True  # type: ignore[misc]  # the assignment is the test
    assert kind == Kind("ip", "network", False)
    assert hash(kind) == hash(Kind("ip", "network", False))
