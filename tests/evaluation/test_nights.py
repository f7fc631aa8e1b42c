from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from linkage.config import load_config
from linkage.errors import ConfigError
from linkage.evaluation.nights import Nights, cut_at_midnights, write_config

CONFIG = """
[sources.accounts]
path = "accounts.csv"
account = "account_id"
time = "created"
role = "signup"

[sources.logins]
path = "logins-*.ndjson"
account = "user"
time = "at"
epoch = "s"
entities = { ip = "ip" }

[sources.exchanges]
path = "exchanges.csv"
account = "user"
time = "at"
zone = "Europe/Berlin"
id = "request"
entities = { template = "prompt_template" }

[labels]
path = "known.csv"

[output]
dir = "runs"
"""
ACCOUNTS = "account_id,created\na,2025-01-01T00:00:00Z\nb,2026-03-02T10:00:00Z\nc,2026-03-09T00:00:00Z\n"
LOGINS = [
    ("a", "192.0.2.1", "2026-03-01T23:59:59Z"), ("b", "192.0.2.2", "2026-03-02T00:00:00Z"), ("b", "x", "2026-03-05"),
]
EXCHANGES = """user,at,request,template
a,2026-03-02 00:30:00,r1,t1
a,2026-03-02 01:30:00,r2,t1
a,2026-03-04 12:00:00,r2,t1
b,2026-03-04 12:00:00,r3,t2
b,not a time,r4,t2
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "linkage.toml").write_text(CONFIG)
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "exchanges.csv").write_text(EXCHANGES)
    lines = [json.dumps({"user": u, "ip": ip, "at": pd.Timestamp(at).timestamp()}) for u, ip, at in LOGINS]
    for name in ("1", "2"):  # the second file is a copy of the first
        (tmp_path / f"logins-{name}.ndjson").write_text("\n".join(lines) + "\n")
    return tmp_path / "linkage.toml"


def cut(config: Path, every: int = 1, first: date | None = None) -> Nights:
    folder = config.parent / "work"
    folder.mkdir()
    return cut_at_midnights(load_config(config), config, folder, every, first)


def rows(nights: Nights, source: str) -> list[tuple[int, list[str]]]:
    """Night and accounts of the rows of each file of a source."""
    found = [(night, pq.read_table(path)) for name, night, path in nights.files if name == source]
    return [(night, sorted(table.column(0).to_pylist())) for night, table in found]


def test_each_night_adds_the_rows_before_its_midnight(config: Path) -> None:
    nights = cut(config)
    assert nights.days == [date(2026, 3, d) for d in range(1, 6)]
    assert rows(nights, "logins") == [(0, ["a"]), (1, ["b"]), (4, ["b"])]
    assert rows(nights, "exchanges") == [(0, ["a"]), (1, ["a"]), (3, ["a", "b"])]  # 0:30 in Berlin is the day before
    assert rows(nights, "accounts") == [(0, ["a"]), (1, ["b"])]


def test_nights_may_lie_apart_and_begin_later_and_the_last_day_is_one(config: Path) -> None:
    nights = cut(config, every=2, first=date(2026, 3, 2))
    assert nights.days == [date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 5)]
    assert rows(nights, "logins") == [(0, ["a", "b"]), (2, ["b"])]


def test_exchanges_are_counted_once_an_id_when_first_sent(config: Path) -> None:
    assert cut(config).exchanges.to_pylist() == [
        {"account_id": "a", "night": 0, "n": 1}, {"account_id": "a", "night": 1, "n": 1},
        {"account_id": "b", "night": 3, "n": 1},
    ]


def test_the_config_of_a_night_reads_what_was_there_and_nothing_that_has_no_time(config: Path) -> None:
    nights = cut(config)
    derived = load_config(write_config(load_config(config), config, nights, 2, config.parent / "work"))
    assert {name: len(source.path) for name, source in derived.sources.items()} == {
        "accounts": 2, "logins": 2, "exchanges": 2
    }
    assert derived.labels is None
    assert derived.output.dir == str(config.parent / "work/runs")
    assert derived.sources["exchanges"].zone == "Europe/Berlin"
    assert derived.sources["exchanges"].entities == {"template": "prompt_template"}


def test_a_source_without_rows_yet_is_left_out(config: Path) -> None:
    (config.parent / "exchanges.csv").write_text("user,at,request,template\na,2026-03-05 12:00:00,r1,t\n")
    nights = cut(config)
    derived = load_config(write_config(load_config(config), config, nights, 0, config.parent / "work"))
    assert list(derived.sources) == ["accounts", "logins"]


def test_a_source_without_times_is_refused(config: Path) -> None:
    config.write_text(CONFIG.replace('time = "at"\nepoch = "s"\n', ""))
    with pytest.raises(ConfigError) as error:
        cut(config)
    assert str(error.value) == (
        f"{config}: sources.logins: source 'logins' has no 'time', so it can't be cut at midnight. "
        "Name the column with the time of its events, or leave the source out."
    )


def test_a_first_day_after_the_last_event_is_refused(config: Path) -> None:
    with pytest.raises(ConfigError) as error:
        cut(config, first=date(2026, 3, 6))
    assert str(error.value) == (
        f"{config}: no event is as late as 2026-03-06. Give an earlier day to --from, or leave it out."
    )
