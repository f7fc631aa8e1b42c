from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.config import EngineSettings
from linkage.engines import SealedEngine, nothing_quoted, sealed
from linkage.errors import ConfigError, InputRefused, LinkageError, StorageFault

SECRET = "a word of a prompt"


@pytest.fixture
def engine(tmp_path: Path) -> SealedEngine:
    return SealedEngine(EngineSettings.model_validate({"threads": 2, "spill_dir": str(tmp_path / "spill")}))


def test_it_has_no_disk(engine: SealedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine._connection.execute("SET memory_limit = '30MB'")
    with pytest.raises(StorageFault):
        engine.fetch("SELECT range AS i, repeat('x', 100) || range AS text FROM range(2000000) ORDER BY text")
    engine.close()
    assert not list(tmp_path.iterdir())


def test_rows_stream_in_their_order_with_their_columns_first(engine: SealedEngine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(50_000), "b": ["text"] * 50_000}), tmp_path / "x.parquet")
    batches = list(engine.stream(engine.parquet_rows([tmp_path / "x.parquet"], ["a", None])))
    assert batches[0].num_rows == 0
    assert batches[0].schema.names == ["file", "row", "c0", "c1"]
    assert [x for batch in batches for x in batch["c0"].to_pylist()] == list(range(50_000))
    assert max(batch.num_rows for batch in batches) <= sealed.MOST_ROWS


def test_batches_of_long_texts_are_short(
    engine: SealedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"a": ["x" * 1000] * 3000}), tmp_path / "x.parquet")
    monkeypatch.setattr(sealed, "MOST_BYTES", 100_000)
    sizes = [batch.num_rows for batch in engine.stream(engine.parquet_rows([tmp_path / "x.parquet"], ["a"]))]
    assert sum(sizes) == 3000
    assert 50 < max(sizes) <= 100


def test_lines_and_those_that_cannot_be_read(engine: SealedEngine, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n\n\xff\xfe,3\n4,5\n" + b"x" * (5 << 20) + b"\n6,7")
    assert [text for batch in engine.lines(path) for text in batch.to_pylist()] == ["a,b", None, "4,5", "6,7"]
    assert engine.rejected(path).to_pylist() == [
        {"line": 3, "fault": "not UTF-8 text"}, {"line": 5, "fault": "line longer than 4 MiB"}
    ]  # fmt: skip
    assert [text for batch in engine.lines(path, 1) for text in batch.to_pylist()] == ["a,b"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (duckdb.InvalidInputException(SECRET), InputRefused), (OSError(SECRET), InputRefused),
        (MemoryError(SECRET), StorageFault), (duckdb.OutOfMemoryException(SECRET), StorageFault),
        (ValueError(SECRET), LinkageError), (pa.ArrowInvalid(SECRET), LinkageError),
    ],
)  # fmt: skip
def test_errors_quote_nothing(error: Exception, kind: type[LinkageError]) -> None:
    with pytest.raises(kind) as told, nothing_quoted("sources.s"):
        raise error
    assert SECRET not in str(told.value)
    assert str(told.value).startswith("sources.s: ")
    assert told.value.__suppress_context__


def test_errors_of_ours_pass_unless_they_quote_the_engine() -> None:
    with pytest.raises(ConfigError, match="ours"), nothing_quoted("x"):
        raise ConfigError("ours")

    def quoting() -> None:
        try:
            raise duckdb.InvalidInputException(SECRET)
        except duckdb.Error as error:
            raise InputRefused(f"a file can't be read: {error}") from error

    with pytest.raises(InputRefused) as told, nothing_quoted("x"):
        quoting()
    assert SECRET not in str(told.value)
