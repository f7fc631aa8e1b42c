from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import spearmanr

from linkage.config import load_config
from linkage.errors import ConfigError
from linkage.simulator import Preset, WorldSpec, simulate

from .conftest import SPEC, World

WITH_TESTS = (Preset.MARKET, Preset.MIXED_PROXY, Preset.CAMPAIGN, Preset.SEED_SCALE)  # of their own
COLUMNS = {
    "accounts.parquet": ["account_id", "created_at", "plan"],
    "payments.parquet": ["account_id", "ts", "payment_fingerprint"],
    "sessions-2026-05.parquet": ["account_id", "ts", "ip", "device_fingerprint"],
    "exchanges/part-000.parquet": ["request_id", "account_id", "ts", "http_status", "model", "prompt_template_hash"],
    "truth.parquet": ["account_id", "group_kind", "group_id", "ring_id", "operator_id", "framed"],
    "truth_operators.parquet": ["ring_id", "operator_id", "exchanges", "traffic_share"],
    "traffic.parquet": ["request_id", "account_id", "operator_id"],
}


def digests(path: Path) -> dict[str, str]:
    files = sorted(p for p in path.rglob("*") if p.is_file())
    return {str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def query(world: World, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query in which {p}, {s}, {e}, {t}, {a} stand for the world's tables."""
    paths = {"p": "payments.parquet", "s": "sessions-*.parquet", "e": "exchanges/*.parquet", "t": "truth.parquet",
             "a": "accounts.parquet", "o": "truth_operators.parquet", "x": "traffic.parquet"}  # fmt: skip
    with duckdb.connect() as connection:
        return connection.execute(sql.format(**{k: f"'{world.path}/{v}'" for k, v in paths.items()})).fetchall()


def test_the_same_spec_gives_the_same_bytes_and_another_seed_does_not(world: World, tmp_path: Path) -> None:
    simulate(tmp_path / "again", SPEC)
    assert digests(tmp_path / "again") == digests(world.path)
    simulate(tmp_path / "other", replace(SPEC, seed=SPEC.seed + 1))
    ours, others = digests(world.path), digests(tmp_path / "other")
    assert [name for name in ours if ours[name] == others.get(name)] == ["linkage.toml", "traffic.parquet"]  # no proxy


def test_tables_have_the_columns_of_the_contract_and_no_nulls_but_for_honest_truth(world: World) -> None:
    for name, columns in COLUMNS.items():
        table = pq.read_table(world.path / name)
        assert table.column_names == columns
        nulls = {c: table[c].null_count for c in columns if table[c].null_count}
        assert nulls == {} or name == "truth.parquet"


def test_rows_are_counted_and_stand_in_order_of_time(world: World) -> None:
    tables = {"payments": "{p}", "sessions": "{s}", "exchanges": "{e}", "truth": "{t}", "accounts": "{a}",
              "truth_operators": "{o}", "traffic": "{x}"}  # fmt: skip
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
    """Where cards are concerned, pool use shows in the logs: the card is shared within a ring and by nobody else."""
    shared = []
    for evade in (0.0, 0.3, 0.6, 0.9):
        path = tmp_path / str(evade)
        world = World(path, simulate(path, WorldSpec(2_000, 5, evade, Preset.MARKET)))
        (share,), = query(world, """
            with paid as (select distinct account_id, ring_id, payment_fingerprint f
                          from {p} join {t} using (account_id) where ring_id is not null),
                 others as (select payment_fingerprint f from {p} join {t} using (account_id) where ring_id is null),
                 crowd as (select ring_id, f, count(*) n from paid where f not in (from others) group by all),
                 best as (select max(coalesce(n > 1, false)::int) m
                          from paid left join crowd using (ring_id, f) group by account_id)
            select avg(m) from best""")
        shared.append(float(str(share)))
    assert shared == sorted(shared, reverse=True)
    assert shared[0] > 0.93
    assert np.array(shared[1:]) / shared[0] == pytest.approx([0.7, 0.4, 0.1], abs=0.13)


def test_world_json_tells_spec_and_counts(world: World) -> None:
    told = json.loads((world.path / "world.json").read_text())
    assert told["spec"] == {"accounts": 4_000, "seed": 11, "evade": 0.3, "preset": "market", "evade_kinds": {},
                            "plant": 0, "plant_victims": 0, "prompts": False}  # fmt: skip
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
        "import sys; from pathlib import Path; from linkage.simulator import Preset, WorldSpec, simulate\n"
        f"simulate(Path(sys.argv[1]), WorldSpec({SPEC.accounts}, {SPEC.seed}, {SPEC.evade}, Preset.MARKET))"
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


def test_company_accounts_pay_by_few_cards(world: World) -> None:
    (cards, accounts), = query(world, """
        select count(distinct payment_fingerprint), count(distinct account_id) from {p} join {t} using (account_id)
        where group_kind = 'company'""")
    assert int(str(cards)) < 0.5 * int(str(accounts))


def test_homework_comes_in_weekly_bursts(world: World) -> None:
    """A template that only one campus uses, by five students and more, is seen within one week."""
    rows = query(world, """
        select max(epoch(ts)) - min(epoch(ts)) from {e} join {t} using (account_id) group by prompt_template_hash
        having count(distinct group_id) = 1 and min(group_kind) = 'campus' and count(distinct account_id) >= 5""")
    assert len(rows) > 50
    assert max(float(str(seconds)) for seconds, in rows) <= 7 * 86_400


# Presets and options


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> World:
    path = tmp_path_factory.mktemp("worlds") / "proxied"
    return World(path, simulate(path, WorldSpec(3_000, 6, preset=Preset.MIXED_PROXY)))


def test_the_traffic_of_a_proxy_adds_up_to_its_share_of_the_truth(proxied: World) -> None:
    several, = query(proxied, "select list(ring_id) from (select ring_id from {o} group by 1 having count(*) > 1)")
    (proxy,), = several
    counted = query(proxied, f"""
        select operator_id, count(*) from {{x}} join (select account_id, ring_id from {{t}}) using (account_id)
        where ring_id = '{proxy}' group by 1 order by 1""")
    told = query(proxied, f"select operator_id, exchanges from {{o}} where ring_id = '{proxy}' order by 1")
    assert counted == told
    assert len(told) == 3
    assert told[-1][0] is None
    assert query(proxied, "select count(*) from {x} anti join {e} using (request_id, account_id)") == [(0,)]
    shares, = query(proxied, f"select list(traffic_share order by operator_id) from {{o}} where ring_id = '{proxy}'")
    assert np.sort(np.array(shares[0], dtype=float)) == pytest.approx([0.26, 0.35, 0.39], abs=0.08)


def test_what_rings_did_for_operators_adds_up(proxied: World) -> None:
    assert query(proxied, "select ring_id from {o} group by 1 having abs(sum(traffic_share) - 1) > 1e-9") == []
    by_ring = "select ring_id, count(*) from {e} join {t} using (account_id) where ring_id is not null group by 1"
    assert query(proxied, f"{by_ring} order by 1") == query(
        proxied, "select ring_id, sum(exchanges)::bigint from {o} group by 1 order by 1"
    )
    main = query(proxied, "select distinct ring_id, operator_id from {t} where ring_id is not null order by 1")
    assert main == query(proxied, "select ring_id, arg_max(operator_id, exchanges) from {o} group by 1 order by 1")


def test_a_proxy_carries_templates_of_both_operators_and_of_customers(proxied: World) -> None:
    """Each operator's part of the traffic has templates of the rings that the operator runs alone."""
    rows = query(proxied, """
        with alone as (select distinct t.operator_id, e.prompt_template_hash h from {e} e join {t} t using (account_id)
                       where t.ring_id in (select ring_id from {o} group by 1 having count(*) = 1)),
             carried as (select x.operator_id, e.prompt_template_hash h from {x} x join {e} e using (request_id))
        select c.operator_id, avg((c.h in (select h from alone a where a.operator_id = c.operator_id))::int)
        from carried c where c.operator_id is not null group by 1""")
    assert len(rows) == 2
    assert min(float(str(share)) for _, share in rows) > 0.12  # half are mutated copies, a third evades


def test_half_of_the_operators_traffic_moves_to_the_new_model_within_a_day(tmp_path: Path) -> None:
    world = World(tmp_path, simulate(tmp_path, WorldSpec(3_000, 6)))
    rows = query(world, """
        select ts >= timestamptz '2026-04-15 00:00:00+00', avg((model = 'large-2')::int), count(*)
        from {e} join {t} using (account_id)
        where ring_id is not null and ts >= timestamptz '2026-04-14 00:00:00+00'
          and ts < timestamptz '2026-04-16 00:00:00+00' group by 1 order by 1""")
    (_, before, usual), (_, after, rush) = [tuple(map(float, map(str, row[1:]))) and row for row in rows]
    assert float(str(before)) == 0
    assert float(str(after)) == pytest.approx(0.5, abs=0.04)
    assert int(str(rush)) > 1.25 * int(str(usual))


@pytest.mark.parametrize("preset", [p for p in Preset if p not in WITH_TESTS])
def test_every_preset_writes_a_world_whose_truth_is_whole(preset: Preset, tmp_path: Path) -> None:
    world = World(tmp_path, simulate(tmp_path, WorldSpec(1_500, 8, preset=preset)))
    assert query(world, "select count(distinct account_id), count(*) from {t}") == [(1_500, 1_500)]
    assert query(world, "select count(*) from {t} where (ring_id is null) != (group_kind != 'operator')") == [(0,)]
    operated = query(world, "select count(*) from {t} where ring_id is not null")
    assert (operated == [(0,)]) == (preset == Preset.HONEST)
    assert query(world, "select count(*) from {x}") == [(0,)]
    assert query(world, "select count(*) from {e} e anti join {a} a using (account_id)") == [(0,)]
    statuses = {status for status, in query(world, "select distinct http_status from {e}")}
    assert statuses == {200, 403, 429}


def test_prompts_stand_beside_their_template(tmp_path: Path) -> None:
    plain, worded = tmp_path / "plain", tmp_path / "worded"
    spec = WorldSpec(300, 8, preset=Preset.MARKET)
    simulate(plain, spec)
    world = World(worded, simulate(worded, replace(spec, prompts=True)))
    assert query(world, "select count(*) from {e} where length(prompt) < 10") == [(0,)]
    rest = pq.read_table(worded / "exchanges/part-000.parquet").drop_columns("prompt")
    assert rest.equals(pq.read_table(plain / "exchanges/part-000.parquet"))


def test_framed_accounts_are_marked_and_carry_values_of_a_ring(tmp_path: Path) -> None:
    world = World(tmp_path, simulate(tmp_path, WorldSpec(2_000, 8, preset=Preset.MARKET, plant=6, plant_victims=40)))
    assert query(world, "select count(*), min(ring_id is null) from {t} where framed") == [(40, True)]
    (carriers,), = query(world, """
        with used as (select distinct account_id, prompt_template_hash v from {e}),
             rings as (select v from used join {t} using (account_id) group by v
                       having count(*) filter (ring_id is not null) >= 2
                          and count(*) filter (ring_id is null and not framed) = 0)
        select count(distinct account_id) from used join {t} using (account_id) where framed and v in (from rings)""")
    assert int(str(carriers)) >= 30


# The known cases at their size, in proportion


@pytest.fixture(scope="module")
def at_size(tmp_path_factory: pytest.TempPathFactory) -> World:
    path = tmp_path_factory.mktemp("worlds") / "at-size"
    return World(path, simulate(path, WorldSpec(12_000, 6, preset=Preset.SEED_SCALE)))


def test_the_known_volumes_and_dates_come_about_in_proportion(at_size: World) -> None:
    part = 12_000 / 1_049_000
    rows = query(at_size, """
        select sum(exchanges)::bigint, min(first), max(last) from {o} left join (
            select ring_id, min(ts)::date::varchar first, max(ts)::date::varchar last
            from {e} join {t} using (account_id) group by 1) using (ring_id)
        where operator_id is not null group by operator_id order by 1 desc""")
    exchanges = [int(str(row[0])) for row in rows]
    assert exchanges[:3] == pytest.approx([28.8e6 * part, 13e6 * part, 3.4e6 * part], rel=0.12)
    assert [row[1:] for row in rows] == [
        ("2026-04-22", "2026-06-05"), *[("2026-04-01", "2026-05-03")] * 2, ("2026-04-01", "2026-04-20")
    ]  # fmt: skip
    (honest,), = query(at_size, "select count(*) from {e} join {t} using (account_id) where ring_id is null")
    (innocent,), = query(at_size, "select sum(exchanges)::bigint from {o} where operator_id is null")
    assert int(str(honest)) + int(str(innocent)) == pytest.approx(90e6 * part, rel=0.08)


def test_the_proxy_has_two_fifths_of_the_operators_accounts_and_a_fifth_of_its_traffic_is_innocent(
    at_size: World,
) -> None:
    shares = query(at_size, "select ring_id, sum(traffic_share) filter (operator_id is null) s from {o} group by 1 "
                            "having count(*) > 1")
    (ring, innocent), = shares
    assert float(str(innocent)) == pytest.approx(0.2, abs=0.03)
    (accounts,), = query(at_size, f"select avg((ring_id = '{ring}')::int) from {{t}} where ring_id is not null")
    assert float(str(accounts)) == pytest.approx(20 / 49, abs=0.03)
    assert query(at_size, "select count(*) from {x}") == query(
        at_size, f"select count(*) from {{e}} join {{t}} using (account_id) where ring_id = '{ring}'"
    )


def test_accounts_have_realistic_numbers_of_entities_and_volumes_a_heavy_tail(at_size: World) -> None:
    pairs = """
        with pairs as (select distinct account_id, 'i' || ip v from {s}
                       union all select distinct account_id, 'd' || device_fingerprint from {s}
                       union all select distinct account_id, 't' || prompt_template_hash from {e}
                       union all select distinct account_id, 'p' || payment_fingerprint from {p})
        select ring_id is null, count(*) / count(distinct account_id) from pairs join {t} using (account_id)
        group by 1 order by 1"""
    operated, honest = (float(str(mean)) for _, mean in query(at_size, pairs))
    assert 10 < honest < 20
    assert operated > 1.5 * honest
    (median, mean, most), = query(at_size, """
        select median(n), avg(n), max(n) from (
            select count(*) n from {e} join {t} using (account_id) where ring_id is null group by account_id)""")
    assert float(str(mean)) > 2.5 * float(str(median))
    assert float(str(most)) > 50 * float(str(median))


def test_files_are_cut_by_rows_and_rows_come_in_groups_of_bounded_size(at_size: World) -> None:
    files = sorted((at_size.path / "exchanges").glob("*.parquet"))
    assert [path.name for path in files] == ["part-000.parquet", "part-001.parquet"]
    for path in files:
        written = pq.ParquetFile(path).metadata
        groups = [written.row_group(number).num_rows for number in range(written.num_row_groups)]
        assert max(groups) < 300_000
        assert sum(groups) < 1_300_000
