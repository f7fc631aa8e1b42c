"""The whole job on a small simulated world: its stages, its tables, its manifest, and worlds with next to nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkage
from linkage import model, pipeline
from linkage.config import load_config
from linkage.errors import ConfigError, InputRefused, LinkageError, StorageFault
from linkage.state.manifest import check_hashes, code_hash, sha256
from tests.small_world import KINDS, LOGS, TINY, activity, make_world, read_log, uses

STAGE_TABLES = {
    "1-sources/accounts": model.ACCOUNTS,
    "1-sources/dossiers": model.DOSSIERS,
    "1-sources/entities": model.ENTITIES,
    "1-sources/labels": model.LABELS,
    "1-sources/quarantine": model.QUARANTINE,
    "1-sources/sources": model.SOURCES,
    "2-graph/episodes": model.EPISODES,
    "2-graph/hand_offs": model.HAND_OFFS,
    "2-graph/kinds": model.KINDS,
    "2-graph/links": model.LINKS,
    "2-graph/loads": model.LOADS,
    "3-communities/candidates": model.CANDIDATES,
    "4-rings/affiliations": model.RING_AFFILIATIONS,
    "4-rings/bystanders": model.BYSTANDERS,
    "4-rings/evidence": model.RING_EVIDENCE,
    "4-rings/members": model.RING_MEMBERS,
    "4-rings/pools": model.POOLS,
    "4-rings/profiles": model.PROFILES,
    "4-rings/rings": model.RING_LIST,
    "4-rings/windows": model.WINDOWS,
    "5-operators/carried": model.CARRIED,
    "5-operators/operator_links": model.OPERATOR_LINKS,
    "5-operators/operators": model.OPERATOR_LIST,
    "5-operators/ring_operators": model.RING_OPERATOR_LIST,
}


def manifest_of(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / "manifest.json").read_text(encoding="ascii"))
    return told


@cache
def frame(run: Path, name: str) -> pd.DataFrame:
    return pq.read_table(run / f"{name}.parquet").to_pandas()


def files_of(run: Path) -> set[str]:
    return {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}


def logged(run: Path) -> pd.DataFrame:
    """The entities by their names in the logs, episodes of one under one name; those made from times are left out."""
    entities = frame(run, "1-sources/entities").set_index("entity")
    episodes = frame(run, "2-graph/episodes").set_index("entity")
    entities.loc[episodes.index, "value"] = episodes["value"]
    return entities[entities["kind"].isin(KINDS)].reset_index()


# What a run leaves


def test_a_run_leaves_the_tables_and_the_manifest_and_nothing_else(published: Path) -> None:
    tables = {f"{name}.parquet" for name in [*model.PUBLISHED, *STAGE_TABLES]}
    assert files_of(published) == {*tables, "manifest.json"}
    assert {path.name for path in published.iterdir() if path.is_dir()} == {n.partition("/")[0] for n in STAGE_TABLES}
    assert sorted(p.name for p in published.parent.iterdir()) == [".lock", published.name, "latest"]
    assert (published.parent / "latest").resolve() == published


@pytest.mark.parametrize("name", sorted(STAGE_TABLES))
def test_stage_tables_have_the_shapes_of_the_model(published: Path, name: str) -> None:
    assert pq.read_schema(published / f"{name}.parquet").remove_metadata() == STAGE_TABLES[name]


def test_the_manifest_says_what_went_in_and_what_came_out(simulated: Path, published: Path) -> None:
    told = manifest_of(published)
    assert check_hashes(published) == len(told["tables"]) == len(STAGE_TABLES) + len(model.PUBLISHED)
    assert all(pq.read_metadata(published / name).num_rows == t["rows"] for name, t in told["tables"].items())
    files = {(s, path) for s, (pattern, _) in LOGS.items() for path in simulated.glob(pattern)}
    assert [(i["source"], i["path"]) for i in told["inputs"]] == sorted(
        (source, path.relative_to(simulated).as_posix()) for source, path in files
    )
    for given in told["inputs"]:
        path = simulated / given["path"]
        assert (given["bytes"], given["sha256"]) == (path.stat().st_size, sha256(path))
    assert told["run_id"] == published.name
    world_made = datetime.fromtimestamp((simulated / "linkage.toml").stat().st_mtime, UTC)
    assert world_made - timedelta(seconds=1) <= datetime.fromisoformat(told["created"]) <= datetime.now(UTC)
    assert told["code"] == code_hash(Path(linkage.__file__).parent)
    assert told["config"] == load_config(simulated / "linkage.toml").model_dump(mode="json")
    assert (told["seed"], told["warnings"]) == (1, [])


def test_every_row_of_the_logs_is_in_the_manifest(simulated: Path, published: Path) -> None:
    told = manifest_of(published)
    rows = {source: read_log(simulated, source).num_rows for source in LOGS}
    assert {s["source"]: s["rows"] for s in told["sources"]} == rows
    assert told["rows"] == {"in": sum(rows.values()), "loaded": sum(rows.values()), "duplicate": 0, "quarantined": 0}
    assert [s["name"] for s in told["stages"]] == list(pipeline.STAGES)
    assert all(s["seconds"] >= sum(step["seconds"] for step in s["steps"]) >= 0 for s in told["stages"])


def test_the_manifest_says_what_each_stage_and_step_cost(published: Path) -> None:
    told = manifest_of(published)
    stages = {stage["name"]: stage for stage in told["stages"]}
    tables = {name: table["rows"] for name, table in told["tables"].items()}
    for number, name in enumerate(pipeline.STAGES[:-1], 1):
        assert stages[name]["rows"] == sum(n for path, n in tables.items() if path.startswith(f"{number}-{name}/"))
    assert stages["reports"]["rows"] == sum(n for path, n in tables.items() if "/" not in path)
    peaks = [stage["peak_bytes"] for stage in told["stages"]]
    assert peaks == sorted(peaks)
    assert peaks[0] > 10_000_000
    steps = {step["name"]: step for step in stages["graph"]["steps"]}
    assert steps["links"]["rows"] == steps["write links.parquet"]["rows"] == tables["2-graph/links.parquet"]
    assert {stage["spilled_bytes"] for stage in told["stages"]} == {0}


def test_accounts_are_numbered_by_their_ids_and_seen_when_the_logs_say(simulated: Path, published: Path) -> None:
    accounts, expected = frame(published, "1-sources/accounts"), activity(simulated)
    assert accounts["account"].tolist() == list(range(len(accounts)))
    assert accounts["account_id"].tolist() == sorted(expected.index)
    told = accounts.set_index("account_id")
    for column in ("created", "first_seen", "last_seen", "exchanges"):
        assert (told[column] == expected[column]).all(), column


def test_entities_are_numbered_in_order_of_kind_and_value(simulated: Path, published: Path) -> None:
    entities = logged(published)
    assert entities["entity"].tolist() == list(range(len(entities)))
    first = entities[~entities.duplicated(["kind", "value"])]
    assert first["entity"].tolist() == list(range(len(first))), "later episodes follow all others"
    told = list(zip(first["kind"], first["value"], strict=True))
    assert told == sorted(set(uses(simulated)[["kind", "value"]].itertuples(index=False, name=None)))


def check_links(world: Path, run: Path) -> None:
    """The links of a run are the uses in the logs; those of one thing's episodes add up."""
    links = frame(run, "2-graph/links").merge(frame(run, "1-sources/accounts")[["account", "account_id"]])
    links = links.merge(logged(run).drop(columns="kind"), on="entity")
    keys = ["account_id", "kind", "value"]
    used = uses(world).groupby(keys)["time"].agg(first_seen="min", last_seen="max", n="size")
    told = links.groupby(keys).agg(first_seen=("first_seen", "min"), last_seen=("last_seen", "max"), n=("n", "sum"))
    assert told.index.equals(used.index)
    for column in ("first_seen", "last_seen", "n"):
        assert (told[column] == used[column]).all(), column
    for kind, rows in links.groupby("kind"):
        users = rows.groupby("entity")["account_id"].transform("size")
        bits = np.log2(rows["account_id"].nunique() / users)
        assert (rows["users"] == users).all(), kind
        assert (rows["bits"] - bits).abs().max() < 1e-6, kind


