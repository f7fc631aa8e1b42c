from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from linkage.config import EngineSettings
from linkage.engines.duckdb import DuckDBEngine
from linkage.graph import build_links
from linkage.model import DOSSIERS, ENTITIES, KINDS, LINKS, OBSERVATIONS, Kind

KIND_LIST = (Kind("device", "device", True), Kind("ip", "network", False), Kind("unused", "other", True))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(EngineSettings.model_validate({"threads": 2}), tmp_path / "work")
    yield made
    made.close()


def build(
    engine: DuckDBEngine, pairs: list[tuple[int, int]], kinds: list[str], told: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables kinds and links of accounts that use entities; ``kinds`` are the kinds of the entities in order, of value
    v0, v1, …; a dossier names v9."""
    entities = {"entity": range(len(kinds)), "kind": kinds, "value": [f"v{i}" for i in range(len(kinds))]}
    engine.load("entities", pa.table({**entities, "context": pa.nulls(len(kinds), pa.string())}, schema=ENTITIES))
    columns = [[a for a, _ in pairs], [e for _, e in pairs], [None] * len(pairs), [None] * len(pairs), [1] * len(pairs)]
    engine.load(
        "observations",
        pa.table([pa.array(c, f.type) for c, f in zip(columns, OBSERVATIONS, strict=True)], schema=OBSERVATIONS),
    )
    engine.load("dossiers", pa.table([["one"], ["device"], ["v9"]], schema=DOSSIERS))
    build_links(engine, KIND_LIST, told)
    assert engine.fetch("kinds").schema.equals(KINDS)
    assert engine.fetch("links").schema.equals(LINKS)
    return engine.fetch("kinds").to_pandas(), engine.fetch("links").to_pandas()


def test_bits_are_the_rarity_among_accounts_with_the_kind(engine: DuckDBEngine) -> None:
    kinds, links = build(engine, [(0, 0), (1, 0), (2, 1), (3, 1), (0, 2), (1, 3)], ["device", "device", "ip", "ip"])
    assert kinds[["kind", "family", "forgeable", "accounts", "entities", "links"]].values.tolist() == [
        ["device", "device", True, 4, 2, 4],
        ["ip", "network", False, 2, 2, 2],
        ["unused", "other", True, 0, 0, 0],
    ]
    assert links[["account", "entity", "kind", "users", "bits"]].values.tolist() == [
        [0, 0, "device", 2, 1.0],
        [0, 2, "ip", 1, 1.0],
        [1, 0, "device", 2, 1.0],
        [1, 3, "ip", 1, 1.0],
        [2, 1, "device", 2, 1.0],
        [3, 1, "device", 2, 1.0],
    ]


def test_what_everybody_shares_is_worth_nothing_and_stays(engine: DuckDBEngine) -> None:
    _, links = build(engine, [(0, 0), (1, 0), (2, 0)], ["device"])
    assert links["bits"].tolist() == [0.0, 0.0, 0.0]
    assert links["users"].tolist() == [3, 3, 3]


def test_against_counting_by_hand_on_random_graphs(engine: DuckDBEngine) -> None:
    dice = random.Random(4)
    kinds = [dice.choice(["device", "ip"]) for _ in range(40)]
    pairs = sorted({(dice.randrange(60), min(int(dice.expovariate(0.1)), 39)) for _ in range(400)})
    dice.shuffle(pairs)
    told, links = build(engine, pairs, kinds)
    users = {e: len({a for a, x in pairs if x == e}) for e in range(40)}
    having = {k: len({a for a, e in pairs if kinds[e] == k}) for k in ("device", "ip")}
    expected = [(a, e, kinds[e], users[e], round(math.log2(having[kinds[e]] / users[e]), 6)) for a, e in sorted(pairs)]
    assert list(links[["account", "entity", "kind", "users", "bits"]].itertuples(index=False, name=None)) == expected
    assert told.set_index("kind")["accounts"].to_dict() == {**having, "unused": 0}
    assert told["links"].sum() == len(pairs)


def test_no_observations_give_no_links(engine: DuckDBEngine) -> None:
    kinds, links = build(engine, [], [])
    assert kinds["links"].tolist() == [0, 0, 0]
    assert len(links) == 0


def test_all_that_an_account_alone_says_is_one_entity_but_what_a_dossier_names(engine: DuckDBEngine) -> None:
    pairs = [(0, 0), (1, 0), (0, 1), (0, 2), (0, 9), (1, 3), (0, 4), (0, 5), (2, 6)]
    kinds = ["device"] * 4 + ["ip"] * 2 + ["device"] * 4
    told, links = build(engine, pairs, kinds, ("device",))
    assert links[["account", "entity", "kind", "users", "n"]].values.tolist() == [
        [0, 0, "device", 2, 1], [0, 1, "device", 1, 2], [0, 4, "ip", 1, 1], [0, 5, "ip", 1, 1], [0, 9, "device", 1, 1],
        [1, 0, "device", 2, 1], [1, 3, "device", 1, 1], [2, 6, "device", 1, 1],
    ]  # fmt: skip
    assert told[["kind", "accounts", "entities", "links"]].values.tolist() == [
        ["device", 3, 5, 6], ["ip", 1, 2, 2], ["unused", 0, 0, 0],
    ]  # fmt: skip
