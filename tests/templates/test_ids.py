"""Keyed ids: where keys come from, what is refused, and that an id is HMAC-SHA256 of the text and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from linkage.errors import ConfigError
from linkage.templates.ids import VARIABLE, Key

SECRET = "0123456789abcdef" * 4
KEY = Key(SECRET.encode())


def test_an_id_is_the_hmac_of_the_text_under_a_key_of_its_level() -> None:
    derived = hmac.new(SECRET.encode(), b"linkage template masked m2", hashlib.sha256).digest()
    expected = [hmac.new(derived, t.encode(), hashlib.sha256).hexdigest()[:32] for t in ("a", "שלום 😀")]
    assert KEY.ids("masked", pa.array(["a", "שלום 😀"])).to_pylist() == [f"m2-{e}" for e in expected]


def test_ids_follow_the_texts_through_nulls_empties_and_slices() -> None:
    texts = pa.array([None, "", "b", "a", None, "b"])
    a, b = KEY.ids("exact", pa.array(["a", "b"])).to_pylist()
    assert KEY.ids("exact", texts).to_pylist() == [None, None, b, a, None, b]
    assert KEY.ids("exact", texts.slice(2, 2)).to_pylist() == [b, a]
    assert KEY.ids("exact", texts.slice(0, 2)).to_pylist() == [None, None]
    assert KEY.ids("exact", pa.array([], pa.string())).to_pylist() == []


def test_levels_and_keys_share_no_id() -> None:
    text, other = pa.array(["a"]), Key(b"f" * 8 + SECRET.encode())
    made = [key.ids(level, text)[0].as_py() for key in (KEY, other) for level in ("exact", "masked", "skeleton")]
    assert len({one.split("-")[1] for one in made}) == len(made)


def test_a_key_shows_no_secret_and_travels_to_other_processes() -> None:
    assert SECRET not in repr(KEY) + str(KEY)
    assert pickle.loads(pickle.dumps(KEY)).derived("x") == KEY.derived("x") != KEY.derived("y")


def test_the_key_comes_from_a_file_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    assert Key.of(file, {VARIABLE: "other" * 20}) == KEY == Key.of(environment={VARIABLE: f" {SECRET}\n"})


def test_the_environment_of_the_process_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    assert Key.of() == KEY


HOW_TO = (
    "Make a key with `openssl rand -hex 32`, keep it where only this job can read it, and give it in the environment "
    "variable LINKAGE_TEMPLATE_KEY or in a file of mode 600."
)


@pytest.mark.parametrize("environment", [{}, {VARIABLE: " \n"}])
def test_without_a_key_nothing_is_hashed(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as e:
        Key.of(environment=environment)
    assert str(e.value) == f"LINKAGE_TEMPLATE_KEY: There is no key for prompt templates. {HOW_TO}"


@pytest.mark.parametrize("secret", [SECRET[:31], "ab" * 32])
def test_a_key_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError) as e:
        Key.of(environment={VARIABLE: secret})
    what = "The key for prompt templates is easy to guess: it needs at least 32 random characters."
    assert str(e.value) == f"LINKAGE_TEMPLATE_KEY: {what} {HOW_TO}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET)
    file.chmod(mode)
    with pytest.raises(ConfigError) as e:
        Key.of(file)
    assert str(e.value) == f"{file}: Others than its owner can read or change the key. Say `chmod 600` to it."


def test_a_missing_key_file_is_an_error_of_the_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as e:
        Key.of(tmp_path / "none")
    assert str(e.value) == f"{tmp_path / 'none'}: The key can't be read: No such file or directory. {HOW_TO}"