def test_links_are_the_uses_in_the_logs_with_their_rarity(simulated: Path, published: Path) -> None:
    check_links(simulated, published)
    assert frame(published, "2-graph/episodes").empty


def test_with_episodes_leased_addresses_are_parted_and_nothing_is_lost(tmp_path: Path) -> None:
    config = make_world(tmp_path / "world", TINY)
    config.write_text(config.read_text() + "\n[method.timing]\nepisodes = true\n")
    run = pipeline.run(config)
    check_links(config.parent, run)
    entities = frame(run, "1-sources/entities").set_index("entity")
    episodes = frame(run, "2-graph/episodes").set_index("entity")
    assert len(episodes) > 20
    named = entities.loc[episodes.index]
    days = [f" ({r.first_seen:%Y-%m-%d} to {r.last_seen:%Y-%m-%d})" for r in episodes.itertuples()]
    assert named["value"].tolist() == [value + day for value, day in zip(episodes["value"], days, strict=True)]
    assert (named["kind"] == "ip").all()


# Why an account is a member: the published log-odds are the sum of the published terms


def uses_by_number(run: Path) -> pd.DataFrame:
    columns = ["account", "entity", "kind"]
    return pd.concat([frame(run, name)[columns] for name in ("2-graph/links", "4-rings/windows")])


