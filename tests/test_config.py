from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from linkage.config import (
    BUILT_IN_KINDS,
    Config,
    TimedKinds,
    column_spec,
    engine_settings,
    json_schema,
    kind_specs,
    load_config,
    parse_config,
    resolve,
    timed_kinds,
    used_kinds,
)
from linkage.errors import ConfigError
from linkage.model import Kind
from linkage.wording import nearest, sentence

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"
PLAIN: dict[str, Any] = {"path": "a.csv", "account": "a"}


def parsed(source: dict[str, Any] | None = None, **sections: Any) -> Config:
    return parse_config({"sources": {"s": {**PLAIN, **(source or {})}}, **sections}, "linkage.toml")


def refused(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(raw, "linkage.toml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting that holds a value, by its full name; names of the user's own are NAME and COLUMN."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        own = "COLUMN" if name == "entities" else "NAME"
        inner = _models_in(field.annotation)
        mapping = str(field.annotation).startswith("dict")
        if not inner or name == "entities":
            yield key, field
        for section in inner:
            yield from settings_of(section, f"{key}.{own}." if mapping else f"{key}.")


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def documented() -> dict[str, str]:
    """Default by setting, as docs/settings.md says."""
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|$", DOCS.read_text(), flags=re.MULTILINE)
    assert all(meaning.strip() for _, _, meaning in rows)
    return {name: default.strip().strip("`") for name, default, _ in rows if "." in name}


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(documented()) == {key for key, _ in settings_of(Config)}


@pytest.mark.parametrize(("key", "field"), list(settings_of(Config)), ids=lambda x: x if isinstance(x, str) else "")
def test_the_documented_default_is_the_one_that_holds(key: str, field: FieldInfo) -> None:
    told = documented()[key]
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        assert told == "required"
    elif default is None:
        assert told == "none"
    else:
        value = tomllib.loads(f"x = {told}")["x"]
        assert json.loads(json.dumps(default)) == value


def test_built_in_kinds_are_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (true|false) \| (\w+) \|$", DOCS.read_text(), flags=re.MULTILINE)
    assert {name: (family, forgeable == "true", normalise) for name, family, forgeable, normalise in rows} == {
        name: (spec.family, spec.forgeable, spec.normalise) for name, spec in BUILT_IN_KINDS.items()
    }


def test_the_schema_takes_what_the_config_takes() -> None:
    schema = json_schema()
    good = {"sources": {"s": {**PLAIN, "entities": {"x": "ip", "y": {"kind": "device"}}}}, "method": {"seed": 3}}
    jsonschema.validate(good, schema)
    assert parse_config(good, "x").method.seed == 3
    for bad in ({"sources": {"s": {"path": "x"}}}, {**good, "audits": {}}, {**good, "method": {"seed": -1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)
        refused(bad)


def test_the_least_config_and_its_defaults() -> None:
    config = parsed()
    assert config.sources["s"].entities == {}
    assert (config.audit.warn_share, config.audit.stop_share, config.output.dir) == (0.01, 0.05, "runs")
    assert config.method.proposers.resolutions == (1.0, 8.0)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            {"sources": {"s": {"path": "a.csv", "acount": "a"}}},
            "linkage.toml: key 'sources.s.account' is missing; key 'sources.s.acount' is unknown; did you mean "
            "'account'? "
            "'linkage schema' prints every setting.",
        ),
        (
            {"sources": {"s": PLAIN}, "audit": {"warn": 0.1}},
            "linkage.toml: key 'audit.warn' is unknown; did you mean 'warn_share'? "
            "'linkage schema' prints every setting.",
        ),
        (
            {"sources": {"s": PLAIN}, "zzz": 1},
            "linkage.toml: key 'zzz' is unknown; valid here: audit, context, dossiers, engine, kinds, labels, method, "
            "output, sources, templates. 'linkage schema' prints every setting.",
        ),
        (
            {"sources": {"My Source": PLAIN}},
            "linkage.toml: key 'sources.My Source': names have small letters, digits and underscores, and begin with a "
            "letter (it says 'My Source'). 'linkage schema' prints every setting.",
        ),
        (
            {"sources": {"s": {**PLAIN, "system_prompt": "text"}}},
            "linkage.toml: key 'sources.s.system_prompt': it goes with 'prompt'. Name that column too.",
        ),
        (
            {"sources": {"s": PLAIN}, "templates": {"levels": {"masked": "shape"}}},
            "linkage.toml: key 'templates.levels.masked': kind 'shape' is unknown; valid here: device, ip, "
            "payment_method, prompt_template. Use a known kind, or declare it with [kinds.shape].",
        ),
        (
            {"sources": {"s": {**PLAIN, "entities": {"x": "devise"}}}},
            "linkage.toml: key 'sources.s.entities.x': kind 'devise' is unknown; did you mean 'device'? "
            "Use a known kind, or declare it with [kinds.devise].",
        ),
        (
            {"sources": {}},
            "linkage.toml: key 'sources' is empty. Add at least one [sources.NAME].",
        ),
        (
            {"sources": {"s": {**PLAIN, "time": "t", "first": "f", "last": "l"}}},
            "linkage.toml: key 'sources.s': 'time' goes with event rows, 'first' and 'last' with aggregated rows. "
            "Keep one of them.",
        ),
        (
            {"sources": {"s": {**PLAIN, "first": "f"}}},
            "linkage.toml: key 'sources.s': 'first' and 'last' go together. Give both or none.",
        ),
        (
            {"sources": {"s": {**PLAIN, "role": "signup"}}},
            "linkage.toml: key 'sources.s': role 'signup' needs 'time'. Name the column with the creation time.",
        ),
    ],
)
def test_errors_name_file_key_and_nearest_word(raw: dict[str, Any], message: str) -> None:
    assert refused(raw) == message


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"audit": {"stop_share": 1.5}}, "audit.stop_share"),
        ({"engine": {"threads": 0}}, "engine.threads"),
        ({"engine": {"memory_limit": "much"}}, "engine.memory_limit"),
        ({"engine": {"name": "spark"}}, "engine.name"),
        ({"method": {"min_accounts": 1}}, "method.min_accounts"),
        ({"method": {"proposers": {"objective": "Modularity"}}}, "method.proposers.objective"),
        ({"kinds": {"Wallet": {}}}, "kinds.Wallet"),
        ({"kinds": {"x": {"normalise": "upper"}}}, "kinds.x.normalise"),
        ({"labels": {}}, "labels.path"),
    ],
)
def test_values_that_cannot_be_are_named_by_key(section: dict[str, Any], key: str) -> None:
    assert f"key '{key}" in refused({"sources": {"s": PLAIN}, **section})


