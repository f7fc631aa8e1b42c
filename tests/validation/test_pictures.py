from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from linkage.errors import MissingExtra
from linkage.reports import extras
from linkage.validation.pictures import draw_power, span
from linkage.validation.power import Power, curve

STEPS = curve(np.array([-5.0, 5.0, 30.0, 900.0]), np.array([0.1, 0.4, 0.95, 1.0]))
POWER = Power(2, 500, 4, STEPS)


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw_power(POWER, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert drawn == (tmp_path / "b.svg").read_text(encoding="utf-8")
    for text in ("under 0", "20 to 40", "over 320", "1 of 1", "4 rings in 2 rewired graphs of 500 accounts"):
        assert text in drawn
    assert "40 to 80" not in drawn, "steps without rings are left out"


def test_steps_in_words() -> None:
    assert [span(s) for s in STEPS][:2] == ["under 0", "0 to 10"]
    assert span(STEPS[-1]) == "over 320"


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip install jinja2 matplotlib"):
        draw_power(POWER, tmp_path / "a.svg")