def stranger_log_odds(run: Path) -> pd.Series:
    """Log-odds of each member as model.PROFILES says they are summed, as if the account were no member."""
    members, terms = frame(run, "4-rings/members")[["account", "ring"]], frame(run, "4-rings/profiles")
    links = uses_by_number(run).merge(members, on="account")
    total = members.merge(terms[terms["code"] == "prior"], on="ring").set_index("account")["bits_in"]
    cells = terms[terms["code"].isin(["entity", "pool"])].drop(columns="code").assign(code=terms["code"])
    touched = links.merge(cells, on=["ring", "kind", "entity"])
    taking = set(zip(touched["account"], touched["kind"], strict=True))
    having = links.drop_duplicates(["account", "kind"])
    parts = having.merge(terms[terms["code"] == "part"], on=["ring", "kind"])
    joins = [pair in taking for pair in zip(parts["account"], parts["kind"], strict=True)]
    sums = [total, _by_account(parts, np.where(joins, parts["bits_in"], parts["bits_out"]))]
    joined = parts[joins][["account", "ring", "kind"]]
    named = joined.merge(terms[terms["code"] == "entity"], on=["ring", "kind"])
    using = set(zip(links["account"], links["entity"], strict=True))
    uses_it = [pair in using for pair in zip(named["account"], named["entity"], strict=True)]
    sums.append(_by_account(named, np.where(uses_it, named["bits_in"], named["bits_out"])))
    pooled = touched[touched["code"] == "pool"]
    sums.append(_by_account(pooled, pooled["bits_in"].to_numpy()))
    outside = joined.merge(terms[terms["code"] == "outside"], on=["ring", "kind"], suffixes=("", "_term"))
    leading = outside.merge(links[["account", "kind", "entity"]], on=["account", "kind"], suffixes=("_none", ""))
    inside = set(zip(pooled["account"], pooled["entity"], strict=True))
    out = [pair not in inside for pair in zip(leading["account"], leading["entity"], strict=True)]
    sums.append(_by_account(leading[out], leading[out]["bits_out"].to_numpy()))
    return pd.concat(sums).groupby(level=0).sum()


def _by_account(rows: pd.DataFrame, bits: np.ndarray) -> pd.Series:
    return pd.Series(bits, index=rows["account"].to_numpy()).groupby(level=0).sum()


def left_out(run: Path) -> pd.DataFrame:
    """By account: the least and the most that leaving a member out of p adds to its log-odds.

    With it, p of an entity that k of s use is (k + 1/2) / (s + 1); without it, (k - 1/2) / s. The rate outside counts
    one stranger more, o + 1/2 for o - 1/2 (never less than 1/2): at most log2 of their quotient. What few share of a
    payment method is counted by the other members on it: without itself a link may be worth what another entity of the
    ring is, or one outside its pool, and the rate counts up to three times as many strangers.
    """
    members, terms = frame(run, "4-rings/members")[["account", "ring"]], frame(run, "4-rings/profiles")
    cells = terms[terms["code"].isin(["entity", "pool"])][["ring", "kind", "entity", "code"]]
    links = uses_by_number(run).merge(members, on="account").merge(cells, on=["ring", "kind", "entity"])
    s = links.groupby(["ring", "kind"])["account"].transform("nunique")
    k = links.groupby(["ring", "entity"])["account"].transform("size")
    users = uses_by_number(run).groupby("entity").size()
    strangers = (links["entity"].map(users) - k).clip(lower=0)
    p = np.minimum((k + 0.5) / (s + 1), (s + 0.5) / (s + 1))
    own = ((k - 0.5) / s).clip(0.5 / s, 1 - 0.5 / (s + 1))
    most = np.log2(own / p).where(links["code"] == "entity", 0.0)
    rate = np.log2(((strangers - 1).clip(lower=0) + 0.5) / (strangers + 0.5)).where(links["code"] == "entity", 0.0)
    few = (links["code"] == "pool") & (links["kind"] == "payment_method")
    worth = terms[terms["code"].isin(["pool", "outside"])].assign(bits=lambda t: t["bits_in"] + t["bits_out"])
    span = links.merge(worth.groupby(["ring", "kind"])["bits"].agg(["min", "max"]), on=["ring", "kind"], how="left")
    mine = links.merge(terms, on=["ring", "kind", "entity"], how="left")["bits_in"].to_numpy()
    least = np.where(few, span["min"] - mine - np.log2(3), most + rate)
    return (
        links.assign(least=least, most=np.where(few, span["max"] - mine, most))
        .groupby("account")[["least", "most"]]
        .sum()
    )