def test_files_that_are_no_config(tmp_path: Path) -> None:
    path = tmp_path / "linkage.toml"
    with pytest.raises(ConfigError, match=r"linkage\.toml: there is no such file\. Write one with 'linkage init FILES"):
        load_config(path)
    path.write_text("[sources\n")
    with pytest.raises(ConfigError, match=r"linkage\.toml: not valid TOML: .*line 1.*\. Mend that line\."):
        load_config(path)
    path.write_bytes(b"x = '\xff'")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(path)
    path.write_text('[sources.s]\npath = "a.csv"\naccount = "a"\n')
    assert load_config(path) == parsed()


@pytest.mark.parametrize("kinds", [{"hand_off": {}}, {"bells": {"family": "timing"}}])
def test_what_is_made_from_times_takes_no_kinds_of_the_users(kinds: dict[str, Any]) -> None:
    (name,) = kinds
    assert refused({"sources": {"s": PLAIN}, "kinds": kinds}) == (
        f"linkage.toml: key 'kinds.{name}': the family 'timing' and its kinds are made from the times of events. "
        "Choose another name."
    )


def test_which_kinds_are_cut_into_episodes_and_searched_for_hand_offs() -> None:
    plain = timed_kinds(parsed())
    assert (plain.leased, plain.handed_on) == (set(), {"prompt_template"})
    cut = {"timing": {"episodes": True}}
    assert timed_kinds(parsed(method=cut)).leased == {"ip"}
    own = {"session": {"hand_off": True}, "wallet": {}, "subnet": {"family": "network"}, "asn": {"leased": True}}
    more = timed_kinds(parsed(kinds={**own, "vpn": {"family": "network", "leased": False}}, method=cut))
    assert (more.leased, more.handed_on) == ({"ip", "subnet", "asn"}, {"prompt_template", "session"})
    none = {"timing": {"hand_off": False}}
    assert timed_kinds(parsed(method=none)) == TimedKinds(frozenset(), frozenset())


