"""What reaches a terminal or a pipe: hostile text harmless, no text lost, JSON that every program reads."""

from __future__ import annotations

import io
import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from linkage.cli import terminal

HOSTILE = "\x1b[31m\x07\u202e\u200b\u2066\r\n\t\x9b\udc80\ufeff"
cells = st.one_of(st.none(), st.integers(), st.booleans(), st.floats(), st.text(), st.datetimes())


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What standard output holds when it is a pipe."""
    held = io.StringIO()
    monkeypatch.setattr(terminal, "out", Console(file=held, highlight=False, soft_wrap=True))
    return held


@given(text=st.text(st.characters()) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])))
@example(text=HOSTILE)
def test_any_text_becomes_printable(text: str) -> None:
    shown = terminal.plain(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()
    assert terminal.plain(shown) == shown


def test_what_a_terminal_would_obey_is_shown_as_its_code() -> None:
    assert terminal.plain("a\x1b[31m\u202eb\u200b\n") == "a\\x1b[31m\\u202eb\\u200b\\n"
    assert terminal.plain("Zoë 日本 🙂") == "Zoë 日本 🙂"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"), (1_234_567, "1,234,567"), (-5, "-5"), (True, "True"), (0.05, "0.1"), (-1234.56, "-1,234.6"),
        (math.nan, "-"), (math.inf, "inf"), (datetime(2026, 5, 1, 12, 30, 59, tzinfo=UTC), "2026-05-01 12:30"),
        (Path("a/b"), "a/b"),
    ],
)  # fmt: skip
def test_values_as_people_read_them(value: object, shown: str) -> None:
    assert terminal.plain(value) == shown


@given(rows=st.lists(st.tuples(cells, cells), max_size=5), title=st.text())
def test_a_table_in_a_pipe_loses_no_text_and_obeys_nothing(rows: list[tuple[object, object]], title: str) -> None:
    held = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal, "out", Console(file=held, highlight=False, soft_wrap=True))
        terminal.print_table(title, ("first", "second"), rows)
    printed = held.getvalue()
    assert not {c for c in printed if not c.isprintable()} - {"\n"}
    lines = printed.split("\n")
    for row in rows:
        wanted = [terminal.plain(cell).strip() for cell in row]
        assert any(all(cell in line for cell in wanted) for line in lines)


def test_a_long_cell_stays_on_its_line_in_a_pipe(piped: io.StringIO) -> None:
    long = "x" * 5_000
    terminal.print_table("t", ("id", "text", "n"), [("a", long, 1), ("b", "short", 12_345)])
    assert [line.split() for line in piped.getvalue().splitlines()[1:]] == [
        ["id", "text", "n"], ["a", long, "1"], ["b", "short", "12,345"],
    ]  # fmt: skip


def test_on_a_narrow_terminal_ids_stay_whole_and_numbers_stand_to_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    held = io.StringIO()
    monkeypatch.setattr(terminal, "out", Console(file=held, width=50, force_terminal=True, color_system=None))
    terminal.print_table("t", ("ring", "families", "n"), [("R-4KQ7ZP2M3A", "a," * 40, 7), ("R-5KQ7ZP2M3A", "b", 1_000)])
    printed = held.getvalue()
    assert "R-4KQ7ZP2M3A" in printed
    assert "R-5KQ7ZP2M3A" in printed
    assert printed.count(",") - 1 == 40  # one in 1,000
    first = next(line for line in printed.splitlines() if line.startswith("R-4"))
    second = next(line for line in printed.splitlines() if line.startswith("R-5"))
    assert (first.rstrip()[-1], second.rstrip()[-5:]) == ("7", "1,000")
    assert len(first.rstrip()) == len(second.rstrip())


def test_markup_in_cells_titles_and_lines_is_only_text(piped: io.StringIO) -> None:
    terminal.print_table("[b]t[/b]", ("[i]c[/i]",), [("[red]x[/red] :smile: [link=http://e]y[/link]",)])
    terminal.say("[red]said[/red]")
    assert [line.rstrip() for line in piped.getvalue().splitlines()] == [
        "[b]t[/b]", "[i]c[/i]", "[red]x[/red] :smile: [link=http://e]y[/link]", "[red]said[/red]",
    ]  # fmt: skip


def test_a_table_without_rows_still_names_its_columns(piped: io.StringIO) -> None:
    terminal.print_table("t", ("first", "second"), [])
    assert piped.getvalue().split() == ["t", "first", "second"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(data=json_values)
@example(data={HOSTILE: [HOSTILE]})
def test_json_is_ascii_obeys_nothing_and_reads_back(data: Any) -> None:
    held = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", held)
        terminal.print_json(data)
    printed = held.getvalue()
    assert printed.isascii()
    assert not {c for c in printed if not c.isprintable()} - {"\n"}
    assert json.loads(printed) == data


def test_json_of_what_tables_hold(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 5, 1, 12, tzinfo=UTC)
    terminal.print_json({"n": np.int64(7), "x": np.float64(0.5), "t": when, "d": date(2026, 5, 1), "p": Path("a/b")})
    assert json.loads(capsys.readouterr().out) == {
        "n": 7, "x": 0.5, "t": "2026-05-01T12:00:00+00:00", "d": "2026-05-01", "p": "a/b",
    }  # fmt: skip


def test_results_and_remarks_go_different_ways(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("a result")
    terminal.warn("a remark")
    assert capsys.readouterr() == ("a result\n", "a remark\n")
