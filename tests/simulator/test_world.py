from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import spearmanr

from linkage.config import load_config
from linkage.errors import ConfigError
from linkage.simulator import WorldSpec, simulate

from .conftest import SPEC, World

COLUMNS = {
    "accounts.parquet": ["account_id", "created_at", "plan"],
    "payments.parquet": ["account_id", "ts", "payment_fingerprint"],
    "sessions-2026-05.parquet": ["account_id", "ts", "ip", "device_fingerprint"],
    "exchanges/part-000.parquet": ["request_id", "account_id", "ts", "http_status", "prompt_template_hash"],
    "truth.parquet": ["account_id", "group_kind", "group_id", "ring_id", "operator_id"],
}


def digests(path: Path) -> dict[str, str]:
    files = sorted(p for p in path.rglob("*") if p.is_file())
    return {str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def query(world: World, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query in which {p}, {s}, {e}, {t}, {a} stand for the world's tables."""
    paths = {"p": "payments.parquet", "s": "sessions-*.parquet", "e": "exchanges/*.parquet", "t": "truth.parquet",
             "a": "accounts.parquet"}
    with duckdb.connect() as connection:
        return connection.execute(sql.format(**{k: f"'{world.path}/{v}'" for k, v in paths.items()})).fetchall()


def test_the_same_spec_gives_the_same_bytes_and_another_seed_does_not(world: World, tmp_path: Path) -> None:
    simulate(tmp_path / "again", SPEC)
    assert digests(tmp_path / "again") == digests(world.path)
    simulate(tmp_path / "other", WorldSpec(SPEC.accounts, SPEC.seed + 1, SPEC.evade))
    ours, others = digests(world.path), digests(tmp_path / "other")
    assert [name for name in ours if ours[name] == others.get(name)] == ["linkage.toml"]


def test_tables_have_the_columns_of_the_contract_and_no_nulls_but_for_honest_truth(world: World) -> None:
    for name, columns in COLUMNS.items():
        table = pq.read_table(world.path / name)
        assert table.column_names == columns
        nulls = {c: table[c].null_count for c in columns if table[c].null_count}
        assert nulls == {} or name == "truth.parquet"


def test_rows_are_counted_and_stand_in_order_of_time(world: World) -> None:
    tables = {"payments": "{p}", "sessions": "{s}", "exchanges": "{e}", "truth": "{t}", "accounts": "{a}"}
    assert tables.keys() == world.summary.rows.keys()
    for name, pattern in tables.items():
        assert query(world, f"select count(*) from {pattern}") == [(world.summary.rows[name],)]
    for name in ("payments.parquet", "sessions-2026-05.parquet", "exchanges/part-000.parquet"):
        times = pq.read_table(world.path / name)["ts"].to_numpy()
        assert (np.diff(times) >= np.timedelta64(0)).all()


def test_the_configuration_reads_every_column(world: World) -> None:
    config = load_config(world.path / "linkage.toml")
    for name, source in config.sources.items():
        named = {source.account, source.time, source.id, source.status, *source.entities, *source.ignore} - {None}
        table = next(p for p in COLUMNS if p.startswith(name))
        assert named == set(COLUMNS[table])
    assert config.sources["accounts"].role == "signup"


def test_events_lie_in_the_quarter_and_after_sign_up(world: World) -> None:
    for table in ("{p}", "{s}", "{e}"):
        rows = query(world, f"select count(*) from {table} x join {{a}} a using (account_id) where x.ts < a.created_at")
        assert rows == [(0,)]
        (low, high), = query(world, f"select min(ts)::date::varchar, max(ts)::date::varchar from {table}")
        assert str(low) >= "2026-03-31"
        assert str(high) <= "2026-07-01"


def test_truth_is_balanced(world: World) -> None:
    assert query(world, "select count(distinct account_id) from {t}") == [(SPEC.accounts,)]
    assert query(world, "select count(*) from {t} where (ring_id is null) != (group_kind != 'operator')") == [(0,)]
    assert query(world, "select count(*) from {t} where (ring_id is null) != (operator_id is null)") == [(0,)]
    assert query(world, "select max(n) from (select count(distinct operator_id) n from {t} group by ring_id)") == [(1,)]
    rings, = query(world, "select count(distinct ring_id), count(distinct operator_id) from {t}")
    assert rings == (world.summary.rings, world.summary.operators)
    kinds = dict(query(world, "select group_kind, count(*) from {t} group by 1"))
    assert kinds == {kind: n for kind, n in world.summary.group_kinds.items() if n}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("{a}", "account_id"), ("{p}", "payment_fingerprint"), ("{s}", "device_fingerprint"), ("{e}", "request_id"),
        ("{e}", "prompt_template_hash"),
    ],
)
def test_ids_carry_no_truth(world: World, table: str, column: str) -> None:
    rows = query(world, f"select min(t.ring_id is not null)::int from {table} join {{t}} t using (account_id) "
                        f"group by {column} order by {column}")
    operators = np.array([r[0] for r in rows])
    rank = spearmanr(np.arange(len(operators)), operators).statistic
    assert abs(rank) < 5 / np.sqrt(len(operators))


def test_ids_have_one_form_each(world: World) -> None:
    forms = {"{a}": ("account_id", r"acct_[a-z2-7]{14}"), "{p}": ("payment_fingerprint", r"pm_[0-9a-f]{20}"),
             "{e}": ("prompt_template_hash", r"[0-9a-f]{32}"), "{s}": ("device_fingerprint", r"[0-9a-f]{32}")}
    for table, (column, form) in forms.items():
        values = [str(v) for v, in query(world, f"select distinct {column} from {table}")]
        assert all(re.fullmatch(form, v) for v in values)
    assert query(world, "select count(*) - count(distinct request_id) from {e}") == [(0,)]