def test_what_is_leased_is_not_handed_on() -> None:
    assert refused({"sources": {"s": PLAIN}, "kinds": {"ip": {"hand_off": True}}}) == (
        "linkage.toml: key 'kinds.ip': what is leased is not handed on. Keep 'leased' or 'hand_off'."
    )


def test_kinds_of_ones_own_are_cautious_guesses_and_changes_change_one_thing() -> None:
    specs = kind_specs(parsed(kinds={"wallet": {}, "device": {"forgeable": False}, "card": {"family": "payment"}}))
    assert specs["wallet"].model_dump() == {
        "family": "wallet", "forgeable": True, "normalise": "text", "leased": False, "hand_off": False
    }  # fmt: skip
    assert specs["device"].model_dump() == {
        "family": "device", "forgeable": False, "normalise": "hash", "leased": False, "hand_off": False
    }  # fmt: skip
    assert specs["card"].family == "payment"
    assert specs["ip"] == BUILT_IN_KINDS["ip"]


def test_the_kinds_that_are_used_in_order_of_name() -> None:
    config = parsed({"entities": {"a": "ip", "b": "device", "c": {"kind": "ip", "format": "ipv4_number"}}})
    assert used_kinds(config) == (Kind("device", "device", True), Kind("ip", "network", False))
    assert used_kinds(parsed()) == ()


def test_long_and_short_form_of_an_entity_column() -> None:
    assert column_spec("ip").model_dump() == {"kind": "ip", "format": "text"}
    spec = parsed({"entities": {"a": {"kind": "ip", "format": "ipv4_number"}}}).sources["s"].entities["a"]
    assert column_spec(spec).format == "ipv4_number"


def test_configs_are_not_changed_in_place() -> None:
    config = parsed()
    with pytest.raises(ValueError, match="frozen"):
        config.audit.warn_share = 0.5  # type: ignore[misc]  # that it can't is what is tested


def test_paths_are_relative_to_the_config(tmp_path: Path) -> None:
    assert resolve(tmp_path / "conf" / "linkage.toml", "a.csv") == str(tmp_path / "conf" / "a.csv")
    assert resolve(tmp_path / "linkage.toml", "/abs/a.csv") == "/abs/a.csv"


def test_the_spill_folder_is_relative_to_the_config_too(tmp_path: Path) -> None:
    config = parsed(engine={"spill_dir": "spill", "threads": 1})
    placed = engine_settings(config, tmp_path / "linkage.toml")
    assert (placed.spill_dir, placed.threads) == (str(tmp_path / "spill"), 1)
    assert engine_settings(parsed(), tmp_path / "linkage.toml").spill_dir is None


def test_nearest_words_and_ends_of_sentences() -> None:
    assert nearest("acount", ["account", "time"]) == "; did you mean 'account'?"
    assert nearest("zzz", ["b", "a"]) == "; valid here: a, b"
    assert nearest("zzz", []) == ""
    assert sentence("what") == "what."
    assert sentence("what?") == "what?"
