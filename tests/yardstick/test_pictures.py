from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from linkage.yardstick.figures import quality
from linkage.yardstick.pictures import draw
from tests.yardstick.toys import WORLD, methods, nobody

RESULTS = {
    **{replace(WORLD, evade=e): methods(0.9 - e, leiden=0.7 - e) for e in (0.0, 0.3, 0.6)},
    replace(WORLD, preset="honest"): nobody(),
}


def test_each_preset_with_every_rate_has_a_picture_that_names_every_method(tmp_path: Path) -> None:
    (path,) = draw(quality(RESULTS), tmp_path / "pictures")
    assert path.name == "campaign.svg"
    text = path.read_text(encoding="utf-8")
    told = ("linkage, rings of any verdict", "ceiling", "Leiden, plain", "evade", "B-cubed F1", "ring level",
            "operator level", "3,000 accounts, seeds 1001", "grey: a world there is too easy")  # fmt: skip
    assert [words for words in told if words not in text] == []
    assert "Splink" not in text  # it did not run


def test_the_same_figures_give_the_same_bytes_and_no_date(tmp_path: Path) -> None:
    first, second = (draw(quality(RESULTS), tmp_path / name)[0].read_bytes() for name in "ab")
    assert first == second
    assert b"dc:date" not in first
    other = {world: methods(0.5) for world in RESULTS if world.preset == "campaign"}
    assert draw(quality(other), tmp_path / "c")[0].read_bytes() != first