def test_log_odds_are_the_sum_of_the_profiles_terms(published: Path) -> None:
    told = frame(published, "4-rings/members").set_index("account")["log_odds_bits"]
    difference = told - stranger_log_odds(published).reindex(told.index)
    bounds = left_out(published).reindex(told.index).fillna(0.0)
    rounding = 0.002  # published to a thousandth; terms to 2**-20 bits
    assert (difference >= bounds["least"] - rounding).all()
    assert (difference <= bounds["most"] + rounding).all()
    assert (bounds["least"] == 0).any()  # pools alone: equal
    assert (bounds["least"] < -0.05).any()
    assert (told > 0).mean() > 0.95


def test_published_log_odds_are_those_of_the_stage(published: Path) -> None:
    accounts = frame(published, "1-sources/accounts").set_index("account")["account_id"]
    stage = frame(published, "4-rings/members")
    told = frame(published, "members").set_index("account_id")["log_odds_bits"]
    assert dict(zip(stage["account"].map(accounts), stage["log_odds_bits"], strict=True)) == told.to_dict()


# How it goes


def test_the_stages_come_in_their_order_and_name_their_steps(simulated: Path, tmp_path: Path) -> None:
    (tmp_path / "linkage.toml").write_text(_moved(simulated, tmp_path / "runs"))
    told: list[tuple[str, str]] = []
    folder = pipeline.run(tmp_path / "linkage.toml", lambda stage, step: told.append((stage, step)), keep_steps=True)
    assert [stage for stage, _ in told if stage] == list(pipeline.STAGES)
    steps = [step for stage, step in told if not stage]
    assert {"pairs_payments", "accounts", "observations", "links", "published_members"} <= set(steps)
    kept = sorted(path.name for path in (folder / "steps").glob("*.sql"))
    assert [name[:2] for name in kept] == [f"{i:02d}" for i in range(1, len(kept) + 1)]
    names = [name[3:-4] for name in kept]
    assert names == [step for step in steps if step in names]
    assert sorted(p.name for p in (folder / "steps").glob("*.parquet")) == [n.replace(".sql", ".parquet") for n in kept]
    links = next(path for path in (folder / "steps").glob("*-links.sql"))
    assert links.read_text().startswith("-- reads: observations, degrees, kinds\n")
    assert pq.read_table(links.with_suffix(".parquet")).num_rows == len(frame(folder, "2-graph/links"))
    assert not (folder / "scratch").exists()


def _moved(world: Path, output: Path) -> str:
    """The world's config with absolute paths, and another output folder."""
    text = (world / "linkage.toml").read_text().replace('dir = "runs"', f'dir = "{output}"')
    return text.replace('path = "', f'path = "{world}/')


def test_paths_are_relative_to_the_config_wherever_the_job_starts(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "world").symlink_to(simulated)
    (tmp_path / "away").mkdir()
    (tmp_path / "conf").mkdir()
    text = _moved(simulated, Path("../out")).replace(f"{simulated}/", "../world/")
    (tmp_path / "conf" / "linkage.toml").write_text(text)
    monkeypatch.chdir(tmp_path / "away")
    folder = pipeline.run(Path("../conf/linkage.toml"))
    assert folder.resolve().parent == tmp_path / "out"
    assert list((tmp_path / "away").iterdir()) == []
    assert manifest_of(folder)["inputs"][0]["path"] == "../world/accounts.parquet"


def test_another_seed_is_another_run_and_the_same_one_is_the_same(tmp_path: Path) -> None:
    config = write_world(tmp_path, crowd(60))
    first = manifest_of(pipeline.run(config))
    again = manifest_of(pipeline.run(config))
    assert first["run_id"] != again["run_id"]
    assert first["tables"] == again["tables"]
    config.write_text(config.read_text() + "\n[method]\nseed = 7\n")
    assert manifest_of(pipeline.run(config))["seed"] == 7


