from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.config import EngineSettings
from linkage.engines.duckdb import ROW_GROUP, DuckDBEngine
from linkage.engines.step import Cost, Step
from linkage.errors import InputRefused, LinkageError, StorageFault


def made(path: Path, **settings: object) -> DuckDBEngine:
    return DuckDBEngine(EngineSettings.model_validate(settings), path)


def test_steps_make_tables_from_tables(engine: DuckDBEngine) -> None:
    engine.load("numbers", pa.table({"n": [3, 1, 2]}))
    engine.run(Step("doubled", "SELECT n * 2 AS n FROM numbers ORDER BY n", ("numbers",)))
    assert engine.fetch("doubled").to_pydict() == {"n": [2, 4, 6]}
    assert engine.fetch("SELECT sum(n)::BIGINT AS s FROM doubled").to_pydict() == {"s": [12]}


def test_a_step_runs_again_over_its_own_table(engine: DuckDBEngine) -> None:
    engine.run(Step("one", "SELECT 1 AS n"))
    engine.run(Step("one", "SELECT 2 AS n"))
    assert engine.fetch("one")["n"].to_pylist() == [2]


def test_dropping_forgets_a_table_and_does_not_mind_a_missing_one(engine: DuckDBEngine) -> None:
    engine.load("t", pa.table({"n": [1]}))
    engine.drop("t")
    engine.drop("t")
    with pytest.raises(LinkageError, match="Table with name t does not exist"):
        engine.fetch("t")


