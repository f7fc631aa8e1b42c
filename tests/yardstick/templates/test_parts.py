from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from linkage.errors import ConfigError
from linkage.simulator import Preset
from linkage.yardstick import __main__ as main
from linkage.yardstick.tables import put
from linkage.yardstick.templates import end_to_end, parts, prompts
from linkage.yardstick.templates.parts import NEED_DATA, PARTS, Asked

RUNNER = CliRunner()
PAGE = "".join(f"<!-- {name}: begin -->\n<!-- {name}: end -->\n" for name in PARTS)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, Asked]]:
    """The parts that were measured; each answers with its name."""
    seen: list[tuple[str, Asked]] = []

    def part(name: str) -> Any:
        return lambda given: seen.append((name, given)) or f"table of {name}"

    monkeypatch.setattr(main, "PARTS", {name: part(name) for name in PARTS})
    page = tmp_path / "measured.md"
    page.write_text(PAGE)
    monkeypatch.setattr(main, "TEMPLATES", page)
    return seen


def invoked(tmp_path: Path, *arguments: str, data: bool = True) -> str:
    env = {"LINKAGE_DATA": str(tmp_path) if data else ""}
    done = RUNNER.invoke(main.app, ["templates", "--work", str(tmp_path), *arguments], env=env)
    assert done.exit_code == 0
    return done.output


def test_every_part_is_printed_and_put_on_the_page(asked: list[tuple[str, Asked]], tmp_path: Path) -> None:
    told = invoked(tmp_path)
    assert [name for name, _ in asked] == list(PARTS)
    page = (tmp_path / "measured.md").read_text()
    for name in PARTS:
        assert f"{name}\n\ntable of {name}\n" in told
        assert f"<!-- {name}: begin -->\n\ntable of {name}\n\n<!-- {name}: end -->" in page


def test_other_seeds_and_presets_are_printed_only(asked: list[tuple[str, Asked]], tmp_path: Path) -> None:
    invoked(tmp_path, "--only", "end-to-end", "--seed", "81", "--seed", "82", "--preset", "thin")
    invoked(tmp_path, "--only", "prompts", "--seed", "81")
    assert [name for name, _ in asked] == ["end-to-end", "prompts"]
    assert (asked[0][1].seeds, asked[0][1].presets) == ((81, 82), (Preset.THIN,))
    assert asked[1][1].data == asked[1][1].work == tmp_path
    assert (tmp_path / "measured.md").read_text() == PAGE


def test_without_the_sets_their_parts_are_skipped_with_a_word(asked: list[tuple[str, Asked]], tmp_path: Path) -> None:
    told = invoked(tmp_path, data=False)
    assert [name for name, _ in asked] == [name for name in PARTS if name not in NEED_DATA]
    for name in NEED_DATA:
        assert f"{name}: skipped: the sets are not here. Name their folder with --data or in LINKAGE_DATA." in told


def test_an_unknown_part_is_refused() -> None:
    error = RUNNER.invoke(main.app, ["templates", "--only", "images"]).exception
    assert isinstance(error, ConfigError)
    assert str(error) == "--only: 'images' is none of logs, prompts, speed, memory, end-to-end. Name one of these."


def test_the_page_has_a_place_for_each_part(tmp_path: Path) -> None:
    page = Path(shutil.copy(Path(__file__).parents[3] / "docs/templates-measured.md", tmp_path))
    for name in PARTS:
        put(page, name, "text")


def test_a_part_measures_what_is_asked_for_and_the_usual_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(parts, "families", lambda data, assign, seeds: seen.append((data, seeds)))
    monkeypatch.setattr(parts, "prompts_table", lambda found: "")
    monkeypatch.setattr(parts, "compared", lambda work, chosen, tell: seen.append(chosen))
    monkeypatch.setattr(parts, "runs_table", lambda found: "")
    usual, other = Asked(tmp_path, tmp_path, print), Asked(tmp_path, tmp_path, print, (81,), (Preset.FAT,))
    assert (usual.usual, other.usual) == (True, False)
    for given in (usual, other):
        PARTS["prompts"](given)
        PARTS["end-to-end"](given)
    assert seen[0] == (tmp_path, prompts.SEEDS)
    assert seen[2] == (tmp_path, (81,))
    assert [(world.preset, world.seed) for world in seen[3]] == [("fat", 81)]
    assert {world.seed for world in seen[1]} == set(end_to_end.SEEDS)
    assert {world.preset for world in seen[1]} == {preset.value for preset in end_to_end.PRESETS}


def test_parts_of_the_third_parties_sets_name_what_is_missing(tmp_path: Path) -> None:
    for name in NEED_DATA:
        with pytest.raises(ConfigError):
            PARTS[name](Asked(tmp_path, tmp_path, print))