# Worlds with next to nothing in them


def write_world(folder: Path, csv: str, more: str = "", entities: str = '{ ip = "ip", device = "device" }') -> Path:
    (folder / "log.csv").write_text(csv)
    (folder / "linkage.toml").write_text(
        f'[sources.log]\npath = "log.csv"\naccount = "account_id"\nentities = {entities}\n{more}'
    )
    return folder / "linkage.toml"


def crowd(accounts: int, shared: int = 0) -> str:
    """Accounts with an address and a device of their own; the first ``shared`` have both in common."""
    rows = [f"a{i},8.{n // 250}.{n % 250}.1,dev-{n}x" for i in range(accounts) for n in [0 if i < shared else i]]
    return "\n".join(["account_id,ip,device", *rows]) + "\n"


@pytest.mark.parametrize(
    ("csv", "entities"),
    [
        ("account_id\na\nb\n", "{}"),
        (crowd(1), "{}"),
        (crowd(1), '{ ip = "ip" }'),
        (crowd(2, shared=2), '{ ip = "ip", device = "device" }'),
        (crowd(3, shared=3), '{ ip = "ip", device = "device" }'),
        (crowd(80), '{ ip = "ip", device = "device" }'),
        (crowd(80).replace(",8.", ",10."), '{ ip = "ip" }'),
    ],
    ids=["no kind", "one account", "one link", "two accounts", "all share all", "nothing shared", "nothing links"],
)
def test_where_nothing_is_linked_beyond_chance_there_is_no_ring(tmp_path: Path, csv: str, entities: str) -> None:
    folder = pipeline.run(write_world(tmp_path, csv, entities=entities))
    told = manifest_of(folder)
    assert {name: told["tables"][f"{name}.parquet"]["rows"] for name in model.PUBLISHED} == dict.fromkeys(
        model.PUBLISHED, 0
    )
    for name, schema in [*model.PUBLISHED.items(), *STAGE_TABLES.items()]:
        assert pq.read_schema(folder / f"{name}.parquet").remove_metadata() == schema
    assert told["rows"]["loaded"] == len(csv.splitlines()) - 1
    assert len(linkage.open_run(folder).rings) == 0


def test_a_handful_that_shares_two_rare_things_is_a_ring(tmp_path: Path) -> None:
    members = frame(pipeline.run(write_world(tmp_path, crowd(2_000, shared=15))), "members")
    assert set(members["account_id"]) == {f"a{i}" for i in range(15)}


def test_every_row_unusable_but_allowed_gives_an_empty_run_with_a_warning(tmp_path: Path) -> None:
    config = write_world(tmp_path, "account_id,ip,device\n,8.8.8.8,x\n,8.8.8.8,y\n", "[audit]\nstop_share = 1.0\n")
    told = manifest_of(pipeline.run(config))
    assert told["rows"] == {"in": 2, "loaded": 0, "duplicate": 0, "quarantined": 2}
    assert told["warnings"] == [
        "source 'log': 2 of 2 rows (100.0%) can't be used and are in the quarantine. "
        "Reasons: account missing in 'account_id' (2)."
    ]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("[method.proposers]\nresolutions = []\n", ConfigError),
        ("[method.proposers]\ninner_resolutions = []\n", ConfigError),
        ("[method.proposers]\nresolutions = [-1.0]\n", ConfigError),
        ("[method.proposers]\nresolutions = [nan]\n", ConfigError),
        ("[engine]\nthreads = 100000\n", ConfigError),
        ('[engine]\nmemory_limit = "1KB"\n', StorageFault),
        ('[output]\ndir = "log.csv"\n', StorageFault),
        ('[output]\ndir = "log.csv/runs"\n', StorageFault),
        ('[labels]\npath = "none.csv"\n', InputRefused),
    ],
)
def test_settings_that_cannot_be_are_clear_errors(tmp_path: Path, more: str, error: type[LinkageError]) -> None:
    with pytest.raises(error) as caught:
        pipeline.run(write_world(tmp_path, crowd(20), more))
    assert caught.value.where
    assert caught.value.todo
    assert not list(tmp_path.glob("runs/latest"))


def test_a_fault_of_our_own_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_world(tmp_path, crowd(20))

    def broken(*_: object) -> pa.Table:
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "find_rings", broken)
    with pytest.raises(ZeroDivisionError):
        pipeline.run(config)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".lock"]
