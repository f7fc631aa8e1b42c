from __future__ import annotations

from linkage.evaluation import Score, ScoreLine
from linkage.yardstick.measure import best_lines


def scored(level: str, f1: float) -> ScoreLine:
    return ScoreLine("x", level, "any verdict", Score(f1, f1, f1, 1, 2))


def test_each_level_has_its_best_setting_and_the_usual_f1_beside_it() -> None:
    found = best_lines([
        ("usual", [scored("ring", 0.5), scored("operator", 0.7)]),
        ("fine", [scored("ring", 0.8), scored("operator", 0.6)]),
        ("finer", [scored("ring", 0.8), scored("operator", 0.1)]),
    ])
    assert [(x.level, x.setting, x.f1, x.usual_f1) for x in found] == [
        ("ring", "fine", 0.8, 0.5), ("operator", "usual", 0.7, 0.7)
    ]
