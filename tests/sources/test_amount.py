from __future__ import annotations

from pathlib import Path

from linkage.config import parse_config
from linkage.sources.amount import Amount, amount_of
from tests.sources.small_logs import events, write_csv, write_parquet


def test_uses_and_ids_are_counted_by_rows_and_text_by_bytes(tmp_path: Path) -> None:
    for name, rows in (("1.parquet", 3), ("2.parquet", 4)):
        write_parquet(tmp_path / name, account_id=["a"] * rows, device=["d"] * rows, ip=["8.8.8.8"] * rows)
    write_csv(tmp_path / "events.csv", "account_id", "a")
    write_csv(tmp_path / "events.csv.gz", "account_id", "a")
    packed = (tmp_path / "events.csv.gz").stat().st_size
    two = events(path="[12].parquet", time=None)
    config = parse_config({"sources": {
        "two": two, "known": {**two, "path": "1.parquet", "id": "ip", "entities": {}},
        "text": {"path": "events.csv*", "account": "account_id"},
    }}, "x")  # fmt: skip
    assert amount_of(config, tmp_path / "linkage.toml") == Amount(uses=2 * 7 + 3, ids=3, text=13, packed=packed)


def test_what_cannot_be_looked_at_counts_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.parquet", "no Parquet")
    config = parse_config({"sources": {"s": events(path="events.parquet"), "t": events(path="none.parquet")}}, "x")
    assert amount_of(config, tmp_path / "linkage.toml") == Amount()


def test_prompts_count_as_their_ids(tmp_path: Path) -> None:
    write_parquet(tmp_path / "p.parquet", account_id=["a"] * 5, prompt=["x" * 999] * 5)
    write_csv(tmp_path / "p.csv", "account_id,prompt", "a,some text")
    config = parse_config({"sources": {"p": {"path": "p.*", "account": "account_id", "prompt": "prompt"}}}, "x")
    assert amount_of(config, tmp_path / "linkage.toml") == Amount(uses=5)
