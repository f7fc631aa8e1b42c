from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from linkage.errors import ConfigError
from linkage.yardstick.figures import cost, quality
from linkage.yardstick.tables import costs, details, evasion, markdown, put, remarks, scores
from tests.yardstick.toys import WORLD, methods, nobody

SECOND = replace(WORLD, seed=1002)
HONEST = replace(WORLD, preset="honest")


def rows(text: str) -> dict[str, list[str]]:
    """Cells of a Markdown table by the first cell of their row."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()
             if line.startswith("| ")]  # fmt: skip
    return {row[0]: row[1:] for row in cells}


def test_scores_are_means_over_the_worlds_that_count() -> None:
    easy = replace(WORLD, seed=1003)
    frame = quality({WORLD: methods(0.8), SECOND: methods(0.9), easy: methods(0.1, leiden=0.9), HONEST: nobody()})
    table = rows(scores(frame))
    assert table["F1 at ring / operator level"] == ["campaign"]  # nothing is to be found in the honest one
    assert table["**linkage**, rings of any verdict"] == ["0.85 / 0.85"]
    assert table["Leiden, plain"] == ["0.60 / 0.60"]
    assert table["ceiling"] == ["0.98 / 0.99"]
    assert table["Splink"] == ["–"]


def test_details_count_honest_accounts_once_a_world() -> None:
    table = rows(details(quality({WORLD: methods(0.8), SECOND: methods(0.9), HONEST: nobody()})))
    assert table["campaign"] == [
        "2", "0.850 ± 0.071", "0.850 ± 0.071", "0.850", "0.850", "6 of 8", "6 of 8", "0.750", "4 of 2,000", "2", "0"
    ]
    assert rows(details(quality({WORLD: methods(0.8)})))["campaign"][:2] == ["1", "0.800"]
    assert table["honest"] == ["1", "–", "–", "–", "–", "–", "–", "–", "5 of 1,000", "0", "1"]


def test_evasion_names_the_best_peer_and_takes_the_seeds_that_every_rate_has() -> None:
    worlds = {replace(WORLD, evade=e): methods(0.9 - e, leiden=leiden) for e, leiden in ((0.0, 0.7), (0.3, 0.4))}
    table = rows(evasion(quality({**worlds, SECOND: methods(0.0)})))
    assert table["campaign"] == [
        "0.98 · **0.90** · 0.90 Leiden, plain (too easy)", "0.98 · **0.60** · 0.60 Leiden, plain"
    ]


def test_remarks_name_worlds_that_are_too_easy_and_methods_that_did_not_run() -> None:
    frame = quality({WORLD: methods(0.8, leiden=0.9), SECOND: methods(0.8, leiden=0.9)})
    assert remarks(frame).splitlines() == [
        "- too easy, left out of the means: campaign, evade 0.3, seeds 1001 1002",
        "- not run: Splink on 2 worlds: Splink is not installed",
    ]
    assert remarks(quality({HONEST: nobody()})) == ""


def test_costs_are_one_row_a_method() -> None:
    assert rows(costs(cost({WORLD: methods(0.8)})))["linkage"] == ["8.0", "8.0", "600"]


def test_a_markdown_table() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n|---|---|\n| 1 | 2 |"


def test_put_replaces_what_stands_between_the_markers_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("top\n<!-- x: begin -->\nold\n<!-- x: end -->\n<!-- y: begin -->\nkept\n<!-- y: end -->\n")
    put(page, "x", r"new \1")
    put(page, "x", r"newer \1")
    assert page.read_text() == (
        "top\n<!-- x: begin -->\n\nnewer \\1\n\n<!-- x: end -->\n<!-- y: begin -->\nkept\n<!-- y: end -->\n"
    )


def test_put_needs_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ConfigError, match=r"it should have one place between `<!-- x: begin -->` and .*, and has 0\."):
        put(page, "x", "text")
