from __future__ import annotations

from pathlib import Path

import pytest

from linkage.evaluation import Score, ScoreLine
from linkage.yardstick.results import Result, line, load, save
from tests.yardstick.toys import methods, ours


@pytest.mark.parametrize("result", [ours(0.9), *methods(0.8).values(), Result(not_run="why")])
def test_a_result_comes_back_from_its_file(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    save(result, path)
    assert load(path) == result
    assert [p.name for p in path.parent.iterdir()] == ["b.json"]


def test_a_line_is_rounded_to_four_digits() -> None:
    found = line(ScoreLine("x", "ring", "any verdict", Score(1 / 3, 2 / 3, 4 / 9, 3, 7)), "cap 10", 1 / 7)
    assert (found.precision, found.recall, found.f1, found.usual_f1) == (0.3333, 0.6667, 0.4444, 0.1429)
    assert (found.found, found.clusters, found.setting) == (3, 7, "cap 10")
    assert (found.level, found.rings) == ("ring", "any verdict")
