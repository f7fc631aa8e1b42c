from __future__ import annotations

import random
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from linkage.config import load_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.errors import ConfigError, InputRefused
from linkage.sources.check import check_sources
from linkage.sources.guess import Guessed, guess_config
from tests.sources.small_logs import write_csv, write_parquet

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 60
DICE = random.Random(3)
HASHES = [f"{DICE.getrandbits(128):032x}" for _ in range(ROWS)]


def times(step: int = 3600) -> list[datetime]:
    return [START + timedelta(seconds=step * i) for i in range(ROWS)]


def write_service(folder: Path) -> list[Path]:
    """The four logs of an ordinary service."""
    ids = [f"acc{i}" for i in range(ROWS)]
    again = [f"acc{i % 20}" for i in range(ROWS)]
    write_parquet(folder / "accounts.parquet", account_id=ids, created_at=times(), plan=["free"] * ROWS)
    write_parquet(
        folder / "payments.parquet", account_id=again, ts=times(), payment_fingerprint=[h[:20] for h in HASHES]
    )
    for month in (1, 2):
        write_csv(
            folder / f"sessions-2026-{month:02d}.csv",
            "ts,account_id,client_ip,device_fingerprint",
            *(f"2026-{month:02d}-01T00:00:{i:02d},acc{i % 20},9.9.{i % 9}.1,{HASHES[i % 7]}" for i in range(ROWS)),
        )
    (folder / "exchanges").mkdir()
    write_csv(
        folder / "exchanges" / "part-000.ndjson",
        *(
            f'{{"request_id": "r{i}", "account_id": "acc{i % 20}", "time": {1767225600000 + i}, "http_status": 200, '
            f'"prompt_template_hash": "{HASHES[i % 5]}", "latency": {i * 0.5}}}'
            for i in range(ROWS)
        ),
    )
    return sorted(folder.rglob("*.*"))


def guess(engine: DuckDBEngine, folder: Path, files: list[Path]) -> tuple[Guessed, dict[str, Any]]:
    guessed = guess_config(engine, files, folder / "linkage.toml")
    (folder / "linkage.toml").write_text(guessed.text)
    return guessed, tomllib.loads(guessed.text)


def test_logs_of_an_ordinary_service(engine: DuckDBEngine, tmp_path: Path) -> None:
    guessed, raw = guess(engine, tmp_path, write_service(tmp_path))
    assert raw["sources"] == {
        "accounts": {
            "path": "accounts.parquet",
            "account": "account_id",
            "time": "created_at",
            "role": "signup",
            "ignore": ["plan"],
        },
        "exchanges": {
            "path": "exchanges/part-000.ndjson",
            "account": "account_id",
            "time": "time",
            "epoch": "ms",
            "id": "request_id",
            "status": "http_status",
            "entities": {"prompt_template_hash": "prompt_template"},
            "ignore": ["latency"],
        },
        "payments": {
            "path": "payments.parquet",
            "account": "account_id",
            "time": "ts",
            "entities": {"payment_fingerprint": "payment_method"},
        },
        "sessions": {
            "path": ["sessions-2026-01.csv", "sessions-2026-02.csv"],
            "account": "account_id",
            "time": "ts",
            "zone": "UTC",
            "entities": {"client_ip": "ip", "device_fingerprint": "device"},
        },
    }
    assert guessed.notes == ("sessions: times in 'ts' carry no zone; UTC is a guess.",)
    assert 'zone = "UTC" # a guess: the times carry no zone; which one are they in?' in guessed.text


def test_what_was_guessed_passes_the_check(engine: DuckDBEngine, tmp_path: Path) -> None:
    guess(engine, tmp_path, write_service(tmp_path))
    report = check_sources(engine, load_config(tmp_path / "linkage.toml"), tmp_path / "linkage.toml")
    assert report.first_error is None
    assert [(p.source, p.counts.loaded, p.counts.quarantined, p.warnings) for p in report.previews] == [
        ("accounts", ROWS, 0, ()),
        ("exchanges", ROWS, 0, ()),
        ("payments", ROWS, 0, ()),
        ("sessions", 2 * ROWS, 0, ()),
    ]


