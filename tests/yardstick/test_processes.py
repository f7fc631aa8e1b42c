from __future__ import annotations

import json
from pathlib import Path

import pytest

from linkage.yardstick.processes import apart
from tests.yardstick.toys import WORLD


def words(step: str, folder: Path) -> list[str]:
    return [step, str(folder / "world"), json.dumps(WORLD.fields()), str(folder / "out.json")]


def test_a_process_does_its_step(tmp_path: Path) -> None:
    assert apart(words("simulate", tmp_path), 100) == ""
    assert (tmp_path / "world" / "truth.parquet").is_file()
    assert (tmp_path / "out.json").is_file()


def test_an_error_comes_back_as_text(tmp_path: Path) -> None:
    (tmp_path / "world").write_text("a file where the world should be")
    told = apart(words("simulate", tmp_path), 100)
    assert told.startswith("ConfigError: ")
    assert "this is a file." in told


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        apart(words("simulate", tmp_path), 0.01)
    assert not (tmp_path / "out.json").exists()
