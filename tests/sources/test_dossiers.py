from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.config import BUILT_IN_KINDS, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.errors import InputRefused
from linkage.model import DOSSIERS
from linkage.sources.check import check_sources
from linkage.sources.dossiers import ACCOUNT_KIND, read_dossiers
from tests.sources.small_logs import Read, events, read, write_csv

SETTINGS = Path(__file__).parents[2] / "docs" / "settings.md"
START = "2026-01-01T00:00:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip", f" a1 ,{START},ABC-1,2a01:4f8:1:2::9")
    return tmp_path


def dossier(folder: Path, file: str = "one.toml", **said: Any) -> None:
    (folder / file).write_text(tomlkit.dumps({"name": "Cobalt", **said}), encoding="utf-8")


def known(folder: Path, **sections: Any) -> Read:
    return read(folder, {"s": events()}, dossiers={"path": "*.toml"}, **sections)


def refusal(folder: Path, **sections: Any) -> str:
    with pytest.raises(InputRefused) as caught:
        known(folder, **sections)
    return str(caught.value)


def test_values_are_read_as_those_of_the_logs_are(folder: Path) -> None:
    ips = [" 2A01:4f8:1:2:ffff::7 ", "2a01:4f8:1:2::/64", "::ffff:8.8.8.8", "8.8.4.4:443"]
    dossier(folder, accounts=["a1 ", "a2", "a1"], indicators={"device": [" abc-1", "ABC-1"], "ip": ips})
    found = known(folder)
    assert found.arrow["dossiers"].to_pylist() == [
        {"name": "Cobalt", "kind": kind, "value": value}
        for kind, value in [
            (ACCOUNT_KIND, "a1"), (ACCOUNT_KIND, "a2"), ("device", "abc-1"),
            ("ip", "2a01:4f8:1:2::/64"), ("ip", "8.8.4.4"), ("ip", "8.8.8.8"),
        ]
    ]  # fmt: skip
    assert found.arrow["dossiers"].schema == DOSSIERS
    logged = set(found.entities["value"]) | set(found.accounts["account_id"])
    assert logged == {"a1", "abc-1", "2a01:4f8:1:2::/64"} <= set(found.dossiers["value"])
    assert found.report.warnings == ()


def test_kinds_of_the_users_own_may_be_indicators(folder: Path) -> None:
    dossier(folder, indicators={"referral_code": ["X y"]})
    found = known(folder, kinds={"referral_code": {"normalise": "hash"}})
    assert found.dossiers.values.tolist() == [["Cobalt", "referral_code", "x y"]]


def test_files_are_hashed_into_the_inputs_and_their_names_do_not_matter(folder: Path) -> None:
    dossier(folder, "b.toml", accounts=["z"])
    dossier(folder, "a.toml", name="  Zinc ", indicators={"device": ["d"]})
    found = known(folder)
    assert found.dossiers.values.tolist() == [["Cobalt", "account", "z"], ["Zinc", "device", "d"]]
    inputs = [i for i in found.report.inputs if i.source == "dossiers"]
    assert [(i.path, i.bytes, i.sha256) for i in inputs] == [
        (name, len(data), hashlib.sha256(data).hexdigest())
        for name in ("a.toml", "b.toml")
        if (data := (folder / name).read_bytes())
    ]


def test_without_dossiers_the_table_is_empty(folder: Path) -> None:
    table = read(folder, {"s": events()}).arrow["dossiers"]
    assert (table.num_rows, table.schema) == (0, DOSSIERS)