def test_pool_use_falls_as_evade_rises(tmp_path: Path) -> None:
    """Where cards are concerned, pool use shows in the logs: the card is shared with a ring's other account."""
    shared = []
    for evade in (0.0, 0.3, 0.6, 0.9):
        path = tmp_path / str(evade)
        world = World(path, simulate(path, WorldSpec(2_000, 5, evade)))
        (share,), = query(world, """
            with paid as (select distinct account_id, ring_id, payment_fingerprint f
                          from {p} join {t} using (account_id) where ring_id is not null),
                 crowd as (select ring_id, f, count(*) n from paid group by all),
                 best as (select max((n > 1)::int) m from paid join crowd using (ring_id, f) group by account_id)
            select avg(m) from best""")
        shared.append(float(str(share)))
    assert shared == sorted(shared, reverse=True)
    assert shared[0] > 0.93
    assert shared[1] == pytest.approx(0.7, abs=0.08)
    assert shared[2] == pytest.approx(0.4, abs=0.12)
    assert shared[3] < 0.2


def test_world_json_tells_spec_and_counts(world: World) -> None:
    told = json.loads((world.path / "world.json").read_text())
    assert told["spec"] == {"accounts": 4_000, "seed": 11, "evade": 0.3, "preset": "campaign"}
    assert told["rows"] == world.summary.rows
    assert "directory" not in told


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "accounts.parquet").write_text("mine")
    with pytest.raises(ConfigError) as error:
        simulate(tmp_path, WorldSpec(200, 1))
    todo = "Name a new one, or add --force to replace a world."
    assert str(error.value) == f"{tmp_path}: the folder is not empty. {todo}"
    with pytest.raises(ConfigError) as error:
        simulate(tmp_path, WorldSpec(200, 1), replace=True)
    assert str(error.value) == f"{tmp_path}: the folder holds no simulated world to replace. Name a new folder."
    with pytest.raises(ConfigError) as error:
        simulate(tmp_path / "accounts.parquet", WorldSpec(200, 1))
    assert str(error.value) == f"{tmp_path / 'accounts.parquet'}: this is a file. Name a new folder."
    assert (tmp_path / "accounts.parquet").read_text() == "mine"


def test_replacing_a_world_leaves_no_file_of_the_old_one_and_keeps_its_runs(tmp_path: Path) -> None:
    simulate(tmp_path / "world", WorldSpec(400, 1))
    (tmp_path / "world/exchanges/part-001.parquet").write_bytes(b"of a larger world")
    (tmp_path / "world/runs").mkdir()
    (tmp_path / "world/runs/kept").write_text("run")
    simulate(tmp_path / "world", WorldSpec(300, 2), replace=True)
    simulate(tmp_path / "fresh", WorldSpec(300, 2))
    replaced = digests(tmp_path / "world")
    assert replaced.pop("runs/kept")
    assert replaced == digests(tmp_path / "fresh")


@pytest.mark.parametrize(("hash_seed", "zone"), [("1", "UTC"), ("77", "Asia/Kathmandu")])
def test_bytes_ignore_hash_seed_and_time_zone(world: World, tmp_path: Path, hash_seed: str, zone: str) -> None:
    code = (
        "import sys; from pathlib import Path; from linkage.simulator import WorldSpec, simulate\n"
        f"simulate(Path(sys.argv[1]), WorldSpec({SPEC.accounts}, {SPEC.seed}, {SPEC.evade}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "w")], env=environment, check=True)
    assert digests(tmp_path / "w") == digests(world.path)


def test_shared_values_are_heavy_tailed(world: World) -> None:
    """Carrier addresses, popular devices and popular templates are on many accounts, most values on one."""
    expected = (("{s}", "ip", 400), ("{s}", "device_fingerprint", 150), ("{e}", "prompt_template_hash", 250))
    for table, column, most in expected:
        (top, alone), = query(world, f"""
            with d as (select {column} v, count(distinct account_id) n from {table} group by 1)
            select max(n), avg((n = 1)::int) from d""")
        assert float(str(top)) > most
        assert float(str(alone)) > 0.4


def test_company_accounts_come_within_weeks_and_pay_by_few_cards(world: World) -> None:
    rows = query(world, """
        select max(epoch(created_at)) - min(epoch(created_at)) from {a} join {t} using (account_id)
        where group_kind = 'company' group by group_id""")
    assert max(float(str(seconds)) for seconds, in rows) <= 25 * 86_400
    (cards, accounts), = query(world, """
        select count(distinct payment_fingerprint), count(distinct account_id) from {p} join {t} using (account_id)
        where group_kind = 'company'""")
    assert int(str(cards)) < 0.4 * int(str(accounts))


def test_homework_comes_in_weekly_bursts(world: World) -> None:
    """A template that only one campus uses, by five students and more, is seen within one week."""
    rows = query(world, """
        select max(epoch(ts)) - min(epoch(ts)) from {e} join {t} using (account_id) group by prompt_template_hash
        having count(distinct group_id) = 1 and min(group_kind) = 'campus' and count(distinct account_id) >= 5""")
    assert len(rows) > 50
    assert max(float(str(seconds)) for seconds, in rows) <= 7 * 86_400
