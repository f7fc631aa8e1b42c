from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linkage.errors import ConfigError, LinkageError
from linkage.yardstick import __main__ as module
from linkage.yardstick.bench import Bench, Results
from linkage.yardstick.races import Limits, Race
from linkage.yardstick.scale import CONTENDERS, SIZES, Scale
from linkage.yardstick.worlds import World, short
from tests.yardstick.toys import methods, nobody

RUNNER = CliRunner()
STEPS = {"query": 1.0, "Leiden": 0.5}


class Made:
    """A bench that answers at once: F1 of linkage on every world."""

    def __init__(self) -> None:
        self.f1 = 0.9

    def run(self, bench: Bench, worlds: tuple[World, ...], wanted: tuple[str, ...]) -> Results:
        return {world: nobody() if world.preset == "honest" else methods(self.f1) for world in worlds}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    found = Made()
    monkeypatch.setattr(Bench, "run", lambda bench, worlds, wanted: found.run(bench, worlds, wanted))
    monkeypatch.setattr(module, "DOCS", tmp_path / "yardstick")
    page = tmp_path / "validation.md"
    page.write_text("".join(f"<!-- {n}: begin -->\n<!-- {n}: end -->\n" for n in ("quality", "cost", "third-party")))
    monkeypatch.setattr(module, "PAGE", page)
    return found


def test_accepting_freezes_and_falling_behind_exits_with_1_and_a_list(made: Made, tmp_path: Path) -> None:
    assert RUNNER.invoke(module.app, ["--short", "--accept"]).exit_code == 0
    assert RUNNER.invoke(module.app, ["--short"]).exit_code == 0
    made.f1 = 0.85
    done = RUNNER.invoke(module.app, ["--short"])
    assert done.exit_code == 1
    assert "worse: campaign, evade 0.3, any verdict, ring: f1 was 0.9000 and is 0.8500 (noise 0.0100)" in done.output
    assert "If this is meant: make bench-quality ACCEPT=1" in done.output
    assert RUNNER.invoke(module.app, ["--short", "--accept"]).exit_code == 0
    assert RUNNER.invoke(module.app, ["--short"]).exit_code == 0


def test_nothing_accepted_yet_is_not_passed_over(made: Made) -> None:
    done = RUNNER.invoke(module.app, ["--short"])
    assert done.exit_code == 1
    assert "f1 was measured and is not accepted yet" in done.output


def test_the_full_bench_writes_tables_and_pictures_and_accepts_both_forms(made: Made, tmp_path: Path) -> None:
    assert RUNNER.invoke(module.app, ["--accept"]).exit_code == 0
    names = {path.name for path in (tmp_path / "yardstick").iterdir()}
    assert {"quality.csv", "cost.csv", "accepted.csv", "campaign.svg", "quiet.svg"} <= names
    assert "honest.svg" not in names
    page = (tmp_path / "validation.md").read_text()
    assert "| **linkage**, rings of any verdict | 0.90 / 0.90 |" in page
    assert "| method | seconds, median |" in page
    assert "![quiet: F1 over the rate of evasion](yardstick/quiet.svg)" in page
    frozen = (tmp_path / "yardstick" / "accepted.csv").read_text()
    assert "\nfull,campaign,0.0," in frozen
    assert "\nshort,campaign,0.3," in frozen


def test_one_preset_prints_and_writes_nothing(made: Made, tmp_path: Path) -> None:
    done = RUNNER.invoke(module.app, ["--preset", "thin"])
    assert done.exit_code == 0
    assert "| F1 at ring / operator level | thin |" in done.output
    assert not (tmp_path / "yardstick").exists()


def test_third_party_sets_are_skipped_with_a_word(made: Made) -> None:
    done = RUNNER.invoke(module.app, ["third-party"], env={"LINKAGE_DATA": ""})
    assert done.exit_code == 0
    assert "skipped: the sets are not here. Name their folder with --data or in LINKAGE_DATA." in done.output


def test_an_error_is_one_line(made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> Results:
        raise LinkageError("it broke.", where="here", todo="Mend it.")

    monkeypatch.setattr(Bench, "run", broken)
    monkeypatch.setattr("sys.argv", ["yardstick", "--short"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 70
    assert capsys.readouterr().err == "here: it broke. Mend it.\n"


def test_the_pages_that_the_bench_writes_to_have_their_markers(tmp_path: Path) -> None:
    page = Path(shutil.copy(Path(__file__).parents[2] / "docs/validation.md", tmp_path))
    for name in ("quality", "cost", "third-party"):
        module.tables.put(page, name, "text")
    assert short().worlds


def test_the_bench_of_size_prints_its_table_and_puts_it_on_the_page_only_when_it_is_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[list[str], list[str], Limits]] = []

    def measured(folder: Path, sizes: list[str], names: list[str], limits: Limits, tell: object) -> Scale:
        asked.append((sizes, names, limits))
        return Scale({size: {name: Race(STEPS, worked=STEPS) for name in names} for size in sizes})

    page = tmp_path / "performance.md"
    page.write_text("<!-- scale: begin --><!-- scale: end -->")
    monkeypatch.setattr(module, "PERFORMANCE", page)
    monkeypatch.setattr(module, "measure", measured)
    part = RUNNER.invoke(module.app, ["scale", "--size", "1/4", "--only", "linkage", "--minutes", "2", "--memory", "3"])
    assert "| **linkage** | 1.5 |" in part.output
    assert page.read_text() == "<!-- scale: begin --><!-- scale: end -->"
    assert "In seconds of processors" not in part.output
    monkeypatch.setattr(module, "kept", lambda folder: measured(folder, list(SIZES), ["linkage"], asked[0][2], None))
    some = RUNNER.invoke(module.app, ["scale", "--size", "1/4", "--only", "floor", "--kept"])
    assert "|  | 1/16: s | GB | 1/4: s |" in some.output
    assert "floor**" not in some.output
    assert page.read_text() == "<!-- scale: begin --><!-- scale: end -->"
    asked[1:] = []
    whole = RUNNER.invoke(module.app, ["scale", "--processors"])
    assert "In seconds of processors:\n\n|  | 1/16: s |" in whole.output
    assert whole.exit_code == 0
    assert "| **linkage** | 1.5 |" in page.read_text()
    assert asked == [
        (["1/4"], ["linkage"], Limits(120, 3_000_000_000)),
        (list(SIZES), list(CONTENDERS), Limits(1_800, 12_000_000_000)),
    ]


@pytest.mark.parametrize(("option", "name"), [("--size", "1/3"), ("--only", "neo4j")])
def test_unknown_sizes_and_contenders_are_refused(option: str, name: str) -> None:
    error = RUNNER.invoke(module.app, ["scale", option, name]).exception
    assert isinstance(error, ConfigError)
    assert str(error).startswith(f"{option}: '{name}' is none of ")
    assert str(error).endswith("Name one of these.")