def test_what_links_nobody_is_left_out_with_a_warning(folder: Path) -> None:
    dull = ["10.0.0.1", "192.168.1.1", "unknown", "8.8.8.8"]
    dossier(folder, indicators={"ip": dull, "device": ["n/a", "\x1b[31m"]})
    found = known(folder)
    assert found.dossiers["value"].tolist() == ["\x1b[31m", "8.8.8.8"]
    assert found.report.warnings == (
        "dossier 'Cobalt': 4 of its indicators can't link anybody and are left out: device 'n/a', ip '10.0.0.1', "
        "ip '192.168.1.1' and 1 more.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not valid TOML: Invalid value (at end of document). Mend that line."),
        ("accounts = ['a']", "key 'name' is missing. A dossier says: name, accounts = […], and under [indicator"),
        ("name = ' '\naccounts = ['a']", "key 'name': String should have at least 1 character (it says ' ')."),
        ("name = 'x'\nacounts = ['a']", "key 'acounts' is unknown; did you mean 'accounts'? A dossier says"),
        ("name = 'x'\naccounts = [7]", "key 'accounts.0': Input should be a valid string (it says 7)."),
        ("name = 'x'\naccounts = 'a'", "key 'accounts': Input should be a valid list (it says 'a')."),
        ("name = 'x'", "it lists no account and no indicator. List some, or take it away."),
        ("name = 'x'\n[indicators]\nip = []", "it lists no account and no indicator."),
        (
            "name = 'x'\n[indicators]\ndevise = ['d']",
            "key 'indicators.devise': kind 'devise' is unknown; did you mean 'device'? Use a known kind, or declare it "
            "with [kinds.devise] in the config.",
        ),
        ("name = 'x'\nindicators.account = ['a']", "'account' is no kind of indicator. List ids as accounts = […]."),
        ("name = 'x'\nindicators.ip = ['8.8.8.0/24']", "key 'indicators.ip': '8.8.8.0/24' is no IP address."),
        ("name = 'x'\naccounts = ['a', ' null']", "key 'accounts': ' null' is no account id. Correct it, or take"),
        (f"name = 'x'\nindicators.device = ['{'d' * 1025}']", "key 'indicators.device.0': String should have at most"),
    ],
)  # fmt: skip
def test_what_a_dossier_cannot_say_is_refused_with_its_place(folder: Path, text: str, said: str) -> None:
    (folder / "one.toml").write_text(text, encoding="utf-8")
    assert refusal(folder).startswith(f"one.toml: {said}")


def test_a_kind_named_account_can_be_no_indicator_either(folder: Path) -> None:
    dossier(folder, indicators={"account": ["a"]})
    assert "'account' is no kind of indicator." in refusal(folder, kinds={"account": {}})


@pytest.mark.parametrize("name", ["Cobalt", "COBALT"])
def test_two_files_cannot_share_a_name(folder: Path, name: str) -> None:
    dossier(folder, "a.toml", accounts=["a"])
    dossier(folder, "b.toml", name=name, accounts=["b"])
    assert refusal(folder) == (
        f"b.toml: another dossier has the name '{name}', a.toml. Rename one of them, or put them together."
    )


def test_a_path_that_matches_nothing_is_refused(folder: Path) -> None:
    assert refusal(folder) == "dossiers.path: '*.toml' matches no file. Check it, or leave out [dossiers]."


def test_card_numbers_are_refused(folder: Path) -> None:
    cards = ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"]
    dossier(folder, indicators={"payment_method": cards[:2], "device": cards})
    assert len(known(folder).dossiers) == 5
    dossier(folder, indicators={"payment_method": cards})
    assert refusal(folder).startswith("dossiers: indicators of the kind 'payment_method' look like full card numbers.")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.integers(1, 4000).map(lambda n: b"a = " + b"[" * n + b"]" * n),
                 st.integers(4290, 5000).map(lambda n: b"a = " + b"9" * n)))
def test_any_bytes_are_a_dossier_or_refused(engine: DuckDBEngine, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "one.toml").write_bytes(data)
    with pytest.raises(InputRefused, match=r"^one\.toml: "):
        read_dossiers(engine, "*.toml", tmp_path / "linkage.toml", BUILT_IN_KINDS)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=10))
def test_any_value_of_a_log_is_found_by_a_dossier_that_lists_it(tmp_path: Path, devices: list[str]) -> None:
    source = {"path": "events.ndjson", "account": "account_id", "entities": {"device": "device"}}
    lines = [{"account_id": "a", "device": device} for device in devices]
    (tmp_path / "events.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    dossier(tmp_path, indicators={"device": devices})
    found = read(tmp_path, {"s": source}, dossiers={"path": "*.toml"})
    assert found.dossiers["value"].tolist() == found.entities["value"].tolist()


def test_check_looks_at_them_too(engine: DuckDBEngine, folder: Path) -> None:
    config = parse_config({"sources": {"s": events()}, "dossiers": {"path": "*.toml"}}, "x")
    dossier(folder, indicators={"ip": ["10.0.0.1"]})
    report = check_sources(engine, config, folder / "linkage.toml")
    assert report.first_error is None
    assert report.warnings[0].startswith("dossier 'Cobalt': 1 of its indicators can't link anybody")
    dossier(folder, indicators={"ip": ["?!"]})
    report = check_sources(engine, config, folder / "linkage.toml")
    assert report.previews[0].error is None
    assert "'?!' is no IP address" in str(report.first_error)


def test_the_dossier_of_the_docs_is_sound(folder: Path) -> None:
    example = re.search(r"^```toml\n(name = .*?)^```", SETTINGS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert example is not None
    (folder / "cobalt.toml").write_text(example[1], encoding="utf-8")
    assert len(known(folder).dossiers) == 5