def test_numbers_come_as_one_array_and_say_what_they_cost(tmp_path: Path) -> None:
    told: list[Cost] = []
    with contextlib.closing(DuckDBEngine(EngineSettings(), tmp_path, on_cost=told.append)) as engine:
        query = f"SELECT (n * 7919)::UBIGINT AS n FROM range({3 * ROW_GROUP}) r(n) WHERE n % 2 = 0"
        numbers = engine.numbers(Step("marks", query), 3 * ROW_GROUP)
        assert np.array_equal(np.sort(numbers), np.arange(0, 3 * ROW_GROUP, 2, dtype=np.uint64) * 7919)
        assert len(engine.numbers(Step("none", "SELECT 1::UBIGINT AS n WHERE false"), 10)) == 0
    assert [(cost.step, cost.rows) for cost in told] == [("marks", 3 * ROW_GROUP // 2), ("none", 0)]


def test_a_missing_table_is_our_fault_and_names_the_step(engine: DuckDBEngine) -> None:
    with pytest.raises(LinkageError, match=r"^step s: the engine refused: .*no_such.*Please report this\.$") as caught:
        engine.run(Step("s", "SELECT * FROM no_such"))
    assert type(caught.value) is LinkageError


def test_variables_of_python_are_no_tables(engine: DuckDBEngine) -> None:
    secret = pa.table({"n": [1]})
    with pytest.raises(LinkageError, match="secret"):
        engine.fetch("SELECT * FROM secret")
    assert secret.num_rows == 1


def test_times_come_back_as_utc_whatever_the_zone_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    engine = made(tmp_path)
    table = engine.fetch("SELECT TIMESTAMPTZ '2026-01-01 12:00:00+02' AS t")
    engine.close()
    assert table.schema.field("t").type == pa.timestamp("us", tz="UTC")
    assert table["t"].to_pylist() == [datetime(2026, 1, 1, 10, tzinfo=UTC)]


def test_no_bars_among_the_output_of_scripts_without_a_file(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from linkage.config import EngineSettings\n"
        "from linkage.engines.duckdb import DuckDBEngine\n"
        f"engine = DuckDBEngine(EngineSettings.model_validate({{'threads': 1}}), Path({str(tmp_path)!r}))\n"
        "print(engine.fetch(\"SELECT current_setting('enable_progress_bar') AS x\")['x'].to_pylist())"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "[False]\n"


def test_no_extension_is_ever_fetched(engine: DuckDBEngine) -> None:
    with pytest.raises(LinkageError):
        engine.fetch("SELECT * FROM read_parquet('https://example.invalid/x.parquet')")
    switches = ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions")
    listed = ", ".join(f"current_setting('{s}') AS {s}" for s in switches)
    assert engine.fetch(f"SELECT {listed}").to_pylist() == [dict.fromkeys(switches, False)]


def test_settings_reach_the_engine(tmp_path: Path) -> None:
    engine = made(tmp_path, memory_limit="300MB", threads=1, spill_dir=str(tmp_path / "spilled"))
    told = engine.fetch(
        "SELECT current_setting('threads')::INTEGER AS threads, current_setting('memory_limit') AS memory, "
        "current_setting('temp_directory') AS spill"
    ).to_pylist()[0]
    engine.close()
    assert told == {"threads": 1, "memory": "286.1 MiB", "spill": str(tmp_path / "spilled")}


def test_more_than_memory_spills_into_the_work_folder_and_is_gone_after(tmp_path: Path) -> None:
    engine = made(tmp_path / "work", memory_limit="60MB", threads=1)
    engine.run(Step("wide", "SELECT i, md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b FROM range(1200000) t(i)"))
    assert engine.fetch("SELECT count(*) AS n FROM wide")["n"].to_pylist() == [1_200_000]
    assert list((tmp_path / "work/spill").iterdir())
    engine.close()
    assert not (tmp_path / "work/spill").exists()


def test_no_room_at_all_is_a_storage_fault_with_advice(tmp_path: Path) -> None:
    engine = made(tmp_path, memory_limit="1MB", threads=1)
    with pytest.raises(StorageFault, match=r"out of memory: .*raise engine\.memory_limit"):
        engine.run(Step("big", "SELECT list(md5(i::VARCHAR)) AS l FROM range(3000000) t(i)"))
    engine.close()


def test_a_work_folder_that_cannot_be_made_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFault, match="opening the scratch database"):
        made(tmp_path / "file" / "work")


def test_written_bytes_depend_on_the_rows_alone(tmp_path: Path) -> None:
    rows = ROW_GROUP + 5000
    hashes = set()
    for threads in (1, 2):
        engine = made(tmp_path / f"work{threads}", threads=threads)
        engine.run(Step("t", f"SELECT (i * 7919) % {rows} AS i, md5(i::VARCHAR) AS x FROM range({rows}) t(i)"))
        engine.write("SELECT * FROM t ORDER BY i", tmp_path / f"{threads}.parquet")
        engine.write("SELECT * FROM (FROM t ORDER BY x) ORDER BY i", tmp_path / f"again{threads}.parquet")
        engine.close()
        paths = (tmp_path / f"{threads}.parquet", tmp_path / f"again{threads}.parquet")
        hashes |= {hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    assert len(hashes) == 1
    groups = pq.ParquetFile(tmp_path / "1.parquet").metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [ROW_GROUP, 5000]
    assert pq.read_table(tmp_path / "1.parquet")["i"].to_pylist() == list(range(rows))


def test_an_empty_table_is_written_with_its_columns(engine: DuckDBEngine, tmp_path: Path) -> None:
    engine.write("SELECT 1 AS a, 'x' AS b WHERE false", tmp_path / "none.parquet")
    table = pq.read_table(tmp_path / "none.parquet")
    assert (table.column_names, table.num_rows) == (["a", "b"], 0)


def test_writing_where_nothing_can_be_written_is_a_storage_fault(engine: DuckDBEngine, tmp_path: Path) -> None:
    with pytest.raises(StorageFault, match=r"writing .*missing"):
        engine.write("SELECT 1 AS a", tmp_path / "missing" / "a.parquet")


def test_kept_steps_can_be_looked_at_one_by_one(tmp_path: Path) -> None:
    told: list[str] = []
    settings = EngineSettings.model_validate({})
    engine = DuckDBEngine(settings, tmp_path / "work", keep_steps=tmp_path / "steps", on_step=told.append)
    engine.load("given", pa.table({"n": [1]}))
    engine.run(Step("first", "SELECT n + 1 AS n FROM given", ("given",)))
    engine.run(Step("second", "SELECT n + 1 AS n FROM first", ("first",)))
    engine.close()
    assert told == ["first", "second"]
    assert sorted(os.listdir(tmp_path / "steps")) == [
        "01-first.parquet",
        "01-first.sql",
        "02-second.parquet",
        "02-second.sql",
    ]
    assert (tmp_path / "steps/02-second.sql").read_text() == "-- reads: first\nSELECT n + 1 AS n FROM first\n"
    assert pq.read_table(tmp_path / "steps/02-second.parquet").to_pydict() == {"n": [3]}


def test_a_file_that_is_none_is_refused_only_when_the_users_files_are_read(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no Parquet, for sure, but long enough to be one")
    step = Step("s", f"SELECT * FROM read_parquet('{tmp_path}/x.parquet')")
    with pytest.raises(
        InputRefused, match=r"step s: a file can't be read: .*No magic bytes.* leave it out of 'path'\.$"
    ):
        engine.scan(step)
    with pytest.raises(LinkageError) as caught:
        engine.run(step)
    assert not isinstance(caught.value, InputRefused)


def test_the_engine_works_on_after_an_error(engine: DuckDBEngine) -> None:
    with pytest.raises(LinkageError):
        engine.fetch("SELECT 1 / 'x'::INTEGER")
    assert engine.fetch("SELECT 1 AS n")["n"].to_pylist() == [1]


def test_each_step_tells_its_rows_its_seconds_and_what_it_spilled(tmp_path: Path) -> None:
    told: list[Cost] = []
    settings = EngineSettings.model_validate({"threads": 1, "memory_limit": "60MB"})
    engine = DuckDBEngine(settings, tmp_path / "work", on_cost=told.append)
    (tmp_path / "log.csv").write_text("a\nb\n\nc\n")
    try:
        engine.run(Step("few", "SELECT * FROM range(5) t(i)"))
        engine.run(Step("sorted", "SELECT hash(i) AS h, i FROM range(3000000) t(i) ORDER BY h"))
        engine.write("SELECT i FROM few ORDER BY i", tmp_path / "few.parquet")
        engine.read_lines("lines", [tmp_path / "log.csv"])
    finally:
        engine.close()
    assert [(cost.step, cost.rows) for cost in told] == [
        ("few", 5), ("sorted", 3_000_000), ("write few.parquet", 5), ("lines", 3)
    ]  # fmt: skip
    few, large = told[0], told[1]
    assert few.spilled == 0 < 10_000_000 < large.spilled
    assert 0 <= few.seconds < large.seconds


@pytest.mark.parametrize("limit", [None, "1GB"])
def test_set_aside_an_engine_has_its_tables_on_disk_and_then_its_memory_again(
    tmp_path: Path, limit: str | None
) -> None:
    engine = made(tmp_path, threads=1, **({"memory_limit": limit} if limit else {}))
    held = "SELECT sum(memory_usage_bytes)::BIGINT AS held FROM duckdb_memory()"
    allowed = "SELECT current_setting('memory_limit') AS allowed"
    before = engine.fetch(allowed)
    engine.run(Step("numbers", "SELECT range AS n, hash(range) AS h FROM range(20_000_000)"))
    whole = engine.fetch(held)["held"][0].as_py()
    with engine.aside():
        aside = engine.fetch(held)["held"][0].as_py()
        assert any((tmp_path / "spill").iterdir())
    assert aside < whole / 2
    assert engine.fetch(allowed) == before
    assert engine.fetch("SELECT count(*) AS n, sum(n)::BIGINT AS s FROM numbers").to_pylist() == [
        {"n": 20_000_000, "s": 199_999_990_000_000}
    ]


def test_an_engine_that_can_not_write_its_tables_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    engine = made(tmp_path, threads=1, spill_dir=str(tmp_path / "file" / "below"))
    engine.run(Step("numbers", "SELECT range AS n, hash(range) AS h FROM range(20_000_000)"))
    with engine.aside():
        pass
    assert engine.fetch("SELECT count(*) AS n FROM numbers")["n"].to_pylist() == [20_000_000]
