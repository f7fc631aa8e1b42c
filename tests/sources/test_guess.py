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
            "path": "sessions-*.csv",
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
        "pay: no column ties accounts to each other: name one in 'entities', or take the source out.",
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
        (["w2.csv", "w3.csv"], "w"),
        (["log_1.csv", "log_2.csv"], "log"),
        (["log-20260401T10.csv"], "log"),
        (["2026.csv"], "service"),
        (["2026-01-01.csv", "2026-01-02.csv"], "service"),
        (["part-000.csv"], "service"),
        (["part-00000-3f2a-c000.snappy.csv"], "service"),
        ([f"{HASHES[0]}.csv", f"{HASHES[1]}.csv"], "service"),
        (["Käse Log.csv"], "k_se_log"),
        (["logins-a.csv", "logins-b.csv"], "logins"),
    ],
)
def test_sources_are_named_after_their_files(
    engine: DuckDBEngine, tmp_path: Path, names: list[str], source: str
) -> None:
    (tmp_path / "service" / "day=2026-01-01").mkdir(parents=True)
    paths = [tmp_path / "service" / "day=2026-01-01" / name for name in names]
    for path in paths:
        write_csv(path, "account_id,ip", f"{path.name},8.8.8.8")
    guessed, _ = guess(engine, tmp_path, paths)
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
        "x.csv: no column looks like an account id (there are: colour, shape). Write its [sources.NAME] by hand."
    )
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(InputRefused, match=r"empty\.csv: is empty\."):
        guess(engine, tmp_path, [tmp_path / "empty.csv"])
    with pytest.raises(ConfigError, match=r"none of the files is a log.*Left out: empty\.csv: is empty.*; x\.csv: no "):
        guess(engine, tmp_path, [tmp_path / "x.csv", tmp_path / "empty.csv"])
    write_csv(tmp_path / "labels.csv", "account_id,label", "x,banned")
    with pytest.raises(ConfigError, match="none of the files is a log"):
        guess(engine, tmp_path, [tmp_path / "labels.csv"])
    with pytest.raises(InputRefused, match="matches no file"):
        guess(engine, tmp_path, [tmp_path / "gone.csv"])
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputRefused, match=r"no log is there\. Known: \.parquet"):
        guess(engine, tmp_path, [tmp_path / "bare"])


def test_what_gives_no_source_is_named_and_the_rest_is_written(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_csv(tmp_path / "log.csv", "account_id,ip", "a,8.8.8.8")
    write_csv(tmp_path / "colours\n.csv", "colour,shape", "red,round")
    write_csv(tmp_path / "head.csv", "account_id,device")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "utf16.csv").write_bytes("account_id,ip\n".encode("utf-16"))
    (tmp_path / "latin.csv").write_bytes("account_id,city\na,Zürich\n".encode("latin-1"))
    write_csv(tmp_path / "bare.csv", "user7,2026-01-01T00:00:00Z", "user8,2026-01-01T00:00:00Z")
    (tmp_path / "array.json").write_text('[\n{"account_id": "a"},\n{"account_id": "b"}\n]\n')
    (tmp_path / "whole.json").write_text('{\n"account_id": "a"\n}\n')
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "notes.md").write_text("x")
    guessed, raw = guess(engine, tmp_path, [tmp_path])
    assert list(raw["sources"]) == ["log"]
    assert [line.split(". ")[0] for line in guessed.left if not line.startswith("broken")] == [
        "array.json: is one JSON array",
        "bare.csv: its first line holds values, and no names of columns",
        "colours\n.csv: no column looks like an account id (there are: colour, shape)",
        "empty.csv: is empty",
        "head.csv: holds no rows",
        "latin.csv: none of its rows can be read (not UTF-8 text)",
        "notes.md and 1 more: no log by the ending of the name",
        "utf16.csv: is no UTF-8 text",
        "whole.json: no line of it is a JSON object",
    ]
    assert any(line.startswith("broken.parquet: ") for line in guessed.left)
    comments = [line for line in guessed.text.splitlines() if line.startswith("# ")]
    assert comments[2] == "# Left out, and why:"
    assert len(comments) == 3 + len(guessed.left)
    assert "# colours\\n.csv: no column" in guessed.text
    assert "user7" not in guessed.text


def test_a_folder_becomes_sources_with_globs(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_service(tmp_path)
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / "logins" / f"day={day}").mkdir(parents=True)
        write_csv(tmp_path / "logins" / f"day={day}" / "part-0.csv.gz", "account_id,ip", "a,8.8.8.8")
    for name in ("web", "api"):
        (tmp_path / name).mkdir()
        for part in range(12):
            write_csv(tmp_path / name / f"part-{part:03d}.csv", "user,device_id,ip", f"u{part},d,8.8.8.8")
    for name in ("runs/r1", ".cache", "_temporary"):
        (tmp_path / name).mkdir(parents=True)
        for table in ("manifest.json", "rings.parquet"):
            (tmp_path / name / table).write_bytes(b"")
    guessed, raw = guess(engine, tmp_path, [tmp_path])
    assert {name: source["path"] for name, source in raw["sources"].items()} == {
        "accounts": "accounts.parquet",
        "api": "api/part-*.csv",
        "exchanges": "exchanges/part-000.ndjson",
        "logins": "logins/day=*/part-0.csv.gz",
        "payments": "payments.parquet",
        "sessions": "sessions-*.csv",
        "web": "web/part-*.csv",
    }
    assert guessed.left == ()
    report = check_sources(engine, load_config(tmp_path / "linkage.toml"), tmp_path / "linkage.toml")
    assert report.first_error is None


