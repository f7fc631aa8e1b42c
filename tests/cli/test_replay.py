from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from linkage.cli import app
from linkage.evaluation import replay as module
from linkage.evaluation.replay import Detection, Observer, Replay, Surfaced

THEN = Surfaced(date(2026, 4, 8), 0.25), Surfaced(date(2026, 4, 1), 0.125)
FOUND = Replay(
    [date(2026, 4, 1), date(2026, 4, 8)],
    [
        Detection("op-\x1b[31m1", 1_200, 34_567, 90, *THEN),
        Detection("op-2", 3, 0, 0, Surfaced(), Surfaced(date(2026, 4, 1))),
    ],
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the replay was asked for; it answers FOUND."""
    calls: list[tuple[object, ...]] = []

    def answer(config: Path, truth: Path, every: int, first: date | None, observe: Observer) -> Replay:
        calls.append((config, truth, every, first))
        observe(FOUND.nights[0], 0, 2)
        return FOUND

    monkeypatch.setattr(module, "replay", answer)
    return calls


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["replay", *words])


def test_the_days_are_printed_and_names_are_harmless(asked: list[tuple[object, ...]]) -> None:
    shown = call("linkage.toml", "truth.csv").output
    rows = [line.split() for line in shown.splitlines()]
    words = " ".join(shown.split())
    assert ["op-\\x1b[31m1", "1,200", "34,567", "90", "2026-04-08", "25.0%", "2026-04-01", "12.5%"] in rows
    assert ["op-2", "3", "0", "0", "-", "-", "2026-04-01", "-"] in rows
    assert "1 of 2 operators surfaced as suspect, 0 before 15% of their exchanges were sent." in words
    assert "2 of 2 operators surfaced with any verdict, 1 before 15% of their exchanges were sent." in words
    assert "surfaces with the first ring of which at least half the accounts are its" in words
    assert "2 nights, from 2026-04-01 to 2026-04-08." in shown


def test_options_reach_the_replay(asked: list[tuple[object, ...]]) -> None:
    call("a.toml", "b.csv", "--every", "7", "--from", "2026-04-22")
    call("a.toml", "b.csv")
    assert asked == [
        (Path("a.toml"), Path("b.csv"), 7, date(2026, 4, 22)), (Path("a.toml"), Path("b.csv"), 1, None)
    ]


def test_json_has_days_as_text(asked: list[tuple[object, ...]]) -> None:
    told = json.loads(call("a.toml", "b.csv", "--json").output)
    assert told["nights"] == ["2026-04-01", "2026-04-08"]
    assert told["operators"][1] == {
        "operator": "op-2", "accounts": 3, "exchanges": 0, "begun": 0, "suspect": {"day": None, "sent": None},
        "any_verdict": {"day": "2026-04-01", "sent": None},
    }


def test_a_day_that_is_none_is_refused(asked: list[tuple[object, ...]]) -> None:
    assert call("a.toml", "b.csv", "--from", "April").exit_code == 2
    assert asked == []


def test_help_shows_an_example() -> None:
    assert "Example: linkage replay" in call("--help").output
