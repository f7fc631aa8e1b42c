"""The published tables: against the contract, against what pandas counts in the logs, and made by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import model
from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine
from linkage.reports.publish import Stages, published_tables
from tests.small_world import FAMILIES, KINDS, activity, uses

ROLES = {"core", "periphery", "bystander"}
WINDOWS = [model.CREATED, model.LOAD]
Tables = dict[str, pd.DataFrame]


@cache
def read(run: Path) -> Tables:
    """The published tables of a run, and three that its numbers are explained by."""
    more = ("1-sources/entities", "2-graph/kinds", "4-rings/pools")
    return {name: pq.read_table(run / f"{name}.parquet").to_pandas() for name in (*model.PUBLISHED, *more)}


@pytest.fixture(scope="module")
def tables(published: Path) -> Tables:
    return read(published)


@pytest.fixture(scope="module")
def links(simulated: Path) -> pd.DataFrame:
    """What pandas finds in the logs: account_id, kind, value, first and last use, one row a link."""
    found = uses(simulated).groupby(["account_id", "kind", "value"], as_index=False)["time"]
    return found.agg(first="min", last="max", n="size")


@pytest.fixture(scope="module")
def accounts(simulated: Path) -> pd.DataFrame:
    return activity(simulated)


# The contract


@pytest.mark.parametrize("name", sorted(model.PUBLISHED))
def test_columns_and_types_are_those_of_the_contract(published: Path, name: str) -> None:
    assert pq.read_schema(published / f"{name}.parquet").remove_metadata() == model.PUBLISHED[name]


def test_there_is_something_to_look_at(tables: Tables) -> None:
    assert {"suspect", "household", "organisation"} <= set(tables["rings"]["verdict"])
    assert set(tables["members"]["role"]) == ROLES
    assert tables["evidence"]["pool"].notna().any()
    assert tables["evidence"]["entity"].notna().any()
    assert min(len(tables[name]) for name in model.PUBLISHED) > 0


def test_every_account_has_one_ring_and_every_ring_its_members(tables: Tables) -> None:
    members, rings = tables["members"], tables["rings"].set_index("ring_id")
    assert members["account_id"].is_unique
    assert rings.index.is_unique
    assert members.groupby("ring_id").size().to_dict() == rings["accounts"].to_dict()
    assert (members["verdict"] == members["ring_id"].map(rings["verdict"])).all()
    assert members["account_id"].tolist() == sorted(members["account_id"], key=lambda name: name.encode())
    assert rings["ring"].tolist() == list(range(len(rings)))


def test_ids_look_like_ids(tables: Tables) -> None:
    for name, column, form in (("rings", "ring_id", "R"), ("operators", "operator_id", "OP")):
        assert all(re.fullmatch(rf"{form}-[A-Z2-7]{{10}}", text) for text in tables[name][column])


def test_only_core_and_periphery_of_suspect_rings_have_an_operator(tables: Tables) -> None:
    members = tables["members"].merge(tables["rings"][["ring_id", "operator_id"]], on="ring_id", suffixes=("", "_ring"))
    owned = (members["verdict"] == "suspect") & members["role"].isin(["core", "periphery"])
    assert (members["operator_id"].notna() == owned).all()
    assert (members["operator_id"] == members["operator_id_ring"])[owned].all()
    assert set(members["operator_id"].dropna()) == set(tables["operators"]["operator_id"])


def test_affiliations_are_further_memberships_of_members(tables: Tables) -> None:
    further = tables["affiliations"].merge(tables["members"], on="account_id", suffixes=("", "_main"), how="left")
    assert not further.duplicated(["account_id", "ring_id"]).any()
    assert (further["ring_id"] != further["ring_id_main"]).all()
    assert further["ring_id_main"].notna().all()
    assert set(further["ring_id"]) <= set(tables["rings"]["ring_id"])


def test_likelihoods_are_probabilities_that_are_never_sure(tables: Tables) -> None:
    for name in ("members", "affiliations"):
        assert tables[name]["likelihood"].between(0.001, 0.999).all()
        assert (tables[name]["likelihood"] == tables[name]["likelihood"].round(4)).all()
    suspect = tables["members"][tables["members"]["verdict"] == "suspect"]
    assert suspect[suspect["role"] == "core"]["likelihood"].mean() > 0.8
    means = suspect.groupby("role")["likelihood"].mean()
    assert means["bystander"] < means["core"]


def test_the_bound_is_monotone_in_bits(tables: Tables) -> None:
    rings = tables["rings"].sort_values("bits_saved", ascending=False)
    unpaid = len(FAMILIES) + len(WINDOWS)  # one bit a family says whether it is described at all; see docs/method.md
    expected = (unpaid - rings["bits_saved"]).clip(upper=0)
    assert (rings["log2_p_bound"] - expected).abs().max() < 2e-3
    assert (rings["bits_saved"] > 0).all()
    assert rings["q_value"].is_monotonic_increasing
    assert rings["q_value"].between(0, 1, inclusive="right").all()
    assert (rings["q_value"] <= 2.0 ** rings["log2_p_bound"].clip(lower=-1000) * 1.001).all()


def test_families_are_known_ones_and_a_suspect_ring_has_two(tables: Tables) -> None:
    for name in ("rings", "members"):
        named = tables[name]["families"].str.split(",").explode()
        assert set(named) <= {*FAMILIES.values(), ""}
    suspect = tables["rings"][tables["rings"]["verdict"] == "suspect"]
    assert suspect["families"].str.split(",").map(len).min() >= 2


# The figures, against the logs


def test_kinds_count_what_the_logs_hold(tables: Tables, links: pd.DataFrame) -> None:
    kinds = tables["2-graph/kinds"].set_index("kind")
    grouped = links.groupby("kind")
    assert kinds["family"].to_dict() == FAMILIES
    kinds = kinds.loc[KINDS]
    assert kinds["accounts"].to_dict() == grouped["account_id"].nunique().to_dict()
    assert kinds["entities"].to_dict() == grouped["value"].nunique().to_dict()
    assert kinds["links"].to_dict() == grouped.size().to_dict()


def test_evidence_of_an_entity(tables: Tables, links: pd.DataFrame) -> None:
    named = tables["evidence"][tables["evidence"]["entity"].notna() & tables["evidence"]["kind"].isin(KINDS)]
    inside = links.merge(tables["members"][["account_id", "ring_id"]], on="account_id")
    used = inside.groupby(["ring_id", "kind", "value"]).agg(k=("account_id", "size"), first=("first", "min"),
                                                            last=("last", "max"))
    having = inside.groupby(["ring_id", "kind"])["account_id"].nunique()
    everywhere = links.groupby(["kind", "value"]).size()
    for row in named.itertuples():
        counted = used.loc[(row.ring_id, row.kind, row.entity)]
        assert (row.ring_accounts, row.first_seen, row.last_seen) == (counted.k, counted["first"], counted["last"])
        assert row.ring_accounts_with_kind == having[row.ring_id, row.kind]
        assert row.all_accounts == everywhere[row.kind, row.entity]
        assert row.ring_accounts <= min(row.ring_accounts_with_kind, row.all_accounts)
    assert (named["bits"] > 0).all()
    assert named["pool"].isna().all()


def test_evidence_of_a_pool(tables: Tables, links: pd.DataFrame) -> None:
    rings = tables["rings"].set_index("ring")["ring_id"]
    pools = tables["4-rings/pools"].assign(ring_id=lambda t: t["ring"].map(rings)).drop(columns="kind")
    pools = pools.merge(tables["1-sources/entities"], on="entity")[["ring_id", "kind", "value"]]
    using = pools.merge(links, on=["kind", "value"])
    inside = using.merge(tables["members"][["account_id", "ring_id"]], on=["account_id", "ring_id"])
    told = tables["evidence"][tables["evidence"]["pool"].notna() & ~tables["evidence"]["kind"].isin(WINDOWS)]
    rows = told.set_index(["ring_id", "kind"])
    members = links.merge(tables["members"][["account_id", "ring_id"]], on="account_id").groupby(["ring_id", "kind"])
    assert rows.index.is_unique
    assert (rows["ring_accounts_with_kind"] == members["account_id"].nunique().reindex(rows.index)).all()
    assert (rows["ring_accounts"] <= rows[["ring_accounts_with_kind", "all_accounts"]].min(axis=1)).all()
    for table, column, counted in (
        (pools, "pool", pools.groupby(["ring_id", "kind"]).size()),
        (inside, "ring_accounts", inside.groupby(["ring_id", "kind"])["account_id"].nunique()),
        (using, "all_accounts", using.groupby(["ring_id", "kind"])["account_id"].nunique()),
        (inside, "first_seen", inside.groupby(["ring_id", "kind"])["first"].min()),
        (inside, "last_seen", inside.groupby(["ring_id", "kind"])["last"].max()),
    ):
        assert len(table)
        assert (rows[column].sort_index() == counted.sort_index()).all(), column


def test_rings_are_seen_when_their_members_are(tables: Tables, accounts: pd.DataFrame) -> None:
    members = tables["members"].join(accounts, on="account_id").groupby("ring_id")
    rings = tables["rings"].set_index("ring_id").sort_index()
    assert (rings["first_seen"] == members["first_seen"].min()).all()
    assert (rings["last_seen"] == members["last_seen"].max()).all()


def test_operators_sum_over_the_members_that_are_theirs(tables: Tables, accounts: pd.DataFrame) -> None:
    theirs = tables["members"].join(accounts, on="account_id").groupby("operator_id")
    suspect = tables["rings"][tables["rings"]["verdict"] == "suspect"].groupby("operator_id")
    told = tables["operators"].set_index("operator_id").sort_index()
    for column, counted in (
        ("accounts", theirs.size()), ("exchanges", theirs["exchanges"].sum()), ("rings", suspect.size()),
        ("first_seen", theirs["first_seen"].min()), ("last_seen", theirs["last_seen"].max()),
    ):
        assert told[column].tolist() == counted.sort_index().tolist(), column
    assert (told["bits_saved"] - suspect["bits_saved"].sum()).abs().max() < 0.0006


def test_a_ring_spreads_its_whole_traffic(tables: Tables) -> None:
    shares = tables["ring_operators"]
    assert (shares.groupby("ring_id")["traffic_share"].sum() - 1).abs().max() < 1e-9
    main = tables["rings"].dropna(subset="operator_id")
    assert set(zip(main["ring_id"], main["operator_id"], strict=True)) <= set(
        zip(shares["ring_id"], shares["operator_id"], strict=True)
    )


# Made by hand: two suspect rings of one operator, an undetermined ring tied to it, a household


def day(number: int) -> datetime:
    return datetime(2026, 5, number, tzinfo=UTC)


NAMES = ["a1", "a2", "a3", "b1", "b2", "c1", "c2", "=1+1", "h2", "\x1b[31m"]
RING = [0, 0, 0, 1, 1, 2, 2, 3, 3]
HANDMADE: dict[str, tuple[pa.Schema, list[dict[str, Any]]]] = {
    "members": (model.RING_MEMBERS, [
        {"account": i, "ring": RING[i], "log_odds_bits": 3.0, "role": "bystander" if i == 2 else "core",
         "families": "network"} for i in range(9)
    ]),
    "affiliations": (model.RING_AFFILIATIONS, [{"account": 0, "ring": 1, "role": "periphery", "log_odds_bits": 1.0}]),
    "rings": (model.RING_LIST, [
        {"ring": i, "cluster": i, "verdict": verdict, "runner_up": "campus", "reasons": "", "accounts": RING.count(i),
         "bits_saved": 20.5 - i, "log2_p_bound": i - 20.5, "q_value": 0.01, "families": "network", "support": 1.0}
        for i, verdict in enumerate(["suspect", "suspect", "undetermined", "household"])
    ]),
    "evidence": (model.RING_EVIDENCE, [
        {"ring": 0, "kind": "ip", "entity": 1, "ring_accounts": 2, "ring_accounts_with_kind": 3, "all_accounts": 2,
         "bits": 7.0},
        {"ring": 0, "kind": "card", "pool": 2, "ring_accounts": 3, "ring_accounts_with_kind": 3, "all_accounts": 3,
         "bits": 9.0},
    ]),
    "pools": (model.POOLS, [
        {"ring": 0, "kind": "card", "entity": e, "ring_accounts": 1, "all_accounts": 1} for e in (0, 2)
    ]),
    "profiles": (model.PROFILES, []),
    "bystanders": (model.BYSTANDERS, []),
    "windows": (model.WINDOWS, []),
}  # fmt: skip
OPERATED = {
    "ring_operators": (model.RING_OPERATOR_LIST, [{"ring": r, "operator": 0, "traffic_share": 1.0} for r in (0, 1, 2)]),
    "operators": (model.OPERATOR_LIST, [{"operator": 0, "bits_saved": 40.0, "decided_by": "by hand"}]),
}
HANDMADE_MEMBERS = len(HANDMADE["members"][1])
LINKED = [(0, 0, "card", 2), (0, 1, "ip", 3), (1, 1, "ip", 9), (1, 2, "card", 4), (2, 2, "card", 12), (8, 1, "ip", 30)]


def arrow(rows: dict[str, tuple[pa.Schema, list[dict[str, Any]]]]) -> dict[str, pa.Table]:
    return {name: pa.Table.from_pylist(made, schema=schema) for name, (schema, made) in rows.items()}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 1}), tmp_path / "work")
    rows = [
        {"account": i, "account_id": name, "first_seen": day(i + 1), "last_seen": day(20 + i), "exchanges": 10**i}
        for i, name in enumerate(NAMES)
    ]
    entities = [{"entity": i, "kind": k, "value": f"v{i}"} for i, k in enumerate(["card", "ip", "card"])]
    links = [
        {"account": a, "entity": e, "kind": kind, "first_seen": day(d), "last_seen": day(d + 1), "n": 1}
        for a, e, kind, d in LINKED
    ]
    made.load("accounts", pa.Table.from_pylist(rows, schema=model.ACCOUNTS))
    made.load("entities", pa.Table.from_pylist(entities, schema=model.ENTITIES))
    made.load("links", pa.Table.from_pylist(links, schema=model.LINKS))
    made.load("labels", model.LABELS.empty_table())
    yield made
    made.close()


@pytest.fixture
def made(engine: DuckDBEngine) -> dict[str, pa.Table]:
    return published_tables(engine, Stages(arrow(HANDMADE), arrow(OPERATED))).tables


def test_an_operator_holds_core_members_of_suspect_rings_alone(made: dict[str, pa.Table]) -> None:
    operator = made["operators"].to_pylist()[0]
    assert (operator["rings"], operator["accounts"], operator["exchanges"]) == (2, 4, 11_011)  # not a3, c1, c2
    assert (operator["first_seen"], operator["last_seen"]) == (day(1), day(24))
    assert (operator["bits_saved"], operator["decided_by"]) == (40.0, "by hand")
    owners = {r["account_id"]: r["operator_id"] for r in made["members"].to_pylist()}
    assert {name for name, owner in owners.items() if owner == operator["operator_id"]} == {"a1", "a2", "b1", "b2"}
    assert all(owners[name] is None for name in ("a3", "c1", "c2", "=1+1", "h2"))


def test_an_undetermined_ring_may_name_the_operator_that_it_resembles(made: dict[str, pa.Table]) -> None:
    by_verdict = {(r["verdict"], r["operator_id"] is not None) for r in made["rings"].to_pylist()}
    assert by_verdict == {("suspect", True), ("undetermined", True), ("household", False)}


def test_ring_members_are_sorted_by_bytes_and_named_as_they_are(made: dict[str, pa.Table]) -> None:
    assert made["members"]["account_id"].to_pylist() == ["=1+1", "a1", "a2", "a3", "b1", "b2", "c1", "c2", "h2"]


def test_a_pool_is_seen_when_members_use_any_of_it(made: dict[str, pa.Table]) -> None:
    pool, entity = made["evidence"].to_pylist()
    assert (pool["pool"], pool["entity"], pool["first_seen"], pool["last_seen"]) == (2, None, day(2), day(13))
    assert (entity["entity"], entity["first_seen"], entity["last_seen"]) == ("v1", day(3), day(10))  # not h2's use


def test_a_ring_of_two_operators_is_published_once_with_its_main_one(engine: DuckDBEngine) -> None:
    operators = arrow(OPERATED)
    rows = [*operators["ring_operators"].to_pylist()[:1], {"ring": 0, "operator": 1, "traffic_share": 0.5},
            {"ring": 1, "operator": 1, "traffic_share": 1.0}]
    rows[0]["traffic_share"] = 0.25
    operators["ring_operators"] = pa.Table.from_pylist(rows, schema=model.RING_OPERATOR_LIST)
    two = [{"operator": n, "bits_saved": 1.0, "decided_by": f"#{n}"} for n in (0, 1)]
    operators["operators"] = pa.Table.from_pylist(two, schema=model.OPERATOR_LIST)
    one = published_tables(engine, Stages(arrow(HANDMADE), arrow(OPERATED))).tables
    made = published_tables(engine, Stages(arrow(HANDMADE), operators)).tables
    assert made["members"].num_rows == one["members"].num_rows
    assert made["rings"].num_rows == one["rings"].num_rows
    name = {row["decided_by"]: row["operator_id"] for row in made["operators"].to_pylist()}
    ring = next(row for row in made["rings"].to_pylist() if row["ring"] == 0)
    assert ring["operator_id"] == name["#1"]
    shares = {r["operator_id"]: r["traffic_share"] for r in made["ring_operators"].to_pylist()
              if r["ring_id"] == ring["ring_id"]}
    assert shares == {name["#0"]: 0.25, name["#1"]: 0.5}
    alone = published_tables(engine, Stages(arrow(HANDMADE), {
        **operators, "ring_operators": pa.Table.from_pylist(
            [{"ring": 0, "operator": 0, "traffic_share": 1.0}], schema=model.RING_OPERATOR_LIST),
    })).tables["operators"].to_pylist()[0]["exchanges"]
    split = next(row for row in made["operators"].to_pylist() if row["decided_by"] == "#0")
    assert alone > 0
    assert split["exchanges"] == round(alone / 4)


def test_ids_depend_on_the_members_and_not_on_the_numbers(engine: DuckDBEngine, made: dict[str, pa.Table]) -> None:
    rings = {n: _numbered_backwards(t) if "ring" in t.schema.names else t for n, t in arrow(HANDMADE).items()}
    operators = arrow(OPERATED)
    operators["ring_operators"] = _numbered_backwards(operators["ring_operators"])
    again = published_tables(engine, Stages(rings, operators)).tables
    for name in ("members", "affiliations", "ring_operators", "operators", "evidence"):
        assert again[name].equals(made[name]), name
    one_less = {**arrow(HANDMADE), "members": arrow(HANDMADE)["members"].slice(1)}
    other = published_tables(engine, Stages(one_less, arrow(OPERATED))).tables["rings"]["ring_id"].to_pylist()
    before = made["rings"]["ring_id"].to_pylist()
    assert [a == b for a, b in zip(other, before, strict=True)] == [False, True, True, True]


def test_what_follows_an_operator_does_not_rename_it(engine: DuckDBEngine, made: dict[str, pa.Table]) -> None:
    """Ring 2 is undetermined, ring 3 a household's: neither whether one follows nor who is in the other matters."""
    alone = {**arrow(OPERATED), "ring_operators": arrow(OPERATED)["ring_operators"].slice(0, 2)}
    fewer = {**arrow(HANDMADE), "members": arrow(HANDMADE)["members"].slice(0, HANDMADE_MEMBERS - 1)}
    again = published_tables(engine, Stages(fewer, alone)).tables
    assert again["rings"]["ring_id"][3] != made["rings"]["ring_id"][3]
    assert again["operators"]["operator_id"] == made["operators"]["operator_id"]
    assert again["ring_operators"].num_rows == 2


def _numbered_backwards(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("ring")
    return table.set_column(place, "ring", pa.array([3 - r for r in table["ring"].to_pylist()], pa.int32()))


def test_no_ring_at_all_gives_empty_tables_of_the_right_shape(engine: DuckDBEngine) -> None:
    empty = {name: schema.empty_table() for name, (schema, _) in HANDMADE.items()}
    nothing = {name: schema.empty_table() for name, (schema, _) in OPERATED.items()}
    for name, table in published_tables(engine, Stages(empty, nothing)).tables.items():
        assert (table.schema, table.num_rows) == (model.PUBLISHED[name], 0)