def test_labels_are_known_by_their_columns(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_csv(tmp_path / "known.csv", "account_id,label", "a,banned")
    write_csv(tmp_path / "log.csv", "account_id,ip", "a,8.8.8.8")
    _, raw = guess(engine, tmp_path, [tmp_path / "known.csv", tmp_path / "log.csv"])
    assert raw["labels"] == {"path": "known.csv"}
    assert list(raw["sources"]) == ["log"]


def test_card_numbers_are_left_out_and_said_so(engine: DuckDBEngine, tmp_path: Path) -> None:
    cards = ["4111111111111111", "5555555555554444", "378282246310005"]
    write_csv(tmp_path / "pay.csv", "account_id,card_number", *(f"a{i},{card}" for i, card in enumerate(cards)))
    guessed, raw = guess(engine, tmp_path, [tmp_path / "pay.csv"])
    assert raw["sources"]["pay"]["ignore"] == ["card_number"]
    assert guessed.notes == (
        "pay: 'card_number' looks like full card numbers: send the processor's fingerprint instead.",
    )
    assert not any(card in guessed.text for card in cards)


def test_aggregated_rows(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_parquet(
        tmp_path / "agg.parquet",
        user_id=[f"u{i}" for i in range(ROWS)],
        first_seen=times(),
        last_seen=times(),
        n=list(range(1, ROWS + 1)),
        ja3=[f"{i:032x}" for i in range(ROWS)],
    )
    _, raw = guess(engine, tmp_path, [tmp_path / "agg.parquet"])
    assert raw["sources"]["agg"] == {
        "path": "agg.parquet",
        "account": "user_id",
        "first": "first_seen",
        "last": "last_seen",
        "count": "n",
        "entities": {"ja3": "device"},
    }


def test_kinds_of_ones_own_are_declared(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = (f"a{i},CODE{i % 3},{HASHES[i % 4]}" for i in range(ROWS))
    write_csv(tmp_path / "x.csv", "account_id,Referral Code,blob", *rows)
    _, raw = guess(engine, tmp_path, [tmp_path / "x.csv"])
    assert raw["sources"]["x"]["entities"] == {"Referral Code": "referral_code", "blob": "blob"}
    assert raw["kinds"] == {
        "blob": {"family": "blob", "forgeable": True, "normalise": "hash"},
        "referral_code": {"family": "referral_code", "forgeable": True},
    }


def test_addresses_as_numbers(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", "user_id,ip_address", *(f"{i},{732758368 + i}.5" for i in range(ROWS)))
    _, raw = guess(engine, tmp_path, [tmp_path / "x.csv"])
    assert raw["sources"]["x"]["entities"] == {"ip_address": {"kind": "ip", "format": "ipv4_number"}}


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (["w2.csv"], "w2"),
        (["log_1.csv", "log_2.csv"], "log"),
        (["2026.csv"], "column_2026"),
        (["Käse Log.csv"], "k_se_log"),
        (["logins-a.csv", "logins-b.csv"], "logins"),
    ],
)
def test_sources_are_named_after_their_files(
    engine: DuckDBEngine, tmp_path: Path, names: list[str], source: str
) -> None:
    for name in names:
        write_csv(tmp_path / name, "account_id,ip", f"{name},8.8.8.8")
    guessed, _ = guess(engine, tmp_path, [tmp_path / name for name in names])
    assert guessed.sources == (source,)


def test_two_logs_of_one_name_get_two(engine: DuckDBEngine, tmp_path: Path) -> None:
    for folder, header in (("a", "account_id,ip"), ("b", "account_id,device_id")):
        (tmp_path / folder).mkdir()
        write_csv(tmp_path / folder / "log.csv", header, "x,8.8.8.8")
    guessed, _ = guess(engine, tmp_path, sorted(tmp_path.glob("*/log.csv")))
    assert guessed.sources == ("log", "log_2")


@pytest.mark.parametrize("name", ["acct", "ACCT_NO", "cust_id", "customer_uuid", "end_user", "subscriber_number"])
def test_names_of_accounts_that_nobody_listed(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    (tmp_path / "x.csv").write_text(f"user_agent,ip,{name}\nfirefox,9.9.9.9,a\nchrome,8.8.8.8,b\n")
    _, config = guess(engine, tmp_path, [tmp_path / "x.csv"])
    assert config["sources"]["x"]["account"] == name


def test_short_names_of_a_database_s_own(engine: DuckDBEngine, tmp_path: Path) -> None:
    """As aggregate functions and engineers name columns; epochs in seconds."""
    sums = [f"a{n},{n:032x},{1_760_000_000 + n},{1_760_500_000 + n},{n % 7 + 1}" for n in range(ROWS)]
    (tmp_path / "sums.csv").write_text("\n".join(["acct,tpl,min,max,size", *sums]))
    calls = [f"q{n},a{n % 9},{times()[n % ROWS]:%Y-%m-%dT%H:%M:%SZ},{429 if n % 5 else 200},pm{n}" for n in range(ROWS)]
    (tmp_path / "calls.csv").write_text("\n".join(["rid,customer,at,code,instrument", *calls]))
    born = [f"a{n},{times()[n % ROWS]:%Y-%m-%dT%H:%M:%SZ}" for n in range(ROWS)]
    (tmp_path / "born.csv").write_text("\n".join(["acct,opened_at", *born]))
    _, config = guess(engine, tmp_path, [tmp_path / f"{name}.csv" for name in ("sums", "calls", "born")])
    told = config["sources"]
    assert [told["sums"][key] for key in ("first", "last", "count", "epoch")] == ["min", "max", "size", "s"]
    assert told["sums"]["entities"] == {"tpl": "prompt_template"}
    assert [told["calls"][key] for key in ("id", "status", "time")] == ["rid", "code", "at"]
    assert told["calls"]["entities"] == {"instrument": "payment_method"}
    assert told["born"]["role"] == "signup"


def test_files_that_give_nothing_to_guess(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", "colour,shape", "red,round")
    with pytest.raises(ConfigError) as caught:
        guess(engine, tmp_path, [tmp_path / "x.csv"])
    assert str(caught.value) == (
        "x.csv: no column looks like an account id (there are: colour, shape). "
        "Write its [sources.NAME] by hand, and leave the file out here."
    )
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(InputRefused, match=r"empty\.csv: is empty\."):
        guess(engine, tmp_path, [tmp_path / "empty.csv"])
    write_csv(tmp_path / "labels.csv", "account_id,label", "x,banned")
    with pytest.raises(ConfigError, match="none of the files is a log"):
        guess(engine, tmp_path, [tmp_path / "labels.csv"])
    with pytest.raises(InputRefused, match="matches no file"):
        guess(engine, tmp_path, [tmp_path / "gone.csv"])


def test_prompts_are_guessed_by_name_and_text_unless_there_are_ids(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = [f"u{i},2026-01-0{i + 1}T00:00:00Z,Sort {i} pears now,Be very kind,t{i % 2}" for i in range(5)]
    for name, last in (("plain", "other"), ("ids", "template_id")):
        head = f"account_id,ts,prompt,system_prompt,{last}"
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n")
    told = {
        name: tomllib.loads(guess_config(engine, [tmp_path / f"{name}.csv"], tmp_path / "c.toml").text)["sources"][name]
        for name in ("plain", "ids")
    }
    assert (told["plain"]["prompt"], told["plain"]["system_prompt"]) == ("prompt", "system_prompt")
    assert "prompt" not in told["ids"]
    assert "prompt" in told["ids"]["ignore"]