def test_files_beside_one_that_is_named_are_told_and_not_read(engine: DuckDBEngine, tmp_path: Path) -> None:
    for part in range(4):
        write_csv(tmp_path / f"part-{part}.csv", "account_id,ip", f"u{part},8.8.8.8")
    write_csv(tmp_path / "other-1.csv", "account_id,device", "a,d")
    guessed, raw = guess(engine, tmp_path, [tmp_path / "part-0.csv"])
    (source,) = raw["sources"].values()
    assert source["path"] == "part-0.csv"
    assert guessed.notes[0].endswith(
        'beside part-0.csv lie 3 files like it, which are not read; to read them: path = "part-*.csv".'
    )
    assert 'To read them: path = "part-*.csv"' in guessed.text
    write_csv(tmp_path / "part-9.csv", "colour", "red")
    guessed, _ = guess(engine, tmp_path, [tmp_path / "part-0.csv"])
    assert "lie 3 files like it, which are not read; to read them: a list as path." in guessed.notes[0]
    assert guess(engine, tmp_path, [tmp_path / "other-1.csv"])[0].notes == ()


def test_ndjson_files_whose_keys_differ_are_one_source(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    write_csv(tmp_path / "calls" / "part-0.ndjson", '{"account_id": "a", "ip": "8.8.8.8"}')
    write_csv(tmp_path / "calls" / "part-1.ndjson", '{"account_id": "a", "ip": "8.8.8.8", "device_id": "d"}')
    _, raw = guess(engine, tmp_path, [tmp_path / "calls"])
    assert list(raw["sources"]) == ["calls"]
    assert raw["sources"]["calls"]["entities"] == {"ip": "ip", "device_id": "device"}


def test_logs_with_the_same_columns_and_names_of_their_own_stay_apart(engine: DuckDBEngine, tmp_path: Path) -> None:
    for name in ("web", "api"):
        write_csv(tmp_path / f"{name}.csv", "account_id,ip", "a,8.8.8.8")
    _, raw = guess(engine, tmp_path, [tmp_path])
    assert {name: source["path"] for name, source in raw["sources"].items()} == {"api": "api.csv", "web": "web.csv"}


def test_how_times_are_written_is_looked_up_in_several_files(engine: DuckDBEngine, tmp_path: Path) -> None:
    for month, time in ((1, "2026-01-01T00:00:00Z"), (2, "2026-02-01 00:00:00")):
        write_csv(tmp_path / f"log-{month}.csv", "account_id,ts,ip", f"a,{time},8.8.8.8")
    _, raw = guess(engine, tmp_path, [tmp_path])
    assert raw["sources"]["log"]["zone"] == "UTC"


SIGNUP = {"account_id": [f"a{i}" for i in range(ROWS)]}


@pytest.mark.parametrize(
    ("name", "columns", "time", "role"),
    [
        ("anything", {"signup": times()}, "signup", "signup"),
        ("anything", {"registered": times()}, "registered", "signup"),
        ("anything", {"signupTime": times(), "plan": ["x"] * ROWS}, "signupTime", "signup"),
        ("anything", {"created_at": times()}, "created_at", "signup"),
        ("users", {"createdAt": times(), "ts": times()}, "createdAt", "signup"),
        ("signups", {"ts": times(), "ip": ["8.8.8.8"] * ROWS}, "ts", "signup"),
        ("signup_log", {"date": times()}, "date", "signup"),
        # a time of something else: what happened has a time, an id, a price or a template of its own
        ("sessions", {"ts": times(), "account_created_at": times()}, "ts", None),
        ("payments", {"created_at": times(), "payment_id": HASHES}, "created_at", None),
        ("orders", {"created_at": times(), "amount": list(range(ROWS))}, "created_at", None),
        ("cards", {"created_at": times(), "card_fingerprint": HASHES}, "created_at", None),
        ("logins", {"ts": times(), "ip": ["8.8.8.8"] * ROWS}, "ts", None),
        ("user_logins", {"created_at": times(), "ts": times()}, "ts", None),
    ],
)
def test_where_a_time_is_that_of_the_sign_up(
    engine: DuckDBEngine, tmp_path: Path, name: str, columns: dict[str, Any], time: str, role: str | None
) -> None:
    write_parquet(tmp_path / f"{name}.parquet", **SIGNUP, **columns)
    _, raw = guess(engine, tmp_path, [tmp_path / f"{name}.parquet"])
    assert (raw["sources"][name]["time"], raw["sources"][name].get("role")) == (time, role)


def test_accounts_that_come_again_and_again_sign_up_nowhere(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_parquet(tmp_path / "users.parquet", account_id=[f"a{i % 9}" for i in range(ROWS)], registered_at=times())
    _, raw = guess(engine, tmp_path, [tmp_path / "users.parquet"])
    assert "role" not in raw["sources"]["users"]


def test_in_a_list_of_users_the_id_of_the_row_is_the_account(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_parquet(tmp_path / "users.parquet", id=SIGNUP["account_id"], created_at=times())
    write_parquet(tmp_path / "events.parquet", id=SIGNUP["account_id"], ts=times())
    guessed, raw = guess(engine, tmp_path, [tmp_path])
    assert raw["sources"] == {
        "users": {"path": "users.parquet", "account": "id", "time": "created_at", "role": "signup"}
    }
    assert guessed.left[0].startswith("events.parquet: no column looks like an account id (there are: id, ts).")


def test_a_few_repeated_ids_of_events_are_still_ids(engine: DuckDBEngine, tmp_path: Path) -> None:
    ids = [f"r{max(i, 2)}" for i in range(ROWS)]
    write_parquet(tmp_path / "calls.parquet", account_id=["a"] * ROWS, request_id=ids, ip=["8.8.8.8"] * ROWS)
    assert guess(engine, tmp_path, [tmp_path])[1]["sources"]["calls"]["id"] == "request_id"


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
